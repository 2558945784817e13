// Draws every <figure data-chart>: from the JSON inside it, or from what is fetched from its data-source when it comes
// near. Where drawing fails, the table twin opens instead.
"use strict";

(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const fetched = new WeakMap();
  const drawn = new WeakMap();
  const NEAR = "800px";

  // The page was left open until its sign-in had ended: nothing is wrong, and its tables are there.
  class SignedOut extends Error {}

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

  async function ask(url) {
    const answer = await fetch(url, { credentials: "same-origin" });
    if (answer.redirected) throw new SignedOut(url);
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    return answer.text();
  }

  function textOf(figure) {
    const { source } = figure.dataset;
    if (!source) return figure.querySelector('script[type="application/json"]').textContent;
    if (!fetched.has(figure)) fetched.set(figure, ask(source));
    return fetched.get(figure);
  }

  async function draw(figure) {
    const place = figure.querySelector(".chart-canvas");
    try {
      const text = await textOf(figure);
      place.replaceChildren();
      figure.toggleAttribute("data-dark", dark.matches);
      const views = await window.Bokeh.embed.embed_item(item(text), place);
      const charts = views.roots.filter((view) => view.model.type === "Figure");
      for (const { model } of charts) {
        fit(model);
        model.properties.inner_width.change.connect(() => fit(model));
      }
      drawn.set(figure, charts[0]);
      figure.querySelector("[data-save]")?.removeAttribute("hidden");
      figure.dataset.chart = "drawn";
    } catch (problem) {
      figure.dataset.chart = "failed";
      figure.classList.add("chart-failed");
      figure.querySelector("details.twin")?.setAttribute("open", "");
      if (!(problem instanceof SignedOut)) console.error(problem);
    }
  }

  const near = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) if (isIntersecting) begin(target);
  }, { rootMargin: NEAR });

  function begin(figure) {
    near.unobserve(figure);
    if (figure.dataset.chart !== "waiting") return undefined;
    figure.dataset.chart = "drawing";
    return draw(figure);
  }

  // What is far down is drawn one by one when the browser has nothing else to do, so that it is there when printed.
  async function drawRest() {
    const figure = document.querySelector('figure[data-chart="waiting"][data-source]');
    if (!figure) return;
    await begin(figure);
    whenIdle(drawRest);
  }
  const whenIdle = (work) => (window.requestIdleCallback ?? setTimeout)(work);

  function drawWaiting() {
    for (const figure of document.querySelectorAll('figure[data-chart="waiting"]')) {
      if (figure.dataset.source) near.observe(figure);
      else begin(figure);
    }
  }

  // A picture of its own: the finding above the chart, on the page's ground, so that it can stand in a letter.
  async function save(figure) {
    const chart = drawn.get(figure).export("png", true).canvas;
    const scale = window.devicePixelRatio || 1;
    const style = getComputedStyle(figure.querySelector("figcaption"));
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    const [size, air] = [16 * scale, 12 * scale];
    const font = `600 ${size}px ${style.fontFamily}`;
    pen.font = font;
    const lines = broken(figure.querySelector("figcaption").textContent.trim(), chart.width - 2 * air, pen);
    canvas.width = chart.width;
    canvas.height = chart.height + lines.length * 1.4 * size + 2 * air;
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--surface").trim() || "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = style.color;
    pen.font = font;
    lines.forEach((line, at) => pen.fillText(line, air, air + (at + 0.8) * 1.4 * size));
    pen.drawImage(chart, 0, canvas.height - chart.height);
    const url = URL.createObjectURL(await new Promise((done) => canvas.toBlob(done, "image/png")));
    Object.assign(document.createElement("a"), { href: url, download: `${drawn.get(figure).model.name}.png` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  // Chinese breaks between any two characters, other words at spaces.
  function broken(text, width, pen) {
    const lines = [""];
    for (const piece of text.match(/[\u2E80-\u9FFF\uFF00-\uFFEF]|[^\s\u2E80-\u9FFF\uFF00-\uFFEF]+\s*|\s+/g) ?? []) {
      const longer = lines.at(-1) + piece;
      if (lines.at(-1) && pen.measureText(longer.trimEnd()).width > width) lines.push(piece);
      else lines[lines.length - 1] = longer;
    }
    return lines;
  }

  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element && target.closest("[data-save]");
    if (button) save(button.closest("figure"));
  });
  dark.addEventListener("change", () => document.querySelectorAll('figure[data-chart="drawn"]').forEach(draw));
  // A page that puts charts anew says so.
  document.addEventListener("charts:waiting", drawWaiting);
  drawWaiting();
  if (document.readyState === "complete") whenIdle(drawRest);
  else window.addEventListener("load", () => whenIdle(drawRest));
})();
