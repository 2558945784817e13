"""The logarithm of a ratio of two arms' rates: the scale on which a funnel's steps add up."""

import math
from dataclasses import dataclass

from stats.tails import t_quantile, two_sided_p

__all__ = ["LogRate", "LogRatio", "log_ratio"]


@dataclass(frozen=True, slots=True)
class LogRate:
    """The logarithm of one arm's rate.

    Attributes:
        value: Natural logarithm; nan when the rate is zero or unknown.
        variance: By the delta method; nan when unknown.
        degrees_of_freedom: Of `variance`; inf for independent calls.
    """

    value: float
    variance: float
    degrees_of_freedom: float = math.inf


@dataclass(frozen=True, slots=True)
class LogRatio:
    """The logarithm of a ratio of rates, challenger per control; exp(value) - 1 is the lift.

    Attributes:
        value: Natural logarithm.
        low: Lower end of its interval; nan when nothing is known of the error.
        high: Upper end of it.
        standard_error: By the delta method; 0 when neither arm lost a call, which is no certainty.
        p_value: Two-sided, in (0, 1], below alpha exactly when the interval excludes 0; nan with `low`.
    """

    value: float
    low: float
    high: float
    standard_error: float
    p_value: float


def log_ratio(control: LogRate, challenger: LogRate, alpha: float) -> LogRatio | None:
    """Return the difference of two independent log rates, with Welch's degrees of freedom; None without both."""
    value = challenger.value - control.value
    if math.isnan(value):
        return None
    variance = control.variance + challenger.variance
    error = math.sqrt(variance)
    if not variance > 0:
        return LogRatio(value, math.nan, math.nan, error, math.nan)
    spread = sum(rate.variance**2 / rate.degrees_of_freedom for rate in (control, challenger))
    df = variance**2 / spread if spread else math.inf
    reach = t_quantile(alpha / 2, df) * error
    return LogRatio(value, value - reach, value + reach, error, two_sided_p(value / error, df))
