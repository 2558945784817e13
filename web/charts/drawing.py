"""The strokes all charts are made of. The one module that draws with Bokeh.

Down the page `y` counts pixels from the top; names stand above their bars, so that bars keep the whole width of a
telephone. Nothing used here makes BokehJS evaluate text as code: the pages' content policy forbids that.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from web.charts.palette import FONT, LIGHT

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource
    from bokeh.models.renderers import GlyphRenderer
    from bokeh.plotting import figure

TEXT_SIZE = "13px"
# What a Latin letter of a label takes, and what the axis and its label take below, in pixels.
LETTER_PIXELS = 6.7
BELOW_PIXELS = 54
AIR_PIXELS = 4
# A likely width of the frame; the page corrects the range to the real one.
FRAME_PIXELS = 640
# A legend wider than this would be cut off on a telephone, so it becomes a list.
LEGEND_WIDTH = 26
# What the glyph of each name after the third takes of it.
LEGEND_GLYPH = 4
LEGEND_LINE = 26


@dataclass(frozen=True, slots=True)
class Fill:
    """How a bar is filled: a colour, its darker edge and, for challengers, a hatch."""

    color: str
    edge: str
    hatch: str | None = None


FILLS = (
    Fill(LIGHT.control, LIGHT.control_edge),
    Fill(LIGHT.second, LIGHT.second_edge, "right_diagonal_line"),
    Fill(LIGHT.third, LIGHT.third_edge, "left_diagonal_line"),
    Fill(LIGHT.fourth, LIGHT.fourth_edge, "dot"),
    Fill(LIGHT.fifth, LIGHT.fifth_edge, "vertical_line"),
)
"""How arms are filled, the control first."""


def width(text: str) -> int:
    """Measure text in Latin letters; a Chinese character is as wide as two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def room_for(texts: Sequence[str]) -> float:
    """Estimate the pixels that the widest of these labels takes beside a bar."""
    return max(map(width, texts), default=0) * LETTER_PIXELS + 14


def canvas(
    *, low: float, high: float, room: float, pixels: int, file_name: str, axis: str, legend: int = 0
) -> "figure":
    """Make an empty chart on a transparent ground; the page has the button that saves it.

    Args:
        low: where the values begin.
        high: where they end.
        room: pixels to keep free right of `high` for labels; the page keeps them free at every width.
        pixels: how high the rows are together.
        file_name: what a saved image is called.
        axis: the words under the axis.
        legend: how many pixels the legend takes above.

    Returns:
        the figure.
    """
    from bokeh.models import Range1d
    from bokeh.plotting import figure as new_figure

    unit = (high - low) / (FRAME_PIXELS - room)
    chart = new_figure(
        x_range=Range1d(start=low - 2 * unit, end=high + room * unit),
        y_range=Range1d(start=pixels, end=-AIR_PIXELS),
        height=AIR_PIXELS + pixels + legend + BELOW_PIXELS,
        sizing_mode="stretch_width",
        min_width=220,
        name=file_name,
        tools=[],
        toolbar_location=None,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        min_border_left=6,
        min_border_right=6,
        tags=[{"low": low, "high": high, "left": 2, "right": room}],
    )
    chart.yaxis.visible = False
    _quiet_axes(chart, axis)
    return chart


def plane(*, last: float, bottom: float, top: float, pixels: int, file_name: str, legend: int) -> "figure":
    """Make an empty chart over days 0 to `last`, on a transparent ground.

    Args:
        last: place of the last day.
        bottom: the lowest share.
        top: the highest.
        pixels: how high the frame is.
        file_name: what a saved image is called.
        legend: how many pixels the legend takes above.

    Returns:
        the figure; its days stand at whole numbers.
    """
    chart = canvas(low=0, high=last, room=12, pixels=pixels, file_name=file_name, axis="", legend=legend)
    chart.tags = [{"low": 0, "high": max(last, 1), "left": 10, "right": 12}]
    chart.y_range.update(start=bottom, end=top)
    chart.yaxis.visible = True
    chart.ygrid.grid_line_color = LIGHT.grid
    chart.xgrid.grid_line_color = None
    chart.yaxis.major_label_text_color = LIGHT.soft
    chart.yaxis.major_label_text_font_size = "12px"
    return chart


