"""Facts that wait to be delivered, in the order they were told: on the disk, or in memory where there is no file."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import QueueFull

_TABLES = """
    CREATE TABLE IF NOT EXISTS waiting (id TEXT PRIMARY KEY, fact TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS refused (id TEXT PRIMARY KEY, fact TEXT NOT NULL, why TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fact that the server would not take, and why."""

    fact: dict[str, Any]
    why: str


class Queue:
    """Keeps facts until they are delivered. Several processes may share a file: at worst a fact is sent twice.

    Args:
        path: the file; None keeps facts in memory, where a killed process loses them.
        most: facts that may wait.
    """

    def __init__(self, path: Path | None, most: int) -> None:
        self._lock = threading.Lock()
        self._most = most
        self._database = sqlite3.connect(
            str(path) if path is not None else ":memory:", isolation_level=None, check_same_thread=False, timeout=15
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_TABLES)
        self._waiting = self._count()

    def put(self, fact: dict[str, Any]) -> None:
        """Keep a fact; it is on the disk when this returns.

        Raises:
            QueueFull: so many wait already.
            TypeError, ValueError: it holds what JSON cannot say.
        """
        told = (fact["id"], json.dumps(fact, ensure_ascii=False, allow_nan=False))
        with self._lock:
            if self._waiting >= self._most:
                self._waiting = self._count()  # another process may have delivered some
            if self._waiting >= self._most:
                raise QueueFull(f"{self._most} facts wait already")
            self._waiting += self._database.execute("INSERT OR IGNORE INTO waiting VALUES (?, ?)", told).rowcount

    def oldest(self, most: int) -> list[dict[str, Any]]:
        """Give the facts that have waited longest; ids sort by when they were made."""
        with self._lock:
            rows = self._database.execute("SELECT fact FROM waiting ORDER BY id LIMIT ?", (most,)).fetchall()
            if len(rows) < most:
                self._waiting = len(rows)
        return [json.loads(fact) for (fact,) in rows]

    def settle(self, ids: Iterable[str], refused: Mapping[str, str]) -> None:
        """Forget facts that the server has answered for; those that it will never take are put aside, with the reason.

        All at once: a process that is killed has done all of it or nothing.
        """
        kept = "INSERT OR REPLACE INTO refused SELECT id, fact, ? FROM waiting WHERE id = ?"
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(kept, [(why, id_) for id_, why in refused.items()])
            self._database.executemany("DELETE FROM waiting WHERE id = ?", [(id_,) for id_ in ids])
            self._waiting = self._count()

    def refused(self) -> list[Refusal]:
        """Give the facts that were put aside, and why."""
        with self._lock:
            rows = self._database.execute("SELECT fact, why FROM refused ORDER BY id").fetchall()
        return [Refusal(json.loads(fact), why) for fact, why in rows]

    def __len__(self) -> int:
        """Count the facts that wait."""
        return self._waiting

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _count(self) -> int:
        return int(self._database.execute("SELECT COUNT(*) FROM waiting").fetchone()[0])
