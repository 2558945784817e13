"""The snapshot: the newest traffic of every scenario, with the words it serves, as one value in memory.

It is swapped whole. `Snapshots` asks the database at most once a second whether a newer revision exists.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments.errors import Unknown
from experiments.plan import bucketing, scripts
from experiments.plan.scenarios import Part, Scenario, parts_of
from experiments.plan.scripts import ASK, Lines, Script, ScriptVersion
from experiments.plan.traffic import ArmSlice, Slice, Traffic, TrafficRevision
from experiments.store import Store

_MAX_AGE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ServedScript:
    """One version's words, said with the invitation and without it."""

    key: str
    version: int
    inviting: Lines
    service_only: Lines

    @property
    def asks(self) -> bool:
        """Say whether the script invites."""
        return any(line.element == ASK for line in self.inviting)


@dataclass(frozen=True, slots=True)
class ServedScenario:
    """A scenario's revision in force, ready to choose from."""

    scenario_id: int
    key: str
    revision_id: int
    revision: int
    traffic: Traffic
    scripts: Mapping[int, ServedScript]

    def script(self, version_id: int) -> ServedScript:
        """Give the words of a version this revision serves."""
        return self.scripts[version_id]

    def slice_at(self, bucket: int | None) -> Slice | None:
        """Find the slice that owns a bucket of the layer."""
        if bucket is None:
            return None
        return next((s for s in self.traffic.slices if bucketing.pick(s.ranges, bucket) is not None), None)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every scenario's traffic in force; `version` is the newest revision's global number."""

    version: int
    scenarios: Mapping[str, ServedScenario]

    def scenario(self, key: str) -> ServedScenario:
        """Give a scenario's traffic.

        Raises:
            Unknown: there is no such scenario, or it carries no calls itself.
        """
        found = self.scenarios.get(key)
        if found is None:
            raise Unknown("There is no scenario %(scenario)s that takes calls.", scenario=key)
        return found


class Snapshots:
    """Keeps the snapshot of one process fresh."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._looked_at: datetime | None = None

    def current(self, now: datetime) -> Snapshot:
        """Give the snapshot, at most one second old."""
        snapshot, looked_at = self._snapshot, self._looked_at
        if snapshot is not None and looked_at is not None and abs(now - looked_at) < _MAX_AGE:
            return snapshot
        with self._lock, self._store.read() as session:
            version = session.scalar(select(func.max(TrafficRevision.id))) or 0
            if self._snapshot is None or self._snapshot.version != version:
                self._snapshot = compile_snapshot(session)
            self._looked_at = now
            return self._snapshot


def compile_snapshot(session: Session) -> Snapshot:
    """Read the newest revision of every scenario."""
    newest = select(func.max(TrafficRevision.id)).group_by(TrafficRevision.scenario_id)
    revisions = session.scalars(select(TrafficRevision).where(TrafficRevision.id.in_(newest))).all()
    return Snapshot(
        max((r.id for r in revisions), default=0),
        {served.key: served for served in (serve_revision(session, r) for r in revisions)},
    )


def serve_revision(session: Session, revision: TrafficRevision) -> ServedScenario:
    """Make one revision, of today or of long ago, ready to choose from."""
    scenario = session.get_one(Scenario, revision.scenario_id)
    parts = parts_of(session, scenario.catalogue)
    traffic = revision.value
    wanted = {traffic.standard_id, *(arm.version_id for s in traffic.slices for arm in s.arms)}
    rows = session.execute(select(ScriptVersion, Script.key).join(Script).where(ScriptVersion.id.in_(wanted)))
    served = {version.id: serve_script(version, key, parts) for version, key in rows}
    return ServedScenario(scenario.id, scenario.key, revision.id, revision.number, traffic, served)


def serve_script(version: ScriptVersion, key: str, parts: Mapping[str, Part]) -> ServedScript:
    """Make a version's words ready to be said."""
    lines = scripts.lines_of(version.lines)
    with_ask, without = scripts.spoken(lines, parts), scripts.spoken(lines, parts, invite=False)
    return ServedScript(key, version.number, with_ask, without)


def arm_at(owner: Slice, bucket: int | None) -> ArmSlice | None:
    """Find a slice's arm for a bucket; None when the unit lies outside every arm's range."""
    if bucket is None:
        return None
    return next((arm for arm in owner.arms if bucketing.pick(arm.ranges, bucket) is not None), None)