def heights_at(chart: "figure", ticks: Mapping[float, str]) -> None:
    """Put ticks of the upright axis at these values and nowhere else."""
    from bokeh.models import FixedTicker

    chart.yaxis.ticker = chart.ygrid.ticker = FixedTicker(ticks=list(ticks))
    chart.yaxis.major_label_overrides = dict(ticks.items())


def band(chart: "figure", columns: Mapping[str, Sequence[Any]], *, legend: str) -> None:
    """Fill what lies between columns `low` and `high` over column `x`."""
    look: dict[str, Any] = {"fill_color": LIGHT.node, "fill_alpha": 0.45, "legend_label": legend}
    chart.varea(x="x", y1="low", y2="high", source=source_of(columns), **look)


def line(chart: "figure", columns: Mapping[str, Sequence[Any]], *, color: str, dash: str, legend: str) -> None:
    """Draw a line through column `value` over column `x`."""
    look: dict[str, Any] = {"line_color": color, "line_width": 2, "line_dash": dash}
    if legend:
        look["legend_label"] = legend
    chart.line(x="x", y="value", source=source_of(columns), **look)


def dots(
    chart: "figure", columns: Mapping[str, Sequence[Any]], *, marker: str, size: int, color: str, legend: str
) -> "GlyphRenderer[Any]":
    """Draw a marker at column `value` over column `x`."""
    look: dict[str, Any] = {"fill_color": color, "line_color": LIGHT.surface, "line_width": 1, "legend_label": legend}
    return chart.scatter(x="x", y="value", source=source_of(columns), marker=marker, size=size, **look)


def _quiet_axes(chart: "figure", axis: str) -> None:
    """Keep the grid light and the labels upright: slanted Chinese is hard to read."""
    chart.axis.axis_line_color = None
    chart.axis.major_tick_line_color = None
    chart.axis.minor_tick_line_color = None
    chart.axis.major_label_text_font = FONT
    chart.axis.major_label_text_font_size = TEXT_SIZE
    chart.axis.axis_label_text_font = FONT
    chart.axis.axis_label_text_font_style = "normal"
    chart.axis.axis_label_text_font_size = "12px"
    chart.axis.axis_label_text_color = LIGHT.soft
    chart.xaxis.major_label_text_font_size = "12px"
    chart.xaxis.major_label_text_color = LIGHT.soft
    chart.xaxis.axis_label = axis
    chart.grid.grid_line_color = LIGHT.grid
    chart.ygrid.grid_line_color = None


def ticks_at(chart: "figure", ticks: Mapping[float, str]) -> None:
    """Put ticks at these values and nowhere else, so that room kept for labels bears no numbers."""
    from bokeh.models import FixedTicker

    chart.xaxis.ticker = chart.xgrid.ticker = FixedTicker(ticks=list(ticks))
    chart.xaxis.major_label_overrides = dict(ticks.items())


def bars(
    chart: "figure", columns: Mapping[str, Sequence[Any]], *, height: float, fill: Fill, legend: str = ""
) -> "GlyphRenderer[Any]":
    """Draw bars from 0 to column `value` at column `y`."""
    look = hatched(fill)
    if legend:
        look["legend_label"] = legend
    return chart.hbar(y="y", left=0, right="value", height=height, source=source_of(columns), **look)


def hatched(fill: Fill) -> dict[str, Any]:
    """Say to a bar how it is filled."""
    look: dict[str, Any] = {"fill_color": fill.color, "line_color": fill.edge, "line_width": 1}
    if fill.hatch:
        look |= {
            "hatch_pattern": fill.hatch,
            "hatch_color": fill.edge,
            "hatch_scale": 12,
            "hatch_weight": 1.4,
            "hatch_alpha": 0.7,
        }
    return look


def whiskers(chart: "figure", columns: Mapping[str, Sequence[Any]], *, cap: float) -> None:
    """Draw intervals from column `low` to column `high` at column `y`, with caps `cap` pixels high."""
    source = _upright(columns, cap / 2)
    stroke: dict[str, Any] = {"source": source, "line_color": LIGHT.whisker, "line_width": 1.5}
    chart.segment(x0="low", x1="high", y0="y", y1="y", **stroke)
    for end in ("low", "high"):
        chart.segment(x0=end, x1=end, y0="above", y1="below", **stroke)


