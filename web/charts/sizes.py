"""Days that a test takes against the smallest effect it must find, for each way to randomise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from web.charts import drawing
from web.charts.data import Twin
from web.charts.palette import LIGHT
from web.formats import UNKNOWN, whole

if TYPE_CHECKING:
    from bokeh.plotting import figure

PIXELS = 220
MOST_DAYS = 112
"""Four windows: no plan takes longer, and a longer axis would flatten what is feasible."""


@dataclass(frozen=True, slots=True)
class SizeWords:
    """The words around sizes, in the reader's language."""

    effect: str = "Smallest effect, points"
    days: str = "Days"
    window: str = "28 days"
    plan: str = "This plan"


@dataclass(frozen=True, slots=True)
class SizeCurve:
    """One way to randomise: the days for every effect of the chart, `None` where no number of days would do."""

    name: str
    days: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class SizeChart:
    """At least one effect, rising, in points, and up to three curves over them.

    Attributes:
        title: the finding.
        effects: as they are written.
        curves: one a way to randomise.
        chosen: place of the plan's own effect.
        plan: number of the plan's own curve; `None` where it has none here.
        window: days within which an answer is wanted.
        file_name: what a saved image is called.
        words: the words around it.
    """

    title: str
    effects: tuple[str, ...]
    curves: tuple[SizeCurve, ...]
    chosen: int
    plan: int | None
    window: int
    file_name: str = "sizes"
    words: SizeWords = SizeWords()


def size_chart(data: SizeChart) -> "figure":
    """Draw the curves.

    Raises:
        ValueError: there is no effect.
    """
    if not data.effects:
        raise ValueError("effects: expected at least 1, got 0")
    top = _top(data)
    own = None if data.plan is None else data.curves[data.plan].days[data.chosen]
    marked = own is not None and own <= top
    shown = [(c, look) for c, look in zip(data.curves, _LOOKS, strict=False) if any(d and d <= top for d in c.days)]
    names = [data.words.window, *(curve.name for curve, _ in shown), *([data.words.plan] if marked else [])]
    chart = drawing.plane(
        last=len(data.effects) - 1,
        bottom=0.0,
        top=top,
        pixels=PIXELS,
        file_name=data.file_name,
        legend=drawing.legend_pixels(names),
    )
    chart.xaxis.axis_label, chart.yaxis.axis_label = data.words.effect, data.words.days
    drawing.ticks_at(chart, dict(enumerate(data.effects)))
    drawing.heights_at(chart, {float(tick): str(tick) for tick in _ticks(top)})
    ends = {"x": [0, len(data.effects) - 1], "value": [data.window] * 2}
    drawing.line(chart, ends, color=LIGHT.zero, dash="dashed", legend=data.words.window)
    drawn = [_curve(chart, data, curve, look, top) for curve, look in shown]
    if marked:
        at: dict[str, list[Any]] = {
            "x": [data.chosen],
            "value": [own],
            **_told(data, data.curves[data.plan or 0].name, [data.chosen], [own]),
        }
        look: dict[str, Any] = {"marker": "diamond", "size": 17, "color": LIGHT.bad, "legend": data.words.plan}
        drawn.append(drawing.dots(chart, at, **look))
    drawing.hover(chart, drawn, [("", "how"), (data.words.effect, "effect"), (data.words.days, "days")])
    drawing.legend_above(chart, names)
    return chart


def size_table(data: SizeChart) -> Twin:
    """Give the same days as a table."""
    rows = [(effect, *(whole(curve.days[place]) for curve in data.curves)) for place, effect in enumerate(data.effects)]
    return Twin((data.words.effect, *(curve.name for curve in data.curves)), tuple(rows))


_LOOKS: tuple[tuple[str, str, str], ...] = (
    (LIGHT.control, "solid", "circle"),
    (LIGHT.second, "dotdash", "square"),
    (LIGHT.third, "dotted", "triangle"),
)


def _curve(chart: "figure", data: SizeChart, curve: SizeCurve, look: tuple[str, str, str], top: float) -> Any:
    """Draw one curve as far as the axis reaches; beyond, the table says how long it takes."""
    color, dash, marker = look
    shown = [(place, days) for place, days in enumerate(curve.days) if days is not None and days <= top]
    places, days = [place for place, _ in shown], [days for _, days in shown]
    columns: dict[str, list[Any]] = {"x": places, "value": days, **_told(data, curve.name, places, days)}
    drawing.line(chart, columns, color=color, dash=dash, legend=curve.name)
    return drawing.dots(chart, columns, marker=marker, size=9, color=color, legend=curve.name)


def _told(data: SizeChart, name: str, places: Sequence[int], days: Sequence[int | None]) -> dict[str, list[str]]:
    return {
        "how": [name] * len(places),
        "effect": [data.effects[place] for place in places],
        "days": [UNKNOWN if each is None else whole(each) for each in days],
    }


def _top(data: SizeChart) -> float:
    """Reach as high as the curves do, but no higher than is worth looking at."""
    known = [days for curve in data.curves for days in curve.days if days is not None]
    highest = max([*known, data.window])
    least = min(known, default=data.window)
    return 1.06 * min(highest, max(MOST_DAYS, 1.5 * least))


def _ticks(top: float) -> list[int]:
    step = next((step for step in (7, 14, 28, 56, 112) if top / step <= 6), 7 * math.ceil(top / 42))
    return list(range(0, int(top) + 1, step))
