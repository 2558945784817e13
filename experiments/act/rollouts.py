"""Rollouts: how far a winner that replaces the standard in steps, by agent-weeks, has come, and when it goes on."""

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

from experiments.act.steps import Step, steps_from_json
from experiments.calendar import days_before
from experiments.check.counting.tables import RollupCall
from experiments.do.journal import Origin
from experiments.do.serving import Reason
from experiments.plan.designs import Experiment
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime

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
    def is_granted(self) -> bool:
        """Say whether people let its next step come: the first one, or one before its time."""
        return self.state == "scheduled" or self.next_step == Next.GRANTED

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


def step_is_over(session: Session, rollout: Rollout, *, today: int) -> bool:
    """Say whether the step has had its days, and its calls on days that are over."""
    step = rollout.current
    if days_before(today, step.days) < rollout.step_day:
        return False
    return calls_reached(session, rollout, before=today) >= step.calls


def holdback_is_over(rollout: Rollout, *, today: int) -> bool:
    """Say whether the holdback has had its days."""
    begun = rollout.in_force_day
    return rollout.state == "in_force" and begun is not None and days_before(today, rollout.holdback_days) >= begun


def calls_reached(session: Session, rollout: Rollout, *, before: int | None = None) -> int:
    """Count the eligible calls that were served the new script since the rollout began, all or those before a day."""
    if not rollout.reached:
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