def labels(chart: "figure", columns: Mapping[str, Sequence[Any]]) -> None:
    """Write column `text` just right of column `x` at column `y`."""
    _write(chart, columns, x_offset=8, text_font_size="12px", text_color=LIGHT.ink)


def names(chart: "figure", columns: Mapping[str, Sequence[Any]]) -> None:
    """Write column `text` from column `x` on, set in by column `inset` (pixels), centred on column `y`."""
    ground: dict[str, Any] = {"background_fill_color": LIGHT.surface, "padding": 1}
    _write(chart, columns, x_offset="inset", text_font_size=TEXT_SIZE, text_color=LIGHT.ink, **ground)


def _write(chart: "figure", columns: Mapping[str, Sequence[Any]], **look: Any) -> None:
    fixed: dict[str, Any] = {"text_baseline": "middle", "text_align": "left", "text_font": {"value": FONT}}
    chart.text(x="x", y="y", text="text", source=source_of(columns), **fixed, **look)


def intervals(
    chart: "figure", columns: Mapping[str, Sequence[Any]], *, marker: str, color: str
) -> "GlyphRenderer[Any]":
    """Draw soft bars from column `low` to `high` and a marker at column `value`."""
    source = source_of(columns)
    reach = chart.hbar(
        y="y", left="low", right="high", height=10, source=source, fill_color=color, fill_alpha=0.32,
        line_color=color, line_width=1,
    )  # fmt: skip
    chart.scatter(x="value", y="y", source=source, marker=marker, size=11, fill_color=color, line_color=color)
    return reach


def marks(chart: "figure", columns: Mapping[str, Sequence[Any]], *, color: str, dash: str, legend: str) -> None:
    """Draw a short upright line at column `value` in each row `y`: a bound that holds for this row only."""
    chart.segment(
        x0="value", x1="value", y0="above", y1="below", source=_upright(columns, 11),
        line_color=color, line_width=2, line_dash=dash, legend_label=legend,
    )  # fmt: skip


def zero_line(chart: "figure") -> None:
    """Draw where nothing differs."""
    chart.vspan(x=[0], line_color=LIGHT.zero, line_width=1.5, level="underlay")


def hover(chart: "figure", renderers: Sequence["GlyphRenderer[Any]"], lines: Sequence[tuple[str, str]]) -> None:
    """Show these (word, column) pairs under the pointer; Bokeh writes what stands in columns as text, never as HTML.

    The markup is our own because Bokeh's table of pairs has a fixed light blue that cannot be read on white.
    """
    from bokeh.models import HoverTool

    tooltips = "".join(f"<div>{escape(word)}&ensp;<b>@{{{column}}}</b></div>" for word, column in lines)
    chart.add_tools(HoverTool(renderers=list(renderers), tooltips=tooltips, visible=False, point_policy="follow_mouse"))


def legend_pixels(names: Sequence[str]) -> int:
    """Say how high the legend of these names is: one line where they are short, else one line each."""
    glyphs = LEGEND_GLYPH * max(len(names) - 3, 0)
    return LEGEND_LINE if width("".join(names)) + glyphs <= LEGEND_WIDTH else LEGEND_LINE * len(names)


def legend_above(chart: "figure", names: Sequence[str]) -> None:
    """Lay the legend over the chart, in a row where the names are short."""
    legend: Any = chart.legend[0]
    short = legend_pixels(names) == LEGEND_LINE
    legend.update(
        location="top_left", orientation="horizontal" if short else "vertical",
        label_text_font=FONT, label_text_font_size=TEXT_SIZE, label_text_color=LIGHT.ink,
        border_line_color=None, background_fill_color=None,
        padding=0, margin=6, spacing=14 if short else 4, glyph_height=16, glyph_width=16,
    )  # fmt: skip
    chart.add_layout(legend, "above")


def _upright(columns: Mapping[str, Sequence[Any]], reach: float) -> "ColumnDataSource":
    """Add the ends of upright strokes that reach this many pixels up and down from column `y`."""
    above, below = ([y + sign * reach for y in columns["y"]] for sign in (-1, 1))
    return source_of({**columns, "above": above, "below": below})


def source_of(columns: Mapping[str, Sequence[Any]]) -> "ColumnDataSource":
    """Make what a glyph reads its columns from."""
    from bokeh import models

    return models.ColumnDataSource({key: list(values) for key, values in columns.items()})
