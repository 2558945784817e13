"""Barnard's exact test: the score statistic with its true distribution.

Unconditional, because the calls of an arm are fixed by the split and the successes are not: Fisher's test, which fixes
both, rejects far less often than it may (Barnard 1947, Biometrika 34:123). The control's true rate is not known; p is
the worst over every rate the data leave plausible, plus the chance that the true one is elsewhere (Berger & Boos 1994,
JASA 89:1012), which is valid, leaves out rates nobody believes, and costs the same at 40 calls as at 4 million.

The same test can be made of any other difference, ratio or odds ratio. At "no difference" the three are one.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from stats.arms.intervals import clopper_pearson
from stats.arms.scales import DIFFERENCE, Flags, Floats, Scale, Tables
from stats.moments import Counts
from stats.tails import bernstein_reach

__all__ = ["barnard_p", "exact_p", "worst_chance"]

_ELSEWHERE = 1e-9  # Berger & Boos's gamma: also the least p this test can give
_OUTSIDE = 1e-10  # counts this improbable on a side, whatever the rate, are left out
_TIED = 1e-7  # of a score: closer ones differ by rounding, not in truth
_SPACING = 32  # counts looked at per standard deviation, at most


def barnard_p(control: Counts, challenger: Counts) -> float:
    """Return the two-sided exact p-value of "no difference", in [1e-9, 1]; both arms must have calls.

    Args:
        control: Independent calls of the control.
        challenger: The same of the challenger.
    """
    return exact_p(DIFFERENCE, control, challenger, DIFFERENCE.equal, rates=500)


def exact_p(scale: Scale, control: Counts, challenger: Counts, value: float, *, rates: int) -> float:
    """Return the two-sided exact p-value of a stated difference, ratio or odds ratio; both arms must have calls.

    Args:
        scale: What is stated: `stats.arms.scales`.
        control: Independent calls of the control.
        challenger: The same of the challenger.
        value: The stated value; of a ratio > 0.
        rates: How many rates of the control are tried over the plausible range, about twelve standard errors wide:
            500 find the worst p to four digits, 100 to three.
    """
    seen = Tables.of(control, challenger)

    def as_extreme(tables: Tables) -> Flags:
        return np.asarray(scale.squared_score(tables, value) >= scale.squared_score(seen, value) * (1 - _TIED))

    return worst_chance(scale, control, challenger, value, as_extreme, rates=rates)


def worst_chance(
    scale: Scale,
    control: Counts,
    challenger: Counts,
    value: float,
    as_extreme: Callable[[Tables], Flags],
    *,
    rates: int = 500,
) -> float:
    """Return the greatest chance, over plausible rates under the stated value, of a table at least as extreme.

    Args:
        scale: What is stated: `stats.arms.scales`.
        control: Independent calls of the control.
        challenger: The same of the challenger.
        value: The stated value.
        as_extreme: Says of each table whether it counts; broadcasts.
        rates: How many rates of the control are tried.
    """
    control_rates = _plausible_rates(scale, control, challenger, value, rates)
    if not len(control_rates):
        return _ELSEWHERE
    a, a_chance = _counts(control, control_rates)
    b, b_chance = _counts(challenger, scale.challenger_rate(control_rates, value))
    extreme = as_extreme(Tables(a[:, None], control.n, b[None, :], challenger.n))
    return min(float(_chance(a_chance, extreme, b_chance).max()) + _ELSEWHERE, 1.0)


def _chance(a_chance: Floats, extreme: Flags, b_chance: Floats) -> Floats:
    """Return the chance of an extreme table at each rate: from where runs of extreme tables begin and end.

    Two a row, mostly; the product of the matrices would take ten times as long, and every processor.
    """
    turns = np.diff(extreme.astype(np.int8), axis=1, prepend=0)
    a, b = np.nonzero(turns)
    at_least = np.cumsum(b_chance[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.einsum("ra,ra,a->r", a_chance[:, a], at_least[:, b], turns[a, b].astype(np.float64)))


def _plausible_rates(scale: Scale, control: Counts, challenger: Counts, value: float, rates: int) -> Floats:
    """Return a grid of control rates that neither arm rules out, even on the arcsine scale, where precision is.

    Even for the control's rate, and where the arms' rates differ as many again even for the challenger's: so the pairs
    of rates that are tried stay the same when the arms are swapped.
    """
    low, high = _plausible(control)
    other_low, other_high = _plausible(challenger)
    low, high = max(low, scale.control_rate(other_low, value)), min(high, scale.control_rate(other_high, value))
    if low > high:
        return np.empty(0)
    own = _even(low, high, rates)
    if value == scale.equal:
        return own
    ends = scale.challenger_rate(np.array([low, high]), value)
    others = [scale.control_rate(float(rate), value) for rate in _even(float(ends[0]), float(ends[1]), rates)]
    return np.concatenate((own, np.clip(others, low, high)))


def _even(low: float, high: float, rates: int) -> Floats:
    return np.asarray(np.sin(np.linspace(math.asin(low**0.5), math.asin(high**0.5), rates)) ** 2)


def _plausible(arm: Counts) -> tuple[float, float]:
    found = clopper_pearson(arm, alpha=_ELSEWHERE / 2)
    return found.low, found.high


def _counts(arm: Counts, rates: Floats) -> tuple[Floats, Floats]:
    """Return the counts that can occur at these rates, and the chance of each (columns) at each rate (rows).

    Of a large arm every k-th count stands for k of them, which moves a tail by less than a hundredth of itself.
    """
    n, low, high = arm.n, float(rates.min()), float(rates.max())
    widest = min(max(low, 0.5), high)  # the rate at which counts spread most
    variance = n * widest * (1 - widest)
    reach, spread = bernstein_reach(variance, _OUTSIDE), variance**0.5
    step = max(int(spread / _SPACING), 1)
    below = min(int((arm.successes - n * low + reach) / step), arm.successes // step)
    most = min(int(n * high + reach), n)
    counts = np.arange(arm.successes - below * step, most + 1, step, dtype=np.float64)
    ways = special.gammaln(n + 1) - special.gammaln(counts + 1) - special.gammaln(n - counts + 1) + math.log(step)
    p = np.clip(rates, 1e-300, 1 - 1e-16)[:, None]  # 0 * log(0) is 0 here
    return counts, np.exp(ways + counts * np.log(p) + (n - counts) * np.log1p(-p))
