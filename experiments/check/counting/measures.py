"""What counts as what: each measure of a call as a whole number, from what was told of it."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, FromClause, and_, case, func, literal, or_

from experiments.check.counting.customers import Standing
from experiments.check.counting.expressions import has_any, one
from experiments.check.counting.told import Kind
from experiments.do.outcomes import MAX_VALUE

Measured: TypeAlias = Mapping[str, ColumnElement[int]]


def measures_of_kinds(kinds: ColumnElement[int]) -> Measured:
    """Give what the kinds of fact that were told of a call decide by themselves; `unsold` is no measure of its own."""

    def has(*members: Kind) -> ColumnElement[int]:
        return has_any(kinds, *map(one, members))

    corrected, gone = has(Kind.ACCEPTED_CORRECTED), has(Kind.ACCEPTED_CORRECTED, Kind.ACCEPTED_CANCELLED)
    unsold = has(Kind.CONVERTED_CORRECTED, Kind.CONVERTED_CANCELLED)
    early = has(Kind.DECLINED_EARLY, Kind.HUNG_UP_EARLY)
    on_screen = has(Kind.EXPOSED, Kind.DISPLAYED)
    return {
        "exposed": has(Kind.EXPOSED),
        "resolved": has(Kind.RESOLVED),
        "invited": has(Kind.INVITED),
        "accepted": has(Kind.ACCEPTED) * (1 - corrected),
        "joined": has(Kind.ACCEPTED) * (1 - gone),
        "declined": has(Kind.DECLINED, Kind.DECLINED_EARLY),
        "handed_over": has(Kind.HANDED_OVER),
        "converted": has(Kind.CONVERTED) * (1 - unsold),
        "unsold": unsold,
        "cancelled": has(Kind.ACCEPTED_CANCELLED, Kind.CONVERTED_CANCELLED, Kind.CANCELLED_LATE),
        "complaint": has(Kind.COMPLAINT),
        "connected": has(Kind.CONNECTED),
        "past_30s": has(Kind.CONNECTED) * (1 - early),
        "early_refusal": early,
        "appointed": has(Kind.APPOINTED),
        "fulfilled": has(Kind.FULFILLED),
        "spoken": has(Kind.SPOKEN),
        "on_screen": on_screen,
        "accepted_reports": has(Kind.ACCEPTED),
        "accepted_unborne": has(Kind.ACCEPTED) * gone * (1 - has(Kind.CONVERTED)),
        "appointed_unborne": has(Kind.APPOINTED) * (1 - has(Kind.FULFILLED)),
        "spoken_unborne": has(Kind.SPOKEN) * (1 - on_screen),
    }


def measures_of_call(told: FromClause, decided: Measured, *, inbound: bool) -> Measured:
    """Give every measure of a row of `told`.

    Args:
        told: what was told of calls.
        decided: what the row's kinds decide by themselves.
        inbound: whether the customer called: then an invitation before the request is resolved is a deviation.
    """
    sold = case((told.c.standing.is_(None), decided["converted"]), (told.c.standing == Standing.SOLD.value, 1), else_=0)
    return {
        **decided,
        "calls": literal(1),
        "converted": sold,
        "deviation": _too_early(told) if inbound else literal(0),
        **_number("handled_seconds", told.c.handled_seconds),
        **_number("satisfaction", told.c.satisfaction),
        **_number("value", case((decided["unsold"] == 0, _held(told.c.value)))),
        "told": case((told.c.facts > 0, 1), else_=0),
        "firsts": case((told.c.standing >= Standing.FIRST.value, 1), else_=0),
    }


def _number(name: str, number: ColumnElement[Any]) -> Measured:
    known = case((number.is_not(None), 1), else_=0)
    return {f"{name}_n": known, name: func.coalesce(number, 0), f"{name}_squares": func.coalesce(number * number, 0)}


def _held(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Hold the many sales of one call to the bound of one, above which a day's squares would not add up."""
    return case((value > MAX_VALUE, MAX_VALUE), (value < -MAX_VALUE, -MAX_VALUE), else_=value)


def _too_early(told: FromClause) -> ColumnElement[int]:
    unresolved = or_(told.c.resolved_at.is_(None), told.c.invited_at < told.c.resolved_at)
    return case((and_(told.c.invited_at.is_not(None), unresolved), 1), else_=0)
