"""The machinery that measures adjusting, compliance and soundness, in pieces of a second."""

import numpy as np
import pytest

from tests.calibrate import adjusted, soundness, spoken
from tests.calibrate.rows import Task

QUICK = 0.004


@pytest.mark.parametrize("task", [*spoken.TASKS, *adjusted.TASKS[:2], *soundness.TASKS], ids=lambda task: task.name)
def test_a_figure_is_measured_and_held(task: Task) -> None:
    assert all(row.held for row in task.run(QUICK))


def test_a_split_that_drifts_is_called_off_on_some_day() -> None:
    drifting = np.stack([np.arange(1, 30) * 12, np.arange(1, 30) * 8], axis=1)
    assert soundness.any_day(drifting[None], (1.0, 1.0))
    assert not soundness.any_day(np.full((1, 29, 2), 10).cumsum(axis=1), (1.0, 1.0))


def test_a_weak_uptake_is_drawn_weak() -> None:
    random = np.random.default_rng(2)
    weak, strong = (spoken.of_calls(uptake, random) for uptake in (0.03, 0.7))
    assert weak.first_stage_f < 20 < strong.first_stage_f
