"""Three ways to set two rates against each other: difference, ratio, odds ratio; and the score statistic of each.

The statistic asks how far a table lies from a stated value, with the rates of greatest likelihood under that value
(Miettinen & Nurminen 1985, Statistics in Medicine 4:213). Here it is taken of many tables at once and without the
constant N / (N - 1), for ranking tables; `stats.arms.score` has it of one table, in plain floats, for solving.
"""

import math
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.arms.score import difference_excess, odds_excess, ratio_excess
from stats.moments import Counts

__all__ = ["DIFFERENCE", "ODDS", "RATIO", "Flags", "Floats", "Scale", "Tables"]

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tables:
    """Many outcomes of two arms of fixed sizes.

    Attributes:
        a: Successes of the control, of any shape that broadcasts with `b`.
        n: Calls of the control.
        b: Successes of the challenger.
        m: Calls of the challenger.
    """

    a: Floats
    n: int
    b: Floats
    m: int

    @classmethod
    def of(cls, control: Counts, challenger: Counts) -> "Tables":
        """Take the one table observed."""
        a, b = (np.array([float(arm.successes)]) for arm in (control, challenger))
        return cls(a, control.n, b, challenger.n)


class Scale(Protocol):
    """One way of setting the challenger's rate against the control's.

    Attributes:
        equal: The value that says "no difference": 0 or 1.
        multiplies: Whether a value multiplies, so that its interval is looked for among logarithms.
    """

    equal: float
    multiplies: bool

    def observed(self, control: Counts, challenger: Counts) -> float:
        """Return the value seen; inf or nan where it divides by nothing."""

    def limited(self, control: Counts, challenger: Counts) -> tuple[bool, bool]:
        """Say whether the data set a limit from below and from above: none below 5 times 0, none above 5 out of 0."""

    def spread(self, control: Counts, challenger: Counts) -> float:
        """Return the standard error of the value seen, of its logarithm when it multiplies; nan when it has none."""

    def excess(self, control: Counts, challenger: Counts, value: float, z: float) -> float:
        """Return what is 0 at the score interval's ends and negative between them."""

    def challenger_rate(self, control_rate: Floats, value: float) -> Floats:
        """Return the challenger's rate that goes with the control's, in [0, 1]."""

    def control_rate(self, challenger_rate: float, value: float) -> float:
        """Return the control's rate that goes with the challenger's: the inverse, not yet confined to [0, 1]."""

    def squared_score(self, tables: Tables, value: float) -> Floats:
        """Return each table's squared distance from the value, in variances; inf when it cannot occur under it."""


class _Difference:
    equal = 0.0
    multiplies = False

    def observed(self, control: Counts, challenger: Counts) -> float:
        return challenger.rate - control.rate

    def limited(self, control: Counts, challenger: Counts) -> tuple[bool, bool]:
        return True, True

    def spread(self, control: Counts, challenger: Counts) -> float:
        p, q = control.rate, challenger.rate
        return math.sqrt(p * (1 - p) / control.n + q * (1 - q) / challenger.n)

    def excess(self, control: Counts, challenger: Counts, value: float, z: float) -> float:
        return difference_excess(control, challenger, value, z)

    def challenger_rate(self, control_rate: Floats, value: float) -> Floats:
        return np.clip(control_rate + value, 0.0, 1.0)

    def control_rate(self, challenger_rate: float, value: float) -> float:
        return challenger_rate - value

    def squared_score(self, tables: Tables, value: float) -> Floats:
        a, n, b, m = tables.a, tables.n, tables.b, tables.m
        p = _likeliest_given_difference(tables, value)
        q = np.clip(p + value, 0.0, 1.0)
        return _over((b / m - a / n - value) ** 2, p * (1 - p) / n + q * (1 - q) / m)


