"""The answer to "is the challenger different?", in the same words whatever the method."""

import math
from dataclasses import dataclass
from typing import Literal

from stats.checks import require
from stats.tails import two_sided_p

__all__ = ["Comparison", "Equivalence", "equivalence", "non_inferior"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One challenger against the control, on one metric.

    Rates are on the scale of the metric: a share in [0, 1] for a proportion, the numerator's unit per denominator for a
    ratio. What could not be computed is nan; the lift is None when it is withheld.

    Attributes:
        control: The control's rate.
        challenger: The challenger's rate.
        difference: Challenger minus control.
        low: Lower end of the interval of the difference at `confidence`.
        high: Upper end of it.
        p_value: Two-sided, in (0, 1].
        standard_error: Of the difference, each arm with its own variance.
        confidence: Share in (0, 1): 1 - alpha.
        relative: Difference per control, the lift; None when the control's interval reaches zero.
        relative_low: Lower end of the lift's interval; None with `relative`.
        relative_high: Upper end of it.
        method: How p was found: "barnard", "score", "wald", "cluster-t", "cr2", "cr2-within", "welch" or
            "permutation".
        degrees_of_freedom: Of the t distribution; None when the method uses none.
        control_n: What the method counts as independent in the control: calls, or units when clustered.
        challenger_n: The same in the challenger.
    """

    control: float
    challenger: float
    difference: float
    low: float
    high: float
    p_value: float
    standard_error: float
    confidence: float
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    method: str
    degrees_of_freedom: float | None
    control_n: int
    challenger_n: int


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether two arms are shown to differ by less than a margin, either way.

    Attributes:
        shown: None when unknown.
        margin: Difference that would be tolerated either way, on the scale of the difference.
        low: Lower end of the interval that must lie within the margin: the comparison's own.
        high: Upper end of it.
        alpha: Of each of the two one-sided tests, hence of both: half of what the interval leaves out.
        p_value: The larger one-sided p, in (0, 1]; nan when unknown, or when the method's interval is not made of a
            standard error ("score", "barnard"): there the ends alone decide.
    """

    shown: bool | None
    margin: float
    low: float
    high: float
    alpha: float
    p_value: float


def non_inferior(comparison: Comparison, margin: float, better: Literal["higher", "lower"] = "higher") -> bool | None:
    """Say whether the challenger is shown to be worse by less than the margin; None when unknown.

    The end of the two-sided interval on the harmful side is a one-sided bound at half its alpha; it must stay within
    the margin (ICH E9, 1998, section 3.3.2). An interval too wide to say so is False: absence of evidence clears
    nobody.

    Args:
        comparison: What was found.
        margin: Harm that would be tolerated, on the scale of the difference, > 0.
        better: Which way is good for this metric.

    Raises:
        ValueError: When `margin` is not > 0 or `better` is neither word.
    """
    require("margin", margin, above=0)
    if better not in {"higher", "lower"}:
        raise ValueError(f"better is {better!r}, must be 'higher' or 'lower'")
    worst = -comparison.low if better == "higher" else comparison.high
    return None if math.isnan(worst) else worst < margin


def equivalence(comparison: Comparison, margin: float) -> Equivalence:
    """Test by two one-sided tests that the difference is within the margin (Schuirmann 1987, J. Pharmacokin. 15:657).

    Both tests reject exactly when the two-sided interval lies within the margin. Each has half of its alpha, and since
    both must reject, so has the whole: from a comparison at 95 % the chance to clear a difference at the margin is
    2.5 %, from one at 90 % the customary 5 %. Too wide an interval is False: absence of evidence shows nothing.

    Args:
        comparison: What was found.
        margin: Difference that would be tolerated either way, on the scale of the difference, > 0.

    Raises:
        ValueError: When `margin` is not > 0.
    """
    require("margin", margin, above=0)
    furthest = max(-comparison.low, comparison.high)
    return Equivalence(
        shown=None if math.isnan(furthest) else furthest < margin,
        margin=margin,
        low=comparison.low,
        high=comparison.high,
        alpha=(1 - comparison.confidence) / 2,
        p_value=_larger_one_sided_p(comparison, margin),
    )


def _larger_one_sided_p(comparison: Comparison, margin: float) -> float:
    df = math.inf if comparison.method == "wald" else comparison.degrees_of_freedom
    if df is None or not comparison.standard_error > 0:
        return math.nan
    room = (margin - abs(comparison.difference)) / comparison.standard_error  # to the nearer margin
    both_sides = two_sided_p(room, df)
    return both_sides / 2 if room > 0 else 1 - both_sides / 2
