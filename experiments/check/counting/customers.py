"""Customers in tests by customer: an arm keeps every sale within the window from the first call, counted once.

It is counted on that first call, whatever call or scenario the sale came through.
"""

from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, literal_column, not_, or_
from sqlalchemy.orm import aliased

from experiments.check.counting.expressions import later
from experiments.do.journal import Assignment
from experiments.do.outcomes import OF_CUSTOMERS, Outcome, OutcomeType


class Standing(IntEnum):
    """What a call in a test by customer is to its customer."""

    #: she called before
    REPEATED = 0
    #: her first call in the test
    FIRST = 1
    #: her first, and she bought within the window
    SOLD = 2


def standing_of(call: Any, window: int) -> ColumnElement[int | None]:
    """Say what a call is to its customer; NULL where no customers are dealt.

    Args:
        call: the assignment asked about, as an entity of the statement.
        window: within which a sale counts, in seconds from the call.
    """
    by_customer = and_(call.unit_kind == "customer", call.experiment_id.is_not(None))
    sold = and_(_bought(call, window), not_(_took_back(call, window)))
    first = case((sold, Standing.SOLD.value), else_=Standing.FIRST.value)
    return case((by_customer, case((_is_first(call), first), else_=Standing.REPEATED.value)))


_SALE = OutcomeType.CONVERTED.value


def _is_first(call: Any) -> ColumnElement[bool]:
    other = aliased(Assignment)
    hers = and_(other.customer_hash == call.customer_hash, other.experiment_id == call.experiment_id)
    earlier = and_(other.at <= call.at, or_(other.at < call.at, other.id < call.id))
    return not_(exists().where(hers, earlier))


def _bought(call: Any, window: int) -> ColumnElement[bool]:
    sale = aliased(Outcome)
    return exists().where(_hers(call, sale), sale.type == _SALE, _in_time(call, sale, window))


def _took_back(call: Any, window: int) -> ColumnElement[bool]:
    """Ask for a correction, which counts at any time, or a change of mind within the window."""
    undone = aliased(Outcome)
    counts = or_(undone.type == OutcomeType.CORRECTED.value, _in_time(call, undone, window))
    of_a_sale = and_(undone.type != _SALE, undone.taken_back == _SALE)
    return exists().where(_hers(call, undone), of_a_sale, undone.at >= call.at, counts)


def _hers(call: Any, fact: Any) -> ColumnElement[bool]:
    """Find a customer's facts by their index, which holds these kinds only, and knows them by these very words."""
    kinds: list[ColumnElement[str]] = [literal_column(f"'{kind}'") for kind in OF_CUSTOMERS]
    return and_(fact.customer_hash == call.customer_hash, fact.type.in_(kinds))


def _in_time(call: Any, fact: Any, window: int) -> ColumnElement[bool]:
    return and_(fact.at >= call.at, fact.at <= later(call.at, window))
