"""Looks: planned analyses, frozen when made. A look stores every number that was read and the verdict on them.

Between looks only what may be watched at any time is shown: counts, health, and guardrails by always-valid
intervals. The primary metric's effect is read at looks alone, at the boundary the spending plan leaves it.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments import audit
from experiments.calendar import days_before
from experiments.check import analysis, health, history, verdict
from experiments.check.analysis import ArmData
from experiments.check.health import Finding, State
from experiments.check.metrics import MetricSpec, Totals
from experiments.check.verdict import GuardrailReading, Verdict
from experiments.errors import Conflict
from experiments.people import Actor
from experiments.plan import traffic
from experiments.plan.designs import Experiment, PlannedMetric
from experiments.plan.rules import LEAST_STEP
from experiments.plan.traffic import FINE_UNITS
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime, canonical
from experiments.wording import Message
from stats.comparison import Comparison
from stats.families.adjusting import benjamini_hochberg
from stats.looking.always_valid import confidence_sequence
from stats.looking.spending import Boundary, spending_boundaries

LEAST_DAYS = 7
"""Weekdays differ: no look is due before a whole week has been dealt."""


class Look(Base):
    """One planned analysis. `content` is every number it read, as `LookResult` has it; never edited."""

    __tablename__ = "look"
    __table_args__ = (
        UniqueConstraint("experiment_id", "number"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("fraction > 0 AND fraction <= 1", name="fraction"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    number: Mapped[int]
    fraction: Mapped[float]
    final: Mapped[bool]
    conclusion: Mapped[str] = mapped_column(KEY)
    challenger: Mapped[str | None] = mapped_column(KEY)
    content: Mapped[Any] = mapped_column(CanonicalJson)
    content_hash: Mapped[str] = mapped_column(KEY)
    made_by: Mapped[str] = mapped_column(KEY)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class MetricReading:
    """One metric of one challenger at a look.

    `until` is the last day of assignment that counts for it: its window has closed for every call up to then.
    `adjusted_p` is set for secondary metrics (Benjamini-Hochberg over them all).
    """

    metric: str
    role: str
    challenger: str
    until: int
    comparison: Comparison
    adjusted_p: float | None


@dataclass(frozen=True, slots=True)
class Watch:
    """What may be seen at any time: counts by arm, health, and guardrails by always-valid intervals."""

    as_of: int
    totals: Mapping[str, Totals]
    findings: tuple[Finding, ...]
    guards: tuple[GuardrailReading, ...]


@dataclass(frozen=True, slots=True)
class LookResult:
    """Everything a look read. `boundary` is where this look decides, two-sided."""

    number: int
    as_of: int
    final: bool
    boundary: Boundary
    watch: Watch
    readings: tuple[MetricReading, ...]
    verdict: Verdict


def looks_of(session: Session, experiment: Experiment) -> list[Look]:
    """Give an experiment's looks, the first made first."""
    return list(session.scalars(select(Look).where(Look.experiment_id == experiment.id).order_by(Look.number)))


def newest_looks(session: Session) -> dict[int, Look]:
    """Give the last look of every experiment that has one, by the experiment's id."""
    newest = select(func.max(Look.id)).group_by(Look.experiment_id)
    return {look.experiment_id: look for look in session.scalars(select(Look).where(Look.id.in_(newest)))}


def watch(session: Session, experiment: Experiment, *, today: int) -> Watch:
    """Read what may be read at any time.

    Args:
        session: to read the rollup with.
        experiment: the experiment.
        today: the site-local day, YYYYMMDD.
    """
    specs = history.specs_of(session, experiment)
    arms = _arms(session, experiment, until=today)
    return _watch(session, experiment, specs, arms, today)


def matured_calls(session: Session, experiment: Experiment, *, today: int) -> int:
    """Count the eligible calls whose window for the primary metric has closed."""
    until = _matured(history.specs_of(session, experiment)[_primary(experiment).metric], today)
    return sum(t["calls"] for t in history.arm_totals(session, experiment, until=until).values())


def due(session: Session, experiment: Experiment, *, today: int) -> bool:
    """Say whether the next planned look has its calls, and a whole week of them."""
    made = len(looks_of(session, experiment))
    if made >= len(experiment.looks) or not experiment.planned_calls:
        return False
    enough = matured_calls(session, experiment, today=today) >= experiment.looks[made] * experiment.planned_calls
    return enough and len(history.daily_calls(session, experiment)) >= LEAST_DAYS


def is_last(session: Session, experiment: Experiment, *, today: int) -> bool:
    """Say whether the next look is the final one: it is the last planned, or all planned calls are in already."""
    made = len(looks_of(session, experiment))
    all_in = matured_calls(session, experiment, today=today) >= (experiment.planned_calls or math.inf)
    return made + 1 >= len(experiment.looks) or all_in


