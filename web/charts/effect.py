"""Effects: one interval a row on one axis, coloured and shaped by what it means, not by its sign."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from web.charts import drawing
from web.charts.data import EffectChart, EffectRow, EffectWords, Goodness, Twin
from web.charts.palette import LIGHT
from web.charts.sheet import Cell, Column, Sheet
from web.formats import UNKNOWN, signed

if TYPE_CHECKING:
    from bokeh.plotting import figure

# Shape says the same as colour, for those who see no difference between green and red.
LOOKS: dict[Goodness, tuple[str, str]] = {
    "good": ("triangle", LIGHT.good),
    "bad": ("inverted_triangle", LIGHT.bad),
    "unclear": ("circle", LIGHT.unclear),
}
ROW_PIXELS = 54
NAME_MIDDLE = 12
INTERVAL_MIDDLE = 34


@dataclass(frozen=True, slots=True)
class Bound:
    """A kind of line that the plan declared, and where it stands: (y, value) pairs."""

    legend: str
    color: str
    dash: str
    places: tuple[tuple[float, float], ...]


def effect_chart(data: EffectChart) -> "figure":
    """Draw the intervals with the zero line, allowed harms and smallest effects.

    Raises:
        ValueError: there is no row.
    """
    if not data.rows:
        raise ValueError("rows: expected at least 1, got 0")
    low, high = _reach(data.rows)
    bounds = _bounds(data)
    chart = drawing.canvas(
        low=low,
        high=high,
        room=8,
        pixels=ROW_PIXELS * len(data.rows),
        file_name=data.file_name,
        axis=data.words.axis,
        legend=drawing.legend_pixels([bound.legend for bound in bounds]) if bounds else 0,
    )
    drawing.ticks_at(chart, {tick: signed(tick, _digits(high - low)) for tick in point_ticks(low, high)})
    drawing.zero_line(chart)
    drawn = [_kind(chart, data, goodness) for goodness in LOOKS]
    drawing.names(chart, _names(data))
    _mark(chart, bounds)
    words = data.words
    lines = [(words.what, "what"), (words.effect, "effect"), (words.interval, "interval"), (words.reading, "reading")]
    drawing.hover(chart, drawn, lines)
    return chart


def effect_table(data: EffectChart) -> Twin:
    """Give the same intervals as a table, with a column only for what some row has."""
    words = data.words
    bounds = [
        (heading, [_points(bound, words) for bound in found])
        for heading, found in (
            (words.smallest, [row.smallest for row in data.rows]),
            (words.margin, [row.margin for row in data.rows]),
        )
        if any(bound is not None for bound in found)
    ]
    columns = (words.what, words.reading, words.effect, words.interval, *data.beside, *(name for name, _ in bounds))
    rows = [
        (
            row.name,
            reading(row, words),
            _points(row.effect, words),
            interval(row),
            *row.beside,
            *(cells[place] for _, cells in bounds),
        )
        for place, row in enumerate(data.rows)
    ]
    return Twin(columns, tuple(rows), names=2)


def effect_sheet(data: EffectChart) -> Sheet:
    """Give the same intervals with every digit, in percentage points."""
    words = data.words
    bounds: list[tuple[str, list[float | None]]] = [
        (words.smallest, [row.smallest for row in data.rows]),
        (words.margin, [row.margin for row in data.rows]),
    ]
    kept = [(name, found) for name, found in bounds if any(bound is not None for bound in found)]
    numbers = (words.effect, words.low, words.high, *(name for name, _ in kept))
    columns = (words.what, words.reading, *data.beside)
    rows: list[tuple[Cell, ...]] = [
        (row.name, reading(row, words), *row.beside, row.effect, row.low, row.high, *(found[at] for _, found in kept))
        for at, row in enumerate(data.rows)
    ]
    told = tuple(Column(name) for name in columns) + tuple(
        Column(name, "points" if words.unit else "signed", 2) for name in numbers
    )
    return Sheet(told, tuple(rows), names=2)


def reading(row: EffectRow, words: EffectWords) -> str:
    """Say in a word what the interval means."""
    return row.says or {"good": words.good, "bad": words.bad, "unclear": words.unclear}[row.goodness]


def interval(row: EffectRow) -> str:
    """Write the interval, e.g. "[+1.2, +4.9]", in percentage points."""
    return UNKNOWN if None in (row.low, row.high) else f"[{signed(row.low)}, {signed(row.high)}]"


def point_ticks(low: float, high: float) -> list[float]:
    """Choose ticks that contain 0 at a round distance, at most seven of them (percentage points)."""
    steps = (0.1, 0.2, 0.5, *(digit * 10**power for power in range(9) for digit in (1, 2, 5)))
    step = next(step for step in steps if (high - low) / step <= 6)
    first, last = -int(-low / step + 1e-9), int(high / step + 1e-9)
    return [round(index * step, 6) for index in range(first, last + 1)]


def _digits(span: float) -> int:
    return 1 if span <= 3 else 0


def _points(value: float | None, words: EffectWords) -> str:
    return UNKNOWN if value is None else f"{signed(value)} {words.unit}".rstrip()


def _reach(rows: tuple[EffectRow, ...]) -> tuple[float, float]:
    """Span every interval, bound and zero, with a little air."""
    seen = [v for row in rows for v in (row.low, row.high, row.effect, row.margin, row.smallest) if v is not None]
    low, high = min([0.0, *seen]), max([0.0, *seen])
    air = (high - low) * 0.06 or 1.0
    return low - air, high + air


def _kind(chart: "figure", data: EffectChart, goodness: Goodness) -> Any:
    """Draw the rows of one goodness; return their bars, for hovering."""
    rows = [(_middle(y), row) for y, row in enumerate(data.rows) if row.goodness == goodness and row.effect is not None]
    columns: dict[str, list[Any]] = {
        "y": [y for y, _ in rows],
        "low": [row.effect if row.low is None else row.low for _, row in rows],
        "high": [row.effect if row.high is None else row.high for _, row in rows],
        "value": [row.effect for _, row in rows],
        "what": [row.name for _, row in rows],
        "effect": [_points(row.effect, data.words) for _, row in rows],
        "interval": [interval(row) for _, row in rows],
        "reading": [reading(row, data.words) for _, row in rows],
    }
    marker, color = LOOKS[goodness]
    return drawing.intervals(chart, columns, marker=marker, color=color)


def _middle(index: int) -> float:
    return ROW_PIXELS * index + INTERVAL_MIDDLE


def _bounds(data: EffectChart) -> list[Bound]:
    """Collect the declared bounds that any row has."""
    words = data.words
    smallest = [(_middle(y), row.smallest) for y, row in enumerate(data.rows) if row.smallest is not None]
    margins = [(_middle(y), row.margin) for y, row in enumerate(data.rows) if row.margin is not None]
    bounds = [
        Bound(words.smallest, LIGHT.in_test, "solid", tuple(smallest)),
        Bound(words.margin, LIGHT.bad, "dashed", tuple(margins)),
    ]
    return [bound for bound in bounds if bound.places]


def _mark(chart: "figure", bounds: list[Bound]) -> None:
    for bound in bounds:
        columns = {"y": [y for y, _ in bound.places], "value": [value for _, value in bound.places]}
        drawing.marks(chart, columns, color=bound.color, dash=bound.dash, legend=bound.legend)
    if bounds:
        drawing.legend_above(chart, [bound.legend for bound in bounds])


def _names(data: EffectChart) -> dict[str, list[Any]]:
    """Write above each interval what it is, its size and what it means; of what may be nothing how far it reaches."""
    low, _ = _reach(data.rows)
    count = len(data.rows)
    texts = [_title(row, data.words) for row in data.rows]
    tops = [ROW_PIXELS * index + NAME_MIDDLE for index in range(count)]
    return {"x": [low] * count, "y": tops, "text": texts, "inset": [0] * count}


def _title(row: EffectRow, words: EffectWords) -> str:
    is_open = row.goodness == "unclear" and None not in (row.low, row.high)
    size = f"{interval(row)} {words.unit}".rstrip() if is_open else _points(row.effect, words)
    said = (row.name, size, reading(row, words), row.note)
    return "   ".join(text for text in said if text)
