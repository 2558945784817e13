"""Outcomes: facts about calls, in any order and however late. Delivering one twice changes nothing.

Uniqueness is (source, id) for ever; the same id with another payload is a mistake of the sender's and is refused.
A good row is kept though its neighbour is bad, and though its call is not here yet.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    StrictBool,
    StrictInt,
    ValidationError,
    model_validator,
)
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments.do import attribution, days
from experiments.do.attribution import Owner, Reference
from experiments.do.journal import Assignment, days_of_customers
from experiments.do.pseudonyms import Pseudonyms
from experiments.errors import problems_in
from experiments.plan.scenarios import Scenario
from experiments.store import (
    KEY,
    OUTSIDE_ID,
    Base,
    CanonicalJson,
    Store,
    UtcDateTime,
    canonical,
    insert_new,
    new_id,
    table_of,
)
from experiments.wording import Message, sentence

MAX_BATCH = 10_000
MAX_VALUE = 100_000_000
"""A million yuan in fen, three years in seconds: what is more is a slip, and its square would not add up."""

_CHUNK = 500


class OutcomeType(StrEnum):
    """What can be said about a call."""

    #: the desktop got the script
    SERVED = "served"
    #: it stood on the agent's screen
    DISPLAYED = "displayed"
    #: the call reached the varied element
    EXPOSED = "exposed"
    #: the caller's request is resolved
    RESOLVED = "resolved"
    #: the invitation was made
    INVITED = "invited"
    #: the caller said yes
    ACCEPTED = "accepted"
    #: the caller said no; value: seconds since the invitation
    DECLINED = "declined"
    #: passed on to a specialist
    HANDED_OVER = "handed_over"
    #: bought, renewed, subscribed; value: money in the smallest unit
    CONVERTED = "converted"
    #: the centre's mistake taken back
    CORRECTED = "corrected"
    #: the customer's change of mind
    CANCELLED = "cancelled"
    COMPLAINT = "complaint"
    #: the call is over; value: handling time in seconds
    HANDLED = "handled"
    #: the caller's rating; value: points
    SATISFACTION = "satisfaction"
    #: an outbound call was answered
    CONNECTED = "connected"
    #: the called person hung up; value: seconds since the answer
    HUNG_UP = "hung_up"
    #: an appointment was made
    APPOINTED = "appointed"
    #: the appointment was kept
    FULFILLED = "fulfilled"
    #: the agent, or a listener, says the words were said as written
    SPOKEN = "spoken"


_TYPES = ", ".join(f"'{t}'" for t in OutcomeType)
_TAKES_BACK = (OutcomeType.CORRECTED, OutcomeType.CANCELLED)


_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*", re.ASCII)
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _only_text(value: object) -> object:
    # Lax parsing would read 0, "0" and "-5" as seconds since 1970.
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO.fullmatch(value)):
        return value
    raise ValueError(sentence("Give the moment as ISO 8601 with a zone, as 2026-11-21T09:30:00+08:00."))


def _thinkable(value: datetime) -> datetime:
    # Moments at the ends of the calendar overflow as soon as a zone or a window is reckoned.
    if not _EARLIEST <= value < _LATEST:
        raise ValueError(sentence("Give a moment between 1970 and 2200."))
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_only_text), AfterValidator(_thinkable)]
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]+$"
OutsideId = Annotated[str, Field(min_length=1, max_length=255, pattern=PRINTABLE)]
Key = Annotated[str, Field(min_length=1, max_length=64, pattern=PRINTABLE)]
Scalar = StrictBool | Annotated[StrictInt, Field(ge=-(2**53), le=2**53)] | FiniteFloat | OutsideId | None


class Detail(BaseModel):
    """What a fact adds: of which fact a correction or cancellation is one. Other entries are plain values."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Scalar]

    of: Literal["accepted", "converted"] = "converted"


