"""The ground: one declarative base, the types and statements that two databases do differently, and sessions.

SQLite runs in WAL with `synchronous=FULL`. A writing session begins IMMEDIATE, since a deferred transaction that
reads and then writes fails with "database is locked" however long it is told to wait; a reading one begins plainly.
"""

import fcntl
import json
import os
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    Float,
    Insert,
    MetaData,
    String,
    Table,
    TypeDecorator,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.sql.functions import FunctionElement

from experiments.appending import Appending, Row

KEY = String(64)
"""The length of every key that people choose: scenarios, elements, experiments, arms."""

OUTSIDE_ID = String(255)
"""Ids that other systems made: calls, agents, outcomes."""


class Base(DeclarativeBase):
    """The base of every table; names of constraints follow one convention so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(entity: type[Base]) -> Table:
    """Give the table behind a mapped class, for statements over sets."""
    return cast("Table", entity.__table__)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, always aware and always UTC; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive moment, and store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"moment == {value!r}, must carry a time zone.")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def canonical(value: Any) -> str:
    """Write JSON in the one form that hashes are taken over: sorted keys, no spaces, characters as they are."""
    return _encode(value)


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


class CanonicalJson(TypeDecorator[Any]):
    """A JSON value stored as its canonical text, so that a hash over the column is the same on every database."""

    impl = postgresql.TEXT
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Use plain text everywhere."""
        return dialect.type_descriptor(String())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write the canonical form."""
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read it back."""
        return None if value is None else json.loads(value)


# No secret: asking the system for bits each time would let other threads take the interpreter. It is our own, for
# nobody else to seed, and a forked process begins anew.
_chance = random.Random()  # noqa: S311
os.register_at_fork(after_in_child=_chance.seed)


def new_id(now: datetime) -> UUID:
    """Make a time-ordered id (UUID version 7, RFC 9562): random ids slow the index of a large table."""
    milliseconds = int(now.timestamp() * 1000)
    number = (milliseconds << 80) | _chance.getrandbits(80)
    return UUID(int=number & ~(0xF << 76) & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62))


def new_ids(now: datetime, many: int) -> list[str]:
    """Make ids as `new_id` does, as 32 hex digits, in their order: for rows that are written together."""
    first = new_id(now).int
    return [f"{first + more:032x}" for more in range(many)]


def insert_new(session: Session, entity: type[Base], unique: Sequence[str]) -> Insert:
    """Write an INSERT that passes over rows whose `unique` columns are there already.

    Execute it with the rows as its parameters, so that it is compiled once and not for every batch. Which rows were new
    is told by their ids, read back afterwards: row counts mean different things on the two databases, and drivers are
    slow to return the rows of a large batch.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement: Any = dialect.insert(table_of(entity))
    conflict_free: Insert = statement.on_conflict_do_nothing(index_elements=list(unique))
    return conflict_free


def append_within(session: Session, appending: Appending, rows: Sequence[Row]) -> set[Any]:
    """Append rows to a table of facts within a writing session; give the ids that were new."""
    driver: Any = session.connection().connection.dbapi_connection
    if session.get_bind().dialect.name == "postgresql":
        return appending.on_postgresql(driver, rows)
    return appending.on_sqlite(driver, rows)


class seconds_between(FunctionElement[float]):  # noqa: N801 - reads as the SQL function it is
    """The seconds from one moment column to another, on either database."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _seconds_on_sqlite(element: Any, compiler: Any, **kwargs: Any) -> str:
    earlier, later = (compiler.process(clause, **kwargs) for clause in element.clauses)
    # Julian days are floats: rounding to a millisecond takes their noise away.
    return f"ROUND((julianday({later}) - julianday({earlier})) * 86400.0, 3)"


@compiles(seconds_between, "postgresql")
def _seconds_on_postgresql(element: Any, compiler: Any, **kwargs: Any) -> str:
    earlier, later = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"EXTRACT(EPOCH FROM ({later} - {earlier}))"


