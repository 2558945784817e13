"""Reports against a plain count: every grouping adds up to all calls, and people of few calls stand together."""

from collections import Counter
from datetime import timedelta
from itertools import product
from typing import get_args

import pytest
from sqlalchemy import func, select

from experiments.check import reports
from experiments.check.counting.tables import RollupAgent
from experiments.check.reports import Asked, By, Per, Taken
from experiments.do.assignments import Floor
from experiments.errors import Invalid
from experiments.plan.scenarios import every_scenario
from tests.builders import MONDAY, a_call, assigned, outcome, rolled_up, told
from tests.histories import Histories, after


def a_busy_floor(floor: Floor) -> None:
    """Let four agents of two teams take calls on three days over two months, one of them hardly any."""
    calls = [
        a_call(
            number,
            agent_id=f"agent-{number % 4 if number % 50 else 9}",
            team=f"team-{number % 2}",
            scenario=("policy_change", "claim_enquiry")[number % 3 == 0],
            at=MONDAY + timedelta(days=(0, 1, 30)[number % 3], seconds=number),
        )
        for number in range(150)
    ]
    assigned(floor, calls)
    channels = ("app", "sms", None)
    told(
        floor,
        [
            {**outcome(f"call-{n}", kind, 60 * 24 * 31), "target_channel": channels[n % 5 % 3]}
            for n in range(0, 150, 2)
            for kind in (("invited", "accepted") if n % 4 == 0 else ("invited",))
        ],
        at=MONDAY + timedelta(days=31),
    )
    rolled_up(floor)


def taken(floor: Floor, by: By, per: Per = "all", since: int = 20261001, until: int = 20261231) -> list[Taken]:
    with floor.store.read() as session:
        return reports.taken(session, every_scenario(session), Asked(since, until, by, per))


@after(a_busy_floor)
def test_however_calls_are_grouped_they_are_all_there(floor: Floor) -> None:
    for by, per in product(get_args(By), get_args(Per)):
        summed = reports.total(taken(floor, by, per))
        assert (summed.calls, summed.invited, summed.accepted) == (150, 75, 38), (by, per)


@after(a_busy_floor)
def test_groups_hold_what_a_plain_count_holds(floor: Floor) -> None:
    assert {row.label: row.calls for row in taken(floor, "team")} == {"team-0": 75, "team-1": 75}
    months = {row.step: row.calls for row in taken(floor, "region", "month")}
    assert months == {202611: 100, 202612: 50}
    days = Counter({row.step: row.calls for row in taken(floor, "region", "day", until=20261103)})
    assert days == {20261102: 50, 20261103: 50}


@after(a_busy_floor)
def test_agents_of_few_calls_are_not_told_apart(floor: Floor) -> None:
    *own, few = taken(floor, "agent")
    assert [row.label for row in own] == ["agent-0", "agent-1", "agent-2", "agent-3"]
    assert (few.label, few.few, few.calls) == ("", 1, 3)
    assert "agent-9" not in {row.label for row in taken(floor, "agent", "day")}


@after(a_busy_floor)
def test_a_channel_is_counted_in_every_call_that_names_it_and_for_no_agent_of_few(floor: Floor) -> None:
    asked = Asked(20261101, 20261231, "agent")
    with floor.store.read() as session:
        scenarios = every_scenario(session)
        everyone = reports.recommended(session, scenarios, asked)
        rows = reports.known_apart(everyone, reports.taken(session, scenarios, asked))
    named = [n for n in range(0, 150, 2) if n % 5 % 3 != 2]
    assert sum(row.recommended for row in rows) == len(named)
    assert sum(row.succeeded for row in rows) == sum(n % 4 == 0 for n in named)
    assert {row.label for row in rows if not row.few} <= {f"agent-{n}" for n in range(4)}
    assert sum(row.few for row in rows) == sum(row.label == "agent-9" for row in everyone) > 0


def test_there_are_as_many_rows_of_many_calls_as_of_few(sqlite_histories: Histories) -> None:
    with sqlite_histories.after(a_busy_floor) as (floor, _):
        before = _rows(floor)
        more = [
            a_call(
                1000 + number,
                agent_id=f"agent-{number % 4}",
                team=f"team-{number % 2}",
                scenario=("policy_change", "claim_enquiry")[number % 3 == 0],
                at=MONDAY + timedelta(days=(0, 1, 30)[number % 3], seconds=number),
            )
            for number in range(600)
        ]
        assigned(floor, more)
        rolled_up(floor)
        assert _rows(floor) == before


def _rows(floor: Floor) -> int:
    with floor.store.read() as session:
        return session.scalar(select(func.count()).select_from(RollupAgent)) or 0


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        # it ends before it begins
        (20261102, 20261101, "until"),
        # a year and two days
        (20251101, 20261102, "since"),
    ],
)
def test_days_that_make_no_span_are_refused_by_name(since: int, until: int, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Asked(since, until).checked()
    assert refused.value.problems[0].field == field
