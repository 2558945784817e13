"""Fisher's exact test and Boschloo's, for readers who ask for them by name. The page decides by Barnard's.

Fisher's fixes the number of successes, which no experiment does, and rejects too seldom for it: 0 of 40 against 6 of 40
is 0.026 where Barnard's test says 0.011. Boschloo's takes Fisher's p as its statistic and its true distribution.
"""

import math
import sys

import numpy as np
from scipy import stats

from stats.arms.exact import worst_chance
from stats.arms.scales import DIFFERENCE, Flags, Floats, Tables
from stats.moments import Counts

__all__ = ["boschloo_p", "fisher_p"]

_TIED = 1e-7  # of a p-value: closer ones differ by rounding, not in truth


def fisher_p(control: Counts, challenger: Counts) -> float:
    """Return the two-sided p of Fisher's exact test (1935, JRSS 98:39); in (0, 1], nan when an arm has no calls.

    It sums the tables of the same margins that are no likelier than the one observed.

    Args:
        control: Independent calls of the control.
        challenger: The same of the challenger.
    """
    if not (control.n and challenger.n):
        return math.nan
    arms = ([arm.successes, arm.n - arm.successes] for arm in (control, challenger))
    return max(float(stats.fisher_exact(np.array(list(arms))).pvalue), sys.float_info.min)


def boschloo_p(control: Counts, challenger: Counts) -> float:
    """Return Boschloo's exact two-sided p (1970, Statistica Neerlandica 24:1); in (0, 1], nan when an arm has no calls.

    Fisher's one-sided p is the statistic, its distribution the true one at the worst plausible rate, as in `barnard_p`;
    the smaller of the two sides is doubled, as scipy does, which takes hours where this takes milliseconds.

    Args:
        control: Independent calls of the control.
        challenger: The same of the challenger.
    """
    if not (control.n and challenger.n):
        return math.nan
    return min(2 * min(_one_sided(control, challenger), _one_sided(challenger, control)), 1.0)


def _one_sided(fewer: Counts, more: Counts) -> float:
    """Return Boschloo's p that the second arm's rate is not the higher one."""
    seen = _at_least_so_many(Tables.of(fewer, more))

    def as_extreme(tables: Tables) -> Flags:
        return np.asarray(_at_least_so_many(tables) <= seen * (1 + _TIED))

    return worst_chance(DIFFERENCE, fewer, more, DIFFERENCE.equal, as_extreme)


def _at_least_so_many(tables: Tables) -> Floats:
    """Return Fisher's one-sided p of each table: so many of all successes, or more, in the second arm."""
    return np.asarray(stats.hypergeom.sf(tables.b - 1, tables.n + tables.m, tables.a + tables.b, tables.m))
