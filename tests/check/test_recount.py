"""The rollup against a slow recount of the same facts, for any history, order of arrival and runs in between."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import select

from experiments.check import history
from experiments.check.counting import aside
from experiments.check.counting.tables import (
    CHECKED,
    MEASURES,
    REPORTED,
    RollupAgent,
    RollupCall,
    RollupDay,
    RollupSource,
    RollupTarget,
    RollupUnit,
)
from experiments.do.assignments import Floor, assign
from experiments.do.journal import Origin
from experiments.do.outcomes import MAX_VALUE, OutcomeType
from experiments.do.serving import Call
from experiments.do.snapshot import Snapshot
from experiments.store import table_of
from tests.builders import (
    MONDAY,
    SCENARIO,
    a_call,
    rolled_up,
    snapshot_of,
    told,
)
from tests.check.conftest import BY_CUSTOMER, Fresh
from tests.check.recount import Recount, Rows

DAYS = (0, 0, 1, 2, 9, -1)
"""When each call comes, in days from Monday: some on one day, some before the tests began."""

LAGS = (
    timedelta(days=-3),
    *(timedelta(minutes=minutes) for minutes in (-10, 1, 3)),
    # the windows of a yes and of a sale, to the microsecond
    *(timedelta(days=days, microseconds=more) for days in (7, 30) for more in (0, 1)),
    timedelta(days=2),
)
VALUES = (None, 30, 31, 600, MAX_VALUE, -MAX_VALUE)


@dataclass(frozen=True)
class Calls:
    """Somebody calls."""

    number: int
    customer: int | None
    scenario: str
    origin: Origin

    def happens(self, floor: Floor, snapshot: Snapshot) -> None:
        assign(floor, snapshot, [self.call()], origin=self.origin)

    def call(self) -> Call:
        return a_call(
            self.number,
            scenario=self.scenario,
            customer_id=None if self.customer is None else f"customer-{self.customer}",
            agent_id=f"agent-{self.number % 3}",
            team=f"team-{self.number % 2}",
            at=moment_of(self.number),
        )


@dataclass(frozen=True)
class Tells:
    """A source tells facts, perhaps for the second time, perhaps others under the same ids."""

    source: str
    facts: list[dict[str, Any]]

    def happens(self, floor: Floor, _snapshot: Snapshot) -> None:
        told(floor, self.facts, self.source, at=MONDAY + timedelta(days=len(self.facts)))


@dataclass(frozen=True)
class Counts:
    """The rollup runs."""

    def happens(self, floor: Floor, _snapshot: Snapshot) -> None:
        rolled_up(floor)


def moment_of(number: int) -> datetime:
    return MONDAY + timedelta(days=DAYS[number], seconds=number // 2, microseconds=999_999)


SCENARIOS = st.sampled_from([SCENARIO, BY_CUSTOMER])
NUMBERS = st.sampled_from([*range(len(DAYS)), 0, 0, 1, 1, 1, 2])  # much is told of few calls
CUSTOMERS = st.integers(0, 2)
ORIGINS = st.sampled_from([Origin.LIVE, Origin.IMPORTED, Origin.REPLAYED])
# what takes back, is taken back, or stands in an order comes as often as all the rest
TOGETHER = [OutcomeType(k) for k in ("accepted", "converted", "cancelled", "corrected", "invited", "resolved")]
KINDS = st.sampled_from(TOGETHER) | st.sampled_from(OutcomeType)


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    """Tell something of a call or of a customer, at a moment that is reckoned from a call's."""
    number = draw(NUMBERS)
    about = draw(
        st.sampled_from(
            [
                {"call_id": f"call-{number}"},
                {"call_id": f"call-{number}", "scenario": BY_CUSTOMER},
                {"customer_id": f"customer-{number % 3}"},
                # perhaps she never called about that
                {"customer_id": f"customer-{number % 3}", "scenario": SCENARIO},
            ]
        )
    )
    at = moment_of(number) + draw(st.sampled_from(LAGS))
    value, of = draw(st.sampled_from(VALUES)), draw(st.sampled_from(["accepted", "converted"]))
    id_ = str(draw(st.integers(0, 60)))
    said = {"id": id_, "type": draw(KINDS), "at": at.isoformat(), "value": value, "detail": {"of": of}, **about}
    return {**said, "target_channel": draw(st.sampled_from([None, "app", "sms"]))}


