"""Shares of call types: bars in the order of the tree, each with what is decided about inviting there."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from web.charts import drawing
from web.charts.data import ShareChart, ShareRow, Standing, Twin
from web.charts.drawing import Fill
from web.charts.funnel import share_ticks
from web.charts.palette import LIGHT
from web.formats import percent, whole

if TYPE_CHECKING:
    from bokeh.plotting import figure

COLORS: dict[Standing | None, str] = {
    "candidate": LIGHT.candidate,
    "in_test": LIGHT.in_test,
    "suitable": LIGHT.suitable,
    "limited": LIGHT.limited,
    "unsuitable": LIGHT.unsuitable,
    None: LIGHT.node,
}
ROW_PIXELS = 44
NAME_MIDDLE = 11
BAR_MIDDLE = 29
BAR_PIXELS = 12
INSET_PIXELS = 16
INDENT = "\u2003"


def share_chart(data: ShareChart) -> "figure":
    """Draw one bar a call type.

    Raises:
        ValueError: there is no row, two rows have one key, or a parent is not among the rows.
    """
    rows = tree_order(data.rows)
    end = max(row.share or 0 for row, _ in rows) or 1.0
    texts = ["   ".join(part for part in (percent(row.share), row.standing_text) if part) for row, _ in rows]
    chart = drawing.canvas(
        low=0,
        high=end,
        room=drawing.room_for(texts),
        pixels=ROW_PIXELS * len(rows),
        file_name=data.file_name,
        axis=data.words.share,
    )
    drawing.ticks_at(chart, {tick: percent(tick, 0) for tick in share_ticks(end)})
    drawing.names(chart, _names(rows))
    drawn = [_standing(chart, rows, standing) for standing in COLORS if any(r.standing == standing for r, _ in rows)]
    middles = [ROW_PIXELS * index + BAR_MIDDLE for index in range(len(rows))]
    drawing.labels(chart, {"x": [row.share or 0.0 for row, _ in rows], "y": middles, "text": texts})
    words = data.words
    lines = [(words.what, "what"), (words.share, "share"), (words.calls, "calls"), (words.standing, "standing")]
    drawing.hover(chart, drawn, lines)
    return chart


def share_table(data: ShareChart) -> Twin:
    """Give the same shares as a table, in the order of the tree."""
    words = data.words
    rows = [
        (INDENT * depth + row.name, row.standing_text or "—", percent(row.share, 2), whole(row.calls))
        for row, depth in tree_order(data.rows)
    ]
    return Twin((words.what, words.standing, words.share, words.calls), tuple(rows), names=2)


def tree_order(rows: tuple[ShareRow, ...]) -> list[tuple[ShareRow, int]]:
    """Order siblings by share, widest first, each followed by its own children; return rows with their depth.

    Raises:
        ValueError: there is no row, two rows have one key, or a parent is not among the rows.
    """
    keys = {row.key for row in rows}
    if not rows or len(keys) != len(rows):
        raise ValueError(f"rows: expected at least 1 with different keys, got {len(rows)} rows with {len(keys)} keys")
    ordered = list(_below(rows, None, 0))
    if len(ordered) != len(rows):
        raise ValueError(f"rows: parents missing or in a circle for {sorted(keys - {r.key for r, _ in ordered})}")
    return ordered


def _below(rows: tuple[ShareRow, ...], parent: str | None, depth: int) -> Iterator[tuple[ShareRow, int]]:
    siblings = [row for row in rows if row.parent == parent]
    for row in sorted(siblings, key=lambda row: -(row.share or 0)):
        yield row, depth
        yield from _below(rows, row.key, depth + 1)


def _names(rows: list[tuple[ShareRow, int]]) -> dict[str, list[Any]]:
    tops = [ROW_PIXELS * index + NAME_MIDDLE for index in range(len(rows))]
    insets = [INSET_PIXELS * depth for _, depth in rows]
    return {"x": [0] * len(rows), "y": tops, "text": [row.name for row, _ in rows], "inset": insets}


def _standing(chart: "figure", rows: list[tuple[ShareRow, int]], standing: Standing | None) -> Any:
    found = [(y, row) for y, (row, _) in enumerate(rows) if row.standing == standing]
    columns: dict[str, list[Any]] = {
        "y": [ROW_PIXELS * y + BAR_MIDDLE for y, _ in found],
        "value": [row.share or 0.0 for _, row in found],
        "what": [row.name for _, row in found],
        "share": [percent(row.share, 2) for _, row in found],
        "calls": [whole(row.calls) for _, row in found],
        "standing": [row.standing_text or "—" for _, row in found],
    }
    color = COLORS[standing]
    return drawing.bars(chart, columns, height=BAR_PIXELS, fill=Fill(color, color))
