"""How often the words were really heard, from calls that were drawn at random and listened to, blind to their outcome.

Calls are drawn within each agent and arm (a stratum), a few from each, so that nobody is left out; each listened call
then stands for the calls of its stratum. The answer describes the calls that were made, not agents yet to come.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.checks import require, require_share
from stats.tails import normal_quantile

__all__ = ["Heard", "HeardDifference", "Stratum", "heard_difference", "share_heard"]

_CAUTION = 10  # listened calls of the rarer kind that are thought to show no saving, before any is believed


@dataclass(frozen=True, slots=True)
class Stratum:
    """The calls of one agent in one arm.

    Attributes:
        calls: Calls that were made; the stratum's weight.
        listened: Calls among them that were drawn at random and listened to.
        heard: Listened calls in which the words in question were heard: the arm's own for its adherence, the
            challenger's for the contamination of the control.

    Raises:
        ValueError: When not 0 <= heard <= listened <= calls.
    """

    calls: int
    listened: int
    heard: int

    def __post_init__(self) -> None:
        require("calls", self.calls, at_least=0)
        require("listened", self.listened, at_least=0, at_most=self.calls)
        require("heard", self.heard, at_least=0, at_most=self.listened)


@dataclass(frozen=True, slots=True)
class Heard:
    """The share of an arm's calls in which the words were heard.

    Attributes:
        rate: In [0, 1], over the calls of strata that were listened to; nan when none was.
        variance: Sampling variance of `rate`; 0 when every call was listened to, nan with `rate`.
        low: Lower end of the interval.
        high: Upper end of it.
        confidence: Share in (0, 1).
        listened: Calls that were listened to.
        covered: Share of the arm's calls that lie in strata that were listened to; of the rest nothing is known.
    """

    rate: float
    variance: float
    low: float
    high: float
    confidence: float
    listened: int
    covered: float


@dataclass(frozen=True, slots=True)
class HeardDifference:
    """How much more often the words were heard in the challenger than in the control: what the assignment moved.

    Attributes:
        difference: Challenger minus control, in [-1, 1]; nan when either is unknown.
        variance: Sampling variance of `difference`.
        low: Lower end of its interval.
        high: Upper end of it.
        confidence: Share in (0, 1).
    """

    difference: float
    variance: float
    low: float
    high: float
    confidence: float


def share_heard(strata: Sequence[Stratum], *, alpha: float = 0.05) -> Heard:
    """Estimate the share of calls in which the words were heard, each stratum weighted by its calls.

    The stratified estimator, with the finite-population factor in its variance, is Cochran's (Sampling Techniques, 3rd
    ed. 1977, section 5.6). The interval is Wilson's (1927, JASA 22:209) at the effective number of calls, as Korn &
    Graubard (1998, Survey Methodology 24:193) do with the exact one. Few calls a stratum make the strata's own
    variances worthless (of one call there is none, of three right ones it is 0), so the effective number starts from
    Kish's, for which all strata are alike (by concavity the cautious guess when they are not), and what strata that
    differ save is believed only as far as the sample shows it: as if ten more calls had shown no saving. In simulations
    of 12 to 40 agents of 5 to 4500 calls, 1 to 10 of them listened to, it holds the true share in 92 to 100 of 100
    samples, the least of it where 98 % of calls are right.

    Args:
        strata: One an agent of the arm.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    seen = [stratum for stratum in strata if stratum.listened]
    every = sum(stratum.calls for stratum in strata)
    if not seen:
        return Heard(math.nan, math.nan, math.nan, math.nan, 1 - alpha, 0, 0.0 if every else math.nan)
    calls, listened = sum(stratum.calls for stratum in seen), sum(stratum.listened for stratum in seen)
    rate = sum(stratum.calls / calls * stratum.heard / stratum.listened for stratum in seen)
    n, typical = _effective(seen, calls)
    low, high = _wilson(rate, n, normal_quantile(alpha / 2))
    return Heard(rate, typical * (1 - typical) / n, low, high, 1 - alpha, listened, calls / every)


def heard_difference(control: Heard, challenger: Heard) -> HeardDifference:
    """Subtract the control's share (contamination) from the challenger's (adherence), both of the challenger's words.

    The interval is made of the two shares' own (Newcombe 1998, Statistics in Medicine 17:873, method 10; Zou & Donner
    2008, Statistics in Medicine 27:1693), hence works after a correction for mishearing too.

    Raises:
        ValueError: When the two have not the same confidence.
    """
    if control.confidence != challenger.confidence:
        raise ValueError(
            f"challenger.confidence is {challenger.confidence}, must be the control's {control.confidence}"
        )
    difference = challenger.rate - control.rate
    below = math.hypot(challenger.rate - challenger.low, control.high - control.rate)
    above = math.hypot(challenger.high - challenger.rate, control.rate - control.low)
    variance = control.variance + challenger.variance
    return HeardDifference(difference, variance, difference - below, difference + above, control.confidence)


def _effective(seen: Sequence[Stratum], calls: int) -> tuple[float, float]:
    """Return how many calls of a simple random sample would tell as much, and a rate that gives its variance.

    A stratum's term of the variance is its v = W^2 / n, less the part of it that was heard in full, times its own
    spread. Their v-weighted mean rate bounds the mean of the spreads; a call of each kind keeps it from 0 and 1.
    """
    votes = [(s.calls / calls) ** 2 / s.listened * (1 - s.listened / s.calls) for s in seen]
    total = sum(votes)
    if not total:
        return math.inf, 0.5
    mean = sum(vote * s.heard / s.listened for vote, s in zip(votes, seen, strict=True)) / total
    alike = mean * (1 - mean)
    within = sum(vote * _spread(s, alike) for vote, s in zip(votes, seen, strict=True)) / total
    heard, unheard = sum(s.heard for s in seen), sum(s.listened - s.heard for s in seen)
    rarer = min(heard, unheard)
    shown = min(within / alike, 1.0) if alike else 1.0
    n = (rarer + _CAUTION) / (rarer * shown + _CAUTION) / total
    return n, (mean / total + 1) / (1 / total + 2)


def _spread(stratum: Stratum, alike: float) -> float:
    """Return the unbiased variance of a call within the stratum; of one call, what it is when strata are alike."""
    rate = stratum.heard / stratum.listened
    return rate * (1 - rate) * stratum.listened / (stratum.listened - 1) if stratum.listened > 1 else alike


def _wilson(rate: float, n: float, z: float) -> tuple[float, float]:
    if math.isinf(n):
        return rate, rate
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return max(centre - half, 0.0) if rate > 0 else 0.0, min(centre + half, 1.0) if rate < 1 else 1.0