TELLS = st.builds(Tells, st.sampled_from(["desk", "nightly"]), st.lists(facts(), min_size=1, max_size=8))
Event = Calls | Tells | Counts


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Let every call come, most of them in the test by customer, and many facts, in any order."""
    calls = [
        Calls(number, draw(st.sampled_from([0, 0, 1, 2, None])), scenario, draw(ORIGINS))
        for number in range(len(DAYS))
        for scenario in draw(st.sampled_from([(BY_CUSTOMER,), (BY_CUSTOMER,), (SCENARIO,), (SCENARIO, BY_CUSTOMER)]))
    ]
    told_by = draw(st.lists(TELLS, min_size=4, max_size=10))
    events: list[Event] = [*calls, *told_by, *[Counts()] * draw(st.integers(0, 3))]
    return draw(st.permutations(events))


def happened(floor: Floor, events: list[Event]) -> None:
    """Let everything happen in its order, and the rollup run until nothing waits to be counted."""
    snapshot = snapshot_of(floor)
    for event in events:
        event.happens(floor, snapshot)
    for _ in range(3):
        rolled_up(floor)
    with floor.store.read() as session:
        assert history.waiting_days(session) == 0


def counted(floor: Floor, rollup: type[RollupCall | RollupDay | RollupUnit], more: tuple[str, ...] = ()) -> Rows:
    table = table_of(rollup)
    keys = (*(column.name for column in table.primary_key), *more)
    with floor.store.read() as session:
        rows = [dict(row) for row in session.execute(select(table)).mappings()]
    return {tuple(row[key] for key in keys): {name: row[name] for name in (*MEASURES, *CHECKED)} for row in rows}


def check_everything(floor: Floor) -> None:
    with floor.store.read() as session:
        again = Recount(session)
        sources = {
            (row.scenario_id, row.day, row.source): (row.facts, row.newest_at, row.newest_received_at)
            for row in session.scalars(select(RollupSource))
        }
        assert sources == again.by_source()
        targets = {
            tuple(row[c.name] for c in table_of(RollupTarget).primary_key): (row["recommended"], row["succeeded"])
            for row in session.execute(select(table_of(RollupTarget))).mappings()
        }
        assert targets == again.by_target()
        agents = {
            tuple(row[c.name] for c in table_of(RollupAgent).primary_key): {name: row[name] for name in REPORTED}
            for row in session.execute(select(table_of(RollupAgent))).mappings()
        }
        taken = again.by_agent()
        assert agents == {key: {name: total.get(name, 0) for name in REPORTED} for key, total in taken.items()}
        calls, days, units = again.by_call(), again.by_day(), again.by_unit()
    assert counted(floor, RollupCall) == calls
    assert counted(floor, RollupDay) == days
    assert counted(floor, RollupUnit, ("unit",)) == units


@settings(max_examples=50)
@given(events=histories())
def test_any_history_is_counted_as_a_slow_recount_counts_it_on_sqlite(fresh_sqlite: Fresh, events: list[Event]) -> None:
    with fresh_sqlite() as floor:
        happened(floor, events)
        check_everything(floor)


@settings(max_examples=30)
@given(events=histories())
def test_any_history_is_counted_as_a_slow_recount_counts_it_on_postgresql(
    fresh_postgresql: Fresh, events: list[Event]
) -> None:
    with fresh_postgresql() as floor:
        happened(floor, events)
        check_everything(floor)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=histories())
def test_a_day_that_is_put_in_place_in_parts_is_the_same_day(
    fresh_sqlite: Fresh, monkeypatch: pytest.MonkeyPatch, events: list[Event]
) -> None:
    monkeypatch.setattr(aside, "MOST_ROWS", 1)
    with fresh_sqlite() as floor:
        happened(floor, events)
        check_everything(floor)
