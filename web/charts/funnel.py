"""The funnel: for each step, one bar an arm, on one baseline so that lengths can be compared."""

from typing import TYPE_CHECKING, Any

from web.charts import drawing
from web.charts.data import FunnelArm, FunnelBar, FunnelChart, Twin
from web.charts.drawing import FILLS
from web.charts.sheet import Column, Sheet
from web.formats import UNKNOWN, percent, whole

if TYPE_CHECKING:
    from bokeh.plotting import figure

NAME_PIXELS = 24
BAR_PIXELS = 22
GAP_PIXELS = 12


def funnel_chart(data: FunnelChart) -> "figure":
    """Draw the funnel of one to five arms.

    Raises:
        ValueError: there is no arm, more than five, or an arm has not one bar a step.
    """
    _check(data)
    names = [arm.name for arm in data.arms]
    end = max((bar.high or bar.share or 0) for arm in data.arms for bar in arm.bars) or 1.0
    chart = drawing.canvas(
        low=0,
        high=end,
        room=drawing.room_for([_label(bar) for arm in data.arms for bar in arm.bars]),
        pixels=_row(data) * len(data.steps),
        file_name=data.file_name,
        axis=data.words.share,
        legend=drawing.legend_pixels(names) if len(names) > 1 else 0,
    )
    drawing.ticks_at(chart, {tick: percent(tick, 0) for tick in share_ticks(end)})
    drawing.names(chart, _step_names(data))
    drawn = [_arm(chart, data, index) for index in range(len(data.arms))]
    words = data.words
    lines = [(words.arm, "arm"), (words.step, "step"), (words.calls, "calls"), (words.share, "share")]
    lines += [(words.interval, "interval"), (words.onward, "onward"), (words.lost, "lost")]
    drawing.hover(chart, drawn, lines)
    if len(names) > 1:
        drawing.legend_above(chart, names)
    return chart


def funnel_table(data: FunnelChart) -> Twin:
    """Give the funnel's numbers as a table, one row a step and arm."""
    words = data.words
    columns = (words.step, words.arm, words.calls, words.share, words.interval, words.onward, words.lost)
    rows = [
        (step, arm.name, whole(arm.bars[index].count), *_texts(arm.bars[index]), whole(arm.bars[index].lost))
        for index, step in enumerate(data.steps)
        for arm in data.arms
    ]
    return Twin(columns, tuple(rows), names=2)


def funnel_sheet(data: FunnelChart) -> Sheet:
    """Give the funnel's numbers with every digit."""
    words = data.words
    columns = (
        Column(words.step),
        Column(words.arm),
        Column(words.calls, "count"),
        Column(words.share, "share"),
        Column(words.low, "share"),
        Column(words.high, "share"),
        Column(words.onward, "share"),
        Column(words.lost, "count"),
    )
    rows = tuple(
        (step, arm.name, bar.count, bar.share, bar.low, bar.high, bar.onward, bar.lost)
        for index, step in enumerate(data.steps)
        for arm in data.arms
        for bar in (arm.bars[index],)
    )
    return Sheet(columns, rows, names=2)


def share_ticks(end: float) -> list[float]:
    """Choose ticks from 0 to `end` (a share) at a round distance, at most five of them."""
    step = next((step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if end / step <= 4), 0.25)
    return [round(index * step, 4) for index in range(int(end / step + 1e-9) + 1)]


def _check(data: FunnelChart) -> None:
    if not 1 <= len(data.arms) <= len(FILLS):
        raise ValueError(f"arms: expected 1 to {len(FILLS)}, got {len(data.arms)}")
    for arm in data.arms:
        if len(arm.bars) != len(data.steps):
            raise ValueError(f"arm {arm.name!r}: expected {len(data.steps)} bars, got {len(arm.bars)}")


def _row(data: FunnelChart) -> int:
    """Give the pixels one step takes: its name, a bar an arm, and air."""
    return NAME_PIXELS + BAR_PIXELS * len(data.arms) + GAP_PIXELS


def _step_names(data: FunnelChart) -> dict[str, list[Any]]:
    count = len(data.steps)
    tops = [_row(data) * index + NAME_PIXELS / 2 for index in range(count)]
    return {"x": [0] * count, "y": tops, "text": list(data.steps), "inset": [0] * count}


def _arm(chart: "figure", data: FunnelChart, index: int) -> Any:
    """Draw one arm's bars, whiskers and labels; return the bars, for hovering."""
    arm = data.arms[index]
    top = NAME_PIXELS + BAR_PIXELS * (index + 0.5)
    columns = _columns(data.steps, arm, [_row(data) * step + top for step in range(len(data.steps))])
    drawn = drawing.bars(chart, columns, height=BAR_PIXELS - 4, fill=FILLS[index], legend=_legend(data, arm))
    known = [(y, bar) for y, bar in zip(columns["y"], arm.bars, strict=True) if None not in (bar.low, bar.high)]
    ends = {"y": [y for y, _ in known], "low": [b.low for _, b in known], "high": [b.high for _, b in known]}
    drawing.whiskers(chart, ends, cap=BAR_PIXELS / 3)
    drawing.labels(chart, {key: columns[key] for key in ("x", "y", "text")})
    return drawn


def _legend(data: FunnelChart, arm: FunnelArm) -> str:
    return arm.name if len(data.arms) > 1 else ""  # one arm needs no key: the title names it


def _columns(steps: tuple[str, ...], arm: FunnelArm, places: list[float]) -> dict[str, list[Any]]:
    texts = [_texts(bar) for bar in arm.bars]
    return {
        "y": places,
        "value": [bar.share or 0.0 for bar in arm.bars],
        "x": [max(bar.share or 0.0, bar.high or 0.0) for bar in arm.bars],
        "text": [_label(bar) for bar in arm.bars],
        "arm": [arm.name] * len(steps),
        "step": list(steps),
        "calls": [whole(bar.count) for bar in arm.bars],
        "share": [share for share, _, _ in texts],
        "interval": [interval for _, interval, _ in texts],
        "onward": [onward for _, _, onward in texts],
        "lost": [whole(bar.lost) for bar in arm.bars],
    }


def _label(bar: FunnelBar) -> str:
    return f"{percent(bar.share)} ({whole(bar.count)})"


def _texts(bar: FunnelBar) -> tuple[str, str, str]:
    interval = UNKNOWN if None in (bar.low, bar.high) else f"[{percent(bar.low)}, {percent(bar.high)}]"
    return percent(bar.share), interval, percent(bar.onward)
