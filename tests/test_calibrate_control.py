"""The machinery that measures control after rollout, in pieces of a second."""

import numpy as np
import pytest

from tests.calibrate import control
from tests.calibrate.rows import Task

QUICK = 0.004


@pytest.mark.parametrize("task", control.TASKS, ids=lambda task: task.name)
def test_a_figure_is_measured_and_held(task: Task) -> None:
    assert all(row.held for row in task.run(QUICK))


def test_a_floor_is_drawn_with_the_spread_and_the_saturdays_it_has() -> None:
    floor = control.Floor("", 400, 0.2, spread=1.5, saturday=2.0)
    days = floor.days(np.random.default_rng(1), 2100)
    saturdays = [d.rate for d in days if d.weekday == 5]
    assert np.mean(saturdays) == pytest.approx(1 / 3, abs=0.01)  # odds of a quarter, twice
    mondays = [(d.rate - 0.2) / (0.16 / d.n) ** 0.5 for d in days if d.weekday == 0]
    assert np.std(mondays) == pytest.approx(1.5, rel=0.1)
