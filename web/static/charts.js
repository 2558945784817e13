// Draws every <figure data-chart> from the JSON inside it. Where drawing fails, the table twin opens instead.
"use strict";

(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // A chart arrives in light colours together with the dark one for each.
  function item(text) {
    const { swaps } = JSON.parse(text);
    const recoloured = (_key, value) => (typeof value === "string" && Object.hasOwn(swaps, value) ? swaps[value] : value);
    return JSON.parse(text, dark.matches ? recoloured : undefined).item;
  }

  // Labels right of the bars take as many pixels on a telephone as on a wall: keep those free, give the rest to bars.
  function fit(chart) {
    const { low, high, left, right } = chart.tags[0];
    const unit = (high - low) / Math.max(chart.inner_width - left - right, 60);
    chart.x_range.setv({ start: low - left * unit, end: high + right * unit });
  }

  async function draw(figure) {
    const place = figure.querySelector(".chart-canvas");
    const text = figure.querySelector('script[type="application/json"]').textContent;
    try {
      place.replaceChildren();
      const views = await window.Bokeh.embed.embed_item(item(text), place);
      for (const { model } of views.roots.filter((view) => view.model.type === "Figure")) {
        fit(model);
        model.properties.inner_width.change.connect(() => fit(model));
      }
      figure.dataset.chart = "drawn";
    } catch (problem) {
      figure.dataset.chart = "failed";
      figure.classList.add("chart-failed");
      figure.querySelector("details.twin")?.setAttribute("open", "");
      console.error(problem);
    }
  }

  const drawAll = () => document.querySelectorAll("figure[data-chart]").forEach(draw);
  dark.addEventListener("change", drawAll);
  // A page that puts charts anew says so.
  document.addEventListener("charts:waiting", () => {
    document.querySelectorAll('figure[data-chart="waiting"]').forEach(draw);
  });
  drawAll();
})();
