"""The spool: what was answered while the database was away, on this machine's own disk until it is back.

One SQLite file a machine, written through to the disk and read by all its workers, so that a call is answered alike
by each. Part of the disk is held in reserve by a file that is given up when nothing else is free.
"""

import errno
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from experiments.store import AWAY, Store

_WAITING = """
    CREATE TABLE IF NOT EXISTS spooled (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        call_id TEXT,
        scenario_id INTEGER,
        body TEXT NOT NULL,
        brought_at INTEGER,
        UNIQUE (call_id, scenario_id)
    )"""
_WAITS = "CREATE INDEX IF NOT EXISTS waits ON spooled (seq) WHERE brought_at IS NULL"
_REFUSED = """
    CREATE TABLE IF NOT EXISTS set_aside (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, why TEXT NOT NULL
    )"""
_ASSIGN = text(
    "INSERT INTO spooled (kind, call_id, scenario_id, body) VALUES ('call', :call_id, :scenario_id, :body) "
    "ON CONFLICT DO NOTHING"
)
_TELL = text("INSERT INTO spooled (kind, body) VALUES (:kind, :body)")
_OLDEST = text("SELECT seq, kind, body FROM spooled WHERE brought_at IS NULL ORDER BY seq LIMIT :most")
_NOW = "CAST(strftime('%s', 'now') AS INTEGER)"
_BROUGHT = text(f"UPDATE spooled SET brought_at = {_NOW} WHERE seq IN (SELECT value FROM json_each(:seqs))")  # noqa: S608
_FORGET = text(f"DELETE FROM spooled WHERE brought_at < {_NOW} - 60")  # noqa: S608
_ASIDE = text("INSERT INTO set_aside SELECT seq, kind, body, :why FROM spooled WHERE seq = :seq")
_HOLDS = "SELECT 1 FROM spooled WHERE brought_at IS NULL LIMIT 1"
_COUNT = "SELECT COUNT(*) FROM spooled WHERE brought_at IS NULL"
_FIND = "SELECT call_id, scenario_id, body FROM spooled WHERE call_id IN (SELECT value FROM json_each(?))"

_BYTES = (
    "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
)

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Spooled:
    """One thing that waits: what it is, and its words."""

    seq: int
    kind: str
    body: str


class Spool:
    """Keeps what waits for the database.

    Args:
        folder: where it lies; made when it is not there.
        reserve: bytes of the disk that are held for it.
        limit: bytes that it may take at the most.
    """

    def __init__(self, folder: Path, *, reserve: int, limit: int) -> None:
        self._path = folder / "spool.db"
        self._held = folder / "spool.reserve"
        self._reserve = reserve
        self._limit = limit
        self._store: Store | None = None
        self._reader: sqlite3.Connection | None = None
        self._reading = threading.RLock()
        self._closed = False
        self._ready = False

    def make_ready(self) -> None:
        """Open the file and hold the reserve, once, while there is room for both."""
        if not self._ready and not self._closed:
            with suppress(*AWAY):  # a disk that is full already has no room to hold; it is tried again
                self._opened()
                self._hold_reserve()
                self._ready = True

    def assign(self, answers: Sequence[tuple[Key, str]]) -> list[str]:
        """Keep the answers to calls; give those that now stand for them: the first on this machine wins.

        Raises:
            OperationalError, OSError: there is no room.
        """
        rows = [
            {"call_id": call_id, "scenario_id": scenario_id, "body": body} for (call_id, scenario_id), body in answers
        ]
        self._write(lambda session: session.execute(_ASSIGN, rows))
        standing = self.answers({key for key, _ in answers})
        return [standing[key] for key, _ in answers]

    def tell(self, kind: str, bodies: Iterable[str]) -> None:
        """Keep other things.

        Raises:
            OperationalError, OSError: there is no room.
        """
        rows = [{"kind": kind, "body": body} for body in bodies]
        self._write(lambda session: session.execute(_TELL, rows))

    def answers(self, keys: Iterable[Key]) -> dict[Key, str]:
        """Give the answers that are here, of those asked for."""
        wanted = set(keys)
        found = self._asked(_FIND, [json.dumps([call_id for call_id, _ in wanted])])
        return {(call_id, scenario): body for call_id, scenario, body in found if (call_id, scenario) in wanted}

    def holds_any(self) -> bool:
        """Say whether anything waits."""
        return bool(self._asked(_HOLDS))

    def count(self) -> int:
        """Say how many things wait."""
        return sum(count for (count,) in self._asked(_COUNT))

    def oldest(self, most: int) -> list[Spooled]:
        """Give what has waited longest."""
        if not self.holds_any():
            return []
        return self._opened().quickly(
            lambda session: [Spooled(*row) for row in session.execute(_OLDEST, {"most": most})]
        )

    def brought(self, seqs: Sequence[int]) -> None:
        """Note what the database has now. It is forgotten a minute later.

        Until then a worker that has not noticed yet that the database is back finds the answers here.
        """

        def note(session: Session) -> None:
            session.execute(_FORGET)
            session.execute(_BROUGHT, {"seqs": json.dumps(seqs)})

        self._opened().quickly(note)

    def set_aside(self, seq: int, why: str) -> None:
        """Put by what the database will not take, so that the rest can go on."""

        def move(session: Session) -> None:
            session.execute(_ASIDE, {"seq": seq, "why": why})
            session.execute(_BROUGHT, {"seqs": json.dumps([seq])})

        self._opened().quickly(move)

    def close(self) -> None:
        """Close the file for good."""
        with self._reading:
            self._closed = True
            if self._reader is not None:
                self._reader.close()
                self._reader = None
            if self._store is not None:
                self._store.dispose()

    def _write(self, work: Any) -> None:
        if sum(size for (size,) in self._asked(_BYTES)) > self._limit:
            raise OSError(errno.ENOSPC, f"the spool holds its limit of {self._limit} bytes")
        try:
            self._opened().quickly(work)
        except (OperationalError, OSError) as fault:
            if not _is_full(fault) or not self._held.exists():
                raise
            self._held.unlink()
            self._ready = False
            self._opened().quickly(work)

    def _opened(self) -> Store:
        if self._store is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            store = Store(f"sqlite:///{self._path}")
            store.quickly(self._make)
            self._store = store
        return self._store

    def _make(self, session: Session) -> None:
        for statement in (_WAITING, _WAITS, _REFUSED):
            session.execute(text(statement))

    def _asked(self, question: str, values: Sequence[Any] = ()) -> list[Any]:
        """Ask over a connection that is kept open: it costs microseconds, and is asked with every commit."""
        with self._reading:
            if self._closed or not self._path.exists():
                return []
            if self._reader is None:
                self._opened()
                self._reader = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            return self._reader.execute(question, values).fetchall()

    def _hold_reserve(self) -> None:
        if self._reserve and not self._held.exists():
            handle = os.open(self._held, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._reserve)
            except OSError:
                self._held.unlink()
                raise
            finally:
                os.close(handle)


def _is_full(fault: BaseException) -> bool:
    cause = getattr(fault, "orig", fault)
    return (
        getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or getattr(cause, "errno", None) == errno.ENOSPC
    )
