"""The calibration of strata, in a moment: that it runs, and that it draws what it says."""

import numpy as np
import pytest

from tests.calibrate import strata
from tests.calibrate.rows import Task

FEW = 0.01


@pytest.mark.parametrize("task", strata.TASKS, ids=[task.name for task in strata.TASKS])
def test_each_case_runs(task: Task) -> None:
    assert all(0 <= row.low <= row.high <= 1 for row in task.run(FEW))


def test_agents_are_as_unequal_as_said() -> None:
    seen = strata.month(strata.CENTRES[3], np.random.default_rng(1))
    assert seen.n.sum(axis=1).max() > 50 * seen.n.sum(axis=1).min()
    assert seen.truth == 0
