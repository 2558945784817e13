"""One connection for a long piece of work that is made ready in reading, and put in place in short transactions.

What is made ready goes into temporary tables: they belong to the connection, and lock nothing that anybody else needs.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, text
from sqlalchemy.orm import Session

from experiments.store import Store


class Staging:
    """A connection, and the two kinds of transaction that make something ready on it and put it in place."""

    def __init__(self, store: Store, connection: Connection) -> None:
        self._store = store
        self._connection = connection

    @contextmanager
    def prepare(self) -> Iterator[Session]:
        """Open a session that reads what is there, and writes temporary tables only."""
        self._connection.execution_options(reads_only=True)
        with Session(self._connection) as session, session.begin():
            yield session

    @contextmanager
    def place(self) -> Iterator[Session]:
        """Open a short writing session, which sees the temporary tables."""
        with self._store.turn:
            self._connection.execution_options(reads_only=False)
            with Session(self._connection) as session, session.begin():
                yield session


@contextmanager
def staging(store: Store, *, settings: Sequence[str], tables: MetaData) -> Iterator[Staging]:
    """Lend a connection.

    Args:
        store: the database.
        settings: statements that the connection begins with.
        tables: temporary tables to be there, empty at first.
    """
    with store.engine.connect() as connection:
        connection.detach()  # so that it is closed afterwards, and its tables and settings go with it
        lent = Staging(store, connection)
        driver: Any = connection.connection.dbapi_connection
        with nullcontext() if store.engine.dialect.name == "sqlite" else lent.prepare():
            for setting in settings:  # within a transaction SQLite refuses some
                driver.execute(setting)
        with lent.prepare() as session:
            tables.create_all(session.connection(), checkfirst=False)
        yield lent


@contextmanager
def alone(store: Store, name: str) -> Iterator[None]:
    """Let one at a time go on under a name: on this machine (SQLite), or anywhere (PostgreSQL); others wait."""
    if store.engine.dialect.name == "sqlite":
        with Path(f"{store.engine.url.database}-{name}").open("a") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield
        return
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # closed afterwards, and the lock goes with it
        connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), {"name": name})
        yield
