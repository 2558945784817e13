"""Which variables matter most, and which test is worth its calls."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy import special

from stats.bayes.beliefs import Normal
from stats.bayes.best import judge_arms
from stats.checks import require, require_share

__all__ = ["Candidate", "Proposal", "RankedVariable", "Worth", "rank_proposals", "rank_variables"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variable of the script in a scenario where it could be used.

    Attributes:
        name: Of the variable, and of the scenario where they are told apart.
        effect: Belief of its effect per call, on a scale where higher is better: of a measured one
            `Normal(shrunk.value, shrunk.standard_error)`, of one not measured here
            `Normal(pooled.mean, sqrt(pooled.predictive_variance))`.
        volume: Calls it would reach in the period that gains are told for, >= 0.

    Raises:
        ValueError: When the volume is negative.
    """

    name: str
    effect: Normal
    volume: float

    def __post_init__(self) -> None:
        require("volume", self.volume, at_least=0)


@dataclass(frozen=True, slots=True)
class RankedVariable:
    """A candidate with what it is expected to bring; nan when nothing is known of its effect.

    Attributes:
        name: The candidate's.
        gain: Expected gain of the period: effect times volume, in the metric's unit.
        low: Lower end of its interval, equal-tailed, at 1 - alpha.
        high: Upper end of it.
        probability_best: Chance that no other known candidate brings more, in [0, 1].
        rank: 1 for the greatest gain; None when unknown.
    """

    name: str
    gain: float
    low: float
    high: float
    probability_best: float
    rank: int | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A test that could be run.

    Attributes:
        candidate: What would be tested, with what is believed of it now.
        calls: Calls the test would take, all arms together, >= 1.
        variance: Sampling variance of the effect that it would measure, > 0; of a proportion p in two arms of n calls
            2 p (1 - p) / n, times the design effect of whole agents.

    Raises:
        ValueError: When an attribute is out of its bounds.
    """

    candidate: Candidate
    calls: int
    variance: float

    def __post_init__(self) -> None:
        require("calls", self.calls, at_least=1)
        require("variance", self.variance, above=0)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a test is worth before it is run; nan when nothing is believed of the effect.

    Attributes:
        name: The candidate's.
        chance_to_ship: That after the test the variable is believed to do good, in [0, 1].
        expected_gain: Of the period when it is shipped exactly then, in the metric's unit, >= 0.
        value_of_testing: Of that, what the test adds to deciding at once by what is believed now, >= 0.
        value_of_knowing: What a test without any error would add: no test is worth more.
        value_per_call: `value_of_testing` for each call of the test.
        calls: Calls of the test.
        rank: 1 for the greatest value per call; None when unknown.
    """

    name: str
    chance_to_ship: float
    expected_gain: float
    value_of_testing: float
    value_of_knowing: float
    value_per_call: float
    calls: int
    rank: int | None


def rank_variables(candidates: Sequence[Candidate], *, alpha: float = 0.05) -> tuple[RankedVariable, ...]:
    """Rank variables by what they are expected to bring: effect times volume.

    Args:
        candidates: In any order; their effects are believed independently of each other.
        alpha: 1 - credibility of the intervals, in (0, 1).

    Returns:
        The greatest expected gain first, the unknown last.

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    known = [each for each in candidates if each.effect.known and each.volume > 0]
    gains = [Normal(each.effect.mean * each.volume, each.effect.sd * each.volume) for each in known]
    judged = sorted(zip(known, judge_arms(gains, alpha=alpha), strict=True), key=lambda pair: -pair[1].mean)
    ranked = [
        RankedVariable(each.name, gain.mean, gain.low, gain.high, gain.probability_best, rank)
        for rank, (each, gain) in enumerate(judged, start=1)
    ]
    rest = [each for each in candidates if each not in known]
    return (*ranked, *(RankedVariable(each.name, math.nan, math.nan, math.nan, math.nan, None) for each in rest))


def rank_proposals(proposals: Sequence[Proposal]) -> tuple[Worth, ...]:
    """Rank tests by the expected value of their information for each call they take.

    What will be believed after the test is itself normal about today's mean, with variance s^4 / (s^2 + v) for today's
    variance s^2 and the test's v; shipping whenever it is positive gains E max(0, .) (Raiffa & Schlaifer 1961, Applied
    Statistical Decision Theory, section 5.4 and 5.5; expected value of sample information). It counts neither the calls
    of the test itself nor the cost of changing a script, and decides by the posterior mean, not by a p-value.

    Args:
        proposals: In any order.

    Returns:
        The most worth for each call first, the unknown last.
    """
    worths = [_worth(each) for each in proposals]
    known = sorted(
        (each for each in worths if not math.isnan(each.value_per_call)), key=lambda each: -each.value_per_call
    )
    return (
        *(replace(each, rank=rank) for rank, each in enumerate(known, start=1)),
        *(each for each in worths if math.isnan(each.value_per_call)),
    )


def _worth(proposal: Proposal) -> Worth:
    effect, volume = proposal.candidate.effect, proposal.candidate.volume
    after = effect.sd**2 / math.sqrt(effect.sd**2 + proposal.variance)
    value = volume * _information(effect.mean, after)
    return Worth(
        name=proposal.candidate.name,
        chance_to_ship=float(special.ndtr(effect.mean / after)),
        expected_gain=volume * Normal(effect.mean, after).expected_gain,
        value_of_testing=value,
        value_of_knowing=volume * _information(effect.mean, effect.sd),
        value_per_call=value / proposal.calls,
        calls=proposal.calls,
        rank=None,
    )


def _information(mean: float, sd: float) -> float:
    """Return E max(0, X) - max(0, mean), from the tail itself."""
    return Normal(-abs(mean), sd).expected_gain
