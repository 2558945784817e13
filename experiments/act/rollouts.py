"""Rollouts: a winner replaces the standard in steps, by agent-weeks, and can be taken back by one traffic revision.

Every step is taken before the first shift of a day, the first one and one that people let come early too, so that
nobody's words change within a shift. What is taken back is taken back at once.

While it goes out the standard stays what it was, so that taking it back is to leave this rollout out of the newest
traffic: nobody else's change is undone. When the last step has held, the new script is the standard; the holdback goes
on saying the former one until its last day, so that the lift it brings can be measured.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    UniqueConstraint,
    and_,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from experiments import audit
from experiments.act import standards
from experiments.act.steps import RolloutPlan, Step, require_sound, steps_from_json
from experiments.calendar import days_before
from experiments.check.counting.tables import RollupCall
from experiments.do.journal import Origin
from experiments.do.serving import Reason
from experiments.errors import Conflict, Unknown
from experiments.people import Actor
from experiments.plan import traffic
from experiments.plan.designs import Experiment
from experiments.plan.traffic import TrafficRevision
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime
from experiments.wording import Message

UNDER_WAY = ("scheduled", "going")


class Next(StrEnum):
    """When the next step comes."""

    TIMED = "timed"
    """When this one has had its days and calls."""
    ASKED = "asked"
    """People are asked whether it may come now: at this step's gate, or before its time."""
    GRANTED = "granted"
    """Before the next first shift: people said so."""


