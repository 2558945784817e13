"""More often than is tolerated? Exact, one-sided counts of what should hardly ever happen."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.checks import require, require_share
from stats.families.adjusting import holm
from stats.moments import Counts
from stats.tails import bernstein_reach

__all__ = ["Excess", "Unmatched", "seen_in_two_arms", "unmatched_reports"]

_NOTHING = 1e-20  # counts this improbable on a side are left out


@dataclass(frozen=True, slots=True)
class Excess:
    """A share against the largest one that is tolerated.

    Attributes:
        share: Seen, in [0, 1]; nan without trials.
        at_least: Lower bound of the true share at `confidence`, one-sided; nan without trials.
        p_value: Of "the true share is at most the tolerated one", in (0, 1]; nan without trials.
        tolerated: That share.
        confidence: Share in (0, 1).
    """

    share: float
    at_least: float
    p_value: float
    tolerated: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Unmatched:
    """One agent's reports without a record, against all other agents'.

    Attributes:
        share: The agent's reports that no record matches, in [0, 1]; nan without reports.
        others: The same of all other agents together; nan when they have none.
        p_value: Of "no more likely than the others' reports", one-sided and exact, in (0, 1]; nan when either is nan.
        adjusted_p: `p_value` for the number of agents (Holm), in (0, 1] or nan.
    """

    share: float
    others: float
    p_value: float
    adjusted_p: float


def seen_in_two_arms(units: Counts, *, tolerated: float, alpha: float = 0.05) -> Excess:
    """Compare the share of units that were seen in more than one arm with what is tolerated.

    Exact binomial, and Clopper & Pearson's bound (1934, Biometrika 26:404). Some of it is life (a customer with two
    numbers, a shared desk); more than that is a fault of the assignment.

    Args:
        units: Units, and how many of them were seen in two arms.
        tolerated: Share in (0, 1).
        alpha: 1 - confidence of the bound, in (0, 1).

    Raises:
        ValueError: When `tolerated` or `alpha` is not in (0, 1).
    """
    require_share("tolerated", tolerated)
    require_share("alpha", alpha)
    n, x = units.n, units.successes
    if not n:
        return Excess(math.nan, math.nan, math.nan, tolerated, 1 - alpha)
    at_least = float(special.betaincinv(x, n - x + 1, alpha)) if x else 0.0
    p_value = float(special.betainc(x, n - x + 1, tolerated)) if x else 1.0
    return Excess(units.rate, at_least, max(p_value, sys.float_info.min), tolerated, 1 - alpha)


def unmatched_reports(agents: Sequence[Counts], *, tolerated_odds: float = 1.0) -> tuple[Unmatched, ...]:
    """Ask of each agent whether more of his own reports lack a record than on the rest of the floor.

    A telephone system that loses records does so to all agents; one who reports what did not happen stands out. It is
    Fisher's exact test, one-sided, of the agent against all others: their rate is estimated too, and the test knows it.
    With tolerated odds above 1 an agent may be that much above the others, by Fisher's noncentral hypergeometric
    distribution (1935, JRSS 98:39): agents differ by nature, and with many reports each a test of "all alike" finds it.
    When half the floor does it, nobody stands out.

    Args:
        agents: Reports of each agent, and how many of them no record matches.
        tolerated_odds: Odds ratio against the others that is still no finding, >= 1.

    Returns:
        One an agent, in the order given.

    Raises:
        ValueError: When `tolerated_odds` is under 1.
    """
    require("tolerated_odds", tolerated_odds, at_least=1)
    n, x = sum(agent.n for agent in agents), sum(agent.successes for agent in agents)
    rests = [Counts(n - agent.n, x - agent.successes) for agent in agents]
    p_values = [_above(agent, rest, tolerated_odds) for agent, rest in zip(agents, rests, strict=True)]
    return tuple(
        Unmatched(agent.rate, rest.rate, p_value, adjusted)
        for agent, rest, p_value, adjusted in zip(agents, rests, p_values, holm(p_values), strict=True)
    )


def _above(agent: Counts, rest: Counts, odds: float) -> float:
    """Return the chance of as many successes or more in the agent's share of all, given all margins."""
    if not agent.n or not rest.n:
        return math.nan
    if not agent.successes:
        return 1.0
    both = agent + rest
    return min(max(_tail(agent.successes, agent.n, both, odds), sys.float_info.min), 1.0)


def _tail(least: int, n: int, both: Counts, odds: float) -> float:
    """Return the chance of `least` successes or more among n, under Fisher's noncentral hypergeometric distribution.

    Summed over the counts that can occur: it is a sum of min(n, successes) independent throws (Harkness 1965, Annals of
    Mathematical Statistics 36:938) with its mode beside its mean (Fog 2008, Communications in Statistics 37:258), so
    that Bernstein's inequality says how far from it a count can be.
    """
    failures = both.n - both.successes
    reach = math.ceil(bernstein_reach(min(n, both.successes) / 4, _NOTHING))
    mode = _mode(n, both.successes, failures, odds)
    low, high = max(0, n - failures), min(n, both.successes)
    k = np.arange(max(low, min(mode, least) - reach), min(high, max(mode, least) + reach) + 1)
    ways = [special.gammaln(each + 1.0) for each in (k, both.successes - k, n - k, failures - n + k)]
    weights = k * math.log(odds) - sum(ways)
    return float(np.exp(special.logsumexp(weights[k >= least]) - special.logsumexp(weights)))


def _mode(n: int, successes: int, failures: int, odds: float) -> int:
    """Return the count as likely as the one before it, rounded down (Fog 2008)."""
    a = odds - 1
    b = failures - n + (successes + n + 2) * odds
    c = (successes + 1) * (n + 1) * odds
    return int(2 * c / (b + math.sqrt(b * b - 4 * a * c)))