class _Ratio:
    equal = 1.0
    multiplies = True

    def observed(self, control: Counts, challenger: Counts) -> float:
        return _ratio(challenger.rate, control.rate)

    def limited(self, control: Counts, challenger: Counts) -> tuple[bool, bool]:
        return challenger.successes > 0, control.successes > 0

    def spread(self, control: Counts, challenger: Counts) -> float:
        x, y = control.successes, challenger.successes
        return math.sqrt(1 / x - 1 / control.n + 1 / y - 1 / challenger.n) if x and y else math.nan

    def excess(self, control: Counts, challenger: Counts, value: float, z: float) -> float:
        return ratio_excess(control, challenger, value, z)

    def challenger_rate(self, control_rate: Floats, value: float) -> Floats:
        return np.clip(control_rate * value, 0.0, 1.0)

    def control_rate(self, challenger_rate: float, value: float) -> float:
        return challenger_rate / value

    def squared_score(self, tables: Tables, value: float) -> Floats:
        a, n, b, m = tables.a, tables.n, tables.b, tables.m
        top = (m + a) * value + b + n
        p = 2 * (a + b) / (top + np.sqrt(np.maximum(top**2 - 4 * (n + m) * value * (a + b), 0.0)))
        p = np.minimum(p, min(1.0, 1 / value))
        q = np.minimum(value * p, 1.0)
        return _over((b / m - value * a / n) ** 2, value**2 * p * (1 - p) / n + q * (1 - q) / m)


class _Odds:
    equal = 1.0
    multiplies = True

    def observed(self, control: Counts, challenger: Counts) -> float:
        wins, losses = challenger.successes, challenger.n - challenger.successes
        return _ratio(wins * (control.n - control.successes), losses * control.successes)

    def limited(self, control: Counts, challenger: Counts) -> tuple[bool, bool]:
        return (
            challenger.successes > 0 and control.successes < control.n,
            control.successes > 0 and challenger.successes < challenger.n,
        )

    def spread(self, control: Counts, challenger: Counts) -> float:
        cells = [n for arm in (control, challenger) for n in (arm.successes, arm.n - arm.successes)]
        return math.sqrt(sum(1 / n for n in cells)) if all(cells) else math.nan

    def excess(self, control: Counts, challenger: Counts, value: float, z: float) -> float:
        return odds_excess(control, challenger, value, z)

    def challenger_rate(self, control_rate: Floats, value: float) -> Floats:
        return np.asarray(value * control_rate / (1 - control_rate + value * control_rate))

    def control_rate(self, challenger_rate: float, value: float) -> float:
        return challenger_rate / (value * (1 - challenger_rate) + challenger_rate)

    def squared_score(self, tables: Tables, value: float) -> Floats:
        a, n, b, m = tables.a, tables.n, tables.b, tables.m
        # The smaller of the two odds ratios is at most 1, where the quadratic's root keeps its digits.
        if value > 1:
            return self.squared_score(Tables(b, m, a, n), 1 / value)
        linear = n + m * value + (a + b) * (1 - value)
        p = 2 * (a + b) / (linear + np.sqrt(np.maximum(linear**2 - 4 * n * (1 - value) * (a + b), 0.0)))
        p = np.minimum(p, 1.0)
        q = self.challenger_rate(p, value)
        variance = n * p * (1 - p) * m * q * (1 - q)
        information = n * p * (1 - p) + m * q * (1 - q)
        # Without a success, or without a failure, any odds ratio fits: the distance is 0.
        return np.divide((b - m * q) ** 2 * information, variance, out=np.zeros(p.shape), where=variance > 0)


DIFFERENCE: Scale = _Difference()
RATIO: Scale = _Ratio()
ODDS: Scale = _Odds()


def _ratio(top: float, bottom: float) -> float:
    if bottom:
        return top / bottom
    return math.inf if top > 0 else math.nan


def _likeliest_given_difference(tables: Tables, value: float) -> Floats:
    """Solve the likelihood's cubic for the control's rate, in closed form."""
    a, n, b, m, both = tables.a, tables.n, tables.b, tables.m, tables.n + tables.m
    if value == 0:
        return np.asarray((a + b) / both)  # the same, to the last digit: tables tied in truth stay tied
    c2 = ((m + 2 * n) * value - both - (a + b)) / (3 * both)
    c1 = ((n * value - both - 2 * a) * value + (a + b)) / (3 * both)
    q = c2 * c2 * c2 - 1.5 * c1 * c2 + a * value * (1 - value) / (2 * both)
    p = np.copysign(np.sqrt(np.maximum(c2 * c2 - c1, 0.0)), q)
    cosine = np.clip(np.divide(q, p * p * p, out=np.zeros_like(q), where=p != 0), -1.0, 1.0)
    root = 2 * p * np.cos((np.pi + np.arccos(cosine)) / 3) - c2
    return np.asarray(np.clip(root, max(0.0, -value), min(1.0, 1 - value)))


def _over(square: Floats, variance: Floats) -> Floats:
    """Divide; without variance, a distance is infinite and no distance is none."""
    beyond = np.where(square > 1e-20, np.inf, 0.0)
    return np.divide(square, variance, out=beyond, where=variance > 0)
