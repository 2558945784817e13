"""Calls randomised within strata (agents, say): one pair of counts a stratum, and what of it can be used.

A stratum in which one arm is empty compares nothing and drops out. It is counted, not forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.moments import Counts

__all__ = ["Strata", "StrataUse", "Tables", "strata_use", "tables"]

_Floats: TypeAlias = NDArray[np.float64]

Strata: TypeAlias = Sequence[tuple[Counts, Counts]]
"""One (control, challenger) a stratum; a call is in one stratum only."""


@dataclass(frozen=True, slots=True)
class StrataUse:
    """How much of the data a stratified comparison rests on.

    Attributes:
        strata: Number of strata handed in.
        compared: Strata with calls in both arms.
        informative: Those of them in which some calls succeeded and some did not: only they speak for or against an
            odds ratio.
        dropped_calls: Calls in strata with one arm empty.
        mantel_fleiss: By how many successes the challenger's total can differ, given each stratum's totals, from what
            is expected without an effect, on the side where that is least. The chi-square of Cochran, Mantel and
            Haenszel is trusted from 5 on (Mantel & Fleiss 1980, American Journal of Epidemiology 112:129).
    """

    strata: int
    compared: int
    informative: int
    dropped_calls: int
    mantel_fleiss: float


@dataclass(frozen=True, slots=True)
class Tables:
    """The counts of the strata that have calls in both arms, as arrays with one element a stratum.

    Attributes:
        n0: Calls of the control, >= 1.
        x0: Successes of the control.
        n1: Calls of the challenger, >= 1.
        x1: Successes of the challenger.
        n: Calls of both arms.
        x: Successes of both arms.
        weight: Mantel and Haenszel's weights n0 n1 / n, in calls: the precision of a difference at a common rate.
    """

    n0: _Floats
    x0: _Floats
    n1: _Floats
    x1: _Floats
    n: _Floats = field(init=False)
    x: _Floats = field(init=False)
    weight: _Floats = field(init=False)

    def __post_init__(self) -> None:
        # formed once: a search for an interval's end asks for them some seventy times
        object.__setattr__(self, "n", self.n0 + self.n1)
        object.__setattr__(self, "x", self.x0 + self.x1)
        object.__setattr__(self, "weight", self.n0 * self.n1 / self.n)

    @property
    def excess(self) -> float:
        """Successes of the challenger beyond those expected without an effect, the totals of each stratum given."""
        return float(np.sum((self.x1 * self.n0 - self.x0 * self.n1) / self.n))

    @property
    def null_variance(self) -> float:
        """Variance of `excess` without an effect, the totals of each stratum given (hypergeometric)."""
        n, x = self.n, self.x
        return float(np.sum(self.n0 * self.n1 * x * (n - x) / (n * n * (n - 1))))


def tables(strata: Strata) -> Tables:
    """Lay out the strata that have calls in both arms."""
    rows = [(a.n, a.successes, b.n, b.successes) for a, b in strata if a.n and b.n]
    return Tables(*np.array(rows, dtype=np.float64).reshape(-1, 4).T)


def strata_use(strata: Strata) -> StrataUse:
    """Say how much of the data a stratified comparison can use, and whether it is enough for its normal curve."""
    t = tables(strata)
    expected = t.n1 * t.x / t.n
    fewest, most = np.maximum(0.0, t.x - t.n0), np.minimum(t.x, t.n1)
    return StrataUse(
        strata=len(strata),
        compared=len(t.n),
        informative=int(np.count_nonzero((t.x > 0) & (t.x < t.n))),
        dropped_calls=sum(a.n + b.n for a, b in strata if not (a.n and b.n)),
        mantel_fleiss=float(min(np.sum(expected - fewest), np.sum(most - expected))),
    )