class OutcomeReport(BaseModel):
    """One fact about a call or a customer, as a system reports it.

    `value` is a whole number in the fact's smallest unit: seconds, fen, points.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: OutsideId
    call_id: OutsideId | None = None
    customer_id: OutsideId | None = None
    scenario: Key | None = None
    type: OutcomeType
    at: Moment
    value: int | None = Field(default=None, ge=-MAX_VALUE, le=MAX_VALUE, strict=True)
    target_channel: Key | None = None
    detail: Detail | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if (self.call_id is None) == (self.customer_id is None):
            raise ValueError(sentence("Give either call_id or customer_id."))
        return self


class Outcome(Base):
    """A fact as it was told. `assignment_id` is None until the call it belongs to is here."""

    __tablename__ = "outcome"
    __table_args__ = (
        UniqueConstraint("source", "outside_id"),
        CheckConstraint(f"type IN ({_TYPES})", name="type"),
        CheckConstraint("call_id IS NOT NULL OR customer_hash IS NOT NULL", name="names_somebody"),
        CheckConstraint("taken_back IS NULL OR taken_back IN ('accepted', 'converted')", name="taken_back"),
        Index(None, "assignment_id"),
        Index(None, "customer_hash", "type"),
        Index(None, "call_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    source: Mapped[str] = mapped_column(KEY)
    outside_id: Mapped[str] = mapped_column(OUTSIDE_ID)
    payload_hash: Mapped[str] = mapped_column(KEY)
    call_id: Mapped[str | None] = mapped_column(OUTSIDE_ID)
    customer_hash: Mapped[str | None] = mapped_column(KEY)
    scenario_id: Mapped[int | None] = mapped_column(ForeignKey("scenario.id"))
    type: Mapped[str] = mapped_column(KEY)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    value: Mapped[int | None] = mapped_column(BigInteger)
    target_channel: Mapped[str | None] = mapped_column(KEY)
    #: what a correction or cancellation takes back
    taken_back: Mapped[str | None] = mapped_column(KEY)
    detail: Mapped[Any] = mapped_column(CanonicalJson)
    assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignment.id"))


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was not kept, and why."""

    index: int
    id: str | None
    code: str
    message: Message


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch."""

    accepted: int
    duplicates: int
    rejected: tuple[Rejection, ...]


def record(session: Session, source: str, rows: Sequence[Any], *, pseudonyms: Pseudonyms, now: datetime) -> Receipt:
    """Keep a batch of facts.

    Args:
        session: a writing session.
        source: who tells; ids are unique within it.
        rows: as `OutcomeReport` reads them, each judged by itself.
        pseudonyms: to hash customers.
        now: when they arrived, UTC.
    """
    scenarios: dict[str, int] = dict(session.execute(select(Scenario.key, Scenario.id)).all())
    read = [_read(index, raw, scenarios, source, pseudonyms, now) for index, raw in enumerate(rows)]
    good = [(index, row) for index, row in enumerate(read) if not isinstance(row, Rejection)]
    fresh: dict[str, dict[str, Any]] = {}
    for _, row in good:
        fresh.setdefault(row["outside_id"], row)
    new = _insert(session, source, list(fresh.values()))
    kept = {outside_id: fresh[outside_id]["payload_hash"] for outside_id in new}
    kept |= _known_hashes(session, source, [i for i in fresh if i not in new])
    reused = [_reused(i, row["outside_id"]) for i, row in good if kept[row["outside_id"]] != row["payload_hash"]]
    rejected = [row for row in read if isinstance(row, Rejection)] + reused
    duplicates = len(good) - len(reused) - len(new)
    return Receipt(len(new), duplicates, tuple(sorted(rejected, key=lambda r: r.index)))


def deliver(store: Store, source: str, rows: Sequence[Any], *, pseudonyms: Pseudonyms, now: datetime) -> Receipt:
    """Keep a batch as `record` does, a few hundred facts in a transaction, so that other writers wait for none long.

    Whoever sees this fail delivers the whole batch again: what was kept already is a duplicate then.
    """
    total = Receipt(0, 0, ())
    for start in range(0, len(rows), _CHUNK):
        with store.write() as session:
            part = record(session, source, rows[start : start + _CHUNK], pseudonyms=pseudonyms, now=now)
        rejected = (replace(r, index=r.index + start) for r in part.rejected)
        total = Receipt(
            total.accepted + part.accepted, total.duplicates + part.duplicates, (*total.rejected, *rejected)
        )
    return total


def attach_waiting(session: Session, scenario_id: int, day: int) -> int:
    """Give facts that came before their call to the assignments of one scenario and day; say how many."""
    here = (Assignment.scenario_id == scenario_id, Assignment.day == day)
    waiting = select(Outcome).where(Outcome.assignment_id.is_(None))
    by_call = waiting.join(Assignment, Assignment.call_id == Outcome.call_id).where(*here)
    by_customer = waiting.join(Assignment, Assignment.customer_hash == Outcome.customer_hash).where(
        *here, Outcome.call_id.is_(None)
    )
    found = {o.id: o for query in (by_call, by_customer) for o in session.scalars(query)}
    return _attach(session, list(found.values()))


def _read(
    index: int, raw: Any, scenarios: Mapping[str, int], source: str, pseudonyms: Pseudonyms, now: datetime
) -> dict[str, Any] | Rejection:
    try:
        report = OutcomeReport.model_validate(raw)
    except ValidationError as error:
        return _unreadable(index, raw, error)
    if report.scenario is not None and report.scenario not in scenarios:
        message = Message("There is no scenario %(scenario)s.", {"scenario": report.scenario})
        return Rejection(index, report.id, "unknown_scenario", message)
    payload = report.model_dump(mode="json", exclude={"id"}, exclude_none=True)
    payload["at"] = report.at.astimezone(UTC).isoformat()  # one moment is one payload, whichever zone it is told in
    of = (report.detail or Detail()).of if report.type in _TAKES_BACK else None
    customer = pseudonyms.of("customer", report.customer_id) if report.customer_id is not None else None
    return {
        "id": new_id(now),
        "source": source,
        "outside_id": report.id,
        "payload_hash": hashlib.sha256(canonical(payload).encode("utf-8", "surrogatepass")).hexdigest(),
        "call_id": report.call_id,
        "customer_hash": customer,
        "scenario_id": scenarios[report.scenario] if report.scenario else None,
        "type": report.type.value,
        "at": report.at,
        "received_at": now,
        "value": report.value,
        "target_channel": report.target_channel,
        "taken_back": of,
        "detail": report.detail.model_dump(mode="json") if report.detail else {},
        "assignment_id": None,
    }


def _unreadable(index: int, raw: Any, error: ValidationError) -> Rejection:
    first = problems_in(error)[0]
    given = raw.get("id") if isinstance(raw, Mapping) else None
    message = Message("%(field)s: %(why)s", {"field": first.field, "why": first.message})
    return Rejection(index, given if isinstance(given, str) else None, "invalid", message)


def _reused(index: int, outside_id: str) -> Rejection:
    message = Message("The id was used before, with another payload. A new fact needs a new id.")
    return Rejection(index, outside_id, "id_reused", message)


def _insert(session: Session, source: str, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Insert what is new with its owner, and mark the days it touches; give the ids that were new."""
    new: set[str] = set()
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        _give_owners(session, chunk)
        session.execute(insert_new(session, Outcome, ("source", "outside_id")), chunk)
        ours = {row["id"]: row["outside_id"] for row in chunk}
        there = session.scalars(
            select(Outcome.id).where(Outcome.source == source, Outcome.outside_id.in_(ours.values()))
        )
        new.update(ours[key] for key in there if key in ours)
    _mark(session, [r["assignment_id"] for r in rows if r["outside_id"] in new and r["assignment_id"]])
    return new


