"""Nobody in a test changes the arm or leaves it when another arm is dropped, or when more calls are let in."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from experiments.do.serving import Call, Choice, Reason, choose
from experiments.do.snapshot import ServedScenario, Snapshot
from experiments.errors import Conflict
from experiments.plan import bucketing
from experiments.plan.traffic import ArmSlice, Rollout, Slice, SliceState, Traffic
from tests.builders import MONDAY, SCENARIO, a_call
from tests.do.test_choosing import SCRIPTS, SHANGHAI

SELF, SPOUSE = {"caller_relation": "self"}, {"caller_relation": "spouse"}


def in_test(weights: Sequence[int], coverage: int, unit: str, other: int = 0) -> Traffic:
    """Start a test, and beside it another, where one is asked for."""
    empty = Traffic(1, {}, unit, "layer")
    for key, width, shares in (("other", other, (5000, 5000)), ("test", coverage, weights)):
        ranges = bucketing.arm_ranges(shares)
        arms = tuple(ArmSlice(f"arm-{n}", (each,), 1 + n % 3) for n, each in enumerate(ranges))
        new = Slice(key, 7 if key == "test" else 8, SliceState.RUNNING, (), unit, f"salt {key}", SELF, arms)
        empty = empty.with_experiment(new, width) if width else empty
    return empty


def chosen(traffic: Traffic, calls: Sequence[Call]) -> list[Choice]:
    served = ServedScenario(1, SCENARIO, 11, 5, MONDAY, Traffic.from_json(traffic.as_json()), SCRIPTS)
    return [choose(Snapshot(11, {SCENARIO: served}, {}), call, SHANGHAI) for call in calls]


def a_floor_of(relation: dict[str, Any], many: int = 300) -> list[Call]:
    return [a_call(number, attributes=relation) for number in range(many)]


weights = st.sampled_from([(4000, 3000, 3000), (2500, 2500, 2500, 2500), (1, 9998, 1), (6000, 1000, 1000, 1000, 1000)])
units = st.sampled_from(["call", "customer"])


@settings(max_examples=40)
@given(weights, st.integers(1, 6000), units, st.integers(0, 4000), st.data())
def test_with_an_arm_dropped_the_others_keep_whom_they_have(
    shares: Sequence[int], coverage: int, unit: str, other: int, data: st.DataObject
) -> None:
    before = in_test(shares, coverage, unit, other)
    gone = f"arm-{data.draw(st.integers(1, len(shares) - 1))}"
    calls = a_floor_of(SELF)
    for was, now in zip(chosen(before, calls), chosen(before.without_arm("test", gone), calls), strict=True):
        if (was.experiment, was.arm) == ("test", gone):
            assert (now.experiment, now.arm, now.reason, now.reason_detail) == (None, None, Reason.STOPPED, "test")
            assert now.version_id == before.standard_id
        else:
            assert now == was


@settings(max_examples=40)
@given(weights, st.integers(1, 3000), units, st.integers(0, 3000), st.integers(0, 4000))
def test_widened_it_has_everybody_it_had_in_the_same_arm(
    shares: Sequence[int], coverage: int, unit: str, other: int, more: int
) -> None:
    before = in_test(shares, coverage, unit, other)
    after = before.widened("test", coverage + more, {"$or": [SELF, SPOUSE]})
    assert bucketing.width(next(s for s in after.slices if s.key == "test").ranges) == coverage + more
    for relation, calls in ((SELF, a_floor_of(SELF)), (SPOUSE, a_floor_of(SPOUSE))):
        for was, now in zip(chosen(before, calls), chosen(after, calls), strict=True):
            if was.arm:
                assert now == was
            elif now.arm and relation == SELF:
                assert now.slice_bucket not in {
                    b for s in before.slices for low, high in s.ranges for b in (low, high - 1)
                }
    assert bucketing.width([r for s in after.slices for r in s.ranges]) == coverage + more + other


def test_a_layer_that_is_too_full_or_has_a_new_standard_coming_in_lets_nobody_more_in() -> None:
    before = in_test((5000, 5000), 6000, "call", other=3000)
    with pytest.raises(Conflict, match="1000 are free"):
        before.widened("test", 7001, SELF)
    coming = before.with_rollout(Rollout("winner", "seed", 2, 1, 500, 1000))
    with pytest.raises(Conflict, match="on its way in"):
        coming.widened("test", 6500, SELF)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted), max_size=6))
def test_joined_ranges_hold_the_same_buckets(ranges: list[Any]) -> None:
    def held(several: Sequence[Sequence[int]]) -> set[int]:
        return {bucket for low, high in several for bucket in range(low, high)}

    joined = bucketing.joined([(low, high) for low, high in ranges])
    assert held(joined) == held(ranges)
    assert all(high < low for (_, high), (low, _) in pairwise(joined))