def make_look(
    session: Session, experiment: Experiment, *, today: int, final: bool, actor: Actor, now: datetime
) -> Look:
    """Read the data to date by the plan's rule, and freeze what was read.

    Args:
        session: a writing session.
        experiment: the experiment.
        today: the site-local day, YYYYMMDD.
        final: whether the last planned look is made now; it spends all the alpha that is left.
        actor: who looks.
        now: when, UTC.

    Raises:
        Conflict: the last look was made, or there is nothing new to look at.
    """
    before = looks_of(session, experiment)
    if any(look.final for look in before):
        raise Conflict("The final look of %(experiment)s was made.", experiment=experiment.key)
    result = read(session, experiment, [look.fraction for look in before], today=today, final=final)
    content = plain(result)
    look = Look(
        experiment_id=experiment.id,
        number=result.number,
        fraction=result.boundary.fraction,
        final=final,
        conclusion=result.verdict.conclusion,
        challenger=result.verdict.challenger,
        content=content,
        content_hash=hashlib.sha256(canonical(content).encode()).hexdigest(),
        made_by=actor.name,
        made_at=now,
    )
    session.add(look)
    session.flush()
    audit.record(
        session,
        actor=actor.name,
        verb="look",
        subject=f"experiment:{experiment.key}",
        now=now,
        number=look.number,
        conclusion=look.conclusion,
        content_hash=look.content_hash,
    )
    return look


def read(session: Session, experiment: Experiment, spent: Sequence[float], *, today: int, final: bool) -> LookResult:
    """Analyse the data to date as the next look would.

    Args:
        session: to read the rollup with.
        experiment: the experiment.
        spent: information fractions of the looks made before.
        today: the site-local day, YYYYMMDD.
        final: whether all the remaining alpha is spent.

    Raises:
        Conflict: no new calls have matured since the last look.
    """
    specs = history.specs_of(session, experiment)
    primary = _primary(experiment)
    data = {m: _arms(session, experiment, until=_matured(spec, today)) for m, spec in specs.items()}
    fraction = _fraction(experiment, data[primary.metric], spent, final)
    family = experiment.alpha / (len(experiment.arms) - 1)
    boundary = spending_boundaries([*spent, fraction], alpha=family)[-1]
    if not final and _few_clusters(data[primary.metric]):
        boundary = Boundary(fraction, math.inf, 0.0, 0.0)  # below 40 clusters one final look decides
    alphas = {
        m.metric: boundary.nominal_alpha or family if m is primary else experiment.alpha for m in experiment.metrics
    }
    compared = {
        (m.metric, key[1]): c
        for m in experiment.metrics
        for key, c in analysis.compare_all({m.metric: specs[m.metric]}, data[m.metric], alpha=alphas).items()
    }
    seen = _watch(session, experiment, specs, _arms(session, experiment, until=today), today)
    carried = _carried(specs[primary.metric], data[primary.metric], compared, alphas[primary.metric])
    seen = replace(seen, findings=(*seen.findings, *carried))
    verdict_ = verdict.conclude(
        specs[primary.metric],
        {challenger: c for (metric, challenger), c in compared.items() if metric == primary.metric},
        [cleared(g, specs[g.metric], compared[g.metric, g.challenger]) for g in seen.guards],
        seen.findings,
        threshold=boundary.nominal_alpha,
        effect=experiment.effect,
        final=final,
    )
    doubts = [finding.evidence for finding in carried if finding.state is State.WARNING]
    verdict_ = replace(verdict_, reasons=(*verdict_.reasons, *doubts))
    readings = _readings(experiment, specs, compared, today)
    return LookResult(len(spent) + 1, today, final, boundary, seen, readings, verdict_)


def _carried(
    spec: MetricSpec, arms: Sequence[ArmData], compared: Mapping[tuple[str, str], Comparison], alpha: float
) -> list[Finding]:
    """Hold each effect, with each call one vote, against the one with each unit one vote."""
    control, *challengers = arms
    return [
        health.few_agents_carry(challenger.key, compared[spec.key, challenger.key], by_units)
        for challenger in challengers
        if (by_units := analysis.compare_units(spec, control, challenger, alpha=alpha)) is not None
    ]


