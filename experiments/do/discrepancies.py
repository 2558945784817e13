"""Where what was told of a call's script and what we derive are two things: both are kept, and nothing is corrected."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments.appending import Appending
from experiments.store import KEY, OUTSIDE_ID, Base, CanonicalJson, UtcDateTime, append_within, table_of, where


class Kind(StrEnum):
    """In what they differ."""

    #: a desktop served by a revision that the scenario never had
    UNKNOWN_REVISION = "unknown_revision"
    #: a desktop served by a revision before it was in force, or longer after that than a desktop is offline
    NOT_IN_FORCE = "not_in_force"
    #: a desktop served by an experiment that the revision does not have
    UNKNOWN_EXPERIMENT = "unknown_experiment"
    #: a desktop served another arm than the revision gives the call
    ANOTHER_ARM = "another_arm"
    #: the call has another assignment already
    ASSIGNED_OTHERWISE = "assigned_otherwise"
    #: an answer given while the database was away lost against an earlier one
    TOLD_TWICE = "told_twice"


_KINDS = ", ".join(f"'{kind}'" for kind in Kind)


class Discrepancy(Base):
    """One disagreement. It is kept once, however often the fact that it came with is delivered."""

    __tablename__ = "discrepancy"
    __table_args__ = (
        UniqueConstraint("kind", "source", "outside_id"),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        Index(None, "experiment_id", **where("experiment_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(KEY)
    source: Mapped[str] = mapped_column(KEY)
    #: the fact's id within its source
    outside_id: Mapped[str] = mapped_column(OUTSIDE_ID)
    call_id: Mapped[str] = mapped_column(OUTSIDE_ID)
    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenario.id"))
    experiment_id: Mapped[int | None] = mapped_column(ForeignKey("experiment.id"))
    #: the site-local date of the call, YYYYMMDD
    day: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told: Mapped[Any] = mapped_column(CanonicalJson)
    ours: Mapped[Any] = mapped_column(CanonicalJson)


class Found(NamedTuple):
    """One disagreement as a value, in the order of the table's columns; `told` and `ours` are canonical JSON."""

    id: UUID
    kind: str
    source: str
    outside_id: str
    call_id: str
    scenario_id: int
    experiment_id: int | None
    day: int
    at: datetime
    received_at: datetime
    told: str
    ours: str


_APPENDING = Appending(table_of(Discrepancy), ("kind", "source", "outside_id"))


def keep(session: Session, found: Sequence[Found]) -> None:
    """Keep disagreements within a writing session; those that are there already stay."""
    if found:
        append_within(session, _APPENDING, found)
