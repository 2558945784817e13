"""What was told of each call of a day: one pass over its facts, from which everything else is summed.

Every fact is of one kind. The kinds that were told of a call are gathered, and numbers and moments are picked from the
facts that carry them; what of it counts as what is said in `measures`.
"""

from enum import IntEnum, auto
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, func, null, select, true
from sqlalchemy.orm import aliased

from experiments.check.counting.customers import standing_of
from experiments.check.counting.expressions import DAY, SCENARIO, gathered, later, one, row_of
from experiments.check.counting.tables import RollupSource
from experiments.check.counting.windows import Windows
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome, OutcomeType

EARLY_SECONDS = 30
"""A refusal within so many seconds says the script failed, not the offer."""


class Kind(IntEnum):
    """The kinds of fact that measures tell apart; whatever is of no kind still says that something was told."""

    EXPOSED = 0
    DISPLAYED = auto()
    RESOLVED = auto()
    INVITED = auto()
    ACCEPTED = auto()
    DECLINED = auto()
    #: within `EARLY_SECONDS`
    DECLINED_EARLY = auto()
    HUNG_UP_EARLY = auto()
    HANDED_OVER = auto()
    COMPLAINT = auto()
    CONNECTED = auto()
    APPOINTED = auto()
    FULFILLED = auto()
    SPOKEN = auto()
    #: within the window
    CONVERTED = auto()
    #: the centre's mistake, at any time
    ACCEPTED_CORRECTED = auto()
    CONVERTED_CORRECTED = auto()
    #: a change of mind within the window
    ACCEPTED_CANCELLED = auto()
    CONVERTED_CANCELLED = auto()
    #: a change of mind that comes too late to count
    CANCELLED_LATE = auto()


_OFTEN = ("EXPOSED", "RESOLVED", "INVITED", "ACCEPTED")
_SELDOM = ("DISPLAYED", "HANDED_OVER", "COMPLAINT", "CONNECTED", "APPOINTED", "FULFILLED", "SPOKEN")


def kind_of(call: Any, fact: Any, windows: Windows) -> ColumnElement[int | None]:
    """Say of which kind a fact about a call is; NULL when of none. What is told most often is asked first."""
    early = fact.value <= EARLY_SECONDS
    kinds: dict[OutcomeType, ColumnElement[Any]] = {OutcomeType.HANDLED: null()}
    kinds |= {OutcomeType[name]: one(Kind[name]) for name in _OFTEN}
    kinds |= {
        OutcomeType.DECLINED: case((early, one(Kind.DECLINED_EARLY)), else_=one(Kind.DECLINED)),
        OutcomeType.CONVERTED: case((fact.at <= later(call.at, windows.converted), one(Kind.CONVERTED))),
        OutcomeType.CANCELLED: case(
            (_cancels(call, fact, "accepted", windows.joined), one(Kind.ACCEPTED_CANCELLED)),
            (_cancels(call, fact, "converted", windows.converted), one(Kind.CONVERTED_CANCELLED)),
            else_=one(Kind.CANCELLED_LATE),
        ),
        OutcomeType.CORRECTED: case(
            (fact.taken_back == "accepted", one(Kind.ACCEPTED_CORRECTED)),
            (fact.taken_back == "converted", one(Kind.CONVERTED_CORRECTED)),
        ),
        OutcomeType.HUNG_UP: case((early, one(Kind.HUNG_UP_EARLY))),
    }
    kinds |= {OutcomeType[name]: one(Kind[name]) for name in _SELDOM}
    return case({kind.value: then for kind, then in kinds.items()}, value=fact.type)


def _cancels(call: Any, fact: Any, what: str, window: int) -> ColumnElement[bool]:
    return and_(fact.taken_back == what, fact.at <= later(call.at, window))


def usual_source() -> ScalarSelect[str]:
    """Name who tells most of a scenario's facts, as far as they are counted; unknown before the first."""
    counted = select(RollupSource.source).where(RollupSource.scenario_id == SCENARIO)
    return counted.order_by(RollupSource.facts.desc(), RollupSource.day).limit(1).scalar_subquery()


def of_each_call(windows: Windows, dialect: str) -> Select[*tuple[Any, ...]]:
    """Ask what was told of each call of a scenario's day, both left open as `:scenario` and `:day`.

    PostgreSQL gathers the facts of one call after the other. SQLite cannot be told to; there the group is a call, read
    in the order that the index of days has them, so that nothing is sorted.
    """
    call, fact = aliased(Assignment), aliased(Outcome)
    known = [column.label(name) for name, column in _of_the_call(call, windows).items()]
    facts = [column.label(name) for name, column in _of_its_facts(call, fact, windows).items()]
    its, of_the_day = fact.assignment_id == call.id, (call.scenario_id == SCENARIO, call.day == DAY)
    if dialect == "sqlite":
        return select(*known, *facts).outerjoin(fact, its).where(*of_the_day).group_by(row_of(call.id))
    gathered_facts = select(*facts).where(its).lateral()
    return select(*known, *gathered_facts.c).join(gathered_facts, true()).where(*of_the_day)


def _of_the_call(call: Any, windows: Windows) -> dict[str, ColumnElement[Any]]:
    in_units = and_(call.experiment_id.is_not(None), call.eligible, call.unit_kind != "call")
    names = {"agent": call.agent_id, "team": call.team, "agent_shift": call.agent_shift}
    return {
        "scenario_id": call.scenario_id,
        "experiment_id": func.coalesce(call.experiment_id, 0),
        "day": call.day,
        "agent_id": call.agent_id,
        "arm": call.arm,
        "reason": call.reason,
        "eligible": call.eligible,
        "origin": call.origin,
        "script_version_id": call.script_version_id,
        "team": call.team,
        "region": call.region,
        "channel": call.channel,
        # of calls whose unit is something else, in a test
        "unit_hash": case((in_units, call.unit_hash)),
        "unit": case(names, value=call.unit_kind, else_=""),
        "standing": standing_of(call, windows.converted),
        "assignment_id": call.id,
    }


def _of_its_facts(call: Any, fact: Any, windows: Windows) -> dict[str, ColumnElement[Any]]:
    in_time = and_(fact.type == "converted", fact.at <= later(call.at, windows.converted))
    return {
        "kinds": gathered(kind_of(call, fact, windows)),
        "handled_seconds": func.max(case((fact.type == "handled", fact.value))),
        "satisfaction": func.max(case((fact.type == "satisfaction", fact.value))),
        "value": func.sum(case((in_time, fact.value))),
        "invited_at": func.min(case((fact.type == "invited", fact.at))),
        "resolved_at": func.min(case((fact.type == "resolved", fact.at))),
        "facts": func.count(fact.assignment_id),
        # how many of them name a channel that was recommended
        "targets": func.count(fact.target_channel),
        # 1 where one source told all of it, and that is the one that tells most
        "by_usual": func.min(case((fact.source == usual_source(), 1), else_=0)),
        "newest_at": func.max(fact.at),
        "newest_received_at": func.max(fact.received_at),
    }
