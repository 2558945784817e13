"""Whose outcome it is: the assignment a fact belongs to, by call or by customer.

Without a scenario the latest assignment at or before the fact's moment is meant. That is last touch, which is what
reports and pay go by; an experiment by customer counts from the customer's first assignment instead (see `rollup`).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from experiments.do.journal import Assignment

CLOCK_SKEW = timedelta(minutes=15)
"""A desktop's clock may be so far behind ours, or count in whole seconds: a call's fact that seems to come before its
first assignment by no more than this belongs to it."""


class Reference(Protocol):
    """What a fact says about whose it is."""

    @property
    def call_id(self) -> str | None:
        """Give the call it names."""

    @property
    def customer_hash(self) -> str | None:
        """Give the customer it names, or whose call it was."""

    @property
    def scenario_id(self) -> int | None:
        """Give the scenario it names."""

    @property
    def at(self) -> datetime:
        """Give its moment."""


class Owner(NamedTuple):
    """The assignment a fact belongs to."""

    assignment_id: UUID
    scenario_id: int
    day: int
    customer_hash: str | None


def owners(session: Session, references: Sequence[Reference]) -> list[Owner | None]:
    """Find each reference's assignment, in order; None while there is none."""
    by_call = _timelines(session, Assignment.call_id, {r.call_id for r in references})
    by_customer = _timelines(
        session, Assignment.customer_hash, {r.customer_hash for r in references if r.call_id is None}
    )
    nothing: Timeline = []
    return [
        _latest(by_customer.get(r.customer_hash, nothing), r)
        if r.call_id is None
        else _of_call(by_call.get(r.call_id, nothing), r)
        for r in references
    ]


Timeline = list[tuple[datetime, Owner]]
"""Assignments of a call or of a customer, the earliest first."""


def _timelines(
    session: Session, column: InstrumentedAttribute[Any], values: set[str | None]
) -> dict[str | None, Timeline]:
    wanted = sorted(value for value in values if value is not None)
    asked = select(
        column, Assignment.at, Assignment.id, Assignment.scenario_id, Assignment.day, Assignment.customer_hash
    ).order_by(Assignment.at, Assignment.id)
    timelines: dict[str | None, Timeline] = defaultdict(list)
    for start in range(0, len(wanted), 500):
        for value, at, *owner in session.execute(asked.where(column.in_(wanted[start : start + 500]))):
            timelines[value].append((at, Owner(*owner)))
    return timelines


def _of_call(timeline: Timeline, reference: Reference) -> Owner | None:
    if reference.scenario_id is not None:
        # Call and scenario name one assignment; a desktop's clock need not agree with ours.
        return next((owner for _, owner in timeline if owner.scenario_id == reference.scenario_id), None)
    owner = _latest(timeline, reference)
    if owner is None and timeline and timeline[0][0] - reference.at <= CLOCK_SKEW:
        return timeline[0][1]
    return owner


def _latest(timeline: Timeline, reference: Reference) -> Owner | None:
    """Give the last assignment at or before a moment, in the scenario if one is named."""
    for at, owner in reversed(timeline):
        if at <= reference.at and reference.scenario_id in (None, owner.scenario_id):
            return owner
    return None
