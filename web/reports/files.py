"""Tables as files: CSV that spreadsheets read in any language, and XLSX workbooks. No cell of a text is a formula."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from web.reports.tables import Table, Value

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
"""What a spreadsheet may take for a formula: by its first sign, blanks before it left out."""

_SIGNED = re.compile(r"[+-]\d")
"""A number with its sign: in a workbook it is marked as a text, and needs nothing before it."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML has no place for (https://www.w3.org/TR/xml/#charsets), and a workbook is XML."""
_NO_SHEET = re.compile(r"[\[\]:*?/\\']")
_WIDEST, _NARROWEST = 60, 8
_FORMATS = {"share": "0.0%", "count": "#,##0"}


def harmless(value: Value) -> Value:
    """Give a cell's value; a text that a spreadsheet might run gets an apostrophe before it, and is shown as it is."""
    if not isinstance(value, str):
        return value
    return f"'{value}" if _FORMULA.match(value) else value


def as_csv(table: Table) -> bytes:
    """Write a table as CSV in UTF-8 with a mark, without which Excel takes Chinese for something else."""
    told = io.StringIO()
    writer = csv.writer(told)
    writer.writerow([harmless(column.heading) for column in table.columns])
    writer.writerows([_plain(value) for value in row] for row in (*table.rows, *_foot(table)))
    return told.getvalue().encode("utf-8-sig")


def as_xlsx(tables: Sequence[Table]) -> bytes:
    """Write tables as a workbook, a sheet each; shares are numbers in [0, 1] that are shown as percentages."""
    # Slow to import, and only these files need it.
    from openpyxl import Workbook

    book = Workbook()
    for blank in list(book.worksheets):
        book.remove(blank)
    for table in tables:
        _fill(book.create_sheet(_sheet_name(table, book.sheetnames)), table)
    told = io.BytesIO()
    book.save(told)
    return told.getvalue()


def _fill(sheet: Any, table: Table) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    rows = [[column.heading for column in table.columns], *table.rows, *_foot(table)]
    for number, row in enumerate(rows, 1):
        for place, value in enumerate(row, 1):
            cell = sheet.cell(number, place)
            _write(cell, value)
            if number > 1 and not isinstance(value, str):
                cell.number_format = _FORMATS.get(table.columns[place - 1].kind, "General")
            if isinstance(value, str) and len(value) > _WIDEST:
                cell.alignment = Alignment(vertical="top", wrap_text=True)
            if number == 1 or (table.foot and number == len(rows)):
                cell.font = Font(bold=True)
    for place in range(1, len(table.columns) + 1):
        longest = max(_width(row[place - 1]) for row in rows)
        sheet.column_dimensions[get_column_letter(place)].width = max(_NARROWEST, min(longest + 2, _WIDEST))
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _write(cell: Any, value: Value) -> None:
    if not isinstance(value, str):
        cell.value = value
        return
    text = _UNPRINTABLE.sub("", value)
    cell.value = text if _SIGNED.match(text) else harmless(text)
    cell.data_type, cell.quotePrefix = "s", bool(_FORMULA.match(text))  # a text, whatever it begins with


def _plain(value: Value) -> Value:
    return "" if value is None else harmless(value)


def _foot(table: Table) -> list[Sequence[Value]]:
    return [table.foot] if table.foot else []


def _width(value: Value) -> int:
    """Guess how wide a value stands: a Chinese character is two Latin ones."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in str(value))


def _sheet_name(table: Table, taken: Sequence[str]) -> str:
    name = _NO_SHEET.sub(" ", table.title)[:31].strip() or table.key
    return name if name not in taken else f"{name[:24]} {len(taken) + 1}"
