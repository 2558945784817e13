"""Risk ratio and odds ratio of two arms of independent calls, for readers who ask for them.

The method is picked as for the difference, so that all measures agree with the p-value: at "no difference" the score
tests of difference, ratio and odds ratio are one, and so are the exact ones.
"""

import math
from dataclasses import dataclass

from stats.arms.choosing import Inverted, choose_method, equality_p
from stats.arms.inversion import inverted_interval
from stats.arms.scales import ODDS, RATIO, Scale
from stats.checks import require_share
from stats.moments import Counts

__all__ = ["Measure", "odds_ratio", "risk_ratio"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio, challenger per control; 1 is no difference.

    Attributes:
        value: What was seen; inf above nothing, nan of nothing by nothing.
        low: Lower end of the interval at `confidence`; 0 when the data set no limit, nan when an arm has no calls.
        high: Upper end of it; inf when the data set no limit.
        p_value: Two-sided, of "no difference", in (0, 1].
        confidence: Share in (0, 1): 1 - alpha.
        method: "barnard" in small cells, else "score".
    """

    value: float
    low: float
    high: float
    p_value: float
    confidence: float
    method: str


def risk_ratio(control: Counts, challenger: Counts, *, alpha: float = 0.05, method: Inverted | None = None) -> Measure:
    """Return the challenger's rate per control's rate.

    Its interval is Miettinen & Nurminen's score interval (1985, Statistics in Medicine 4:213) or, in small cells, the
    inversion of the exact unconditional test with the same statistic.

    Args:
        control: Independent calls of the control and their successes.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).
        method: "score" or "barnard"; None lets `choose_method` pick.

    Raises:
        ValueError: When `alpha` is not in (0, 1), or `method` is unknown.
    """
    return _measure(RATIO, control, challenger, alpha, method)


def odds_ratio(control: Counts, challenger: Counts, *, alpha: float = 0.05, method: Inverted | None = None) -> Measure:
    """Return the challenger's successes per failure, per those of the control: the sample odds ratio.

    Its interval is the score interval (Cornfield 1956, without continuity correction and with N / (N - 1): Miettinen &
    Nurminen 1985, Statistics in Medicine 4:213) or, in small cells, the exact unconditional one (Agresti & Min 2002,
    Biostatistics 3:379). It is not Fisher's conditional one, which is wider, nor does it approximate the risk ratio
    unless successes are rare.

    Args:
        control: Independent calls of the control and their successes.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).
        method: "score" or "barnard"; None lets `choose_method` pick.

    Raises:
        ValueError: When `alpha` is not in (0, 1), or `method` is unknown.
    """
    return _measure(ODDS, control, challenger, alpha, method)


def _measure(scale: Scale, control: Counts, challenger: Counts, alpha: float, method: Inverted | None) -> Measure:
    require_share("alpha", alpha)
    if method not in {None, "barnard", "score"}:
        raise ValueError(f"method is {method!r}, must be 'barnard' or 'score'")
    if not (control.n and challenger.n):
        return Measure(math.nan, math.nan, math.nan, math.nan, 1 - alpha, method or "score")
    method = method or choose_method(control, challenger)
    p_value = equality_p(control, challenger, method)
    found = inverted_interval(scale, control, challenger, alpha=alpha, method=method, p_value=p_value)
    return Measure(scale.observed(control, challenger), found.low, found.high, p_value, 1 - alpha, method)
