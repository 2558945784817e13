"""Metrics over rolled-up totals: from the sums of an arm to the values that `stats` takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from experiments.check.counting.tables import MEASURES, SUMMED
from stats.moments import Counts, Moments

Totals = Mapping[str, int]
"""What an arm, a unit or a scenario sums to, by measure name."""

NOTHING: Totals = dict.fromkeys(MEASURES, 0)
"""What nobody's calls sum to."""


REPORTED = "reported"
"""The denominator of a mean over the calls whose number was told: a call nobody timed took no 0 seconds."""


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric as analysis needs it; see `plan.scenarios.Metric`."""

    key: str
    kind: str
    numerator: str
    denominator: str
    better: Literal["higher", "lower"]
    window_days: int
    name: Mapping[str, str]


def measures_of(spec: MetricSpec) -> tuple[str, ...]:
    """Name the measures that the functions below read of totals."""
    asked = {"calls", spec.denominator, *(f"{spec.numerator}{end}" for end in ("", "_n", "_squares"))}
    return tuple(name for name in MEASURES if name in asked)


def denominator_measure(spec: MetricSpec) -> str:
    """Name the measure that counts the calls a metric is over; `reported` means the calls that have its number."""
    if spec.denominator == REPORTED:
        return f"{spec.numerator}_n"
    # The totals handed in are of eligible calls, so that "eligible" and "calls" are one number.
    return "calls" if spec.denominator in ("calls", "eligible") else spec.denominator


def denominator_of(spec: MetricSpec, totals: Totals) -> int:
    """Give how many calls the metric is over."""
    return totals[denominator_measure(spec)]


def counts_of(spec: MetricSpec, totals: Totals) -> Counts:
    """Give a proportion's calls and successes."""
    return Counts(denominator_of(spec, totals), totals[spec.numerator])


def moments_of_calls(spec: MetricSpec, totals: Totals) -> Moments:
    """Give the moments of independent calls: x is 1 for a call in the denominator, y its numerator.

    A proportion's numerator fact implies its denominator fact, so the joint sum is the numerator's own.
    """
    n, y = denominator_of(spec, totals), totals[spec.numerator]
    if spec.numerator in SUMMED:
        return Moments(n, y=y, x=n, yy=totals[f"{spec.numerator}_squares"], xx=n, xy=y)
    return Moments(totals["calls"], y=y, x=n, yy=y, xx=n, xy=y)


def pair_of(spec: MetricSpec, totals: Totals) -> tuple[float, float]:
    """Give one unit's numerator and denominator totals."""
    return totals[spec.numerator], denominator_of(spec, totals)
