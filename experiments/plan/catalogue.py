"""Loads a centre's catalogue: elements, metrics, scenarios and standard scripts, as often as one likes.

Loading again changes only what the file changed; scripts and standings belong to people once they are there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments import audit
from experiments.errors import Invalid, problems_in
from experiments.people import Actor
from experiments.plan import scripts, traffic
from experiments.plan.rules import audience_problems
from experiments.plan.scenarios import Element, Metric, MetricSet, Scenario, parts_of
from experiments.store import Base
from experiments.wording import Message

Names = Mapping[str, str]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ElementEntry(_Entry):
    """`[[element]]`: see `scenarios.Element`."""

    key: str
    position: int
    kind: Literal["text", "position"] = "text"
    locked: bool = False
    needs: str | None = None
    after_request: bool = False
    name: Names


class MetricEntry(_Entry):
    """`[[metric]]`: see `scenarios.Metric`."""

    key: str
    kind: Literal["proportion", "mean", "ratio"]
    numerator: str
    denominator: str = "eligible"
    better: Literal["higher", "lower"]
    window_days: int = Field(default=0, ge=0)
    name: Names
    note: Names


class StepEntry(_Entry):
    """A step of a funnel: the fact it counts, and its name."""

    fact: str
    name: Names


class GuardrailEntry(_Entry):
    """A guardrail that plans start from."""

    metric: str
    margin: float = Field(gt=0)
    watch: bool = False


class MetricSetEntry(_Entry):
    """`[[metric_set]]`: see `scenarios.MetricSet`."""

    key: str
    direction: Literal["inbound", "outbound"]
    name: Names
    steps: list[StepEntry]
    primary: str
    guardrails: list[GuardrailEntry]
    secondary: list[str] = []


class ScenarioEntry(_Entry):
    """`[[scenario]]`: see `scenarios.Scenario`."""

    key: str
    parent: str | None = None
    direction: Literal["inbound", "outbound"]
    share: float | None = Field(default=None, ge=0, le=1)
    name: Names
    metric_set: str | None = None
    standing: Literal["candidate", "suitable", "limited", "unsuitable"] = "candidate"
    audience: dict[str, Any] = {}
    marketing_types: list[Literal["service", "cross", "precise", "proactive"]] = []


class LineEntry(_Entry):
    """A line of a script; a position element has `after` and no words."""

    element: str
    text: Names = {}
    after: str | None = None


class ScriptEntry(_Entry):
    """`[[script]]`: a leaf scenario's first standard."""

    key: str
    scenario: str
    steps: list[LineEntry]


class Catalogue(_Entry):
    """One centre's catalogue, as its TOML file has it."""

    key: str
    name: Names
    locales: list[str]
    element: list[ElementEntry]
    metric: list[MetricEntry]
    metric_set: list[MetricSetEntry]
    scenario: list[ScenarioEntry]
    script: list[ScriptEntry]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How many rows a load wrote and how many it changed; nothing twice."""

    created: int
    changed: int


def parse(document: Mapping[str, Any]) -> Catalogue:
    """Read a catalogue's document.

    Raises:
        Invalid: a field is missing, unknown or of another type; each is named.
    """
    try:
        return Catalogue.model_validate(document)
    except ValidationError as error:
        raise Invalid(*problems_in(error)) from error


def load(session: Session, catalogue: Catalogue, *, actor: Actor, now: datetime) -> LoadReport:
    """Bring a catalogue in.

    Raises:
        Invalid: an audience or a standard script breaks a rule.
    """
    _check_audiences(catalogue.scenario)
    own = {"catalogue": catalogue.key}
    written = [_put(session, Element, own | {"key": e.key}, e.model_dump(exclude={"key"})) for e in catalogue.element]
    written += [_put(session, Metric, own | {"key": m.key}, m.model_dump(exclude={"key"})) for m in catalogue.metric]
    written += [_put(session, MetricSet, own | {"key": s.key}, _metric_set(s)) for s in catalogue.metric_set]
    written += _put_scenarios(session, catalogue)
    written += [_put_script(session, catalogue, entry, actor=actor, now=now) for entry in catalogue.script]
    report = LoadReport(written.count("created"), written.count("changed"))
    if report.created or report.changed:
        audit.record(
            session,
            actor=actor.name,
            verb="load_catalogue",
            subject=f"catalogue:{catalogue.key}",
            now=now,
            created=report.created,
            changed=report.changed,
        )
    return report


def _check_audiences(entries: Sequence[ScenarioEntry]) -> None:
    problems = [p for entry in entries for p in audience_problems(f"scenario.{entry.key}.audience", entry.audience)]
    if problems:
        raise Invalid(*problems)


def _metric_set(entry: MetricSetEntry) -> dict[str, Any]:
    return {**entry.model_dump(exclude={"key", "primary"}), "primary_metric": entry.primary}


def _put_scenarios(session: Session, catalogue: Catalogue) -> list[str]:
    written: list[str] = []
    ids: dict[str, int] = dict(session.execute(select(Scenario.key, Scenario.id)).all())
    for position, entry in enumerate(catalogue.scenario):
        values = entry.model_dump(exclude={"key", "parent", "standing"})
        values |= {"position": position, "parent_id": ids[entry.parent] if entry.parent else None}
        if entry.key not in ids:
            values["standing"] = entry.standing
        written.append(_put(session, Scenario, {"key": entry.key}, {"catalogue": catalogue.key, **values}))
        ids[entry.key] = session.scalars(select(Scenario.id).where(Scenario.key == entry.key)).one()
    return written


def _put_script(session: Session, catalogue: Catalogue, entry: ScriptEntry, *, actor: Actor, now: datetime) -> str:
    scenario = session.scalars(select(Scenario).where(Scenario.key == entry.scenario)).one()
    if traffic.newest(session, scenario.id) is not None:
        return "kept"
    lines = scripts.lines_of(line.model_dump() for line in entry.steps)
    scripts.check_lines(lines, parts_of(session, catalogue.key), catalogue.locales)
    version = scripts.write_version(session, scenario, entry.key, lines, origin="catalogue", actor=actor, now=now)
    first = traffic.first_traffic(scenario, version.id)
    cause = Message("The catalogue's standard script.")
    traffic.append(session, scenario, first, based_on=0, cause=cause, actor=actor, now=now)
    return "created"


def _put(session: Session, entity: type[Base], identity: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    row = session.scalar(select(entity).filter_by(**identity))
    if row is None:
        session.add(entity(**identity, **values))
        session.flush()
        return "created"
    changed: Sequence[str] = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    session.flush()
    return "changed" if changed else "kept"
