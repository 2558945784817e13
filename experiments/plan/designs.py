"""Designs: experiments as they are registered, pinned to the control they were written against.

The plan is one hashed content. Whoever wrote or edited it is remembered, since they may not approve it.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from experiments import audit
from experiments.errors import Conflict, Invalid, Problem, Unknown, invalid
from experiments.people import Actor
from experiments.plan import bucketing, scripts, traffic
from experiments.plan.amendments import Amendment, dropped
from experiments.plan.deals import Deals, salt_of
from experiments.plan.rules import Plan, problems_of, resolved_arms
from experiments.plan.scenarios import Part, Scenario, metrics_of, parts_of, scenario_named
from experiments.plan.scripts import Lines, ScriptVersion, lines_of, value_in, with_value
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime, canonical
from experiments.wording import Message


class Experiment(Base):
    """A registered design. Its plan is one canonical value: what approvals are bound to by its hash."""

    __tablename__ = "experiment"
    __table_args__ = (
        CheckConstraint("kind IN ('script', 'scenario')", name="kind"),
        CheckConstraint("unit IN ('call', 'customer', 'agent', 'team', 'agent_shift')", name="unit"),
        CheckConstraint("alpha > 0 AND alpha < 0.5", name="alpha"),
        CheckConstraint("power > 0.5 AND power < 1", name="power"),
        CheckConstraint("effect > 0 AND effect < 1", name="effect"),
        CheckConstraint("coverage > 0 AND coverage <= 10000", name="coverage"),
        CheckConstraint("origin IN ('designed', 'imported')", name="origin"),
        CheckConstraint("spending IN ('obrien-fleming', 'pocock')", name="spending"),
        CheckConstraint("family IN ('dunnett', 'bonferroni')", name="family"),
        CheckConstraint("weighting IN ('call', 'unit')", name="weighting"),
        CheckConstraint("deal IS NULL OR deal >= 0", name="deal"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(KEY, unique=True)
    kind: Mapped[str] = mapped_column(KEY)
    #: dealt here, or assigned elsewhere and brought in
    origin: Mapped[str] = mapped_column(KEY, default="designed")
    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenario.id"), index=True)
    #: what it follows from: the cycle before it, which it goes on from or confirms
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("experiment.id"))
    title: Mapped[Any] = mapped_column(CanonicalJson)
    hypothesis: Mapped[Any] = mapped_column(CanonicalJson)
    variable: Mapped[str] = mapped_column(KEY)
    control_version_id: Mapped[int] = mapped_column(ForeignKey("script_version.id"))
    unit: Mapped[str] = mapped_column(KEY)
    audience: Mapped[Any] = mapped_column(CanonicalJson)
    alpha: Mapped[float]
    power: Mapped[float]
    effect: Mapped[float]
    coverage: Mapped[int]
    base_rate: Mapped[float | None]
    looks: Mapped[Any] = mapped_column(CanonicalJson)
    spending: Mapped[str] = mapped_column(KEY)
    family: Mapped[str] = mapped_column(KEY)
    weighting: Mapped[str] = mapped_column(KEY)
    adjust: Mapped[bool]
    moderators: Mapped[Any] = mapped_column(CanonicalJson)
    salt: Mapped[str] = mapped_column(KEY)
    #: the balanced deals registered with the plan, where units are few (`plan.deals.Deals`); else None
    deals: Mapped[Any] = mapped_column(CanonicalJson, nullable=True)
    #: which of them was drawn at the start
    deal: Mapped[int | None]
    content_hash: Mapped[str] = mapped_column(KEY)
    #: calls the plan needs in all, fixed when it is submitted
    planned_calls: Mapped[int | None]
    #: days they take at the scenario's own volume then; None where there was none
    planned_days: Mapped[int | None]
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    scenario: Mapped[Scenario] = relationship(lazy="joined")
    control: Mapped[ScriptVersion] = relationship(lazy="joined")
    parent: Mapped["Experiment | None"] = relationship(remote_side="Experiment.id")
    arms: Mapped[list["Arm"]] = relationship(order_by="Arm.position", cascade="all, delete-orphan", lazy="selectin")
    metrics: Mapped[list["PlannedMetric"]] = relationship(
        order_by="PlannedMetric.id", cascade="all, delete-orphan", lazy="selectin"
    )

    amendments: Mapped[list[Amendment]] = relationship(order_by="Amendment.id", lazy="selectin")

    @property
    def dealt(self) -> "list[Arm]":
        """Give the arms that are dealt, control first: those of the plan without those dropped while it ran."""
        gone = dropped(self.amendments)
        return [arm for arm in self.arms if arm.key not in gone]

    @property
    def coverage_in_force(self) -> int:
        """Give the part of the layer it has, out of 10,000: the plan's, or what it was widened to."""
        return self.amendments[-1].coverage if self.amendments else self.coverage

    @property
    def audience_in_force(self) -> Any:
        """Give who is let in: the plan's audience, or what it was widened to."""
        return self.amendments[-1].audience if self.amendments else self.audience

    @property
    def awaited_calls(self) -> int | None:
        """Give the calls that are planned for the arms still dealt: those of a dropped arm are waited for no longer."""
        if self.planned_calls is None:
            return None
        return -(-self.planned_calls * sum(arm.weight for arm in self.dealt) // bucketing.BUCKETS)

    @property
    def seed(self) -> str:
        """Give what salts the arms' hash: the plan's own salt, or of few units the salt of the deal drawn."""
        return self.salt if self.deal is None else salt_of(self.salt, self.deal)


class Arm(Base):
    """Control (position 0) or a challenger. `version_id` is the script it serves, written when the test starts."""

    __tablename__ = "arm"
    __table_args__ = (
        UniqueConstraint("experiment_id", "key"),
        UniqueConstraint("experiment_id", "position"),
        CheckConstraint("weight > 0 AND weight < 10000", name="weight"),
        CheckConstraint("position >= 0 AND position < 5", name="position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    key: Mapped[str] = mapped_column(KEY)
    position: Mapped[int]
    weight: Mapped[int]
    #: None: the element is absent in this arm
    value: Mapped[Any] = mapped_column(CanonicalJson, nullable=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("script_version.id"))


class PlannedMetric(Base):
    """A metric the plan declared, and what it is there for."""

    __tablename__ = "planned_metric"
    __table_args__ = (
        UniqueConstraint("experiment_id", "metric"),
        CheckConstraint("role IN ('primary', 'guardrail', 'secondary')", name="role"),
        CheckConstraint("(role = 'guardrail') = (margin IS NOT NULL)", name="guardrails_have_margins"),
        CheckConstraint("margin IS NULL OR margin > 0", name="margin"),
        Index(
            "uq_planned_metric_one_primary",
            "experiment_id",
            unique=True,
            sqlite_where=text("role = 'primary'"),
            postgresql_where=text("role = 'primary'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    metric: Mapped[str] = mapped_column(KEY)
    role: Mapped[str] = mapped_column(KEY)
    margin: Mapped[float | None]
    watch: Mapped[bool]


class PlanEdit(Base):
    """Somebody wrote or edited a plan: whoever did since the last approved content may not approve it."""

    __tablename__ = "plan_edit"

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"), index=True)
    editor: Mapped[str] = mapped_column(KEY)
    content_hash: Mapped[str] = mapped_column(KEY)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def experiment_named(session: Session, key: str) -> Experiment:
    """Find an experiment.

    Raises:
        Unknown: there is none with this key.
    """
    found = session.scalar(select(Experiment).where(Experiment.key == key))
    if found is None:
        raise Unknown("There is no experiment %(experiment)s.", experiment=key)
    return found


def edits_of(session: Session, experiment: Experiment, *, after: int = 0) -> list[PlanEdit]:
    """Give the edits of a plan, the first first; only those made after one of them, where its id is given."""
    query = select(PlanEdit).where(PlanEdit.experiment_id == experiment.id, PlanEdit.id > after)
    return list(session.scalars(query.order_by(PlanEdit.id)))


def draft(session: Session, plan: Plan, *, origin: str = "designed", actor: Actor, now: datetime) -> Experiment:
    """Write a plan down for the first time, pinned to the standard in force.

    Args:
        session: a writing session.
        plan: what is registered.
        origin: `designed` here, or `imported`: dealt elsewhere and brought in.
        actor: who writes.
        now: when, UTC.

    Raises:
        Unknown: no such scenario.
        Invalid: the plan breaks a rule; every problem is named.
        Conflict: the key is taken, or the scenario has no standard.
    """
    if session.scalar(select(Experiment.id).where(Experiment.key == plan.key)) is not None:
        raise Conflict("The key %(key)s is taken.", key=plan.key)
    salt = plan.salt or f"{plan.key}:{secrets.token_hex(8)}"
    experiment = Experiment(key=plan.key, kind=plan.kind, origin=origin, salt=salt)
    session.add(experiment)
    with session.no_autoflush:
        return _write(session, experiment, plan, actor=actor, now=now)


def revise(session: Session, experiment: Experiment, plan: Plan, *, actor: Actor, now: datetime) -> Experiment:
    """Replace a draft's plan by another, pinned to the standard in force now.

    Raises:
        Invalid: the plan breaks a rule, every problem being named, or is of another kind.
    """
    if plan.kind != experiment.kind:
        raise invalid("kind", "another_kind", "A card keeps its kind: write another plan for the other question.")
    experiment.salt = plan.salt or experiment.salt
    experiment.arms.clear()
    experiment.metrics.clear()
    session.flush()
    return _write(session, experiment, plan, actor=actor, now=now)


def register_deals(
    session: Session, experiment: Experiment, deals: Deals | None, *, actor: Actor, now: datetime
) -> None:
    """Write down the deals that the start will draw from, as a part of what is approved; None where units are many."""
    experiment.deals = None if deals is None else deals.as_json()
    experiment.content_hash = _hash_of(experiment)
    session.flush()
    if deals is not None:
        audit.record(
            session,
            actor=actor.name,
            verb="register_deals",
            subject=f"experiment:{experiment.key}",
            now=now,
            content_hash=experiment.content_hash,
            kept=len(deals.kept),
        )


def draw_deal(experiment: Experiment, *, now: datetime) -> None:
    """Draw one of the registered deals, each as likely as the next; nothing where none were registered.

    The lot is the plan's salt with the moment of the start, to the microsecond, which nobody chooses: so anybody can
    draw it again and see that it was drawn, not picked.
    """
    if experiment.deals is not None:
        kept = experiment.deals["kept"]
        lot = hashlib.sha256(f"{experiment.salt}|{now.isoformat()}".encode()).digest()
        experiment.deal = kept[int.from_bytes(lot) % len(kept)]


def write_arms(session: Session, experiment: Experiment, *, actor: Actor, now: datetime) -> list[traffic.ArmSlice]:
    """Write each arm's script as a version, and cut the arms' buckets: done once, when the test starts."""
    lines = arm_lines(session, experiment)
    for arm in experiment.arms:
        arm.version_id = scripts.write_version(
            session,
            experiment.scenario,
            experiment.control.script.key,
            lines[arm.key],
            origin=f"{experiment.key}/{arm.key}",
            actor=actor,
            now=now,
        ).id
    session.flush()
    ranges = bucketing.arm_ranges([arm.weight for arm in experiment.arms])
    return [
        traffic.ArmSlice(arm.key, (r,), arm.version_id or 0) for arm, r in zip(experiment.arms, ranges, strict=True)
    ]


def as_slice(experiment: Experiment, arms: Sequence[traffic.ArmSlice]) -> traffic.Slice:
    """Give the slice an experiment asks of its scenario's layer, not yet laid anywhere."""
    return traffic.Slice(
        key=experiment.key,
        experiment_id=experiment.id,
        state=traffic.SliceState.RUNNING,
        ranges=(),
        unit=experiment.unit,
        seed=experiment.seed,
        condition=experiment.audience,
        arms=tuple(arms),
    )


def arm_lines(session: Session, experiment: Experiment) -> dict[str, Lines]:
    """Give each arm's whole script, in spoken order."""
    control = lines_of(experiment.control.lines)
    pinned = value_in(control, experiment.variable)
    parts = parts_of(session, experiment.scenario.catalogue)
    return {
        arm.key: control if arm.value == pinned else with_value(control, experiment.variable, arm.value, parts)
        for arm in experiment.arms
    }


def compose(session: Session, experiment: Experiment, plan: Plan) -> list[Problem]:
    """Fill an experiment in from a plan, pinned to the standard in force, and name every rule that the plan breaks.

    Nothing is written: whoever keeps the experiment refuses it first where there is a problem.

    Raises:
        Unknown: no such scenario.
        Invalid: an arm's map of elements differs in more than the variable.
        Conflict: the scenario has no standard.
    """
    scenario = scenario_named(session, plan.scenario)
    standing = traffic.in_force(session, scenario).value
    control = scripts.version_by_id(session, standing.standard_id)
    lines, parts = lines_of(control.lines), parts_of(session, scenario.catalogue)
    arms = resolved_arms(plan, lines, parts)
    parent, lost = _parent(session, experiment, plan.parent)
    problems = [*problems_of(plan, arms, lines, parts, metrics_of(session, scenario.catalogue)), *lost]
    experiment.parent = parent
    experiment.scenario = scenario
    experiment.control = control
    experiment.arms = [Arm(key=arm.key, position=i, weight=arm.weight, value=arm.value) for i, arm in enumerate(arms)]
    experiment.metrics = [PlannedMetric(**asdict(metric)) for metric in plan.metrics]
    for name in _AS_PLANNED:
        setattr(experiment, name, getattr(plan, name))
    experiment.looks, experiment.moderators = list(plan.looks), list(plan.moderators)
    experiment.deals = None
    experiment.audience = standing.audience if plan.audience is None else plan.audience
    return problems or _unheard(session, experiment, parts)


def _unheard(session: Session, experiment: Experiment, parts: Mapping[str, Part]) -> list[Problem]:
    heard = [scripts.spoken(lines, parts) for lines in arm_lines(session, experiment).values()]
    if len(set(map(scripts.content_hash, heard))) == len(heard):
        return []
    return [Problem("arms", "unheard", Message("Two arms are heard alike: there is nothing to compare."))]


def _write(session: Session, experiment: Experiment, plan: Plan, *, actor: Actor, now: datetime) -> Experiment:
    problems = compose(session, experiment, plan)
    if problems:
        raise Invalid(*problems)
    experiment.content_hash = _hash_of(experiment)
    session.flush()
    session.add(PlanEdit(experiment_id=experiment.id, editor=actor.name, content_hash=experiment.content_hash, at=now))
    audit.record(
        session,
        actor=actor.name,
        verb="write_plan",
        subject=f"experiment:{experiment.key}",
        now=now,
        content_hash=experiment.content_hash,
        origin=experiment.origin,
    )
    return experiment


def _parent(session: Session, experiment: Experiment, key: str | None) -> tuple[Experiment | None, list[Problem]]:
    """Find what a plan follows from, and say what is wrong with it: no cycle comes before itself."""
    if key is None:
        return None, []
    found = session.scalar(select(Experiment).where(Experiment.key == key))
    if key != experiment.key and found is None:
        lost = Message("There is no experiment %(experiment)s.", {"experiment": key})
        return None, [Problem("parent", "unknown", lost)]
    before = found
    while before is not None and before.key != experiment.key:
        before = before.parent
    if key == experiment.key or before is not None:
        return None, [Problem("parent", "own_ancestor", Message("A test does not follow from itself."))]
    return found, []


_AS_PLANNED = (
    "title",
    "hypothesis",
    "variable",
    "unit",
    "alpha",
    "power",
    "effect",
    "coverage",
    "base_rate",
    "spending",
    "family",
    "weighting",
    "adjust",
)


def _hash_of(experiment: Experiment) -> str:
    """Hash all that an approval stands for.

    What a plan follows from is a part of it, since it says what the result will be held against; plans that follow from
    nothing hash as they did before parents were known.
    """
    content = {
        **({"parent": experiment.parent.key} if experiment.parent is not None else {}),
        "kind": experiment.kind,
        "scenario": experiment.scenario.key,
        "title": experiment.title,
        "hypothesis": experiment.hypothesis,
        "variable": experiment.variable,
        "control": experiment.control.content_hash,
        "unit": experiment.unit,
        "salt": experiment.salt,
        "audience": experiment.audience,
        "numbers": [experiment.alpha, experiment.power, experiment.effect, experiment.coverage, experiment.base_rate],
        "looks": experiment.looks,
        "methods": [
            experiment.spending,
            experiment.family,
            experiment.weighting,
            experiment.adjust,
            experiment.moderators,
        ],
        "deals": experiment.deals,
        "arms": [[arm.key, arm.weight, arm.value] for arm in experiment.arms],
        "metrics": [[m.metric, m.role, m.margin, m.watch] for m in experiment.metrics],
    }
    return hashlib.sha256(canonical(content).encode()).hexdigest()
