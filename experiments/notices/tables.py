"""What the outbox keeps: notices, and their deliveries, one for each target."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from experiments.notices.events import Event
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime, where


class State(StrEnum):
    """How far a delivery is."""

    #: it has to be sent, for the first time or again
    WAITING = "waiting"
    #: the target took it
    DELIVERED = "delivered"
    #: the target did not take it, and nobody tries any more
    GIVEN_UP = "given_up"


_EVENTS = ", ".join(f"'{event}'" for event in Event)
_STATES = ", ".join(f"'{state}'" for state in State)


class Notice(Base):
    """One thing that happened. `words` is a `Message`, so that each target is told in its language."""

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint(f"event IN ({_EVENTS})", name="event"),
        Index(None, "spread_at", **where("spread_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: what receivers know it by, here and after any restoring of a database
    message_id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    event: Mapped[str] = mapped_column(KEY)
    #: what it is about, as the audit names it: `experiment:key`
    subject: Mapped[str] = mapped_column(String(160))
    words: Mapped[Any] = mapped_column(CanonicalJson)
    roles: Mapped[Any] = mapped_column(CanonicalJson)
    facts: Mapped[Any] = mapped_column(CanonicalJson)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: when its deliveries were written
    spread_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Delivery(Base):
    """One notice on its way to one target."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("notice_id", "target"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("tries >= 0", name="tries"),
        Index(None, "state", "target", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    target: Mapped[str] = mapped_column(KEY)
    state: Mapped[str] = mapped_column(KEY)
    tries: Mapped[int]
    #: when it is tried next; while somebody tries it, when their lease ends
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: what went wrong the last time, in a word or two
    fault: Mapped[str | None] = mapped_column(KEY)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
