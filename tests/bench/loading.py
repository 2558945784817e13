"""Facts put straight into the tables of a centre, by whatever each database takes fastest."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Table

from experiments.do.days import DirtyDay
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.store import Store, count_anew, table_of
from tests.bench.facts import Columns, Crowd, Drawn

_MARK = f"INSERT INTO {DirtyDay.__tablename__} (scenario_id, day) VALUES (?, ?)"


def load(crowds: Sequence[Crowd], first: int, days: int, calls: int) -> int:
    """Put days of so many calls each into every crowd's scenario, and mark them; give how many facts.

    Into empty tables (from day 0 on) indexes that are no constraints are made afterwards, which takes half the time.
    """
    store = crowds[0].floor.store
    drawn = (day for crowd in crowds for day in crowd.days(first, days, calls))
    if store.engine.dialect.name == "sqlite":
        return _into_sqlite(store, drawn, fresh=first == 0)
    loaded = _into_postgresql(store, drawn, fresh=first == 0)
    with store.write() as session:
        count_anew(session, Assignment, Outcome)
    return loaded


def _into_sqlite(store: Store, drawn: Iterator[Drawn], *, fresh: bool) -> int:
    loaded = 0
    connection = sqlite3.connect(str(store.engine.url.database))
    for pragma in ("synchronous = OFF", "cache_size = -200000"):
        connection.execute(f"PRAGMA {pragma}")
    with _without_indexes(connection, _SQLITE_INDEXES if fresh else None):
        for day in drawn:
            for table, columns in _tables(day):
                names = [column.name for column in table.columns]
                into = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
                rows = list(zip(*(columns[name] for name in names), strict=True))
                connection.executemany(into, rows)
                loaded += len(rows)
            connection.execute(_MARK, _day_of(day))
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return loaded


def _into_postgresql(store: Store, drawn: Iterator[Drawn], *, fresh: bool) -> int:
    loaded = 0
    address = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        with _without_indexes(connection, _POSTGRESQL_INDEXES if fresh else None):
            for day in drawn:
                loaded += sum(_copied(connection, table, columns) for table, columns in _tables(day))
                connection.execute(_MARK.replace("?", "%s"), _day_of(day))
    return loaded


_SQLITE_INDEXES = (
    "SELECT name, sql FROM sqlite_master "
    "WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('assignment', 'outcome')"
)
_POSTGRESQL_INDEXES = (
    "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('assignment', 'outcome') AND indexname LIKE 'ix%'"
)


@contextmanager
def _without_indexes(connection: Any, asked: str | None) -> Iterator[None]:
    """Drop the indexes that a question names, and make them again at the end."""
    kept = connection.execute(asked).fetchall() if asked else []
    for name, _ in kept:
        connection.execute(f"DROP INDEX {name}")
    yield
    for _, statement in kept:
        connection.execute(statement)


def _day_of(day: Drawn) -> tuple[int, int]:
    return day.calls["scenario_id"][0], day.calls["day"][0]


def _tables(day: Drawn) -> Iterator[tuple[Table, Columns]]:
    yield table_of(Assignment), day.calls
    yield table_of(Outcome), day.facts


def _copied(connection: Any, table: Table, columns: Columns) -> int:
    names = [column.name for column in table.columns]
    values = (["\\N" if value is None else str(value) for value in columns[name]] for name in names)
    rows = list(map("\t".join, zip(*values, strict=True)))
    with connection.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as stream:
        stream.write("\n".join(rows) + "\n")
    return len(rows)
