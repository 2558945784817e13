"""A rate by day: what is usual, how far a day may lie from it by chance, and the days whose calls showed something."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from web.charts import drawing
from web.charts.data import DayChart, DayRow, Twin
from web.charts.palette import LIGHT
from web.formats import UNKNOWN, percent, whole

if TYPE_CHECKING:
    from bokeh.plotting import figure

PIXELS = 220
MOST_TICKS = 5


def control_chart(data: DayChart) -> "figure":
    """Draw the days.

    Raises:
        ValueError: there is no day.
    """
    if not data.days:
        raise ValueError("days: expected at least 1, got 0")
    words = data.words
    signalled = any(day.signal for day in data.days)
    names = [words.limits, words.usual, words.smoothed, words.rate, *([words.signal] if signalled else [])]
    bottom, top = _reach(data.days)
    chart = drawing.plane(
        last=len(data.days) - 1,
        bottom=bottom,
        top=top,
        pixels=PIXELS,
        file_name=data.file_name,
        legend=drawing.legend_pixels(names),
    )
    drawing.ticks_at(chart, {place: data.days[place].short for place in day_ticks(len(data.days))})
    drawing.heights_at(chart, {tick: percent(tick, 1 if top - bottom < 0.05 else 0) for tick in heights(bottom, top)})
    known = [(place, day) for place, day in enumerate(data.days) if day.rate is not None]
    drawing.band(chart, _columns(known, low="low", high="high"), legend=words.limits)
    every = list(enumerate(data.days))
    drawing.line(chart, _columns(every, value="usual"), color=LIGHT.zero, dash="dashed", legend=words.usual)
    drawing.line(chart, _columns(every, value="smoothed"), color=LIGHT.fifth, dash="solid", legend=words.smoothed)
    look: dict[str, Any] = {"marker": "circle", "size": 6, "color": LIGHT.control, "legend": words.rate}
    drawn = [drawing.dots(chart, _told(data, known), **look)]
    if signalled:
        found = [(place, day) for place, day in known if day.signal]
        look = {"marker": "diamond", "size": 15, "color": LIGHT.bad, "legend": words.signal}
        drawn.append(drawing.dots(chart, _told(data, found), **look))
    lines = [(words.day, "day"), (words.calls, "calls"), (words.rate, "share"), (words.usual, "expected")]
    drawing.hover(chart, drawn, [*lines, (words.limits, "limits"), (words.signal, "signal")])
    drawing.legend_above(chart, names)
    return chart


def control_table(data: DayChart) -> Twin:
    """Give the same days as a table, the newest first."""
    words = data.words
    columns = (words.day, words.signal, words.calls, words.rate, words.usual, words.limits, words.smoothed)
    rows = [
        (
            day.name,
            day.signal or UNKNOWN,
            whole(day.calls),
            percent(day.rate, 2),
            percent(day.usual, 2),
            limits(day),
            percent(day.smoothed, 2),
        )
        for day in reversed(data.days)
    ]
    return Twin(columns, tuple(rows), names=2)


def limits(day: DayRow) -> str:
    """Write a day's limits."""
    if day.low is None or day.high is None:
        return UNKNOWN
    return f"{percent(day.low, 2)}–{percent(day.high, 2)}"


def day_ticks(days: int) -> list[int]:
    """Choose at most five days, from the first on at whole weeks."""
    weeks = -(-days // (7 * MOST_TICKS)) or 1
    return list(range(0, days, 7 * weeks))[:MOST_TICKS]


def heights(bottom: float, top: float) -> list[float]:
    """Choose at most six ticks at a round distance, within what is shown."""
    steps = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
    step = next((step for step in steps if (top - bottom) / step <= MOST_TICKS), 0.25)
    return [round(index * step, 4) for index in range(math.ceil(bottom / step - 1e-9), int(top / step + 1e-9) + 1)]


def _reach(days: Sequence[DayRow]) -> tuple[float, float]:
    """Span every day, limit and line, with a little air."""
    seen = [v for day in days for v in (day.rate, day.low, day.high, day.usual, day.smoothed) if v is not None]
    low, high = min(seen), max(seen)
    air = 0.06 * (high - low) or 0.01
    return max(0.0, low - air), min(1.0, high + air)


def _columns(days: Sequence[tuple[int, DayRow]], **named: str) -> dict[str, list[Any]]:
    return {"x": [place for place, _ in days]} | {
        column: [getattr(day, name) for _, day in days] for column, name in named.items()
    }


def _told(data: DayChart, days: Sequence[tuple[int, DayRow]]) -> dict[str, list[Any]]:
    texts = {
        "day": [day.name for _, day in days],
        "calls": [whole(day.calls) for _, day in days],
        "share": [percent(day.rate, 2) for _, day in days],
        "expected": [percent(day.usual, 2) for _, day in days],
        "limits": [limits(day) for _, day in days],
        "signal": [day.signal or UNKNOWN for _, day in days],
    }
    return _columns(days, value="rate") | texts
