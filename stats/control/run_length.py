"""How long until a cumulative sum alarms: a Markov chain over the values that it can take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from stats.checks import require

__all__ = ["Steps", "mean_run_length", "threshold_for"]

_MOST_THRESHOLD = 1e4
_FOREVER = 1e11
"""Days beyond which the equations no longer tell one number from the next."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What a sum moves by on a day: values, and the chance of each (they sum to 1)."""

    values: NDArray[np.float64]
    chances: NDArray[np.float64]

    @classmethod
    def mixed(cls, parts: Sequence["Steps"]) -> "Steps":
        """Give the steps of a day that is one of these kinds, each as likely."""
        values = np.concatenate([part.values for part in parts])
        return cls(values, np.concatenate([part.chances for part in parts]) / len(parts))

    def gathered(self, most: int = 256) -> "Steps":
        """Give as good as the same with no more values than this; each counts for its two neighbours by distance.

        So the mean stays what it is, and the variance grows by less than a thousandth where values span 24 of its root.
        """
        if len(self.values) <= most:
            return self
        grid = np.linspace(self.values.min(), self.values.max(), most)
        place = (self.values - grid[0]) / (grid[1] - grid[0])
        below = np.minimum(place.astype(np.int64), most - 2)
        near = np.bincount(below, self.chances * (1 - place + below), minlength=most)
        far = np.bincount(below + 1, self.chances * (place - below), minlength=most)
        return Steps(grid, np.asarray(near + far, dtype=np.float64))


def mean_run_length(steps: Steps, threshold: float, *, states: int = 120) -> float:
    """Give the mean number of days until max(0, sum + step) exceeds a threshold, from 0 on.

    Brook & Evans (1972, Biometrika 59:539): the sum is a Markov chain, and the mean days to absorption solve linear
    equations. Between two states a sum counts for both by its distance, in place of all for the nearer, which needs far
    fewer of them.

    Args:
        steps: In control, or after a change.
        threshold: > 0.
        states: Values between 0 and the threshold, >= 2.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("threshold", threshold, above=0)
    require("states", states, at_least=2)
    grid = np.linspace(0.0, threshold, states + 1)
    after = np.maximum(grid[:, None] + steps.values[None, :], 0.0)
    alive = after <= threshold * (1 + 1e-12)
    place = np.minimum(after, threshold) / (threshold / states)
    below = np.minimum(place.astype(np.int64), states - 1)
    above = place - below
    chance = np.where(alive, steps.chances[None, :], 0.0)
    moves = _summed(below, chance * (1 - above), states + 1) + _summed(below + 1, chance * above, states + 1)
    try:
        days = float(np.linalg.solve(np.eye(states + 1) - moves, np.ones(states + 1))[0])
    except np.linalg.LinAlgError:
        return math.inf  # no step leads there
    return days if 1 <= days < _FOREVER else math.inf


def _summed(columns: NDArray[np.int64], weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    rows = np.arange(size)[:, None] * size
    flat = np.bincount((rows + columns).ravel(), weights.ravel(), minlength=size * size)
    return np.asarray(flat[: size * size].reshape(size, size), dtype=np.float64)


def threshold_for(steps: Steps, days: float, *, states: int = 60) -> float:
    """Find the threshold at which a sum that takes these steps alarms every so many days.

    Args:
        steps: In control.
        days: Mean run length, > 1 and < 1e11.
        states: As of `mean_run_length`.

    Returns:
        The smallest threshold at which the run length is as long, to a thousandth of it.

    Raises:
        ValueError: When `days` is out of its bounds, or no threshold below 10,000 will do: the sum only ever rises.
    """
    require("days", days, above=1, below=_FOREVER)
    positive = steps.values[(steps.values > 0) & (steps.chances > 0)]
    if not len(positive):
        raise ValueError("steps is without a rise, must have one")
    low, high = float(positive.min()), max(float(positive.min()), math.log(days) / 2)
    if mean_run_length(steps, low, states=states) >= days:
        return low
    while mean_run_length(steps, high, states=states) < days:
        low, high = high, 1.5 * high
        if high > _MOST_THRESHOLD:
            raise ValueError(f"days is {days}, must be reachable by a threshold under {_MOST_THRESHOLD:g}")

    def missing(threshold: float) -> float:
        return math.log(min(mean_run_length(steps, threshold, states=states), _FOREVER) / days)

    return float(optimize.brentq(missing, low, high, rtol=1e-3)) * (1 + 1e-3)
