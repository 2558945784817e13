"""Reads CSV, gzip, XLSX and Parquet files into rows of text, one at a time, however long the file is."""

import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from experiments.errors import Invalid, Problem, invalid
from experiments.imports.faults import Fault
from experiments.imports.mapping import Layout
from experiments.wording import Message

MAX_LINE = 1 << 20
"""Characters in a line of text: what is longer is another kind of file."""

MAX_RATIO = 200
MAX_UNPACKED = 100_000_000
"""A file that unpacks to more than this, and to more than 200 times its size, is a bomb and not a call log."""

_FORMATS = {".xlsx": "xlsx", ".parquet": "parquet"}
_PIECE = 1 << 20
_UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells as text: by column, and as they stood. `line` counts from 1, the header being a line too."""

    line: int
    cells: Mapping[str, str]
    raw: tuple[str, ...]
    fault: Fault | None = None


class Source:
    """A file that holds calls; `rows` may be asked for as often as one likes."""

    def __init__(self, path: Path, layout: Layout) -> None:
        """Open a file as far as its header.

        Raises:
            Invalid: there is no such file, it cannot be read as what it is said to be, or its header is no header.
        """
        if not path.is_file():
            raise invalid("file", "missing", "There is no file %(file)s.", file=str(path))
        self.name = path.name
        self.sha256 = _sha256(path)
        self._path, self._layout = path, layout
        self._format = layout.format or _FORMATS.get(path.suffix.lower(), "csv")
        header = next(self._lines(), (1, ()))[1]
        self.columns = () if isinstance(header, Fault) else tuple(name.strip() for name in header)
        _check_header(self.columns, layout)
        self.count = self._count()

    def need(self, columns: Iterable[str]) -> None:
        """Refuse a file that lacks a column.

        Raises:
            Invalid: every missing column is named.
        """
        missing = [name for name in columns if name not in self.columns]
        message = "The file has no column %(column)s; it has: %(columns)s."
        there = ", ".join(self.columns[:40])
        if missing:
            raise Invalid(
                *(
                    Problem(f"column.{name}", "missing", Message(message, {"column": name, "columns": there}))
                    for name in missing
                )
            )

    def rows(self) -> Iterator[Row]:
        """Give the rows in the file's order; one that cannot be read carries its fault.

        Raises:
            Invalid: the file breaks off, or unpacks into too much.
        """
        lines = self._lines()
        next(lines, None)
        for line, cells in lines:
            if isinstance(cells, Fault):
                yield Row(line, {}, (), cells)
            elif any(cells):
                yield self._row(line, cells)

    def _row(self, line: int, cells: tuple[str, ...]) -> Row:
        fault = None
        if len(cells) != len(self.columns):
            fault = Fault("", "cells", f"The row has {len(cells)} cells, the header {len(self.columns)}.")
        elif (broken := next((i for i, cell in enumerate(cells) if not _is_text(cell)), None)) is not None:
            fault = Fault(self.columns[broken], "encoding", f"The cell is not written in {self._layout.encoding}.")
        return Row(line, dict(zip(self.columns, cells, strict=False)), cells, fault)

    def _lines(self) -> Iterator[tuple[int, Any]]:
        read = {"csv": self._csv, "xlsx": self._xlsx, "parquet": self._parquet}[self._format]
        try:
            yield from read()
        except _UNREADABLE as error:
            raise _broken(self.name, error) from error

    def _count(self) -> int:
        """Count the rows, for a progress bar; unpacks a compressed file once before anything of it is believed."""
        if self._format == "xlsx":
            with closing(_workbook(self._path)) as book:
                return max((_sheet(book, self._layout).max_row or 1) - 1, 0)
        if self._format == "parquet":
            with self._path.open("rb") as stream:
                return int(_parquet(self._path, stream).count())
        try:
            with _unpacked(self._path) as stream:
                return max(sum(piece.count(b"\n") for piece in iter(lambda: stream.read(_PIECE), b"")) - 1, 0)
        except _UNREADABLE as error:
            raise _broken(self.name, error) from error

    def _csv(self) -> Iterator[tuple[int, Any]]:
        # Bytes that are no text become lone surrogates, so that one bad row does not take the others with it.
        with _unpacked(self._path) as stream:
            text = io.TextIOWrapper(stream, self._layout.encoding, errors="surrogateescape", newline="")
            reader = csv.reader(_whole_lines(text), delimiter=self._layout.delimiter)
            while True:
                line = reader.line_num + 1
                try:
                    yield line, tuple(next(reader))
                except StopIteration:
                    return
                except csv.Error as error:
                    yield line, Fault("", "unreadable", str(error))

    def _xlsx(self) -> Iterator[tuple[int, Any]]:
        with closing(_workbook(self._path)) as book:
            for line, cells in enumerate(_sheet(book, self._layout).iter_rows(values_only=True), start=1):
                yield line, tuple(map(_text, cells))

    def _parquet(self) -> Iterator[tuple[int, Any]]:
        with self._path.open("rb") as stream:
            file = _parquet(self._path, stream)
            yield 1, tuple(map(str, file.columns))
            line = 1
            for group in file.iter_row_groups():
                for cells in group.itertuples(index=False, name=None):
                    line += 1
                    yield line, tuple(map(_text, cells))


class _Guarded(io.RawIOBase):
    """A stream that stops when it has given out too much for what went in."""

    def __init__(self, stream: gzip.GzipFile, packed: int) -> None:
        self._stream, self._left = stream, max(packed * MAX_RATIO, MAX_UNPACKED)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        self._left -= len(piece)
        if self._left < 0:
            raise _bomb()
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unpacked(path: Path) -> IO[bytes]:
    stream = path.open("rb")
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    if not packed:
        return stream
    stream.close()
    return io.BufferedReader(_Guarded(gzip.open(path), path.stat().st_size), _PIECE)


def _whole_lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MAX_LINE):
        if len(line) == MAX_LINE and not line.endswith("\n"):
            raise invalid(
                "file", "line", "A line has more than %(most)s characters: is this a CSV file?", most=MAX_LINE
            )
        yield line


def _workbook(path: Path) -> Any:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    if not zipfile.is_zipfile(path):
        raise invalid("file", "unreadable", "%(file)s is no XLSX workbook.", file=path.name)
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > max(path.stat().st_size * MAX_RATIO, MAX_UNPACKED):
        raise _bomb()
    try:
        return load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError) as error:
        raise invalid("file", "unreadable", "%(file)s is no XLSX workbook.", file=path.name) from error


def _sheet(book: Any, layout: Layout) -> Any:
    name = layout.sheet or book.sheetnames[0]
    if name not in book.sheetnames:
        raise invalid("file.sheet", "missing", "The workbook has no sheet %(sheet)s.", sheet=name)
    return book[name]


def _parquet(path: Path, stream: IO[bytes]) -> Any:
    try:
        from fastparquet import ParquetFile
    except ImportError as error:
        raise invalid(
            "file", "no_parquet", "Parquet files need the extra package: pip install 'scriptbench[parquet]'."
        ) from error
    begins = stream.read(4)
    stream.seek(max(path.stat().st_size - 4, 0))
    if not begins == stream.read(4) == b"PAR1":
        raise invalid("file", "unreadable", "%(file)s is no Parquet file.", file=path.name)
    stream.seek(0)
    return ParquetFile(stream)


def _text(value: Any) -> str:
    """Write a cell as a person would type it: no number that is whole has a point."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case bytes():
            return value.decode("utf-8", "surrogateescape")
        case float() if value != value:
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value != value:
            return ""
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date():
            return value.isoformat()
        case _ if type(value).__name__ == "NAType":  # pandas' missing anything
            return ""
        case _:
            return str(value)


def _is_text(cell: str) -> bool:
    return cell.isascii() or not any("\ud800" <= character <= "\udfff" for character in cell)


def _check_header(columns: Sequence[str], layout: Layout) -> None:
    if not any(columns):
        raise invalid("file", "empty", "The file is empty.")
    if not all(map(_is_text, columns)):
        raise invalid(
            "file.encoding",
            "encoding",
            "The header is not written in %(encoding)s: name the file's encoding in the mapping.",
            encoding=layout.encoding,
        )
    if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
        raise invalid("file", "header", "The header names a column twice: %(columns)s.", columns=", ".join(twice))


def _bomb() -> Invalid:
    return invalid("file", "too_large", "The file unpacks into far more than a call log of its size would.")


def _broken(name: str, error: BaseException) -> Invalid:
    return invalid("file", "unreadable", "%(file)s cannot be read to its end: %(why)s.", file=name, why=str(error))
