"""Does the effect differ across the levels of a moderator that was declared before the experiment (tenure first)?

That the effect is significant in one segment and not in another does not say that it differs; the test of the
interaction does (Gelman & Stern 2006, The American Statistician 60:328). It asks about differences, in points: where
base rates are far apart, effects alike in points are not alike in odds, and the other way round. For the odds ratios of
proportions see `stats.arms.mantel_haenszel.breslow_day`, which also stands zero cells.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from stats.checks import require, require_share
from stats.comparison import Comparison
from stats.tails import chi_square_p, t_quantile, two_sided_p

__all__ = ["Contrast", "Effect", "Interaction", "contrast", "interaction"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What the challenger did in one segment.

    Attributes:
        difference: Challenger minus control; nan when unknown.
        variance: Of `difference`; nan when unknown. 0, no spread seen, is taken for unknown.
        degrees_of_freedom: Of `variance`, > 0; inf when it is as good as known, nan when unknown.

    Raises:
        ValueError: When `variance` is negative or infinite, or `degrees_of_freedom` not > 0.
    """

    difference: float
    variance: float
    degrees_of_freedom: float = math.inf

    def __post_init__(self) -> None:
        if not math.isnan(self.variance):
            require("variance", self.variance, at_least=0)
        if not (math.isnan(self.degrees_of_freedom) or self.degrees_of_freedom == math.inf):
            require("degrees_of_freedom", self.degrees_of_freedom, above=0)

    @classmethod
    def of(cls, comparison: Comparison) -> "Effect":
        """Take the effect of a comparison within one segment."""
        df = comparison.degrees_of_freedom
        return cls(comparison.difference, comparison.standard_error**2, math.inf if df is None else df)

    @property
    def known(self) -> bool:
        """Whether there is a difference and an error to weigh it by."""
        return math.isfinite(self.difference) and self.variance > 0 and self.degrees_of_freedom > 0


@dataclass(frozen=True, slots=True)
class Interaction:
    """Whether the effect is the same in all segments.

    Attributes:
        q: Cochran's: the squared distances of the effects from the common one, each over its variance; nan below two
            known segments.
        degrees_of_freedom: Known segments less one.
        denominator_degrees_of_freedom: Of the F distribution when variances are estimated from few units; inf when
            `q` is a chi-square; nan with `q`.
        p_value: In (0, 1]; nan with `q`.
        common: The effects' mean, weighted with their precisions; what it says is little when they differ.
        common_standard_error: Of `common`.
        unknown: Segments that were left out because their effect or its error is unknown.
    """

    q: float
    degrees_of_freedom: int
    denominator_degrees_of_freedom: float
    p_value: float
    common: float
    common_standard_error: float
    unknown: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """By how much the effect in one segment exceeds that in another; what is unknown is nan.

    Attributes:
        difference: The other's effect minus the base's, on the scale of the differences.
        low: Lower end of its interval.
        high: Upper end of it.
        p_value: Two-sided, in (0, 1].
        standard_error: Of `difference`.
        degrees_of_freedom: Of the t distribution, Welch's; inf for a normal.
        confidence: Share in (0, 1): 1 - alpha.
    """

    difference: float
    low: float
    high: float
    p_value: float
    standard_error: float
    degrees_of_freedom: float
    confidence: float


def interaction(effects: Sequence[Effect]) -> Interaction:
    """Test that the effect is the same in every segment, against any way in which it may differ.

    Q is Cochran's (1954, Biometrics 10:101), Wald's chi-square of all contrasts. Where the variances come from few
    units it rejects too often; with their degrees of freedom it is corrected to Welch's F (1951, Biometrika 38:330),
    which of two segments is Welch's t squared. Assumes that no unit is in two segments: with agents dealt whole,
    segments of agents are independent and segments of calls are not.

    Args:
        effects: One a level of the moderator.
    """
    known = [effect for effect in effects if effect.known]
    unknown, df = len(effects) - len(known), max(len(known) - 1, 0)
    total = sum(1 / effect.variance for effect in known)
    common = sum(effect.difference / effect.variance for effect in known) / total if known else math.nan
    error = total**-0.5 if known else math.nan
    if not df:
        return Interaction(math.nan, df, math.nan, math.nan, common, error, unknown)
    q = sum((effect.difference - common) ** 2 / effect.variance for effect in known)
    doubt = sum((1 - 1 / effect.variance / total) ** 2 / effect.degrees_of_freedom for effect in known)
    denominator = df * (df + 2) / (3 * doubt) if doubt else math.inf
    f = q / df / (1 + 2 * (df - 1) / (df * (df + 2)) * doubt)
    p_value = chi_square_p(q, df) if math.isinf(denominator) else _f_tail(f, df, denominator)
    return Interaction(q, df, denominator, p_value, common, error, unknown)


def contrast(base: Effect, other: Effect, *, alpha: float = 0.05) -> Contrast:
    """Compare the effect in two segments (new agents against old ones, say) that share no unit.

    With Welch's degrees of freedom (1947, Biometrika 34:28), carried over from the two effects.

    Args:
        base: The effect that is subtracted.
        other: The effect it is subtracted from.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    difference = other.difference - base.difference
    if not (base.known and other.known):
        return Contrast(difference, math.nan, math.nan, math.nan, math.nan, math.nan, 1 - alpha)
    variance = base.variance + other.variance
    spread = sum(effect.variance**2 / effect.degrees_of_freedom for effect in (base, other))
    df, error = variance**2 / spread if spread else math.inf, math.sqrt(variance)
    reach = t_quantile(alpha / 2, df) * error
    p_value = two_sided_p(difference / error, df)
    return Contrast(difference, difference - reach, difference + reach, p_value, error, df, 1 - alpha)


def _f_tail(f: float, numerator: int, denominator: float) -> float:
    return max(float(special.fdtrc(numerator, denominator, f)), sys.float_info.min)
