"""Numbers of a chart as they are: written for readers in a table, and in full for programs as CSV."""

import csv
import io
from dataclasses import dataclass
from typing import Literal, TypeAlias

from web.charts.data import Twin
from web.formats import UNKNOWN, percent, signed, whole

Cell: TypeAlias = str | int | float | None
Kind: TypeAlias = Literal["text", "count", "share", "points", "signed", "number"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text must not begin with where a spreadsheet would take it for a formula (CWE-1236)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, what stands in it, and how many decimals readers are shown.

    A `share` lies in [0, 1], `points` are percentage points with their sign, `signed` are other differences, with the
    unit in their heading; None is not known.
    """

    name: str
    kind: Kind = "text"
    digits: int = 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of values under columns; the first `names` columns say what a row is of."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    names: int = 1


def twin(sheet: Sheet) -> Twin:
    """Write a sheet for readers."""
    rows = tuple(
        tuple(_written(cell, column) for cell, column in zip(row, sheet.columns, strict=True)) for row in sheet.rows
    )
    return Twin(tuple(column.name for column in sheet.columns), rows, sheet.names)


def csv_text(sheet: Sheet, points: str = "pp") -> str:
    """Write a sheet for programs: comma-separated, every digit, nothing where nothing is known (RFC 4180).

    Args:
        sheet: the numbers.
        points: what percentage points are called in a heading.
    """
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow([_heading(column, points) for column in sheet.columns])
    rows.writerows([_plain(cell) for cell in row] for row in sheet.rows)
    return out.getvalue()


def _written(cell: Cell, column: Column) -> str:
    if cell is None:
        return UNKNOWN
    if isinstance(cell, str):
        return cell
    match column.kind:
        case "share":
            return percent(cell, column.digits)
        case "points" | "signed":
            return signed(cell, column.digits)
        case "number":
            return f"{cell:,.{column.digits}f}".replace("-", "−")
        case _:
            return whole(cell)


def _heading(column: Column, points: str) -> str:
    return _plain(f"{column.name} ({points})" if column.kind == "points" else column.name)


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return f"'{cell}" if cell.startswith(_FORMULA) else cell
        case int():
            return str(cell)
        case _:
            return f"{cell:.12g}"
