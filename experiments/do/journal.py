"""The journal: the durable writer of assignments. `append` returns when they are safe, and owns its transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, Uuid, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments.do import days
from experiments.do.serving import Reason
from experiments.store import KEY, OUTSIDE_ID, Base, CanonicalJson, Store, UtcDateTime, insert_new, parameters_fit

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
        Index(None, "customer_hash", "at"),
        Index(None, "experiment_id", "unit_hash"),
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
    unit_hash: Mapped[str | None] = mapped_column(KEY)
    slice_bucket: Mapped[int | None]
    arm_bucket: Mapped[int | None]
    facts: Mapped[Any] = mapped_column(CanonicalJson)
    script_version_id: Mapped[int] = mapped_column(ForeignKey("script_version.id"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("traffic_revision.id"))
    #: the scenario's own number of that revision, as answers name it
    traffic_revision: Mapped[int]


class Journal:
    """Writes assignments durably."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, records: Sequence[Mapping[str, Any]]) -> list[Assignment]:
        """Make records durable and give the rows that now stand for their calls, in the order asked.

        A record whose call was assigned in the scenario before changes nothing: the earlier row comes back.
        """
        ours = {record["id"] for record in records}
        with self._store.write() as session:
            for chunk in _chunks(records):
                session.execute(insert_new(session, Assignment, ("call_id", "scenario_id")), chunk)
            rows = _rows_of(session, records)
            new = [row for row in rows if row.id in ours]
            days.mark(session, {(row.scenario_id, row.day) for row in new} | _days_before_which(session, new))
        return rows


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


def _days_before_which(session: Session, rows: Sequence[Assignment]) -> set[tuple[int, int]]:
    """Give the days that past calls come before: an earlier call of a customer's takes her sales from a later one.

    A live call is its customer's newest, and changes no day but its own.
    """
    past = {row.customer_hash for row in rows if row.unit_kind == "customer" and row.origin != Origin.LIVE}
    return days_of_customers(session, (customer for customer in past if customer is not None))


def _rows_of(session: Session, records: Sequence[Mapping[str, Any]]) -> list[Assignment]:
    rows: dict[tuple[str, int], Assignment] = {}
    for start in range(0, len(records), 500):
        calls = [r["call_id"] for r in records[start : start + 500]]
        found = session.scalars(select(Assignment).where(Assignment.call_id.in_(calls)))
        rows.update({(row.call_id, row.scenario_id): row for row in found})
    return [rows[r["call_id"], r["scenario_id"]] for r in records]


def _chunks(records: Sequence[Mapping[str, Any]]) -> list[Sequence[Mapping[str, Any]]]:
    # A write transaction on SQLite stays short: a few hundred rows at a time.
    size = min(500, parameters_fit(len(Assignment.__table__.columns)))
    return [records[i : i + size] for i in range(0, len(records), size)]
