"""Charts on a plane: lines, dots with their intervals, upright bars and bands over what runs from left to right.

What is told apart by colour is told apart by dash, marker or hatch too, so that it can be read in grey.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from web.charts import drawing, upright
from web.charts.drawing import Fill
from web.charts.palette import LIGHT
from web.charts.sheet import Sheet

if TYPE_CHECKING:
    from bokeh.plotting import figure

PIXELS = 240
Role: TypeAlias = Literal[
    "control", "second_edge", "third_edge", "fourth_edge", "fifth_edge", "in_test", "bad", "soft", "zero"
]
ARMS: tuple[tuple[str, Role], ...] = (
    ("circle", "control"),
    ("square", "second_edge"),
    ("triangle", "third_edge"),
    ("diamond", "fourth_edge"),
    ("star", "fifth_edge"),
)
"""How arms are marked, the control first; what is of all arms together is `in_test`, and nobody's colour."""
FILLS = (Fill(LIGHT.in_test, LIGHT.in_test), Fill(LIGHT.candidate, LIGHT.soft, "right_diagonal_line"))
"""How bars of all arms together are filled."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A value at a place, with its interval where one is known, and what is told of it under the pointer."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dots:
    """Markers of one kind, with upright whiskers."""

    name: str
    dots: tuple[Dot, ...]
    marker: str = "circle"
    role: Role = "in_test"
    size: int = 9


@dataclass(frozen=True, slots=True)
class Line:
    """A line through (x, y) points; with `steps` it keeps its height up to the next point."""

    name: str
    points: tuple[tuple[float, float], ...]
    dash: str = "solid"
    role: Role = "zero"
    steps: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """What lies between two heights: (x, low, high) points."""

    name: str
    points: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Upright bars between two heights, of all arms together: plain with fill 0, hatched with 1."""

    name: str
    bars: tuple[tuple[float, float, float, tuple[str, ...]], ...]
    fill: int = 0


Layer: TypeAlias = Dots | Line | Band | Bars


@dataclass(frozen=True, slots=True)
class Axis:
    """From where to where, and what is written at which value."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class PlaneChart:
    """Layers over two axes, drawn in their order, and the sheet of the same numbers.

    `hover` are the words before what is told of dots and bars.
    """

    title: str
    across: Axis
    up: Axis
    layers: tuple[Layer, ...]
    sheet: Sheet
    hover: tuple[str, ...] = ()
    file_name: str = "chart"


def plane_chart(data: PlaneChart) -> "figure":
    """Draw the layers.

    Raises:
        ValueError: there is nothing to draw.
    """
    if not data.layers:
        raise ValueError("layers: expected at least 1, got 0")
    names = list(dict.fromkeys(layer.name for layer in data.layers if layer.name))
    legend = drawing.legend_pixels(names) if names else 0
    chart = drawing.plane(
        last=data.across.high,
        bottom=data.up.low,
        top=data.up.high,
        pixels=PIXELS,
        file_name=data.file_name,
        legend=legend,
    )
    low, high = data.across.low, max(data.across.high, data.across.low + 1e-6)
    chart.x_range.update(start=low, end=high)
    chart.tags = [{"low": low, "high": high, "left": 12, "right": 14}]
    chart.xaxis.axis_label, chart.yaxis.axis_label = data.across.label, data.up.label
    drawing.ticks_at(chart, dict(data.across.ticks))
    drawing.heights_at(chart, dict(data.up.ticks))
    drawn = [glyph for layer in data.layers if (glyph := _draw(chart, data, layer)) is not None]
    if drawn and data.hover:
        drawing.hover(chart, drawn, [(word, f"told{place}") for place, word in enumerate(data.hover)])
    if names:
        drawing.legend_above(chart, names)
    return chart


def _draw(chart: "figure", data: PlaneChart, layer: Layer) -> Any:
    """Draw one layer; return what can be hovered over."""
    match layer:
        case Line():
            columns = {"x": [x for x, _ in layer.points], "value": [y for _, y in layer.points]}
            draw = upright.steps if layer.steps else drawing.line
            draw(chart, columns, color=_color(layer.role), dash=layer.dash, legend=layer.name)
            return None
        case Band():
            drawing.band(chart, _spans(layer.points), legend=layer.name)
            return None
        case Bars():
            spans = _spans([bar[:3] for bar in layer.bars])
            told = _told(data, [bar[3] for bar in layer.bars])
            return upright.bars(chart, spans | told, fill=FILLS[layer.fill], legend=layer.name)
        case Dots():
            return _dots(chart, data, layer)


def _dots(chart: "figure", data: PlaneChart, layer: Dots) -> Any:
    known = [(dot.x, dot.low, dot.high) for dot in layer.dots if dot.low is not None and dot.high is not None]
    if known:
        upright.whiskers(chart, _spans(known), color=_color(layer.role))
    columns = {"x": [dot.x for dot in layer.dots], "value": [dot.y for dot in layer.dots]}
    told = _told(data, [dot.told for dot in layer.dots])
    look: dict[str, Any] = {"marker": layer.marker, "size": layer.size, "color": _color(layer.role)}
    return drawing.dots(chart, columns | told, **look, legend=layer.name)


def _spans(spans: Sequence[tuple[float, float, float]]) -> dict[str, list[Any]]:
    return {name: [each[place] for each in spans] for place, name in enumerate(("x", "low", "high"))}


def _told(data: PlaneChart, told: list[tuple[str, ...]]) -> dict[str, list[Any]]:
    return {f"told{place}": [each[place] for each in told] for place in range(len(data.hover))}


def _color(role: Role) -> str:
    return str(getattr(LIGHT, role))
