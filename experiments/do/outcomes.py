"""Outcomes: what can be told of a call, as systems report it and as it is kept.

Uniqueness is (source, id) for ever; the same id with another payload is a mistake of the sender's and is refused.
A good row is kept though its neighbour is bad, and though its call is not here yet (see `recording`).
"""

import re
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
    model_validator,
)
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from experiments.store import KEY, OUTSIDE_ID, Base, CanonicalJson, UtcDateTime, where
from experiments.wording import sentence

MAX_BATCH = 10_000
MAX_VALUE = 100_000_000
"""A million yuan in fen, three years in seconds: what is more is a slip, and its square would not add up."""


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
TAKES_BACK = (OutcomeType.CORRECTED, OutcomeType.CANCELLED)
OF_CUSTOMERS = (OutcomeType.CONVERTED, *TAKES_BACK)
"""What a customer's total is made of, whatever call it came through."""

_OF_CUSTOMERS = ", ".join(f"'{t}'" for t in OF_CUSTOMERS)


_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*", re.ASCII)
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _only_text(value: object) -> object:
    # Lax parsing would read 0, "0" and "-5" as seconds since 1970.
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO.fullmatch(value)):
        return value
    raise ValueError(sentence("Give the moment as ISO 8601 with a zone, as 2026-11-21T09:30:00+08:00."))


def _thinkable(value: datetime) -> datetime:
    # Moments at the ends of the calendar overflow as soon as a zone or a window is reckoned. Years first: to compare
    # moments of two zones costs as much as to read one.
    if not _EARLIEST.year < value.year < _LATEST.year - 1 and not _EARLIEST <= value < _LATEST:
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
        # What is random makes a large index slow to write: only what is asked by it.
        Index(None, "customer_hash", "type", **where(f"customer_hash IS NOT NULL AND type IN ({_OF_CUSTOMERS})")),
        Index(None, "call_id", **where("assignment_id IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    source: Mapped[str] = mapped_column(KEY)
    outside_id: Mapped[str] = mapped_column(OUTSIDE_ID)
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
