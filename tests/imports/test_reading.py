"""Files as they come: formats, encodings, compression, and what is no call log at all."""

import csv
import gzip
import sys
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from fastparquet import write as write_parquet
from openpyxl import Workbook

from experiments.errors import Invalid
from experiments.imports import reading
from experiments.imports.mapping import Layout
from experiments.imports.reading import Source
from tests.imports import logs

HEADER = ("call", "agent", "seconds", "客户")
ROWS = (("c1", "a1", "61", "王女士"), ("c2", "a2", "", "李先生"))


def as_csv(path: Path) -> Source:
    write_rows(path, "utf-8", ",")
    return Source(path, Layout())


def as_csv_with_a_mark(path: Path) -> Source:
    write_rows(path, "utf-8-sig", ",")
    return Source(path, Layout())


def as_gb18030_with_semicolons(path: Path) -> Source:
    write_rows(path, "gb18030", ";")
    return Source(path, Layout(delimiter=";", encoding="gb18030"))


def as_gzip_that_does_not_say_so(path: Path) -> Source:
    write_rows(path, "utf-8", ",")
    path.write_bytes(gzip.compress(path.read_bytes()))
    return Source(path, Layout())


def as_xlsx(path: Path) -> Source:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    for call, agent, seconds, customer in ROWS:
        sheet.append([call, agent, int(seconds) if seconds else None, customer])
    book.save(path.with_suffix(".xlsx"))
    return Source(path.with_suffix(".xlsx"), Layout())


def as_parquet(path: Path) -> Source:
    numbers = pd.Series([float(row[2]) if row[2] else None for row in ROWS])
    columns = {name: [row[i] for row in ROWS] for i, name in enumerate(HEADER)}
    write_parquet(str(path.with_suffix(".parquet")), pd.DataFrame({**columns, "seconds": numbers}))
    return Source(path.with_suffix(".parquet"), Layout())


FORMATS = (
    as_csv,
    as_csv_with_a_mark,
    as_gb18030_with_semicolons,
    as_gzip_that_does_not_say_so,
    as_xlsx,
    as_parquet,
)


@pytest.mark.parametrize("written", FORMATS)
class TestEveryFormat:
    def test_gives_the_same_rows_of_text(self, written: Callable[[Path], Source], tmp_path: Path) -> None:
        source = written(tmp_path / "log")

        assert source.columns == HEADER
        assert source.count == len(ROWS)
        assert [(row.line, tuple(row.cells.values()), row.fault) for row in source.rows()] == [
            *((2, ROWS[0], None), (3, ROWS[1], None)),
        ]

    def test_can_be_read_again(self, written: Callable[[Path], Source], tmp_path: Path) -> None:
        source = written(tmp_path / "log")

        assert list(source.rows()) == list(source.rows())


class TestARow:
    def test_keeps_its_line_when_a_cell_has_line_ends_and_blank_lines_are_passed_over(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        path.write_text('a,b\n1,"two\nlines"\n\n2,x\n', newline="")

        assert [row.line for row in Source(path, Layout()).rows()] == [2, 5]

    def test_with_too_few_cells_is_a_fault_of_its_own(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        path.write_text("a,b\n1\n1,2\n")

        assert [row.fault.code if row.fault else None for row in Source(path, Layout()).rows()] == ["cells", None]

    def test_in_another_encoding_is_a_fault_of_its_own(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        path.write_bytes(b"a,b\n1," + "王".encode("gb18030") + "\n2,王\n".encode())

        faults = [row.fault and (row.fault.column, row.fault.code) for row in Source(path, Layout()).rows()]
        assert faults == [("b", "encoding"), None]

    def test_with_an_endless_cell_is_a_fault_and_not_the_end(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        path.write_text(f"a,b\n1,{'x' * (csv.field_size_limit() + 1)}\n2,y\n")

        assert [row.fault.code if row.fault else None for row in Source(path, Layout()).rows()] == ["unreadable", None]

    def test_of_a_workbook_shows_moments_as_they_are_written(self, tmp_path: Path) -> None:
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        at = datetime.fromisoformat("2026-09-01T09:00:12")
        for cells in (("at", "on", "yes"), (at, at.date(), True)):
            sheet.append(cells)
        book.save(tmp_path / "log.xlsx")

        (row,) = Source(tmp_path / "log.xlsx", Layout()).rows()
        assert row.raw == ("2026-09-01 09:00:12", "2026-09-01 00:00:00", "true")


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def utf_16(path: Path) -> None:
    path.write_text("a,b\n", "utf-16")


def a_name_twice(path: Path) -> None:
    path.write_text("a,a\n")


def a_broken_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(b"a,b\n" * 10_000)[:-30])


def a_bomb(path: Path) -> None:
    path.write_bytes(gzip.compress(b"a,b\n" + b"0" * (reading.MAX_UNPACKED + 10), 9))


def no_workbook(path: Path) -> None:
    path.with_suffix(".xlsx").write_bytes(b"PK no")


def no_parquet(path: Path) -> None:
    path.with_suffix(".parquet").write_bytes(b"PAR1 no")


class TestWhatIsNoCallLog:
    @pytest.mark.parametrize(
        ("write", "name", "why"),
        [
            (nothing, "log.csv", "empty"),
            (utf_16, "log.csv", "encoding"),
            (a_name_twice, "log.csv", "twice: a"),
            # nothing of it may be believed, so it is found out before anything is written
            (a_broken_gzip, "log.csv", "cannot be read to its end"),
            (a_bomb, "log.csv", "unpacks into far more"),
            (no_workbook, "log.xlsx", "no XLSX workbook"),
            (no_parquet, "log.parquet", "no Parquet file"),
            (lambda _: None, "log.csv", "no file"),
        ],
    )
    def test_is_refused_in_one_sentence(
        self, write: Callable[[Path], None], name: str, why: str, tmp_path: Path
    ) -> None:
        write(tmp_path / "log.csv")

        with pytest.raises(Invalid, match=why):
            Source(tmp_path / name, Layout())

    def test_lacks_columns_and_every_one_is_named(self, tmp_path: Path) -> None:
        source = as_csv(tmp_path / "log")

        with pytest.raises(Invalid) as refusal:
            source.need(["call", "month", "day_of_week"])

        assert [p.field for p in refusal.value.problems] == ["column.month", "column.day_of_week"]

    def test_is_a_workbook_without_the_sheet_that_was_named(self, tmp_path: Path) -> None:
        as_xlsx(tmp_path / "log")

        with pytest.raises(Invalid, match="no sheet 通话"):
            Source(tmp_path / "log.xlsx", Layout(sheet="通话"))


def test_parquet_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_parquet(tmp_path / "log")
    monkeypatch.setitem(sys.modules, "fastparquet", None)

    with pytest.raises(Invalid, match=r"pip install 'scriptbench\[parquet\]'"):
        Source(tmp_path / "log.parquet", Layout())


def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    def peak(calls: int) -> int:
        source = Source(logs.write_log(tmp_path / f"{calls}.csv.gz", calls), Layout(delimiter=";"))
        tracemalloc.start()
        assert sum(1 for _ in source.rows()) == calls
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(6_000) < peak(600) + 3_000_000


def write_rows(path: Path, encoding: str, delimiter: str) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([HEADER, *ROWS])
