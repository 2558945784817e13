"""Whole verdicts in `make calibrate`: that tests end, and that a look says what the product says of stored calls."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from experiments.check import reading
from experiments.check.data import read_data
from experiments.check.results import LookResult, plain
from experiments.check.verdict import Conclusion
from experiments.do.assignments import Answer, Floor
from experiments.plan.designs import experiment_named
from experiments.plan.rules import MetricPlan
from tests.builders import MONDAY, a_draft, a_week_of_calls, approved, moved
from tests.calibrate import whole, whole_power, whole_units
from tests.calibrate.rows import Task
from tests.calibrate.verdicts import Look, end_of, look_at
from tests.histories import History

FEW = 0.01
METRICS = (
    MetricPlan("accepted", "primary"),
    MetricPlan("complaint", "guardrail", 0.01),
    MetricPlan("resolved", "guardrail", 0.02),
)


AGENTS = 24
NEXT_MONDAY, NEXT_SUNDAY = MONDAY + timedelta(days=7), 20261115


def a_week_before(floor: Floor) -> None:
    a_week_of_calls(floor, 5 * AGENTS, lambda _, i: (i + i // 7) % 5 < 2, agents=AGENTS)


@pytest.mark.parametrize("unit", ["call", "customer", "agent"])
@pytest.mark.parametrize("better", [2, 4], ids=["no effect", "a large effect"])
def test_a_look_says_what_the_product_says_of_the_same_calls(sqlite_history: History, unit: str, better: int) -> None:
    floor, _ = sqlite_history.after(a_week_before)
    key = a_draft(floor, unit=unit, effect=0.3, metrics=METRICS)
    moved(floor, key, "submit", "lead", at=NEXT_MONDAY)
    approved(floor, key, "compliance", "manager", "trainer", at=NEXT_MONDAY)
    moved(floor, key, "start", "manager", at=NEXT_MONDAY)

    def says_yes(answer: Answer, i: int) -> bool:
        return (i + i // 7) % 5 < (2 if answer.arm == "control" else better)

    a_week_of_calls(floor, 5 * AGENTS, says_yes, agents=AGENTS, start=NEXT_MONDAY)
    with floor.store.read() as session:
        experiment = experiment_named(session, key)
        early = reading.read(session, experiment, [], today=NEXT_SUNDAY, final=False)
        final = reading.read(session, experiment, [plain(early)], today=NEXT_SUNDAY, final=True)
        data = read_data(session, experiment, untils=[NEXT_SUNDAY])
        arms = data.arms(NEXT_SUNDAY)
        first = look_at(data, arms, [], final=False)
        second = look_at(data, arms, [first.content], final=True)
    assert [_ours(first), _ours(second)] == [_the_products(early), _the_products(final)]


def _ours(look: Look) -> Any:
    return look.verdict.conclusion, look.verdict.challenger, look.verdict.reasons[:3], look.content["boundary"]


def _the_products(look: LookResult) -> Any:
    said = look.verdict
    return said.conclusion, said.challenger, said.reasons[:3], plain(look.boundary)


def test_every_whole_experiment_ends() -> None:
    data = whole.guarded()
    ended = {
        end_of(data, whole.guarded_looks(data.experiment, np.random.default_rng(seed))).conclusion for seed in range(5)
    }
    assert Conclusion.KEEP_RUNNING not in ended
    assert {Conclusion.NO_DIFFERENCE, Conclusion.INCONCLUSIVE} & ended


CASES = (whole.TASKS[1], whole.TASKS[3], whole.TASKS[-1], whole_units.TASKS[1], whole_power.TASKS[0])


@pytest.mark.parametrize("task", CASES, ids=lambda task: task.name)
def test_a_figure_is_measured_and_held(task: Task) -> None:
    assert all(row.held for row in task.run(FEW))


def test_shifts_are_looked_at_half_way() -> None:
    random = np.random.default_rng(4)
    month = whole_units.centre_of_shifts("root", 6, 20, random).month(whole_units.EVEN, random)
    half, whole_month = (sum(len(arm.units or ()) for arm in arms) for arms in month.shifts_looks(random))
    assert (half, whole_month) == (60, 120)


def test_agents_are_as_unequal_as_promised() -> None:
    calls = whole.unequal_calls(20) * 0.2
    assert (calls.min(), calls.max()) == pytest.approx((3, 886))
