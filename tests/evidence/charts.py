"""The drawings of the page, with Bokeh."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, Range1d, SaveTool
from bokeh.plotting import figure

from tests.evidence.findings import Example, Findings, Quartiles
from tests.evidence.rules import RULES
from tests.evidence.wording import Language, say
from web.charts.palette import FONT, LIGHT

COLORS = {
    "peeking": LIGHT.fifth,
    "fixed": LIGHT.unclear,
    "obrien-fleming": LIGHT.control,
    "pocock": LIGHT.fourth,
    "always-valid": LIGHT.third,
}
DASHES = {
    "peeking": "solid",
    "fixed": "dotted",
    "obrien-fleming": "solid",
    "pocock": "dashed",
    "always-valid": "dotdash",
}
MARKERS = {
    "arriving": ("circle", LIGHT.control),
    "accruing": ("triangle", LIGHT.fifth),
    "flipped": ("square", LIGHT.third),
}
ROW_PIXELS = 38
HIGHEST_Z = 5.0


def found_chart(found: Findings, language: Language) -> Any:
    """Draw how many series each rule finds, and how many of them stand."""
    rules = _rule_names(language)
    chart = _rows(language, rules, say(language, "found.axis"), legend=2, most=found.series)
    standing = [each.standing for each in found.outcomes]
    every = [each.found for each in found.outcomes]
    look: dict[str, Any] = {"height": 0.62, "line_color": LIGHT.control_edge}
    chart.hbar(y=rules, left=0, right=standing, fill_color=LIGHT.control, legend_label=say(language, "stands"), **look)
    chart.hbar(
        y=rules, left=standing, right=every, fill_color=LIGHT.surface, legend_label=say(language, "gone"),
        hatch_pattern="/", hatch_color=LIGHT.control_edge, hatch_scale=10, hatch_alpha=0.6, **look,
    )  # fmt: skip
    _write(chart, every, rules, [str(each) for each in every])
    _legend_above(chart, columns=1)
    return chart


def alarm_chart(found: Findings, language: Language) -> Any:
    """Draw each rule's share of false alarms, in each way that there can be nothing."""
    most = max(100 * alarm.share for alarm in found.alarms)
    chart = _rows(language, _rule_names(language), say(language, "alarms.axis"), legend=3, most=most)
    chart.vspan(x=[5], line_color=LIGHT.zero, line_width=1.5, line_dash="dashed", level="underlay")
    for kind, (marker, color) in MARKERS.items():
        of_kind = [alarm for alarm in found.alarms if alarm.null == kind]
        chart.scatter(
            x=[100 * alarm.share for alarm in of_kind], y=[say(language, alarm.rule) for alarm in of_kind],
            marker=marker, size=11, fill_color=color, fill_alpha=0.75, line_color=color,
            legend_label=say(language, kind),
        )  # fmt: skip
    _legend_above(chart, columns=1)
    return chart


def later_chart(found: Findings, language: Language, axis: str, of: Callable[[Any], Quartiles], unit: float) -> Any:
    """Draw how much later than peeking each other rule finds what both find."""
    others = [each for each in found.outcomes[1:] if each.both]
    rules = [say(language, each.rule) for each in others]
    spans = [of(each) for each in others]
    most = max((unit * span.high for span in spans), default=1.0)
    chart = _rows(language, rules, say(language, axis), legend=0, most=most)
    for rule, span, each in zip(rules, spans, others, strict=True):
        color = COLORS[each.rule]
        chart.hbar(
            y=[rule], left=unit * span.low, right=unit * span.high, height=0.3, fill_color=color, fill_alpha=0.35,
            line_color=color,
        )  # fmt: skip
        chart.scatter(x=[unit * span.median], y=[rule], size=11, fill_color=color, line_color=color)
    return chart


def when_chart(found: Findings, language: Language) -> Any:
    """Draw how many series each rule has found by each share of the sample."""
    chart = _plane(language, say(language, "when.axis"), say(language, "when.count"))
    chart.x_range = Range1d(0, 101)
    for each in found.outcomes:
        x = [0.0, *(100 * share for share in each.shares), 100.0]
        y = [0, *accumulate(1 for _ in each.shares), each.found]
        chart.step(
            x=x, y=y, mode="after", line_color=COLORS[each.rule], line_width=2.4, line_dash=DASHES[each.rule],
            legend_label=say(language, each.rule),
        )  # fmt: skip
    _legend_above(chart, columns=2)
    return chart


