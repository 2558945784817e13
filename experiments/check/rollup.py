"""The rollup: facts summed by day, a cache that is deleted and built again and never patched.

One definition of what each fact counts (`_per_call`) feeds two tables: `RollupCall`, by everything pages ask for,
and `RollupUnit`, by experiment, arm and unit, from which the moments of clustered designs are formed.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Insert,
    Subquery,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from experiments.do import outcomes
from experiments.do.days import DirtyDay
from experiments.do.journal import Assignment
from experiments.do.outcomes import MAX_VALUE, Outcome, OutcomeType
from experiments.plan.scenarios import Metric, Scenario
from experiments.store import KEY, OUTSIDE_ID, Base, Store, seconds_between, single_file, table_of

EARLY_SECONDS = 30
"""A refusal within so many seconds says the script failed, not the offer."""

_DAY_SECONDS = 86_400
_DEFAULT_WINDOW_DAYS = 30

COUNTED = (
    "exposed",
    "resolved",
    "invited",
    "accepted",
    "joined",
    "declined",
    "handed_over",
    "converted",
    "cancelled",
    "complaint",
    "connected",
    "past_30s",
    "early_refusal",
    "appointed",
    "fulfilled",
    "spoken",
    "deviation",
)
"""Facts that a call either has or has not."""

SUMMED = ("handled_seconds", "satisfaction", "value")
"""Facts with a number: how many calls have one, its sum, and the sum of its squares, in whole units."""

MEASURES = ("calls", *COUNTED, *(f"{name}{suffix}" for name in SUMMED for suffix in ("_n", "", "_squares")))


class Measures:
    """The columns both rollups share; every one is a whole number that adds up."""

    calls: Mapped[int]
    exposed: Mapped[int]
    resolved: Mapped[int]
    invited: Mapped[int]
    accepted: Mapped[int]
    #: accepted, and not taken back
    joined: Mapped[int]
    declined: Mapped[int]
    handed_over: Mapped[int]
    #: within the window, and not taken back
    converted: Mapped[int]
    cancelled: Mapped[int]
    complaint: Mapped[int]
    connected: Mapped[int]
    past_30s: Mapped[int]
    early_refusal: Mapped[int]
    appointed: Mapped[int]
    fulfilled: Mapped[int]
    spoken: Mapped[int]
    #: invited before the request was resolved (inbound)
    deviation: Mapped[int]
    handled_seconds_n: Mapped[int]
    handled_seconds: Mapped[int] = mapped_column(BigInteger)
    handled_seconds_squares: Mapped[int] = mapped_column(BigInteger)
    satisfaction_n: Mapped[int]
    satisfaction: Mapped[int] = mapped_column(BigInteger)
    satisfaction_squares: Mapped[int] = mapped_column(BigInteger)
    value_n: Mapped[int]
    value: Mapped[int] = mapped_column(BigInteger)
    value_squares: Mapped[int] = mapped_column(BigInteger)


class RollupCall(Measures, Base):
    """Calls by day and by everything pages group on; 0 or '' stands for none, since keys are never NULL."""

    __tablename__ = "rollup_call"

    scenario_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(primary_key=True)
    arm: Mapped[str] = mapped_column(KEY, primary_key=True)
    reason: Mapped[str] = mapped_column(KEY, primary_key=True)
    eligible: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    origin: Mapped[str] = mapped_column(KEY, primary_key=True)
    script_version_id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    region: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    channel: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)


class RollupUnit(Measures, Base):
    """Calls by day and randomisation unit, for experiments whose unit is not the call."""

    __tablename__ = "rollup_unit"

    experiment_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    arm: Mapped[str] = mapped_column(KEY, primary_key=True)
    unit_hash: Mapped[str] = mapped_column(KEY, primary_key=True)
    scenario_id: Mapped[int]
    #: the raw name of an agent, team or shift, which the randomisation test deals again; '' for customers
    unit: Mapped[str] = mapped_column(OUTSIDE_ID)


@dataclass(frozen=True, slots=True)
class RollupReport:
    """What one run did."""

    days: int
    attached: int


def rebuild_dirty(store: Store) -> RollupReport:
    """Build every dirty day again, each in a transaction of its own, so that no writer waits for long."""
    with store.read() as session:
        dirty = session.execute(
            select(DirtyDay.scenario_id, DirtyDay.day).distinct().order_by(DirtyDay.day, DirtyDay.scenario_id)
        )
        waiting = list(dirty)
    attached = 0
    for scenario_id, day in waiting:
        with store.write() as session:
            attached += rebuild(session, scenario_id, day)
    return RollupReport(len(waiting), attached)


def rebuild(session: Session, scenario_id: int, day: int) -> int:
    """Delete one scenario's day and build it from the facts; say how many waiting facts found their call.

    Marks that arrive while this runs are not seen by it and stay for the next run.
    """
    single_file(session, f"rollup:{scenario_id}")
    marks = select(DirtyDay.id).where(DirtyDay.scenario_id == scenario_id, DirtyDay.day == day)
    seen = list(session.scalars(marks))
    attached = outcomes.attach_waiting(session, scenario_id, day)
    for table in (RollupCall, RollupUnit):
        session.execute(delete(table).where(table.scenario_id == scenario_id, table.day == day))
    scenario = session.get_one(Scenario, scenario_id)
    for statement in _statements(scenario.direction == "inbound", _windows(session, scenario.catalogue)):
        session.execute(statement, {"scenario": scenario_id, "day": day})
    for start in range(0, len(seen), 1000):
        session.execute(delete(DirtyDay).where(DirtyDay.id.in_(seen[start : start + 1000])))
    return attached


def mark_all(session: Session) -> None:
    """Mark every day there is, so that the next run builds the whole rollup again."""
    every = select(Assignment.scenario_id, Assignment.day).distinct()
    session.execute(table_of(DirtyDay).insert().from_select(["scenario_id", "day"], every))


@lru_cache(maxsize=64)
def _statements(inbound: bool, windows: "_Windows") -> tuple[Insert, Insert]:
    """Write the two INSERTs for one scenario and day, left open as `:scenario` and `:day`.

    Writing them costs more than running them, and they differ by two things only.
    """
    facts = _per_call(inbound, windows)
    in_units = and_(facts.c.experiment_id != 0, facts.c.eligible, facts.c.unit_kind != "call")
    return _insert_sums(RollupCall, facts, literal(True)), _insert_sums(RollupUnit, facts, in_units)


def _insert_sums(table: type[RollupCall | RollupUnit], facts: Subquery, where: Any) -> Insert:
    keys = [column.name for column in table_of(table).primary_key] + (
        ["scenario_id", "unit"] if table is RollupUnit else []
    )
    keyed = [facts.c[key] for key in keys]
    sums = [func.sum(facts.c[measure]).label(measure) for measure in MEASURES]
    query = select(*keyed, *sums).where(where).group_by(*keyed)
    return table_of(table).insert().from_select([*keys, *MEASURES], query)


def _per_call(inbound: bool, windows: "_Windows") -> Subquery:
    """Give one row a call of the day: its keys, and each measure as a whole number."""
    call = aliased(Assignment)
    told = _told(call, windows)
    flags: dict[str, ColumnElement[int]] = {name: func.coalesce(told.c[name], 0) for name in MEASURES if name in told.c}
    flags |= {
        "deviation": _deviation(told) if inbound else literal(0),
        "converted": case(
            (
                and_(call.unit_kind == "customer", call.experiment_id.is_not(None)),
                _customer_converted(call, windows.converted),
            ),
            else_=flags["converted"],
        ),
    }
    columns = [literal(1).label("calls"), *(flags[name].label(name) for name in MEASURES if name != "calls")]
    return (
        select(
            call.scenario_id,
            call.day,
            func.coalesce(call.experiment_id, 0).label("experiment_id"),
            call.arm,
            call.reason,
            call.eligible,
            call.origin,
            call.script_version_id,
            call.agent_id,
            call.region,
            call.channel,
            call.unit_kind,
            func.coalesce(call.unit_hash, "").label("unit_hash"),
            _unit_name(call).label("unit"),
            *columns,
        )
        .outerjoin(told, told.c.assignment_id == call.id)
        .where(*_of_the_day(call))
        .subquery("facts")
    )


def _unit_name(call: Any) -> ColumnElement[str]:
    names = {"agent": call.agent_id, "team": call.team, "agent_shift": call.agent_shift}
    return case(names, value=call.unit_kind, else_="")


def _of_the_day(call: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return call.scenario_id == bindparam("scenario"), call.day == bindparam("day")


def _taken_back(told: Any, lag: ColumnElement[float], of: str, window: int) -> ColumnElement[bool]:
    """Say whether a fact takes another back: a correction always does, a change of mind within the window."""
    counts = or_(told.type == "corrected", and_(told.type == "cancelled", lag <= window))
    return and_(told.taken_back == of, counts)


def _told(call: Any, windows: "_Windows") -> Subquery:
    """Give what was told of each call: one row a call that has any outcome."""
    lag = seconds_between(call.at, Outcome.at)
    undone = {
        "accepted": _any(_taken_back(Outcome, lag, "accepted", windows.joined)),
        "converted": _any(_taken_back(Outcome, lag, "converted", windows.converted)),
    }
    simple = (
        "exposed",
        "resolved",
        "invited",
        "declined",
        "handed_over",
        "complaint",
        "connected",
        "appointed",
        "fulfilled",
        "spoken",
        "cancelled",
    )
    early = and_(Outcome.type.in_(("hung_up", "declined")), Outcome.value <= EARLY_SECONDS)
    corrected = _any(and_(Outcome.type == "corrected", Outcome.taken_back == "accepted"))
    flags: dict[str, ColumnElement[int]] = {name: _any(Outcome.type == name) for name in simple}
    accepted = _any(Outcome.type == "accepted")
    flags |= {
        "accepted": accepted * (1 - corrected),
        "joined": accepted * (1 - undone["accepted"]),
        "converted": _any(and_(Outcome.type == "converted", lag <= windows.converted)) * (1 - undone["converted"]),
        "early_refusal": _any(early),
        "past_30s": flags["connected"] * (1 - _any(early)),
    }
    numbers = {"handled_seconds": OutcomeType.HANDLED, "satisfaction": OutcomeType.SATISFACTION}
    for name, kind in numbers.items():
        flags |= _number(name, func.max(case((Outcome.type == kind, Outcome.value))))
    sold = func.sum(case((and_(Outcome.type == "converted", lag <= windows.converted), Outcome.value)))
    # Many sales of one call are held to the bound of one, above which the day's squares would not add up.
    held = case((sold > MAX_VALUE, MAX_VALUE), (sold < -MAX_VALUE, -MAX_VALUE), else_=sold)
    flags |= _number("value", case((undone["converted"] == 0, held)))
    moments = {kind: func.min(case((Outcome.type == kind, Outcome.at))) for kind in ("invited", "resolved")}
    return (
        select(
            Outcome.assignment_id,
            *(flag.label(name) for name, flag in flags.items()),
            *(moment.label(f"{kind}_at") for kind, moment in moments.items()),
        )
        .join(call, call.id == Outcome.assignment_id)
        .where(*_of_the_day(call))
        .group_by(Outcome.assignment_id)
        .subquery("told")
    )


def _any(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.max(case((condition, 1), else_=0))


def _number(name: str, number: ColumnElement[Any]) -> dict[str, ColumnElement[int]]:
    known = case((number.is_not(None), 1), else_=0)
    return {f"{name}_n": known, name: func.coalesce(number, 0), f"{name}_squares": func.coalesce(number * number, 0)}


def _deviation(told: Subquery) -> ColumnElement[int]:
    too_early = or_(told.c.resolved_at.is_(None), told.c.invited_at < told.c.resolved_at)
    return case((and_(told.c.invited_at.is_not(None), too_early), 1), else_=0)


def _customer_converted(call: Any, window: int) -> ColumnElement[int]:
    """An arm keeps every conversion of its customer within the window from her first assignment in the experiment.

    It is counted once, on that first call, whatever call or scenario the sale came through.
    """
    earlier, sale, undone = aliased(Assignment), aliased(Outcome), aliased(Outcome)
    is_first = not_(
        exists().where(
            earlier.experiment_id == call.experiment_id,
            earlier.customer_hash == call.customer_hash,
            or_(earlier.at < call.at, and_(earlier.at == call.at, earlier.id < call.id)),
        )
    )
    lag = seconds_between(call.at, sale.at)
    sold = exists().where(sale.customer_hash == call.customer_hash, sale.type == "converted", lag >= 0, lag <= window)
    back = exists().where(
        undone.customer_hash == call.customer_hash,
        _taken_back(undone, seconds_between(call.at, undone.at), "converted", window),
        undone.at >= call.at,
    )
    return case((and_(is_first, sold, not_(back)), 1), else_=0)


@dataclass(frozen=True, slots=True)
class _Windows:
    """How long a join may still be taken back, and a conversion still counts, in seconds."""

    joined: int
    converted: int


def _windows(session: Session, catalogue: str) -> _Windows:
    days = session.execute(
        select(Metric.numerator, func.max(Metric.window_days))
        .where(Metric.catalogue == catalogue)
        .group_by(Metric.numerator)
    )
    known = dict(days.all())
    return _Windows(
        joined=known.get("joined", _DEFAULT_WINDOW_DAYS) * _DAY_SECONDS,
        converted=max(known.get("converted", _DEFAULT_WINDOW_DAYS), 1) * _DAY_SECONDS,
    )
