"""The simulation of planned sizes, in pieces of seconds."""

import numpy as np
import pytest

from tests.calibrate import sizes
from tests.calibrate.rows import Task

FEW = 0.01


@pytest.mark.parametrize("task", sizes.TASKS[::3], ids=lambda task: task.name)
def test_planned_sizes_find_what_they_plan_for(task: Task) -> None:
    assert [row.held for row in task.run(FEW)] == [True]


def test_half_of_the_planned_agents_calls_find_less() -> None:
    random = np.random.default_rng(4)
    found = [
        sum(sizes.found_by_agents(np.full(40, calls), 0.2, 0.08, 0.02, random) for _ in range(200)) / 200
        for calls in (10, 400)
    ]
    assert found[0] < 0.5 < found[1]


def test_a_guardrail_beyond_its_margin_is_not_cleared() -> None:
    assert sizes.not_worse((5000, 5000), (500, 500), 0.02)
    assert not sizes.not_worse((5000, 5000), (500, 600), 0.02)