def _watch(
    session: Session, experiment: Experiment, specs: Mapping[str, MetricSpec], arms: Sequence[ArmData], today: int
) -> Watch:
    weights = {arm.key: arm.weight for arm in experiment.arms}
    totals = {arm.key: arm.totals for arm in arms}
    units = {arm.key: arm.totals["calls"] if arm.units is None else len(arm.units) for arm in arms}
    days = history.daily_calls(session, experiment)
    findings = health.check_health(totals, weights, days, unit_counts=units) + _pinned(session, experiment)
    guards = [
        watched(planned, specs[planned.metric], arms[0], challenger, experiment)
        for planned in experiment.metrics
        if planned.role == "guardrail"
        for challenger in arms[1:]
    ]
    return Watch(today, totals, tuple(findings), tuple(guards))


def _pinned(session: Session, experiment: Experiment) -> list[Finding]:
    """Say so when another standard than the control is in force: the test keeps the one it was written against."""
    current = traffic.newest(session, experiment.scenario_id)
    known = {experiment.control_version_id, *(arm.version_id for arm in experiment.arms)}
    return [health.standard_changed()] if current and current.value.standard_id not in known else []


def watched(
    planned: PlannedMetric, spec: MetricSpec, control: ArmData, challenger: ArmData, experiment: Experiment
) -> GuardrailReading:
    """Read a guardrail on what is there now, by an interval that holds at any time of looking."""
    compared = analysis.compare(spec, control, challenger, alpha=experiment.alpha)
    low, high = confidence_sequence(
        compared.difference,
        compared.standard_error,
        compared.control_n + compared.challenger_n,
        alpha=experiment.alpha,
        planned_n=max(experiment.planned_calls or 0, 1) if experiment.unit in FINE_UNITS else analysis.FEW_CLUSTERS,
        degrees_of_freedom=compared.degrees_of_freedom or math.inf,
    )
    guard = verdict.read_guard(spec, compared, (low, high), planned.margin or 0.0)
    return GuardrailReading(spec.key, spec.name, challenger.key, planned.margin or 0.0, planned.watch, low, high, guard)


def cleared(guard: GuardrailReading, spec: MetricSpec, compared: Comparison) -> GuardrailReading:
    """Read a guardrail again over matured calls only, as clearance asks; what is watched stays as it was seen."""
    known = verdict.read_guard(spec, compared, (guard.watched_low, guard.watched_high), guard.margin)
    return GuardrailReading(
        guard.metric,
        guard.name,
        guard.challenger,
        guard.margin,
        guard.watch,
        guard.watched_low,
        guard.watched_high,
        known,
    )


def _readings(
    experiment: Experiment, specs: Mapping[str, MetricSpec], compared: Mapping[tuple[str, str], Comparison], today: int
) -> tuple[MetricReading, ...]:
    roles = {m.metric: m.role for m in experiment.metrics}
    secondary = [key for key in compared if roles[key[0]] == "secondary"]
    adjusted = dict(zip(secondary, benjamini_hochberg([compared[k].p_value for k in secondary]), strict=True))
    return tuple(
        MetricReading(
            metric, roles[metric], challenger, _matured(specs[metric], today), c, adjusted.get((metric, challenger))
        )
        for (metric, challenger), c in compared.items()
    )


def _arms(session: Session, experiment: Experiment, *, until: int) -> list[ArmData]:
    totals = history.arm_totals(session, experiment, until=until)
    if experiment.unit == "call":
        return [ArmData(arm.key, totals[arm.key], None) for arm in experiment.arms]
    units = history.unit_totals(session, experiment, until=until)
    return [ArmData(arm.key, totals[arm.key], units.get(arm.key, [])) for arm in experiment.arms]


def _primary(experiment: Experiment) -> PlannedMetric:
    return next(m for m in experiment.metrics if m.role == "primary")


def _matured(spec: MetricSpec, today: int) -> int:
    """Give the last day of assignment whose window has closed; a metric without a window counts today's calls."""
    return days_before(today, spec.window_days + 1) if spec.window_days else today


def _few_clusters(arms: Sequence[ArmData]) -> bool:
    return arms[0].units is not None and sum(len(arm.units or ()) for arm in arms) < analysis.FEW_CLUSTERS


def _fraction(experiment: Experiment, arms: Sequence[ArmData], spent: Sequence[float], final: bool) -> float:
    if final:
        return 1.0
    calls = sum(arm.totals["calls"] for arm in arms)
    fraction = min(calls / max(experiment.planned_calls or 0, 1), 1.0 - LEAST_STEP)
    if fraction < (spent[-1] if spent else 0.0) + LEAST_STEP:
        raise Conflict("No new calls of %(experiment)s have matured since the last look.", experiment=experiment.key)
    return fraction


def plain(value: Any) -> Any:
    """Turn a frozen result into plain JSON; what is nan or infinite there is null here."""
    match value:
        case Message():
            return value.as_json()
        case Enum():
            return value.value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
        case _:
            return value