def one_chart(shown: Example, language: Language) -> Any:
    """Draw one series and the limits that it would have had to reach."""
    chart = _plane(language, say(language, "one.axis"), say(language, "one.z"))
    readable = shown.series.readable
    days, z = shown.series.days[readable], np.abs(shown.series.z[readable])
    for rule in RULES:
        limits = shown.limits[rule.name][readable]
        seen = np.isfinite(limits)
        look: dict[str, Any] = {"color": COLORS[rule.name], "legend_label": say(language, rule.name)}
        if seen.sum() == 1:
            chart.scatter(x=days[seen], y=limits[seen], size=10, marker="diamond", **look)
        else:
            chart.line(x=days[seen], y=limits[seen], line_width=2.2, line_dash=DASHES[rule.name], **look)
    chart.line(x=days, y=z, line_color=LIGHT.ink, line_width=1.6, legend_label=say(language, "one.path"))
    chart.scatter(
        x=[shown.series.days[shown.crossing]], y=[abs(shown.series.z[shown.crossing])], size=12, fill_color=None,
        line_color=COLORS["peeking"], line_width=2,
    )  # fmt: skip
    chart.y_range = Range1d(0, max(HIGHEST_Z, 1.1 * float(z.max())))
    _legend_above(chart, columns=2)
    return chart


def _rule_names(language: Language) -> list[str]:
    return [say(language, rule.name) for rule in RULES]


def _rows(language: Language, names: Sequence[str], axis: str, *, legend: int, most: float) -> Any:
    """Make a chart with a row for each name, the first on top."""
    chart = figure(
        y_range=list(reversed(names)),
        x_range=Range1d(0, 1.06 * most),
        height=ROW_PIXELS * len(names) + 90 + 28 * legend,
        **_frame(),
    )
    _dress(chart, axis)
    chart.ygrid.grid_line_color = None
    chart.yaxis.major_label_text_color = LIGHT.ink
    return chart


def _plane(language: Language, across: str, up: str) -> Any:
    """Make a chart of two numbers."""
    chart = figure(height=420, **_frame())
    _dress(chart, across)
    chart.yaxis.axis_label = up
    chart.y_range.start = 0
    return chart


def _frame() -> dict[str, Any]:
    return {
        "sizing_mode": "stretch_width",
        "min_width": 240,
        "tools": [SaveTool()],
        "toolbar_location": "below",
        "background_fill_color": None,
        "border_fill_color": None,
        "outline_line_color": None,
    }


def _dress(chart: Any, axis: str) -> None:
    chart.toolbar.logo = None
    chart.axis.axis_line_color = None
    chart.axis.major_tick_line_color = None
    chart.axis.minor_tick_line_color = None
    chart.axis.major_label_text_font = chart.axis.axis_label_text_font = FONT
    chart.axis.major_label_text_font_size = "13px"
    chart.axis.axis_label_text_font_size = "13px"
    chart.axis.axis_label_text_font_style = "normal"
    chart.axis.major_label_text_color = chart.axis.axis_label_text_color = LIGHT.soft
    chart.grid.grid_line_color = LIGHT.grid
    chart.xaxis.axis_label = axis


def _write(chart: Any, x: Sequence[float], y: Sequence[str], text: Sequence[str]) -> None:
    chart.text(
        x="x", y="y", text="text", source=ColumnDataSource({"x": list(x), "y": list(y), "text": list(text)}),
        x_offset=6, text_baseline="middle", text_font={"value": FONT}, text_font_size="13px", text_color=LIGHT.ink,
    )  # fmt: skip


def _legend_above(chart: Any, columns: int) -> None:
    legend = chart.legend[0]
    legend.update(
        ncols=columns, location="top_left", label_text_font=FONT, label_text_font_size="13px",
        label_text_color=LIGHT.ink, border_line_color=None, background_fill_color=None, padding=0, margin=4, spacing=2,
    )  # fmt: skip
    chart.add_layout(legend, "above")
