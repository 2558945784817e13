"""The machinery that watches health for a month, and that the daily reading finds what is put into it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from experiments.check.cube import Cells
from experiments.check.health.findings import State
from tests.calibrate import health
from tests.calibrate.health import Day

FEW = 0.01
EVERY = {"sample_ratio", "stray_arm", "sample", "whole_week", "protocol", "missing"}


def last_day(unit: str, seed: int = 1) -> Day:
    return list(health.MONTHS[unit](np.random.default_rng(seed)))[-1]


def states(day: Day) -> dict[str, State]:
    return {finding.check: finding.state for finding in health.seen(day)}


def relabelled(cells: Cells, **keys: Sequence[str]) -> Cells:
    return replace(cells, keys={**cells.keys, **keys})


@pytest.mark.parametrize(
    ("unit", "more"),
    [
        # calls are units themselves: their groups and mix can be asked at any time
        ("call", {"group_split", "balance"}),
        # customers come back, and must meet the same arm
        ("customer", {"two_arms"}),
        # how many calls an agent takes is an outcome
        ("agent", {"two_arms", "per_staffed_day"}),
        ("agent_shift", {"two_arms", "per_staffed_day"}),
    ],
)
def test_a_sound_month_is_in_order_by_every_check_of_its_unit(unit: str, more: set[str]) -> None:
    found = states(last_day(unit))
    assert found.keys() == EVERY | more
    assert set(found.values()) == {State.OK}


def test_false_alarms_are_counted_and_held() -> None:
    assert all(row.held for row in health.alarms("agent", FEW))


def test_a_call_in_an_arm_outside_the_plan_is_found_on_any_day() -> None:
    day = last_day("call")
    arms = ["an older test's", *day.data.calls.keys["arm"][1:]]
    strayed = replace(day, data=replace(day.data, calls=relabelled(day.data.calls, arm=arms)))
    assert states(strayed)["stray_arm"] is State.BROKEN


def test_an_agent_in_two_arms_is_found_on_any_day() -> None:
    day = last_day("agent")
    assert day.data.units is not None
    hashes, arms = list(day.data.units.keys["unit_hash"]), list(day.data.units.keys["arm"])
    hashes[arms.index(health.ARMS[0])] = hashes[arms.index(health.ARMS[1])]
    doubled = replace(day, data=replace(day.data, units=relabelled(day.data.units, unit_hash=hashes)))
    assert states(doubled)["two_arms"] is State.WARNING
