"""What a test does not reject: an interval as a rule, but of a ratio it may be two rays, all numbers, or none."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Region", "ratio_region"]

Kind: TypeAlias = Literal["interval", "rays", "line", "empty", "unknown"]


@dataclass(frozen=True, slots=True)
class Region:
    """A set of values of one parameter.

    Attributes:
        kind: "interval" is low to high; "rays" is everything up to `low` and everything from `high` on, with a gap
            between; "line" is every number: the data say nothing; "empty" is no number: the model is refuted;
            "unknown" is that nothing is known of the error.
        low: Lower end of the interval (-inf: none), or where the left ray ends; nan unless "interval" or "rays".
        high: Upper end of the interval (inf: none), or where the right ray begins; nan unless "interval" or "rays".
    """

    kind: Kind
    low: float = math.nan
    high: float = math.nan

    def holds(self, value: float) -> bool | None:
        """Say whether the value is in it; None when it is unknown."""
        if self.kind == "unknown":
            return None
        if self.kind == "interval":
            return self.low <= value <= self.high
        return self.kind == "line" or (self.kind == "rays" and not self.low < value < self.high)


def ratio_region(
    numerator: float,
    denominator: float,
    *,
    numerator_variance: float,
    denominator_variance: float,
    covariance: float,
    quantile: float,
) -> Region:
    """Return every ratio r for which numerator - r denominator is within `quantile` standard errors of zero.

    Fieller (1954, JRSS B 16:175). With the effect of an assignment as numerator and its effect on the uptake as
    denominator it is Anderson & Rubin's set (1949, Annals of Mathematical Statistics 20:46) for one instrument, which
    holds its level however weak the instrument is.

    Args:
        numerator: Estimate.
        denominator: Estimate; when it is within `quantile` of its own standard errors of 0, the region is unbounded.
        numerator_variance: Sampling variance.
        denominator_variance: Sampling variance.
        covariance: Of the two estimates.
        quantile: Of the normal or of Student's t, > 0; nan when unknown.
    """
    y, d, vy, vd, vyd, t = numerator, denominator, numerator_variance, denominator_variance, covariance, quantile
    if not all(map(math.isfinite, (y, d, vy, vd, vyd, t))):
        return Region("unknown")
    # r solves a r^2 - 2 b r + c <= 0; the discriminant b^2 - a c is multiplied out, or large terms would cancel
    a, b, c = d**2 - t**2 * vd, y * d - t**2 * vyd, y**2 - t**2 * vy
    discriminant = t**2 * (y**2 * vd - 2 * y * d * vyd + d**2 * vy - t**2 * (vy * vd - vyd**2))
    return _where_negative(a, b, c, discriminant)


def _where_negative(a: float, b: float, c: float, discriminant: float) -> Region:
    """Solve a r^2 - 2 b r + c <= 0, with the root that keeps its digits taken first."""
    if a == 0:
        return _where_line_is_negative(b, c)
    if a < 0 and discriminant <= 0:
        return Region("line")
    far = b + math.copysign(math.sqrt(max(discriminant, 0.0)), b)
    low, high = sorted((far / a, c / far)) if far else (0.0, 0.0)
    return Region("interval" if a > 0 else "rays", low, high)


def _where_line_is_negative(b: float, c: float) -> Region:
    if b == 0:
        return Region("line" if c <= 0 else "empty")
    end = c / (2 * b)
    return Region("interval", end, math.inf) if b > 0 else Region("interval", -math.inf, end)
