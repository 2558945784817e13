"""The strokes of charts whose values go upwards, beside those of `drawing`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from web.charts.drawing import Fill, hatched, source_of

if TYPE_CHECKING:
    from bokeh.models.renderers import GlyphRenderer
    from bokeh.plotting import figure

BAR_WIDTH = 0.8


def bars(chart: "figure", columns: Mapping[str, Sequence[Any]], *, fill: Fill, legend: str) -> "GlyphRenderer[Any]":
    """Draw bars from column `low` to `high` over column `x`, whose places are one apart."""
    look: dict[str, Any] = {"source": source_of(columns), "legend_label": legend, **hatched(fill)}
    return chart.vbar(x="x", bottom="low", top="high", width=BAR_WIDTH, **look)


def whiskers(chart: "figure", columns: Mapping[str, Sequence[Any]], *, color: str) -> None:
    """Draw intervals from column `low` to `high` over column `x`."""
    stroke: dict[str, Any] = {"line_color": color, "line_width": 1.5, "line_alpha": 0.75}
    chart.segment(x0="x", x1="x", y0="low", y1="high", source=source_of(columns), **stroke)


def steps(chart: "figure", columns: Mapping[str, Sequence[Any]], *, color: str, dash: str, legend: str) -> None:
    """Draw a line that keeps its height, column `value`, up to the next place of column `x`."""
    look: dict[str, Any] = {"line_color": color, "line_width": 2, "line_dash": dash}
    if legend:
        look["legend_label"] = legend
    chart.step(x="x", y="value", mode="after", source=source_of(columns), **look)
