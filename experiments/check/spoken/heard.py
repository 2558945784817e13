"""What was heard in calls that were listened to: appended, one row a call and listener, never edited."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, Uuid, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments.plan.designs import Arm, Experiment
from experiments.store import KEY, OUTSIDE_ID, Base, UtcDateTime


class HeardCall(Base):
    """One person heard one call. The second to hear it tells us how well either hears."""

    __tablename__ = "heard"
    __table_args__ = (
        UniqueConstraint("assignment_id", "turn"),
        UniqueConstraint("assignment_id", "listener_id"),
        CheckConstraint("turn IN (1, 2)", name="turn"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"), index=True)
    assignment_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("assignment.id"))
    # what a look asks of the call, which asks no facts
    call_id: Mapped[str] = mapped_column(OUTSIDE_ID)
    arm: Mapped[str] = mapped_column(KEY)
    agent_id: Mapped[str] = mapped_column(OUTSIDE_ID)
    day: Mapped[int]
    #: 1 for whoever heard the call first, 2 for the second
    turn: Mapped[int]
    #: the arm whose words were heard, whatever was served; None: the words of none
    heard: Mapped[str | None] = mapped_column(KEY)
    listener_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Listened:
    """A call that was heard: what was heard by the first listener, and by the second where there was one.

    `day` is that of the assignment (YYYYMMDD); `draw` is the call's place in the lottery, the lowest first.
    """

    arm: str
    agent_id: str
    day: int
    draw: int
    heard: str | None
    twice: bool
    again: str | None


def draw_of(experiment: Experiment, call_id: str) -> int:
    """Give a call's place in the lottery: known from the plan's salt and the call's id, and from nothing else."""
    text = f"listening|{experiment.salt}|{call_id}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def own_words(arm: Arm) -> str | None:
    """Give what is heard in a call that follows the arm: its key, or where nothing is said there, the words of none."""
    return None if arm.value is None else arm.key


def listened_calls(session: Session, experiment: Experiment) -> list[Listened]:
    """Give every call of a test that was heard, in the order of the lottery."""
    rows = session.scalars(select(HeardCall).where(HeardCall.experiment_id == experiment.id)).all()
    again = {row.call_id: row.heard for row in rows if row.turn == 2}
    calls = [
        Listened(
            row.arm,
            row.agent_id,
            row.day,
            draw_of(experiment, row.call_id),
            row.heard,
            row.call_id in again,
            again.get(row.call_id),
        )
        for row in rows
        if row.turn == 1
    ]
    return sorted(calls, key=lambda call: call.draw)
