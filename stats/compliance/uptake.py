"""What the assignment did to the outcome and to the words that were spoken, and how the two errors hang together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require, require_each
from stats.clusters.cr2 import compare_clusters
from stats.comparison import Comparison
from stats.compliance.listening import HeardDifference
from stats.moments import Counts

__all__ = ["ArmCalls", "Noncompliance", "Triples", "Uptake", "uptake_of_calls", "uptake_of_samples", "uptake_of_units"]

_Floats: TypeAlias = NDArray[np.float64]

Noncompliance: TypeAlias = Literal["none", "one-sided", "two-sided", "unknown"]

Triples: TypeAlias = Sequence[tuple[float, float, float]]
"""One (outcome total, calls in which the challenger was heard, calls) a unit."""


@dataclass(frozen=True, slots=True)
class ArmCalls:
    """Independent calls of one arm, by the words that were heard.

    Attributes:
        heard: Calls in which the challenger's words were heard, and how many of them succeeded.
        unheard: All other calls of the arm, and how many of them succeeded.
    """

    heard: Counts
    unheard: Counts


@dataclass(frozen=True, slots=True)
class Uptake:
    """The two effects of being assigned to the challenger: on the outcome, and on hearing the challenger.

    Attributes:
        effect: Difference of outcomes over all assigned (intention to treat), on the scale of the metric.
        uptake: Difference of the shares of calls in which the challenger was heard, in [-1, 1].
        effect_variance: Sampling variance; nan when unknown.
        uptake_variance: Sampling variance; 0 when everyone complies, nan when unknown.
        covariance: Of the two; 0 when they come from separate samples.
        degrees_of_freedom: Of the variances; inf for the normal distribution.
        noncompliance: "none": each arm heard its own words only. "one-sided": no call of the control heard the
            challenger, so that compliers are all who heard it and the ratio is the effect on them (Bloom 1984,
            Evaluation Review 8:225). "two-sided": it is the effect on those whom the assignment moves. "unknown": a
            sample cannot exclude that one call of the rest was contaminated.
        method: "calls-hc2", "units-cr2" or "two-sample".
    """

    effect: float
    uptake: float
    effect_variance: float
    uptake_variance: float
    covariance: float
    degrees_of_freedom: float
    noncompliance: Noncompliance
    method: str


def uptake_of_calls(control: ArmCalls, challenger: ArmCalls) -> Uptake:
    """Summarise independent calls each of which was heard: assigned x heard x succeeded, eight numbers.

    The variances are those of means of unequal spread, s^2 / n with n - 1, which for one binary instrument are HC2
    (MacKinnon & White 1985, Journal of Econometrics 29:305). Below two calls in an arm they are nan.
    """
    (y0, d0, *v0), (y1, d1, *v1) = _arm_of_calls(control), _arm_of_calls(challenger)
    variance_y, variance_d, shared = (a + b for a, b in zip(v0, v1, strict=True))
    sides = _noncompliance(control.heard.n, challenger.unheard.n)
    return Uptake(y1 - y0, d1 - d0, variance_y, variance_d, shared, math.inf, sides, "calls-hc2")


def uptake_of_units(control: Triples, challenger: Triples) -> Uptake:
    """Summarise whole units dealt (agents), every call of which was heard: one vote a call.

    Both differences have the CR2 variance of `stats.clusters.cr2`, their covariance is the product of the same
    residuals, and the degrees of freedom are Satterthwaite's, which depend on the units' sizes alone and so serve every
    combination of the two. Below two units in an arm everything but the differences is nan.

    Args:
        control: One (outcome total, heard total, calls) a unit; calls > 0.
        challenger: The same of the challenger.

    Raises:
        ValueError: When a number is not finite, calls are not > 0, or heard is not from 0 to calls.
    """
    _require_triples([*control, *challenger])
    outcomes = compare_clusters(*([(y, x) for y, _, x in arm] for arm in (control, challenger)))
    heard = compare_clusters(*([(d, x) for _, d, x in arm] for arm in (control, challenger)))
    sides = _noncompliance(sum(d for _, d, _ in control), sum(x - d for _, d, x in challenger))
    return Uptake(
        effect=outcomes.difference,
        uptake=heard.difference,
        effect_variance=outcomes.standard_error**2,
        uptake_variance=heard.standard_error**2,
        covariance=_shared(control) + _shared(challenger),
        degrees_of_freedom=math.nan if outcomes.degrees_of_freedom is None else outcomes.degrees_of_freedom,
        noncompliance=sides,
        method="units-cr2",
    )


def uptake_of_samples(effect: Comparison, heard: HeardDifference) -> Uptake:
    """Put an effect over all calls beside an uptake from a listening sample (two samples: Angrist & Krueger 1992).

    The sample was drawn blind to the outcomes, so its error has nothing to do with theirs: no covariance (JASA 87:328).
    That holds for what was said in the calls that were made; how agents differ in following their script is not in it.

    Args:
        effect: Of the assignment, by whatever method; its standard error and degrees of freedom are used.
        heard: Adherence less contamination, corrected for mishearing.
    """
    return Uptake(
        effect=effect.difference,
        uptake=heard.difference,
        effect_variance=effect.standard_error**2,
        uptake_variance=heard.variance,
        covariance=0.0,
        degrees_of_freedom=math.inf if effect.degrees_of_freedom is None else effect.degrees_of_freedom,
        noncompliance="unknown",
        method="two-sample",
    )


def _arm_of_calls(arm: ArmCalls) -> tuple[float, float, float, float, float]:
    """Return the means of outcome and hearing, their variances, and their covariance."""
    both = arm.heard + arm.unheard
    if both.n < 2:
        heard = arm.heard.n / both.n if both.n else math.nan
        return both.rate, heard, math.nan, math.nan, math.nan
    y, d, free = both.rate, arm.heard.n / both.n, both.n - 1
    return y, d, y * (1 - y) / free, d * (1 - d) / free, (arm.heard.successes / both.n - y * d) / free


def _shared(arm: Triples) -> float:
    """Return the arm's covariance of the two ratios, as CR2 has their variances; nan below two units."""
    if len(arm) < 2:
        return math.nan
    y, d, x = np.asarray(arm, dtype=np.float64).T
    total = x.sum()
    product = (y - y.sum() / total * x) * (d - d.sum() / total * x)
    return float(np.sum(product * total / (total - x))) / float(total) ** 2


def _noncompliance(contaminated: float, missed: float) -> Noncompliance:
    if contaminated > 0:
        return "two-sided"
    return "one-sided" if missed > 0 else "none"


def _require_triples(units: Triples) -> None:
    require_each("outcomes", (y for y, _, _ in units))
    require_each("calls", (x for _, _, x in units), above=0)
    for place, (_, heard, calls) in enumerate(units):
        require(f"heard[{place}]", heard, at_least=0, at_most=calls)
