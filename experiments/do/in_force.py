"""What is in force, as a process knows it: the newest traffic and who may ask, at most a second old, swapped whole.

It lies on the disk too, so that a process that starts while the database is away still answers calls. What lies
there is believed only with this installation's own signature.
"""

import hashlib
import hmac
import json
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from experiments import people
from experiments.do import recording, snapshot as snapshots
from experiments.do.keeper import Journal
from experiments.do.snapshot import Snapshot
from experiments.people import Actor, Bearers
from experiments.plan.scenarios import Scenario
from experiments.plan.traffic import TrafficRevision
from experiments.store import AWAY, Store

SCOPES = ("assign", "report", "evaluate")
"""What the bearers kept here may do; for everything else the database is asked each time."""

_FRESH = timedelta(seconds=0.5)
"""So old, somebody asks for a newer one while the others go on with this."""

_MAX_AGE = timedelta(seconds=1)
"""So old, everybody waits for a newer one."""

_FORMAT = b"3"
"""Of the copy on the disk; whoever changes what stands in it raises the number."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InForce:
    """One moment's traffic and bearers, and the ids of all scenarios by key."""

    snapshot: Snapshot
    bearers: Bearers
    scenarios: Mapping[str, int]


class Copy:
    """The copy on the disk: swapped whole, and signed.

    A line with the signature of all that follows, a line with the format's number, then JSON. The release that finds a
    copy need not be the one that wrote it.

    Args:
        path: the file.
        key: this installation's secret.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = hmac.digest(key, b"in force", hashlib.sha256)

    def write(self, current: InForce) -> None:
        """Swap the file for one that holds this; a disk that will not take it leaves the old one."""
        plain = json.dumps(_plain(current), ensure_ascii=False, separators=(",", ":"))
        body = _FORMAT + b"\n" + plain.encode("utf-8", "surrogatepass")
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(self._signature(body) + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as fault:
            new.unlink(missing_ok=True)
            _log.warning("the copy of what is in force is not renewed: %s", type(fault).__name__)

    def read(self) -> InForce | None:
        """Read the file; None when there is none, it is not ours, not whole, or of another release's format."""
        try:
            signature, _, body = self._path.read_bytes().partition(b"\n")
        except OSError:
            return None
        if not hmac.compare_digest(signature, self._signature(body)):
            _log.warning("the copy of what is in force is not whole, or not of this installation: it is not used")
            return None
        number, _, plain = body.partition(b"\n")
        if number != _FORMAT:
            _log.warning("the copy of what is in force was written by a release with another format: it is not used")
            return None
        return _made(json.loads(plain))

    def _signature(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).hexdigest().encode()


class Keeping:
    """Keeps what is in force fresh, for the threads of one process.

    Args:
        store: the database.
        journal: knows whether the database is away, and is told when it is found to be.
        copy: what to start from when the database is away; None when only the database will do.
    """

    def __init__(self, store: Store, journal: Journal, copy: Copy | None = None) -> None:
        self._store = store
        self._journal = journal
        self._copy = copy
        self._lock = threading.Lock()
        self._current: InForce | None = None
        self._asked_at: datetime | None = None

    def current(self, now: datetime) -> InForce:
        """Give what is in force, at most one second old; while the database is away, what was last.

        Raises:
            OperationalError, InterfaceError, OSError: the database is away, and nothing is known from before.
        """
        current, asked_at = self._current, self._asked_at
        if current is None or asked_at is None:
            return self._renewed(now)
        age = abs(now - asked_at)
        if age < _FRESH or self._journal.away or (age < _MAX_AGE and self._lock.locked()):
            return current
        return self._renewed(now)

    def _renewed(self, now: datetime) -> InForce:
        with self._lock:
            current, asked_at = self._current, self._asked_at
            if current is not None and asked_at is not None and abs(now - asked_at) < _FRESH:
                return current  # somebody asked while we waited
            try:
                renewed = self._asked(current)
            except AWAY as fault:
                renewed = self._without_database(current, fault)
            self._current, self._asked_at = renewed, now
            return renewed

    def _asked(self, current: InForce | None) -> InForce:
        with self._store.read() as session:
            version = session.scalar(select(func.max(TrafficRevision.id))) or 0
            many = session.scalar(select(func.count()).select_from(Scenario))
            bearers = people.bearers(session, SCOPES)
            if current is not None and (current.snapshot.version, len(current.scenarios)) == (version, many):
                renewed = replace(current, bearers=bearers)
            else:
                snapshot = snapshots.compile_snapshot(session, current.snapshot if current else None)
                renewed = InForce(snapshot, bearers, recording.scenarios_of(session))
        if self._copy is not None and renewed != current:
            self._copy.write(renewed)
        return renewed

    def _without_database(self, current: InForce | None, fault: BaseException) -> InForce:
        known = current or (self._copy.read() if self._copy else None)
        if known is None:
            raise fault
        self._journal.lose(fault)
        return known


def _plain(current: InForce) -> dict[str, Any]:
    bearers = {
        digest: {
            **asdict(actor),
            "roles": sorted(actor.roles),
            "scopes": sorted(actor.scopes),
            "expires_at": expires_at.isoformat() if expires_at else None,
        }
        for digest, (actor, expires_at) in current.bearers.actors.items()
    }
    return {"snapshot": snapshots.as_json(current.snapshot), "bearers": bearers, "scenarios": current.scenarios}


def _made(plain: Mapping[str, Any]) -> InForce:
    return InForce(
        snapshots.from_json(plain["snapshot"]),
        Bearers({digest: _bearer(dict(each)) for digest, each in plain["bearers"].items()}),
        plain["scenarios"],
    )


def _bearer(each: dict[str, Any]) -> tuple[Actor, datetime | None]:
    expires_at = each.pop("expires_at")
    actor = Actor(**each | {"roles": frozenset(each["roles"]), "scopes": frozenset(each["scopes"])})
    return actor, datetime.fromisoformat(expires_at) if expires_at else None
