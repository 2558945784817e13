"""Appending to tables of facts on the driver's own connection: what happens many times a second, said once a database.

A row whose unique columns are there already is passed over. Which rows were new is told by their ids; where only some
were, row counts mean different things on the two databases.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import DateTime, Table, Uuid

Row = Sequence[Any]

_TOGETHER = 64
"""Rows up to which SQLite is given one statement for all; each number of them is a statement that is kept prepared."""

_FEW = 500
"""Rows up to which one statement that carries them is quicker than copying them aside."""


@dataclass(frozen=True)
class Appending:
    """How rows are appended to a table.

    Args:
        table: with a column `id` that rows bring along. A row's values are in the order of its columns: ids as UUID or
            as 32 hex digits, moments in UTC, JSON as its canonical text.
        unique: the columns of one of its UNIQUE constraints.
        noted_in: a table of marks that is told, once for all new rows alike, the columns both tables have but `id`.
    """

    table: Table
    unique: tuple[str, ...]
    noted_in: Table | None = None

    def on_sqlite(self, driver: Any, rows: Sequence[Row]) -> set[Any]:
        """Append on a connection that is in a transaction; give the ids of the rows that were new."""
        done = self._inserted(driver, self.as_stored(rows))
        ids = {row[self._id] for row in rows}
        if done.rowcount != len(rows):
            asked = {_hex(id_): id_ for id_ in ids}
            ids = {asked[there] for (there,) in driver.execute(self._known_to_sqlite, [json.dumps(list(asked))])}
        if self.noted_in is not None:
            driver.executemany(self._note_sqlite, self._notes([row for row in rows if row[self._id] in ids]))
        return ids

    def on_postgresql(self, driver: Any, rows: Sequence[Row]) -> set[Any]:
        """Append by one statement, which is a transaction of its own outside of one; give the ids that were new.

        Many rows are copied aside first, which takes a transaction to be in. Rows go over in one order, so that two who
        bring the same do not wait for each other.
        """
        ordered = sorted(rows, key=self._key)
        if len(ordered) > _FEW:
            return self._copied(driver, ordered)
        told = _encode([dict(zip(self.columns, row, strict=True)) for row in ordered])
        asked = {_hex(row[self._id]): row[self._id] for row in rows}
        return {asked[new.hex] for (new,) in driver.execute(self._into_postgresql, [told])}

    def _copied(self, driver: Any, rows: Sequence[Row]) -> set[Any]:
        aside, name, columns = f"aside_{self.table.name}", self.table.name, ", ".join(self.columns)
        with driver.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {aside} (LIKE {name}) ON COMMIT DELETE ROWS")
            cursor.execute(f"DELETE FROM {aside}")  # noqa: S608 - of an append before in the same transaction
            with cursor.copy(f"COPY {aside} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            into = f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {aside}"  # noqa: S608 - our names
            cursor.execute(f"{into} ON CONFLICT ({', '.join(self.unique)}) DO NOTHING")
            ids = {row[self._id] for row in rows}
            if cursor.rowcount != len(rows):
                known = cursor.execute(f"SELECT id FROM {name} JOIN {aside} USING (id)")  # noqa: S608 - our names
                asked = {_hex(id_): id_ for id_ in ids}
                ids = {asked[there.hex] for (there,) in known}
        return ids

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Give the names that a row's values go by, in order."""
        return tuple(column.name for column in self.table.columns)

    @cached_property
    def _id(self) -> int:
        return self.columns.index("id")

    @cached_property
    def _noted(self) -> tuple[str, ...]:
        ours = set(self.columns)
        return (
            tuple(c.name for c in self.noted_in.columns if c.name in ours and c.name != "id")
            if self.noted_in is not None
            else ()
        )

    @cached_property
    def _moments(self) -> tuple[int, ...]:
        types = [getattr(column.type, "impl", column.type) for column in self.table.columns]
        return tuple(i for i, type_ in enumerate(types) if isinstance(type_, DateTime))

    @cached_property
    def _ids(self) -> tuple[int, ...]:
        return tuple(i for i, c in enumerate(self.table.columns) if isinstance(c.type, Uuid))

    @cached_property
    def _key(self) -> Callable[[Row], Any]:
        return itemgetter(*(self.columns.index(name) for name in self.unique))

    def _notes(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        places = [self.columns.index(name) for name in self._noted]
        return sorted({tuple(row[place] for place in places) for row in rows})

    def as_stored(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Write rows as SQLite keeps them: ids as 32 hex digits, moments as UTC without a zone.

        By the column, which takes a fifth of the time: facts that come together share most of their moments.
        """
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place in self._ids:
            columns[place] = [None if id_ is None else _hex(id_) for id_ in columns[place]]
        for place in self._moments:
            written = {at: None if at is None else _written(at) for at in set(columns[place])}
            columns[place] = [written[at] for at in columns[place]]
        return list(zip(*columns, strict=True))

    def _inserted(self, driver: Any, rows: Sequence[Row]) -> Any:
        if len(rows) > _TOGETHER:
            return driver.executemany(self._into_sqlite(1), rows)
        # The driver gives the interpreter away for each row of a list of rows, and waits to have it back.
        return driver.execute(self._into_sqlite(len(rows)), [value for row in rows for value in row])

    @lru_cache(maxsize=128)  # noqa: B019 - there are as many of us as tables of facts
    def _into_sqlite(self, rows: int) -> str:
        row = f"({', '.join('?' * len(self.columns))})"
        into = f"INSERT INTO {self.table.name} ({', '.join(self.columns)}) VALUES {', '.join([row] * rows)}"  # noqa: S608
        return f"{into} ON CONFLICT ({', '.join(self.unique)}) DO NOTHING"

    @cached_property
    def _known_to_sqlite(self) -> str:
        return f"SELECT id FROM {self.table.name} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 - our names

    @cached_property
    def _note_sqlite(self) -> str:
        assert self.noted_in is not None  # noqa: S101 - asked only where there is one
        names, marks = ", ".join(self._noted), ", ".join("?" * len(self._noted))
        return f"INSERT INTO {self.noted_in.name} ({names}) VALUES ({marks})"  # noqa: S608 - our names

    @cached_property
    def _into_postgresql(self) -> str:
        name, columns = self.table.name, ", ".join(self.columns)
        back = ", ".join(("id", *self._noted))
        new = (
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{name}, %s::json) "  # noqa: S608 - our names
            f"ON CONFLICT ({', '.join(self.unique)}) DO NOTHING RETURNING {back}"
        )
        if self.noted_in is None:
            return new
        noted = ", ".join(self._noted)
        note = f"INSERT INTO {self.noted_in.name} ({noted}) SELECT DISTINCT {noted} FROM new"  # noqa: S608 - our names
        return f"WITH new AS ({new}), note AS ({note}) SELECT id FROM new"  # noqa: S608 - our names


def _hex(id_: Any) -> str:
    """Give an id's 32 hex digits."""
    return id_ if isinstance(id_, str) else id_.hex


def _written(at: datetime) -> str:
    return at.isoformat(" ", "microseconds")[:-6]


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
