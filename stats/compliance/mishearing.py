"""The listener errs too: shares corrected by how often one hears what was said, and what was not."""

import math
from dataclasses import dataclass, replace

from stats.checks import require
from stats.compliance.listening import Heard
from stats.tails import normal_quantile

__all__ = ["Listener", "correct_mishearing"]


@dataclass(frozen=True, slots=True)
class Listener:
    """How well words are recognised, by a person or a machine, as measured on calls whose truth is known.

    Attributes:
        sensitivity: Share of calls with the words in which they are heard, in [0, 1].
        specificity: Share of calls without the words in which they are not heard, in [0, 1].
        said_n: Calls with the words on which `sensitivity` was measured; inf when it is known exactly.
        unsaid_n: Calls without the words on which `specificity` was measured; inf when it is known exactly.

    Raises:
        ValueError: When a share is outside [0, 1], their sum is not above 1 (the listener knows no more than a coin),
            or a number of calls is below 1.
    """

    sensitivity: float
    specificity: float
    said_n: float = math.inf
    unsaid_n: float = math.inf

    def __post_init__(self) -> None:
        require("sensitivity", self.sensitivity, at_least=0, at_most=1)
        require("specificity", self.specificity, at_least=0, at_most=1)
        require("sensitivity + specificity", self.sensitivity + self.specificity, above=1)
        for name, n in (("said_n", self.said_n), ("unsaid_n", self.unsaid_n)):
            if not n >= 1:
                raise ValueError(f"{name} is {n}, must be >= 1")

    @property
    def better_than_chance(self) -> float:
        """Youden's index (1950, Cancer 3:32): 1 for one who never errs, towards 0 for a coin."""
        return self.sensitivity + self.specificity - 1


def correct_mishearing(heard: Heard, listener: Listener) -> Heard:
    """Estimate in how many calls the words were *said*, from those in which they were heard.

    Rogan & Gladen (1978, American Journal of Epidemiology 107:71): (rate + specificity - 1) / (sensitivity +
    specificity - 1), cut to [0, 1], with their variance. The ends of the interval are corrected in the same way; when
    sensitivity and specificity were themselves estimated, each end moves out by the root of the two squared distances,
    the listener's share at a normal quantile of the same confidence (Zou & Donner 2008, Statistics in Medicine
    27:1693). The listener must err alike in both arms and whatever the outcome.

    Returns:
        The same kind of value; its variance is of the estimate before it is cut, and nan where the share is.
    """
    slope = 1 / listener.better_than_chance
    said = (heard.rate + listener.specificity - 1) * slope
    own = (
        said**2 * _variance(listener.sensitivity, listener.said_n)
        + (1 - said) ** 2 * _variance(listener.specificity, listener.unsaid_n)
    ) * slope**2
    doubt = normal_quantile((1 - heard.confidence) / 2) * math.sqrt(own)
    return replace(
        heard,
        rate=_cut(said),
        variance=heard.variance * slope**2 + own,
        low=_cut(said - math.hypot((heard.rate - heard.low) * slope, doubt)),
        high=_cut(said + math.hypot((heard.high - heard.rate) * slope, doubt)),
    )


def _variance(share: float, n: float) -> float:
    return share * (1 - share) / n


def _cut(share: float) -> float:
    return share if math.isnan(share) else min(max(share, 0.0), 1.0)