def _give_owners(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    found = attribution.owners(
        session, [Reference(r["call_id"], r["customer_hash"], r["scenario_id"], r["at"]) for r in rows]
    )
    for row, owner in zip(rows, found, strict=True):
        if owner is not None:
            row["assignment_id"] = owner.assignment_id
            row["customer_hash"] = row["customer_hash"] or owner.customer_hash


def _known_hashes(session: Session, source: str, ids: Sequence[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(Outcome.outside_id, Outcome.payload_hash).where(
            Outcome.source == source, Outcome.outside_id.in_(ids[start : start + _CHUNK])
        )
        known.update(session.execute(query).all())
    return known


def _attach(session: Session, outcomes: Sequence[Outcome]) -> int:
    references = [Reference(o.call_id, o.customer_hash, o.scenario_id, o.at) for o in outcomes]
    found = attribution.owners(session, references)
    given: list[tuple[Outcome, Owner]] = [(o, w) for o, w in zip(outcomes, found, strict=True) if w is not None]
    if given:
        statement = update(table_of(Outcome)).where(Outcome.id == bindparam("key"))
        session.execute(
            statement.values(assignment_id=bindparam("owner"), customer_hash=bindparam("customer")),
            [{"key": o.id, "owner": w.assignment_id, "customer": o.customer_hash or w.customer_hash} for o, w in given],
        )
        _mark(session, [w.assignment_id for _, w in given])
    return len(given)


def _mark(session: Session, assignment_ids: Sequence[UUID]) -> None:
    touched: set[tuple[int, int]] = set()
    customers: set[str] = set()
    for start in range(0, len(assignment_ids), _CHUNK):
        rows = session.execute(
            select(Assignment.scenario_id, Assignment.day, Assignment.customer_hash).where(
                Assignment.id.in_(assignment_ids[start : start + _CHUNK])
            )
        )
        for scenario_id, day, customer in rows:
            touched.add((scenario_id, day))
            customers.update([customer] if customer else [])
    days.mark(session, touched | days_of_customers(session, customers))
