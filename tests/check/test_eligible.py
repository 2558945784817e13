"""How many calls an audience lets in: counted where the rollup knows the facts, else estimated or bounded above."""

from datetime import timedelta
from typing import Any

import pytest

from experiments.board.sizes import Sizes
from experiments.check import eligible
from experiments.check.eligible import How
from experiments.do.assignments import Floor
from experiments.plan import sketches
from experiments.plan.scenarios import scenario_named
from tests.builders import MONDAY, SCENARIO, a_call, a_plan, assigned, rolled_up
from tests.histories import History

OWN = {"caller_relation": {"$in": ["self", "spouse", "relative"]}}
AUDIENCES: list[tuple[Any, float, How, tuple[str, ...]]] = [
    # the scenario's own: every eligible call
    (OWN, 15, How.COUNTED, ()),
    # narrower by what the rollup knows
    ({**OWN, "region": {"$in": ["ningbo"]}}, 5, How.COUNTED, ()),
    ({**OWN, "region": "ningbo", "channel": {"$ne": "hotline"}}, 0, How.COUNTED, ()),
    # narrower and wider by what is kept with calls
    ({"caller_relation": "self"}, 10, How.ESTIMATED, ()),
    ({}, 20, How.ESTIMATED, ()),
    # by what is kept with no call, at most what the rest lets in
    ({"caller_relation": "self", "vip": True}, 10, How.AT_MOST, ("vip",)),
    ({**OWN, "$or": [{"region": "ningbo"}, {"account.vip": True}]}, 15, How.AT_MOST, ("account",)),
]


def two_days(floor: Floor) -> None:
    """Let twenty call on each: ten policyholders, five spouses in Ningbo, five repair shops."""
    callers = [("self", "hangzhou")] * 10 + [("spouse", "ningbo")] * 5 + [("repair_shop", "hangzhou")] * 5
    for day in range(2):
        at = MONDAY + timedelta(days=day)
        assigned(
            floor,
            [
                a_call(100 * day + n, region=region, attributes={"caller_relation": relation}, at=at)
                for n, (relation, region) in enumerate(callers)
            ],
        )


@pytest.fixture
def floor(history: History) -> Floor:
    floor: Floor = history.after(two_days)[0]
    return floor


def test_an_audience_is_counted_as_well_as_its_facts_are_known(floor: Floor) -> None:
    with floor.store.read() as session:
        assert eligible.eligible_calls(session, scenario_named(session, SCENARIO), OWN).how is How.NO_CALLS
    rolled_up(floor)
    with floor.store.read() as session:
        scenario = scenario_named(session, SCENARIO)
        for audience, daily, how, unknown in AUDIENCES:
            found = eligible.eligible_calls(session, scenario, audience)
            assert (found.daily, found.of, found.how, found.unknown) == (daily, 15, how, unknown), audience
        assert eligible.regions_and_channels(session, scenario) == {
            "region": ["hangzhou", "ningbo"],
            "channel": ["hotline"],
        }


def test_a_plan_takes_as_long_as_its_own_audience_has_calls(floor: Floor) -> None:
    rolled_up(floor)
    with floor.store.read() as session:
        own = sketches.sketch(session, a_plan(floor)).experiment
        narrow = sketches.sketch(session, a_plan(floor, audience={**OWN, "region": {"$in": ["ningbo"]}})).experiment
        whole, part = Sizes(session, own).own, Sizes(session, narrow).own
        assert (part.total, part.daily_calls) == (whole.total, whole.daily_calls / 3)
        sizes = Sizes(session, own)
        curve = sizes.curve([0.02, 0.05, 0.7])
        assert sizes.own == whole
        assert [effect for effect, _designs in curve] == [0.02, 0.05]  # from 40 % there is no room for 70 points
        assert curve[1][1] == sizes.designs
