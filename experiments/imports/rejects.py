"""The reject file: every row that was not kept, with its line, column, reason, and the row as it stood."""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from experiments.imports.faults import Fault

_OURS = ("rejected_line", "rejected_column", "rejected_code", "rejected_reason")  # before the file's own columns
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Rejects:
    """Writes rejects as CSV that a spreadsheet opens as text; without any there is no file."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path, self._columns = path, columns
        self.count = 0

    def __enter__(self) -> Self:
        self._path.unlink(missing_ok=True)  # an earlier run's rejects are not this one's
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def write(self, rows: Sequence[tuple[int, Fault, Sequence[str]]]) -> None:
        """Append rows: (line, what is wrong, the cells as they stood)."""
        if not rows:
            return
        first = self.count == 0
        with self._path.open(
            "a", encoding="utf-8-sig" if first else "utf-8", errors="backslashreplace", newline=""
        ) as f:
            writer = csv.writer(f)
            if first:
                writer.writerow(map(_harmless, (*_OURS, *self._columns)))
            writer.writerows(
                [line, *map(_harmless, (fault.column, fault.code, fault.reason, *cells))] for line, fault, cells in rows
            )
        self.count += len(rows)


def _harmless(cell: str) -> str:
    """Keep a cell from being run as a formula by whoever opens the file."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
