"""The snapshot: the newest traffic of every scenario, with the words it serves, as one value in memory.

It is swapped whole, and made from the one before: what did not change is taken over.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select
from sqlalchemy.orm import Session

from experiments.do.layer import Layer, layer_of
from experiments.do.words import ServedScript, serve_script
from experiments.errors import Unknown
from experiments.plan.scenarios import Part, Scenario, parts_by_catalogue, parts_of
from experiments.plan.scripts import Script, ScriptVersion
from experiments.plan.traffic import Traffic, TrafficRevision

Parts = Mapping[str, Mapping[str, Part]]
"""Every catalogue's elements, by their keys."""


@dataclass(frozen=True, slots=True)
class ServedScenario:
    """A scenario's revision in force, ready to choose from."""

    scenario_id: int
    key: str
    revision_id: int
    revision: int
    #: when it came into force
    since: datetime
    traffic: Traffic
    scripts: Mapping[int, ServedScript]
    layer: Layer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        asks = {version_id: script.asks for version_id, script in self.scripts.items()}
        object.__setattr__(self, "layer", layer_of(self.traffic, asks))

    def script(self, version_id: int) -> ServedScript:
        """Give the words of a version this revision serves."""
        return self.scripts[version_id]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every scenario's traffic in force; `version` is the newest revision's global number.

    `parts` are the elements that the words were composed by.
    """

    version: int
    scenarios: Mapping[str, ServedScenario]
    parts: Parts

    def scenario(self, key: str) -> ServedScenario:
        """Give a scenario's traffic.

        Raises:
            Unknown: there is no such scenario, or it carries no calls itself.
        """
        found = self.scenarios.get(key)
        if found is None:
            raise Unknown("There is no scenario %(scenario)s that takes calls.", scenario=key)
        return found


def compile_snapshot(session: Session, before: Snapshot | None = None) -> Snapshot:
    """Read the newest revision of every scenario, in as many statements for one scenario as for thousands.

    Args:
        session: to read.
        before: an earlier snapshot of this database, or one kept on the disk: only revisions after it are read, and
            scenarios without any are taken over as they are.
    """
    parts = parts_by_catalogue(session)
    newest = session.scalar(select(func.max(TrafficRevision.id))) or 0
    # Words depend on the elements too, and a database put back from a backup has numbers that mean something else.
    known = before if before is not None and before.parts == parts and before.version <= newest else None
    since = known.version if known else 0
    latest = (
        select(func.max(TrafficRevision.id)).where(TrafficRevision.id > since).group_by(TrafficRevision.scenario_id)
    )
    served = _served(session, _REVISIONS.where(TrafficRevision.id.in_(latest)), parts)
    scenarios = {**(known.scenarios if known else {}), **{scenario.key: scenario for scenario in served}}
    version = max((scenario.revision_id for scenario in served), default=since)
    return Snapshot(version, scenarios, parts)


def serve_revision(session: Session, revision: TrafficRevision) -> ServedScenario:
    """Make one revision, of today or of long ago, ready to choose from."""
    scenario = session.get_one(Scenario, revision.scenario_id)
    (served,) = _served(
        session,
        _REVISIONS.where(TrafficRevision.id == revision.id),
        {scenario.catalogue: parts_of(session, scenario.catalogue)},
    )
    return served


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """Give a snapshot as plain data, with nothing of a database in it."""
    return {
        "version": snapshot.version,
        "scenarios": [_plain(scenario) for scenario in snapshot.scenarios.values()],
        "parts": {catalogue: [asdict(part) for part in parts.values()] for catalogue, parts in snapshot.parts.items()},
    }


def from_json(plain: Mapping[str, Any]) -> Snapshot:
    """Make a snapshot of plain data ready to choose from."""
    scenarios = [_made(scenario) for scenario in plain["scenarios"]]
    parts = {catalogue: {part["key"]: Part(**part) for part in stored} for catalogue, stored in plain["parts"].items()}
    return Snapshot(plain["version"], {scenario.key: scenario for scenario in scenarios}, parts)


_REVISIONS = select(
    TrafficRevision.id,
    TrafficRevision.number,
    TrafficRevision.made_at,
    TrafficRevision.traffic,
    TrafficRevision.scenario_id,
    Scenario.key,
    Scenario.catalogue,
).join(Scenario)

_VERSIONS = (
    select(ScriptVersion.id, Script.key, ScriptVersion.number, ScriptVersion.lines, Scenario.catalogue)
    .select_from(ScriptVersion)
    .join(Script, ScriptVersion.script_id == Script.id)
    .join(Scenario, Script.scenario_id == Scenario.id)
    # The ids are written into the statement, since a database takes so many characters, but not so many parameters.
    .where(ScriptVersion.id.in_(bindparam("wanted", expanding=True, literal_execute=True)))
)


def _served(session: Session, revisions: Select[Any], parts: Parts) -> list[ServedScenario]:
    rows = [(row, Traffic.from_json(row.traffic)) for row in session.execute(revisions)]
    wanted = sorted({version for _, traffic in rows for version in traffic.version_ids})
    words = {
        id_: serve_script(key, number, lines, parts.get(catalogue, {}))
        for id_, key, number, lines, catalogue in session.execute(_VERSIONS, {"wanted": wanted})
    }
    return [_scenario(row, traffic, words) for row, traffic in rows]


def _scenario(row: Row[Any], traffic: Traffic, words: Mapping[int, ServedScript]) -> ServedScenario:
    scripts = {version_id: words[version_id] for version_id in sorted(traffic.version_ids)}
    return ServedScenario(row.scenario_id, row.key, row.id, row.number, row.made_at, traffic, scripts)


def _plain(scenario: ServedScenario) -> dict[str, Any]:
    return {
        "scenario_id": scenario.scenario_id,
        "key": scenario.key,
        "revision_id": scenario.revision_id,
        "revision": scenario.revision,
        "since": scenario.since.isoformat(),
        "traffic": scenario.traffic.as_json(),
        "scripts": [{"id": version_id, **script.as_json()} for version_id, script in scenario.scripts.items()],
    }


def _made(plain: Mapping[str, Any]) -> ServedScenario:
    words = {script["id"]: ServedScript.from_json(script) for script in plain["scripts"]}
    since, traffic = datetime.fromisoformat(plain["since"]), Traffic.from_json(plain["traffic"])
    return ServedScenario(**{**plain, "since": since, "traffic": traffic, "scripts": words})
