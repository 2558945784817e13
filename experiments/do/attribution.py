"""Whose outcome it is: the assignment a fact belongs to, by call or by customer.

Without a scenario the latest assignment at or before the fact's moment is meant. That is last touch, which is what
reports and pay go by; an experiment by customer counts from the customer's first assignment instead (see `rollup`).
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from experiments.do.journal import Assignment

CLOCK_SKEW = timedelta(minutes=15)
"""A desktop's clock may be so far behind ours, or count in whole seconds: a call's fact that seems to come before its
first assignment by no more than this belongs to it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a fact says about whose it is."""

    call_id: str | None
    customer_hash: str | None
    scenario_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Owner:
    """The assignment a fact belongs to."""

    assignment_id: UUID
    scenario_id: int
    day: int
    customer_hash: str | None


def owners(session: Session, references: Sequence[Reference]) -> list[Owner | None]:
    """Find each reference's assignment, in order; None while there is none."""
    by_call = _timelines(session, Assignment.call_id, {r.call_id for r in references if r.call_id is not None})
    by_customer = _timelines(
        session,
        Assignment.customer_hash,
        {r.customer_hash for r in references if r.call_id is None and r.customer_hash},
    )
    return [
        _latest(by_call[r.call_id] if r.call_id is not None else by_customer[r.customer_hash], r) for r in references
    ]


def _timelines(session: Session, column: InstrumentedAttribute[Any], values: set[Any]) -> dict[Any, list[Row[Any]]]:
    wanted = sorted(values)
    timelines: dict[Any, list[Row[Any]]] = defaultdict(list)
    for start in range(0, len(wanted), 500):
        rows = session.execute(
            select(
                column.label("owner"),
                Assignment.at,
                Assignment.scenario_id,
                Assignment.id,
                Assignment.day,
                Assignment.customer_hash,
            )
            .where(column.in_(wanted[start : start + 500]))
            .order_by(Assignment.at, Assignment.id)
        )
        for row in rows:
            timelines[row.owner].append(row)
    return timelines


def _latest(timeline: Sequence[Row[Any]], reference: Reference) -> Owner | None:
    candidates = [r for r in timeline if reference.scenario_id in (None, r.scenario_id)]
    if reference.call_id is not None and reference.scenario_id is not None:
        # Call and scenario name one assignment; a desktop's clock need not agree with ours.
        index = len(candidates)
    else:
        index = bisect_right(candidates, reference.at, key=lambda r: r.at)
    if index == 0 and candidates and reference.call_id is not None:
        index = int(candidates[0].at - reference.at <= CLOCK_SKEW)
    if index == 0:
        return None
    row = candidates[index - 1]
    return Owner(row.id, row.scenario_id, row.day, row.customer_hash)
