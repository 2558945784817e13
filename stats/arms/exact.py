"""Barnard's exact test: the score statistic with its true distribution, for cells too small for the normal curve.

Unconditional, because the calls of an arm are fixed by the split and the successes are not: Fisher's test, which fixes
both, rejects far less often than it may (Barnard 1947, Biometrika 34:123). The common rate is not known; p is the worst
over every rate the data leave plausible, plus the chance that the true one is elsewhere (Berger & Boos 1994, JASA
89:1012), which is valid, leaves out rates nobody believes, and costs the same at 40 calls as at 4 million.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from stats.moments import Counts

__all__ = ["barnard_p"]

_Floats: TypeAlias = NDArray[np.float64]

_ELSEWHERE = 1e-9  # Berger & Boos's gamma: also the least p this test can give
_RATES = 500  # about twelve standard errors wide: the worst rate is found to four digits


def barnard_p(control: Counts, challenger: Counts) -> float:
    """Return the two-sided exact p-value of "no difference"; both arms must have calls."""
    rates = _plausible_rates(control + challenger)
    a = _range(control.n, rates)
    b = _range(challenger.n, rates)
    scores = _squared_score(a[:, None], control.n, b[None, :], challenger.n)
    observed = _squared_score(np.array(control.successes), control.n, np.array(challenger.successes), challenger.n)
    as_extreme = (scores >= observed * (1 - 1e-9)).astype(np.float64)
    chance = ((_binomial(a, control.n, rates) @ as_extreme) * _binomial(b, challenger.n, rates)).sum(axis=1)
    return min(float(chance.max()) + _ELSEWHERE, 1.0)


def _plausible_rates(both: Counts) -> _Floats:
    """Return a grid over Clopper & Pearson's interval, even on the arcsine scale, where precision is."""
    x, n = both.successes, both.n
    low = float(special.betaincinv(x, n - x + 1, _ELSEWHERE / 2)) if x > 0 else 0.0
    high = float(special.betaincinv(x + 1, n - x, 1 - _ELSEWHERE / 2)) if x < n else 1.0
    return np.asarray(np.sin(np.linspace(np.arcsin(low**0.5), np.arcsin(high**0.5), _RATES)) ** 2)


def _range(n: int, rates: _Floats) -> _Floats:
    """Return the counts that can occur at these rates: Bennett's bound leaves less than 1e-13 outside."""
    fewest = n * rates[0] - 8 * (n * rates[0]) ** 0.5 - 30
    most = n * rates[-1] + 8 * (n * rates[-1]) ** 0.5 + 30
    return np.arange(max(int(fewest), 0), min(int(most), n) + 1, dtype=np.float64)


def _squared_score(a: _Floats, a_n: int, b: _Floats, b_n: int) -> _Floats:
    """Return the squared score statistic of tables, up to a factor common to all; 0 when all calls went one way."""
    pooled = (a + b) / (a_n + b_n)
    variance = pooled * (1 - pooled)
    return np.asarray(np.divide((b / b_n - a / a_n) ** 2, variance, out=np.zeros(variance.shape), where=variance > 0))


def _binomial(count: _Floats, n: int, rates: _Floats) -> _Floats:
    """Return the chance of each count (columns) at each rate (rows)."""
    ways = special.gammaln(n + 1) - special.gammaln(count + 1) - special.gammaln(n - count + 1)
    p = rates[:, None]
    return np.asarray(np.exp(ways + special.xlogy(count, p) + special.xlog1py(n - count, -p)))
