"""Agents' rates drawn together: a caterpillar that does not crown whoever took the fewest calls.

Agent i succeeds in y_i of n_i calls with a rate of its own, and the rates are Beta(m (1/r - 1), (1 - m) (1/r - 1)):
about the mean m, with the intraclass correlation r. Given m and r the rate of an agent has a beta posterior. Neither
is known, so these are averaged over both, by quadrature, with a uniform prior of m and of sqrt r, the spread between
agents on its own scale (Gelman 2006, Bayesian Analysis 1:515): at an estimated r of 0, plain empirical Bayes would call
all agents the same with certainty (Morris 1983, JASA 78:47; Kass & Steffey 1989, JASA 84:717).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from stats.checks import require_share
from stats.moments import Counts

__all__ = ["ShrunkRate", "ShrunkRates", "shrink_rates"]

_Floats: TypeAlias = NDArray[np.float64]

_SPREADS = np.linspace(0.0, 1.0, 402)[1:-1]  # of sqrt r: where to look for the likelihood first
_NEGLIGIBLE = 18.0  # how far the logarithm of the likelihood falls before it is left out
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_AROUND, _MASS = np.polynomial.hermite_e.hermegauss(9)


@dataclass(frozen=True, slots=True)
class ShrunkRate:
    """One agent's rate.

    Attributes:
        raw: Successes per call as counted, a share; nan without calls.
        rate: The same drawn towards the rate of all, a share in (0, 1).
        low: Lower end of its interval, equal-tailed.
        high: Upper end of it.
    """

    raw: float
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ShrunkRates:
    """The rates of all agents.

    Attributes:
        agents: One an agent, in the order given; nan when fewer than two agents have calls.
        mean: Rate of the average agent (each one vote), a share; nan likewise.
        icc: Intraclass correlation of calls within agents, its posterior mean, in (0, 1); nan likewise.
        confidence: Of the intervals, share in (0, 1): 1 - alpha.
    """

    agents: tuple[ShrunkRate, ...]
    mean: float
    icc: float
    confidence: float


def shrink_rates(counts: Sequence[Counts], *, alpha: float = 0.05) -> ShrunkRates:
    """Draw the agents' rates towards their mean, each by as much as its calls leave open.

    Assumes that an agent's calls are alike and independent given its rate, and that calls were not dealt by rate. An
    interval is that of the beta distribution with the mean and variance of the averaged posterior. An agent without
    calls is given what is known of any agent.

    Args:
        counts: Calls and successes, one an agent.
        alpha: 1 - confidence of each interval, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    y, n = np.array([[agent.successes, agent.n] for agent in counts], dtype=np.float64).reshape(-1, 2).T
    if np.count_nonzero(n) < 2:
        nothing = tuple(ShrunkRate(agent.rate, math.nan, math.nan, math.nan) for agent in counts)
        return ShrunkRates(nothing, math.nan, math.nan, 1 - alpha)
    m, r, weight = _posterior(y[n > 0], n[n > 0])
    rates, low, high = _averaged(y, n, m, r, weight, alpha)
    agents = (ShrunkRate(agent.rate, *each) for agent, *each in zip(counts, rates, low, high, strict=True))
    return ShrunkRates(tuple(agents), float(weight @ m), float(weight @ r), 1 - alpha)


def _averaged(
    y: _Floats, n: _Floats, m: _Floats, r: _Floats, weight: _Floats, alpha: float
) -> tuple[list[float], list[float], list[float]]:
    """Return every agent's posterior mean and interval, averaged over what m and r may be."""
    size = (1 / r - 1)[:, np.newaxis]
    given = (m[:, np.newaxis] * size + y) / (size + n)
    mean = weight @ given
    variance = weight @ (given * (1 - given) / (size + n + 1) + (given - mean) ** 2)
    total = mean * (1 - mean) / variance - 1
    low, high = (special.betaincinv(mean * total, (1 - mean) * total, tail) for tail in (alpha / 2, 1 - alpha / 2))
    return mean.tolist(), low.tolist(), high.tolist()


def _posterior(y: _Floats, n: _Floats) -> tuple[_Floats, _Floats, _Floats]:
    """Return nodes of m and r with their weights, which sum to 1, where the likelihood is not negligible."""
    profile = _log_likelihood(y, n, _centre(y, n, _SPREADS**2)[0], _SPREADS**2)
    near = np.flatnonzero(profile > profile.max() - _NEGLIGIBLE)
    low, high = np.concatenate(([0.0], _SPREADS, [1.0]))[[near[0], near[-1] + 2]]
    spread = low + (high - low) * (_NODES + 1) / 2
    centre, error = _centre(y, n, spread**2)
    m = special.expit(special.logit(centre)[:, np.newaxis] + error[:, np.newaxis] * _AROUND).ravel()
    r = np.repeat(spread**2, len(_AROUND))
    # the nodes stand as a normal of logit m about its centre would have them; the weights undo that
    measure = np.outer(_WEIGHTS * error, _MASS * np.exp(_AROUND**2 / 2)).ravel() * m * (1 - m)
    log_weight = _log_likelihood(y, n, m, r)
    weight = measure * np.exp(log_weight - log_weight.max())
    return m, r, weight / weight.sum()


def _centre(y: _Floats, n: _Floats, r: _Floats) -> tuple[_Floats, _Floats]:
    """Return about where m lies at each r, and its standard error on the scale of log-odds."""
    weight = n / (1 + (n - 1) * r[:, np.newaxis])
    m = (weight @ (y / n) + 0.5) / (weight.sum(axis=1) + 1)
    return m, 1 / np.sqrt((weight.sum(axis=1) + 1) * m * (1 - m))


def _log_likelihood(y: _Floats, n: _Floats, m: _Floats, r: _Floats) -> _Floats:
    """Return the beta-binomial log-likelihood at each (m, r), less a constant."""
    size = (1 / r - 1)[:, np.newaxis]
    a, b = m[:, np.newaxis] * size, (1 - m)[:, np.newaxis] * size
    return np.asarray((special.betaln(a + y, b + n - y) - special.betaln(a, b)).sum(axis=1))
