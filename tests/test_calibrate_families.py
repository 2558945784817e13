"""The machinery behind the error rates of families and of pooled effects, in pieces of seconds."""

import pytest

from tests.calibrate import families, pooling
from tests.calibrate.rows import Task

FEW = 0.01


@pytest.mark.parametrize("task", [families.TASKS[1], families.TASKS[4], families.TASKS[-1]], ids=lambda task: task.name)
def test_a_family_without_differences_is_seldom_found(task: Task) -> None:
    assert all(row.held for row in task.run(FEW))


@pytest.mark.parametrize("task", [pooling.TASKS[0], pooling.TASKS[-1]], ids=lambda task: task.name)
def test_intervals_over_experiments_and_agents_hold(task: Task) -> None:
    assert all(row.held for row in task.run(FEW))