class Rollout(Base):
    """One winner's way out. It is live until it is taken back or its holdback has ended."""

    __tablename__ = "rollout"
    __table_args__ = (
        CheckConstraint("state IN ('scheduled', 'going', 'in_force', 'taken_back', 'ended')", name="state"),
        CheckConstraint("next_step IN ('timed', 'asked', 'granted')", name="next_step"),
        CheckConstraint("holdback >= 0 AND holdback <= 2500", name="holdback"),
        CheckConstraint("step >= 0", name="step"),
        Index(
            "uq_rollout_one_live",
            "scenario_id",
            unique=True,
            sqlite_where=text("state IN ('going', 'in_force')"),
            postgresql_where=text("state IN ('going', 'in_force')"),
        ),
        Index(
            "uq_rollout_one_going",
            "scenario_id",
            unique=True,
            sqlite_where=text("state IN ('scheduled', 'going')"),
            postgresql_where=text("state IN ('scheduled', 'going')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"), index=True)
    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenario.id"))
    arm: Mapped[str] = mapped_column(KEY)
    version_id: Mapped[int] = mapped_column(ForeignKey("script_version.id"))
    former_id: Mapped[int] = mapped_column(ForeignKey("script_version.id"))
    seed: Mapped[str] = mapped_column(KEY)
    steps: Mapped[Any] = mapped_column(CanonicalJson)
    holdback: Mapped[int]
    #: the last site-local day (YYYYMMDD) on which it is held back, counted from the day the new script is in force
    holdback_days: Mapped[int]
    #: scheduled: its first step is to come; going: on its way; in_force: the standard, measured against the holdback;
    #: taken_back and ended: over
    state: Mapped[str] = mapped_column(KEY)
    step: Mapped[int]
    #: the site-local day the step began; while it is scheduled, the day it was let out
    step_day: Mapped[int]
    in_force_day: Mapped[int | None]
    next_step: Mapped[str] = mapped_column(KEY, default=Next.TIMED, server_default=Next.TIMED)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: who let it go out, and answers for the standard it becomes
    began_by: Mapped[str] = mapped_column(KEY)

    experiment: Mapped[Experiment] = relationship(lazy="joined")
    reached: Mapped[list["StepReached"]] = relationship(order_by="StepReached.id", lazy="selectin")

    @property
    def planned(self) -> tuple[Step, ...]:
        """Give its steps."""
        return steps_from_json(self.steps)

    @property
    def current(self) -> Step:
        """Give the step it has reached."""
        return self.planned[self.step]

    @property
    def is_last(self) -> bool:
        """Say whether there is no further step."""
        return self.step + 1 == len(self.steps)

    @property
    def may_go_on(self) -> bool:
        """Say whether it is going and has a further step."""
        return self.state == "going" and not self.is_last


class StepReached(Base):
    """A rollout came so far on that day; appended."""

    __tablename__ = "rollout_step"
    __table_args__ = (UniqueConstraint("rollout_id", "step"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    rollout_id: Mapped[int] = mapped_column(ForeignKey("rollout.id"))
    step: Mapped[int]
    day: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def rollout_of(session: Session, experiment: Experiment) -> Rollout | None:
    """Give an experiment's last rollout; None when it has had none."""
    query = select(Rollout).where(Rollout.experiment_id == experiment.id).order_by(Rollout.id.desc())
    return session.scalar(query.limit(1))


def who_let_out(session: Session, scenario_id: int, version_id: int) -> str | None:
    """Name who let a script go out that became a scenario's standard in steps; None where nobody did."""
    query = select(Rollout.began_by).where(Rollout.scenario_id == scenario_id, Rollout.version_id == version_id)
    return session.scalar(query.where(Rollout.state.in_(("in_force", "ended"))).order_by(Rollout.id.desc()).limit(1))


def going_of(session: Session, experiment: Experiment) -> Rollout | None:
    """Give an experiment's rollout that is on its way or scheduled; None where there is none."""
    found = rollout_of(session, experiment)
    return found if found is not None and found.state in UNDER_WAY else None


def let_out(session: Session) -> dict[tuple[int, int], str]:
    """Name who let each script go out that became a standard in steps, by its scenario and version."""
    query = select(Rollout.scenario_id, Rollout.version_id, Rollout.began_by).order_by(Rollout.id)
    rows = session.execute(query.where(Rollout.state.in_(("in_force", "ended"))))
    return {(scenario_id, version_id): by for scenario_id, version_id, by in rows}


def live(session: Session) -> list[Rollout]:
    """Give every rollout that is scheduled or going, or whose holdback has not ended."""
    states = (*UNDER_WAY, "in_force")
    return list(session.scalars(select(Rollout).where(Rollout.state.in_(states)).order_by(Rollout.id)))


def schedule(
    session: Session,
    experiment: Experiment,
    arm_key: str,
    plan: RolloutPlan,
    *,
    today: int,
    actor: Actor,
    now: datetime,
) -> Rollout:
    """Let an arm's script go out, the first step before the next first shift.

    Args:
        session: a writing session.
        experiment: the experiment that found it.
        arm_key: the arm's.
        plan: the steps.
        today: the site-local day, YYYYMMDD.
        actor: who lets it out.
        now: when, UTC.

    Raises:
        Unknown: the experiment served no such arm.
        Invalid: the plan does not go from few to all.
        Conflict: another standard than the one it was tested against is in force, or another rollout is on its way.
    """
    require_sound(plan)
    arm = next((each for each in experiment.arms if each.key == arm_key and each.version_id is not None), None)
    if arm is None:
        raise Unknown("The test %(experiment)s served no arm %(arm)s.", experiment=experiment.key, arm=arm_key)
    _require_alone(session, experiment)
    _require_same_standard(session, experiment)
    rollout = Rollout(
        experiment=experiment,
        scenario_id=experiment.scenario_id,
        arm=arm.key,
        version_id=arm.version_id or 0,
        former_id=experiment.control_version_id,
        seed=f"rollout:{experiment.id}:{now:%Y%m%d%H%M%S%f}",
        steps=plan.as_json(),
        holdback=plan.holdback,
        holdback_days=plan.holdback_days,
        state="scheduled",
        step=0,
        step_day=today,
        in_force_day=None,
        began_at=now,
        began_by=actor.name,
    )
    session.add(rollout)
    session.flush()
    return rollout


def advance(session: Session, rollout: Rollout, *, today: int, actor: Actor, now: datetime) -> None:
    """Take the next step; by the first one the holdback that is left of an earlier rollout ends.

    Raises:
        Conflict: there is no further step, or another standard than the one it was tested against is in force.
    """
    if rollout.state == "scheduled":
        _require_same_standard(session, rollout.experiment)
        make_room(session, rollout.experiment, besides=rollout, actor=actor, now=now)
        rollout.state = "going"
        _reach(session, rollout, 0, today=today, actor=actor, now=now)
        return
    require_further_step(rollout)
    _reach(session, rollout, rollout.step + 1, today=today, actor=actor, now=now)


def require_further_step(rollout: Rollout) -> None:
    """Refuse what only a rollout that is going, and not on its last step, can do.

    Raises:
        Conflict: it cannot.
    """
    if not rollout.may_go_on:
        raise Conflict("The rollout of %(experiment)s has no further step.", experiment=rollout.experiment.key)


def comes_next(session: Session, rollout: Rollout, *, today: int) -> bool:
    """Say whether the next step may come on a day: the first one, one that people granted, or in its time."""
    granted = rollout.state == "scheduled" or rollout.next_step == Next.GRANTED
    return granted or step_is_over(session, rollout, today=today)


def step_is_over(session: Session, rollout: Rollout, *, today: int) -> bool:
    """Say whether the step has had its days, and its calls on days that are over."""
    step = rollout.current
    if days_before(today, step.days) < rollout.step_day:
        return False
    return calls_reached(session, rollout, before=today) >= step.calls


def put_in_force(session: Session, rollout: Rollout, *, today: int, actor: Actor, now: datetime) -> None:
    """Make the new script the standard; the holdback keeps the former one for its days.

    Raises:
        Conflict: it is not on its way.
    """
    _require_going(rollout)
    kept = replace(_as_traffic(rollout), share=0, regions=()) if rollout.holdback else None
    cause = Message("The new standard of %(experiment)s is in force.", {"experiment": rollout.experiment.key})
    arm = next(each for each in rollout.experiment.arms if each.key == rollout.arm)
    scenario = rollout.experiment.scenario
    current = traffic.in_force(session, scenario)
    then = standards.with_arm(current.value, rollout.experiment, arm).with_rollout(kept)
    traffic.append(session, scenario, then, based_on=current.number, cause=cause, actor=actor, now=now)
    standards.settle(session, rollout.experiment, arm, actor=actor, now=now)
    _turn(session, rollout, "in_force" if kept else "ended", actor=actor, now=now)
    rollout.in_force_day = today
    session.flush()


def take_back(session: Session, rollout: Rollout, *, why: str, actor: Actor, now: datetime) -> None:
    """Serve the standard to everyone again: the newest traffic, without this rollout. A scheduled one never comes.

    Raises:
        Conflict: it is not on its way.
    """
    if rollout.state != "scheduled":
        _require_going(rollout)
        cause = Message("%(experiment)s is taken back: %(why)s", {"experiment": rollout.experiment.key, "why": why})
        _change(session, rollout, cause, coming=None, actor=actor, now=now)
    _turn(session, rollout, "taken_back", actor=actor, now=now)


def holdback_is_over(rollout: Rollout, *, today: int) -> bool:
    """Say whether the holdback has had its days."""
    begun = rollout.in_force_day
    return rollout.state == "in_force" and begun is not None and days_before(today, rollout.holdback_days) >= begun


def end_holdback(session: Session, rollout: Rollout, *, actor: Actor, now: datetime) -> None:
    """Let everybody say the standard.

    Raises:
        Conflict: nobody is held back any longer.
    """
    if rollout.state != "in_force":
        raise Conflict("Nobody is held back from %(experiment)s.", experiment=rollout.experiment.key)
    cause = Message("The holdback of %(experiment)s has ended.", {"experiment": rollout.experiment.key})
    _change(session, rollout, cause, coming=None, actor=actor, now=now)
    _turn(session, rollout, "ended", actor=actor, now=now)


def calls_reached(session: Session, rollout: Rollout, *, before: int | None = None) -> int:
    """Count the eligible calls that were served the new script since the rollout began, all or those before a day."""
    if rollout.state == "scheduled":
        return 0
    query = select(func.coalesce(func.sum(RollupCall.calls), 0)).where(*calls_since(rollout), is_new(rollout))
    return session.scalar(query if before is None else query.where(RollupCall.day < before)) or 0


def calls_since(rollout: Rollout) -> list[ColumnElement[bool]]:
    """Say which of the rollup's calls a rollout could deal to either side."""
    return [
        RollupCall.scenario_id == rollout.scenario_id,
        RollupCall.experiment_id == 0,
        RollupCall.day >= rollout.reached[0].day,
        RollupCall.eligible.is_(True),
        RollupCall.origin != Origin.REPLAYED,
    ]


def is_new(rollout: Rollout) -> ColumnElement[bool]:
    """Say whether calls were served the new script: on its way, or as the standard that it is by now."""
    as_standard = and_(RollupCall.reason == Reason.STANDARD, RollupCall.script_version_id == rollout.version_id)
    return or_(RollupCall.reason == Reason.ROLLOUT, as_standard)


def make_room(
    session: Session, experiment: Experiment, *, besides: Rollout | None = None, actor: Actor, now: datetime
) -> None:
    """End the holdback that an earlier rollout left in an experiment's scenario, but for one that is about to go.

    Raises:
        Conflict: another one is still on its way.
    """
    if besides is None:
        _require_alone(session, experiment)
    for other in _live_here(session, experiment):
        if other.state == "in_force":
            end_holdback(session, other, actor=actor, now=now)


def _live_here(session: Session, experiment: Experiment) -> list[Rollout]:
    return [rollout for rollout in live(session) if rollout.scenario_id == experiment.scenario_id]


def _require_alone(session: Session, experiment: Experiment) -> None:
    for other in _live_here(session, experiment):
        if other.state in UNDER_WAY:
            raise Conflict("%(other)s is being rolled out here: one at a time.", other=other.experiment.key)


def _require_same_standard(session: Session, experiment: Experiment) -> None:
    if traffic.in_force(session, experiment.scenario).value.standard_id != experiment.control_version_id:
        raise Conflict(
            "The standard changed since %(experiment)s was written, and this would undo it: test against the new one.",
            experiment=experiment.key,
        )


def _reach(session: Session, rollout: Rollout, step: int, *, today: int, actor: Actor, now: datetime) -> None:
    rollout.step, rollout.step_day, rollout.next_step = step, today, Next.TIMED
    session.add(StepReached(rollout_id=rollout.id, step=step, day=today, at=now))
    cause = Message(
        "%(experiment)s goes out: step %(step)s of %(steps)s.",
        {"experiment": rollout.experiment.key, "step": step + 1, "steps": len(rollout.steps)},
    )
    _change(session, rollout, cause, coming=_as_traffic(rollout), actor=actor, now=now)
    session.expire(rollout, ["reached"])


def _require_going(rollout: Rollout) -> None:
    if rollout.state != "going":
        raise Conflict("The rollout of %(experiment)s is not on its way.", experiment=rollout.experiment.key)


def _as_traffic(rollout: Rollout) -> traffic.Rollout:
    return traffic.Rollout(
        key=rollout.experiment.key,
        seed=rollout.seed,
        version_id=rollout.version_id,
        former_id=rollout.former_id,
        holdback=rollout.holdback,
        share=rollout.current.share,
        regions=rollout.current.regions,
    )


def _change(
    session: Session,
    rollout: Rollout,
    cause: Message,
    *,
    coming: traffic.Rollout | None,
    actor: Actor,
    now: datetime,
) -> TrafficRevision:
    scenario = rollout.experiment.scenario
    current = traffic.in_force(session, scenario)
    then = current.value.with_rollout(coming)
    return traffic.append(session, scenario, then, based_on=current.number, cause=cause, actor=actor, now=now)


def _turn(session: Session, rollout: Rollout, state: str, *, actor: Actor, now: datetime) -> None:
    audit.record(
        session,
        actor=actor.name,
        verb="rollout",
        subject=f"experiment:{rollout.experiment.key}",
        now=now,
        was=rollout.state,
        now_is=state,
        step=rollout.step,
    )
    rollout.state = state
    session.flush()
