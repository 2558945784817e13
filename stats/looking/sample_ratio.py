"""Check that the arms received the shares of traffic they were promised.

A split that drifts means that somebody decides who is counted, and then no effect can be read.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.checks import require, require_each
from stats.tails import chi_square_p

__all__ = ["SampleRatio", "check_sample_ratio", "sequential_sample_ratio_p"]


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Observed against promised shares, among the arms that were promised any.

    Attributes:
        chi_square: Pearson's statistic; nan without units or with fewer than two such arms.
        degrees_of_freedom: Arms of positive weight, less one.
        p_value: In (0, 1]; nan with `chi_square`.
        deviation: Largest distance of an observed from a promised share, in [0, 1]; nan without units.
        expected: Units each arm should have had, in the order given; 0 for an arm of weight 0.
        stray: Units found in arms of weight 0, where none can be: a fault in itself, and in nothing above.
    """

    chi_square: float
    degrees_of_freedom: int
    p_value: float
    deviation: float
    expected: tuple[float, ...]
    stray: int


def check_sample_ratio(counts: Sequence[int], weights: Sequence[float]) -> SampleRatio:
    """Test the split once, by Pearson's chi-square (1900, Philosophical Magazine 50:157).

    Args:
        counts: Units found in each arm.
        weights: What each arm was promised, on any scale.

    Raises:
        ValueError: When lengths differ, a number is negative or not finite, or no weight is positive.
    """
    shares = _shares(counts, weights)
    live = [(count, share) for count, share in zip(counts, shares, strict=True) if share > 0]
    total = sum(count for count, _ in live)
    testable = total > 0 and len(live) > 1
    chi_square = sum((count - total * share) ** 2 / (total * share) for count, share in live) if testable else math.nan
    return SampleRatio(
        chi_square=chi_square,
        degrees_of_freedom=len(live) - 1,
        p_value=chi_square_p(chi_square, len(live) - 1),
        deviation=max(abs(count / total - share) for count, share in live) if total else math.nan,
        expected=tuple(total * share for share in shares),
        stray=sum(counts) - total,
    )


def sequential_sample_ratio_p(
    counts: Sequence[int], weights: Sequence[float], *, concentration: float = 10_000
) -> float:
    """Return a p-value of the split that may be looked at after every unit.

    The inverse Bayes factor of the promised shares against a Dirichlet prior around them (Lindon & Malek 2022,
    Anytime-valid inference for multinomial count data, NeurIPS 35). The chance that it is ever at most alpha, at
    whatever looks, is at most alpha; the least value seen so far may be kept, and is what the authors' ssrm-test gives.
    This is the value of now alone, which rises again when a drift is undone: who wants the running minimum keeps it.
    Units in arms of weight 0 are impossible under the promise and are left to `SampleRatio.stray`.

    Args:
        counts: Units found in each arm so far.
        weights: What each arm was promised, on any scale.
        concentration: Of the prior, > 0: large finds small drifts late, small finds large drifts at once.

    Returns:
        p in (0, 1]; nan without units or with fewer than two arms of positive weight.

    Raises:
        ValueError: As `check_sample_ratio`, and when `concentration` is not > 0.
    """
    require("concentration", concentration, above=0)
    shares = _shares(counts, weights)
    live = [(count, share) for count, share in zip(counts, shares, strict=True) if share > 0]
    total = sum(count for count, _ in live)
    if not total or len(live) < 2:
        return math.nan
    log_bayes_factor = -_log_rising(concentration, total)
    for count, share in live:
        prior = concentration * share
        log_bayes_factor += _log_rising(prior, count) - count * math.log(share)
    return math.exp(-min(max(log_bayes_factor, 0.0), 700.0))


def _log_rising(start: float, steps: int) -> float:
    """Return log of start (start + 1) … (start + steps - 1)."""
    return math.lgamma(start + steps) - math.lgamma(start)


def _shares(counts: Sequence[int], weights: Sequence[float]) -> list[float]:
    if len(counts) != len(weights):
        raise ValueError(f"counts has {len(counts)} arms, must be the {len(weights)} of weights")
    require_each("counts", counts, at_least=0)
    require_each("weights", weights, at_least=0)
    require("the sum of weights", sum(weights), above=0)
    return [weight / sum(weights) for weight in weights]
