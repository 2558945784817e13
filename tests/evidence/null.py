"""What the rules find where there is nothing: the same checkpoints, many times over, without an effect.

Three roads, because the sums do not tell how a real A/A test of these experiments would have gone:

- "arriving": a user's outcome is complete when the user is counted. The score is then a Brownian motion in users, which
  is what the sequential rules assume.
- "accruing": users go on buying after they were counted, each step independent of the last. The score is then a
  Brownian motion in the variance of the arms' totals, which the data do tell (`Series.clock`).
- "flipped": the steps that were observed between checkpoints, each with a sign of chance, in units of their own root
  sum of squares; no distribution is assumed but that steps are independent and as likely up as down.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from tests.evidence.series import Floats, Series

Null = Callable[[Series, int, Generator], Floats]


def arriving(series: Series, runs: int, random: Generator) -> Floats:
    """Draw z at the readable checkpoints, one run a row."""
    return _brownian(np.maximum.accumulate(series.users[series.readable]), runs, random)


def accruing(series: Series, runs: int, random: Generator) -> Floats:
    """Draw z at the readable checkpoints, one run a row."""
    return _brownian(series.clock[series.readable], runs, random)


def flipped(series: Series, runs: int, random: Generator) -> Floats:
    """Deal the signs of the observed steps, one run a row."""
    readable = series.readable
    steps = np.diff(series.z[readable] * np.sqrt(series.clock[readable]), prepend=0.0)
    signs = random.choice((-1.0, 1.0), size=(runs, len(steps)))
    return np.asarray(np.cumsum(signs * steps, axis=1) / np.sqrt(np.cumsum(steps**2)))


def _brownian(clock: Floats, runs: int, random: Generator) -> Floats:
    steps = random.standard_normal((runs, len(clock))) * np.sqrt(np.diff(clock, prepend=0.0))
    return np.asarray(np.cumsum(steps, axis=1) / np.sqrt(clock))


NULLS: dict[str, Null] = {"arriving": arriving, "accruing": accruing, "flipped": flipped}


def alarms(z: Floats, limits: Floats) -> int:
    """Count the runs that ever reach their limits."""
    return int((np.abs(z) >= limits).any(axis=1).sum())
