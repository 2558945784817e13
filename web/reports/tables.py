"""Tables as a page prints them and files carry them: columns with a kind, and rows of values, not of words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from web.formats import UNKNOWN, percent, whole

Kind = Literal["text", "count", "share"]
Value: TypeAlias = str | int | float | None
"""What a cell holds; None is not known."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. A share's `under` says what it is a share of; it stands after its count."""

    name: str
    kind: Kind = "text"
    under: str = ""

    def shown(self, value: Value) -> str:
        """Write a value of this column for people."""
        if value is None:
            return UNKNOWN
        if isinstance(value, str):
            return value
        return percent(value) if self.kind == "share" else whole(value)

    @property
    def heading(self) -> str:
        """Give name and denominator in one line, as files carry them."""
        return f"{self.name} ({self.under})" if self.under else self.name


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `key` names it in addresses; `foot` sums its rows; `notes` say what its numbers are and are not."""

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    foot: Sequence[Value] = ()
    notes: Sequence[str] = ()

    @property
    def heads(self) -> list["Shown"]:
        """Give the headings; a share stands under the count before it."""
        return self._merged([column.name for column in self.columns], [column.under for column in self.columns])

    def shown(self, most: int) -> list[list["Shown"]]:
        """Give the first rows in words."""
        return [self._words(row) for row in self.rows[:most]]

    @property
    def shown_foot(self) -> list["Shown"]:
        """Give the sums in words."""
        return self._words(self.foot) if self.foot else []

    def _words(self, row: Sequence[Value]) -> list["Shown"]:
        texts = [column.shown(value) for column, value in zip(self.columns, row, strict=True)]
        return self._merged(texts, texts)

    def _merged(self, texts: Sequence[str], unders: Sequence[str]) -> list["Shown"]:
        kinds = [column.kind for column in self.columns]
        after = [*kinds[1:], "text"]
        return [
            Shown(text, unders[place + 1] if then == "share" else "", kind != "text")
            for place, (text, kind, then) in enumerate(zip(texts, kinds, after, strict=True))
            if kind != "share"
        ]


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as a page prints it: a text, perhaps a share under it, and whether it is a number."""

    text: str
    under: str
    number: bool


def pairs(key: str, title: str, names: tuple[str, str], rows: Sequence[tuple[str, str]]) -> Table:
    """Make a table of terms and what is said of each."""
    return Table(key, title, [Column(names[0]), Column(names[1])], rows)
