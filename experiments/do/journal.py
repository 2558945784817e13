"""Assignments as they are kept: the table, one row as a value, and the statement that puts many there at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, Uuid, select, type_coerce
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments.appending import Appending
from experiments.do import days
from experiments.do.serving import Reason
from experiments.store import KEY, OUTSIDE_ID, Base, CanonicalJson, Store, UtcDateTime, append_within, table_of, where

_REASONS = ", ".join(f"'{reason}'" for reason in Reason)


class Origin(StrEnum):
    """How a call came to us; pages mark everything but live ones."""

    #: asked for by a desktop, just now
    LIVE = "live"
    #: a call log's history: no script of ours was served
    IMPORTED = "imported"
    #: a real past call sent through the same verbs, at its own date
    REPLAYED = "replayed"
    #: the demo call centre
    DEMO = "demo"


class Assignment(Base):
    """One call, one script, and why. The first row of a call in a scenario is its answer for ever.

    With `facts`, the buckets and the revision the choice can be made again; the unit's raw value is not kept.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("call_id", "scenario_id"),
        CheckConstraint(f"reason IN ({_REASONS})", name="reason"),
        CheckConstraint("origin IN ('live', 'imported', 'replayed', 'demo')", name="origin"),
        CheckConstraint("(experiment_id IS NULL) = (arm = '')", name="arm_of_an_experiment"),
        CheckConstraint("slice_bucket BETWEEN 0 AND 9999", name="slice_bucket"),
        CheckConstraint("arm_bucket BETWEEN 0 AND 9999", name="arm_bucket"),
        Index(None, "scenario_id", "day"),
        # What is random makes a large index slow to write: only where it is there, and only what is asked by.
        Index(None, "customer_hash", "at", **where("customer_hash IS NOT NULL")),
        Index(None, "experiment_id", "day", **where("experiment_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    call_id: Mapped[str] = mapped_column(OUTSIDE_ID)
    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenario.id"))
    origin: Mapped[str] = mapped_column(KEY)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: the site-local date, YYYYMMDD
    day: Mapped[int]
    agent_id: Mapped[str] = mapped_column(OUTSIDE_ID)
    #: an agent's id, a date and a half-day
    agent_shift: Mapped[str] = mapped_column(String(280))
    team: Mapped[str] = mapped_column(OUTSIDE_ID)
    region: Mapped[str] = mapped_column(OUTSIDE_ID)
    channel: Mapped[str] = mapped_column(OUTSIDE_ID)
    locale: Mapped[str] = mapped_column(KEY)
    customer_hash: Mapped[str | None] = mapped_column(KEY)
    reason: Mapped[str] = mapped_column(KEY)
    reason_detail: Mapped[str | None] = mapped_column(KEY)
    #: let in to be invited at all; effects are read over these calls
    eligible: Mapped[bool]
    invite: Mapped[bool]
    experiment_id: Mapped[int | None] = mapped_column(ForeignKey("experiment.id"))
    #: '' outside experiments
    arm: Mapped[str] = mapped_column(KEY)
    unit_kind: Mapped[str | None] = mapped_column(KEY)
    #: none where the unit is the call, whose own id is there
    unit_hash: Mapped[str | None] = mapped_column(KEY)
    slice_bucket: Mapped[int | None]
    arm_bucket: Mapped[int | None]
    facts: Mapped[Any] = mapped_column(CanonicalJson)
    script_version_id: Mapped[int] = mapped_column(ForeignKey("script_version.id"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("traffic_revision.id"))
    #: the scenario's own number of that revision, as answers name it
    traffic_revision: Mapped[int]


class Record(NamedTuple):
    """One assignment as a value, in the order of the table's columns; `facts` is canonical JSON."""

    id: UUID
    call_id: str
    scenario_id: int
    origin: str
    at: datetime
    day: int
    agent_id: str
    agent_shift: str
    team: str
    region: str
    channel: str
    locale: str
    customer_hash: str | None
    reason: str
    reason_detail: str | None
    eligible: bool
    invite: bool
    experiment_id: int | None
    arm: str
    unit_kind: str | None
    unit_hash: str | None
    slice_bucket: int | None
    arm_bucket: int | None
    facts: str
    script_version_id: int
    revision_id: int
    traffic_revision: int

    @property
    def key(self) -> tuple[str, int]:
        """Give what a call is answered by: itself and its scenario."""
        return self.call_id, self.scenario_id


APPENDING = Appending(table_of(Assignment), ("call_id", "scenario_id"), noted_in=table_of(days.DirtyDay))
"""The first row of a call in a scenario stays; the day of each new row is marked as dirty."""


def put(store: Store, records: Sequence[Record]) -> list[Record]:
    """Put records there, durably, and give those that now stand for their calls, in the order asked.

    A record whose call was assigned in the scenario before changes nothing: the earlier one comes back.

    Raises:
        OperationalError, InterfaceError, OSError: the database is away.
    """
    live = all(record.origin == Origin.LIVE for record in records)
    new = store.append(APPENDING, records) if live else _put_past(store, records)
    if len(new) == len(records):
        return list(records)
    standing = {r.key: r for r in records if r.id in new} | standing_of(store, {r.call_id for r in records})
    return [standing[record.key] for record in records]


def put_within(session: Session, records: Sequence[Record]) -> list[Record]:
    """Put live records there within a writing session, and give those that now stand, as `put` does."""
    new = append_within(session, APPENDING, records) if records else set()
    standing = {r.key: r for r in records if r.id in new}
    standing |= standing_within(session, {r.call_id for r in records if r.id not in new})
    return [standing[record.key] for record in records]


def days_of_customers(session: Session, hashes: Iterable[str]) -> set[tuple[int, int]]:
    """Give the (scenario id, day) pairs of experiments by customer that these customers are in.

    A late fact about a customer counts from her first assignment, which may lie on another day than its own call's.
    """
    wanted = sorted(set(hashes))
    found: set[tuple[int, int]] = set()
    for start in range(0, len(wanted), 500):
        rows = session.execute(
            select(Assignment.scenario_id, Assignment.day).where(
                Assignment.customer_hash.in_(wanted[start : start + 500]), Assignment.unit_kind == "customer"
            )
        )
        found.update(rows)
    return found


def _put_past(store: Store, records: Sequence[Record]) -> set[UUID]:
    """Put past calls there, and mark the days that they come before.

    An earlier call of a customer's takes her sales from a later one; a live call is its customer's newest, and changes
    no day but its own.
    """
    with store.write() as session:
        new = append_within(session, APPENDING, records)
        hers = {r.customer_hash for r in records if r.unit_kind == "customer" and r.id in new}
        days.mark(session, days_of_customers(session, (customer for customer in hers if customer is not None)))
    return new


def standing_of(store: Store, call_ids: Iterable[str]) -> dict[tuple[str, int], Record]:
    """Give the records of calls, by call and scenario."""
    with store.read() as session:
        return standing_within(session, call_ids)


def standing_within(session: Session, call_ids: Iterable[str]) -> dict[tuple[str, int], Record]:
    """Give the records of calls within a session, by call and scenario."""
    columns = [c if c.name != "facts" else type_coerce(c, String) for c in table_of(Assignment).columns]
    calls = sorted(call_ids)
    found: dict[tuple[str, int], Record] = {}
    for start in range(0, len(calls), 500):
        rows = session.execute(select(*columns).where(Assignment.call_id.in_(calls[start : start + 500])))
        found |= {record.key: record for record in (Record(*row) for row in rows)}
    return found
