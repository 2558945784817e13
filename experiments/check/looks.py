"""Looks: planned analyses, frozen when made. A look stores every number that was read and the verdict on them."""

import hashlib
import math
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments import audit
from experiments.check import history, reading
from experiments.check.results import plain
from experiments.errors import Conflict
from experiments.people import Actor
from experiments.plan.designs import Experiment
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime, canonical

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


def looks_of(session: Session, experiment: Experiment) -> list[Look]:
    """Give an experiment's looks, the first made first."""
    return list(session.scalars(select(Look).where(Look.experiment_id == experiment.id).order_by(Look.number)))


def newest_looks(session: Session) -> dict[int, Look]:
    """Give the last look of every experiment that has one, by the experiment's id."""
    newest = select(func.max(Look.id)).group_by(Look.experiment_id)
    return {look.experiment_id: look for look in session.scalars(select(Look).where(Look.id.in_(newest)))}


def due(session: Session, experiment: Experiment, *, today: int) -> bool:
    """Say whether the next planned look has its calls, and a whole week of them."""
    made = len(looks_of(session, experiment))
    if made >= len(experiment.looks) or not experiment.awaited_calls:
        return False
    enough = (
        reading.matured_calls(session, experiment, today=today) >= experiment.looks[made] * experiment.awaited_calls
    )
    return enough and len(history.daily_calls(session, experiment)) >= LEAST_DAYS


def is_last(session: Session, experiment: Experiment, *, today: int) -> bool:
    """Say whether the next look is the final one: it is the last planned, or all planned calls are in already."""
    made = len(looks_of(session, experiment))
    all_in = reading.matured_calls(session, experiment, today=today) >= (experiment.awaited_calls or math.inf)
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
    result = reading.read(session, experiment, [look.content for look in before], today=today, final=final)
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