def single_file(session: Session, name: str) -> None:
    """Let one transaction at a time go on under this name, until it ends.

    SQLite has one writer anyway; PostgreSQL is asked for an advisory lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def count_anew(session: Session, *entities: type[Base]) -> None:
    """Let PostgreSQL look at tables that have just grown much: until it does by itself it plans for what they were."""
    if session.get_bind().dialect.name == "postgresql":
        for entity in entities:
            session.execute(text(f"ANALYZE {entity.__tablename__}"))


def where(condition: str) -> dict[str, Any]:
    """Give what makes an index hold only the rows of which a condition is true, on either database."""
    return {f"{dialect}_where": text(condition) for dialect in ("sqlite", "postgresql")}


def parameters_fit(columns: int) -> int:
    """Say how many rows of so many columns one statement may carry (SQLite allows 32,766 parameters)."""
    return max(1, 32_000 // columns)


AWAY = (OperationalError, InterfaceError, OSError)
"""What is raised when a database cannot be reached, is locked by somebody else, or has no room left on its disk."""

_PATIENCE_SECONDS = 2
"""How long a database that does not answer is waited for: an agent has a customer on the line."""

_FOR_SHORT_WORK = (
    # Whoever writes to SQLite has the turn already: what still locks the file is somebody else's program.
    f"PRAGMA busy_timeout={500 * _PATIENCE_SECONDS}",
    # A statement of many rows notes what it would have to undo: in memory, where a file would be opened each time.
    "PRAGMA temp_store=MEMORY",
    # 32 MB, as they are needed: the parts of large indexes that are written again and again.
    "PRAGMA cache_size=-32768",
)
"""What the connections to SQLite that are kept for short work begin with."""

Result = TypeVar("Result")


class Store:
    """A database: its engine, and the kinds of session that doors open."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        file = self.engine.url.database if self.engine.dialect.name == "sqlite" else None
        #: what whoever writes holds meanwhile; nothing on PostgreSQL, whose writers need not queue
        self.turn: AbstractContextManager[object] = _Turn(f"{file}-turn") if file else nullcontext()
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._readers = sessionmaker(self.engine.execution_options(reads_only=True), expire_on_commit=False)
        self._kept: Connection | None = None
        self._driver: Any = None
        self._keeping = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for questions only; nothing it does is kept."""
        with self._readers() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session whose work is committed when the block ends well, else undone."""
        with self.turn, self._sessions.begin() as session:
            yield session

    def quickly(self, work: Callable[[Session], Result]) -> Result:
        """Do a short piece of work, in a transaction of its own, on a connection that is kept open for it.

        For what happens many times a second: nothing is borrowed from the pool and nothing is asked beforehand. Should
        the server have gone and come back since, the work is done a second time; so it has to be such that doing it
        twice is doing it once.

        Raises:
            OperationalError, InterfaceError, OSError: the database is away (see `AWAY`).
        """
        with self.turn, self._keeping:
            try:
                return self._on_the_kept(work)
            except DBAPIError as fault:
                if not fault.connection_invalidated:
                    raise
                return self._on_the_kept(work)

    def append(self, appending: Appending, rows: Sequence[Row]) -> set[Any]:
        """Append rows to a table of facts, durably, on a connection kept open for it; give the ids that were new.

        Raises:
            OperationalError, InterfaceError, OSError: the database is away (see `AWAY`).
        """
        with self.turn, self._keeping:
            was_open = self._driver is not None
            try:
                return self._append(appending, rows)
            except (OperationalError, InterfaceError):
                if not was_open or self.engine.dialect.name == "sqlite":
                    raise
                return self._append(appending, rows)  # the server may have gone and come back since the last time

    def _append(self, appending: Appending, rows: Sequence[Row]) -> set[Any]:
        dbapi = self.engine.dialect.loaded_dbapi
        try:
            driver = self._driver or self._open_driver()
            if self.engine.dialect.name == "postgresql":
                return appending.on_postgresql(driver, rows)
            driver.execute("BEGIN IMMEDIATE")
            new = appending.on_sqlite(driver, rows)
            driver.execute("COMMIT")
            return new
        except BaseException as fault:
            self._close_driver()
            if isinstance(fault, dbapi.Error):
                raise DBAPIError.instance("append", None, fault, dbapi.Error) from fault
            raise

    def _open_driver(self) -> Any:
        fairy = self.engine.raw_connection()
        self._driver = fairy.dbapi_connection
        fairy.detach()
        if self.engine.dialect.name == "postgresql":
            self._driver.autocommit = True
        else:
            _begin_with(self._driver, _FOR_SHORT_WORK)
        return self._driver

    def _close_driver(self) -> None:
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def _on_the_kept(self, work: Callable[[Session], Result]) -> Result:
        connection = self._kept or self._open_to_keep()
        try:
            with Session(connection, expire_on_commit=False) as session, session.begin():
                return work(session)
        except BaseException:
            self._kept = None
            connection.close()
            raise

    def _open_to_keep(self) -> Connection:
        connection = self.engine.connect()
        connection.detach()
        if self.engine.dialect.name == "sqlite":
            _begin_with(connection.connection.dbapi_connection, _FOR_SHORT_WORK)
        self._kept = connection
        return connection

    def answers(self) -> bool:
        """Ask the database for nothing, to see that it is there."""
        with self.engine.connect() as connection:
            return bool(connection.execute(text("SELECT 1")).scalar_one() == 1)

    def dispose(self) -> None:
        """Close every connection."""
        with self._keeping:
            if self._kept is not None:
                self._kept.close()
                self._kept = None
            self._close_driver()
        self.engine.dispose()


class _Turn:
    """The one queue of a machine's writers to a SQLite file: its threads wait at a lock, its processes at a file.

    SQLite's own way of waiting is to sleep and try again, which lets some wait for seconds and some for ever.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._file: int | None = None

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if self._depth == 0:
                if self._file is None:
                    self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(self._file, fcntl.LOCK_EX)
            self._depth += 1
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0 and self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()


def _engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(url)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # A server that is cut off says nothing: these notice within seconds that nobody listens any more.
    noticing = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2, "tcp_user_timeout": 5000}
    return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": _PATIENCE_SECONDS, **noticing})


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is sent by `_begin_sqlite`
    settings = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000")
    _begin_with(connection, [f"PRAGMA {setting}" for setting in settings])


def _begin_with(driver: Any, statements: Sequence[str]) -> None:
    cursor = driver.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
