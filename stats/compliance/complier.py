"""What the challenger's words did to the calls in which they were heard because of the assignment.

The assignment moves the outcome only by moving the words (exclusion), and moves nobody the other way (monotonicity):
then the effect on the outcome over the effect on the words is the mean effect in the calls of compliers (Imbens &
Angrist 1994, Econometrica 62:467; Angrist, Imbens & Rubin 1996, JASA 91:444). Shown beside the intention to treat,
never in its place: neither assumption can be seen in the data.
"""

import math
from dataclasses import dataclass

from stats.checks import require_share
from stats.compliance.uptake import Noncompliance, Uptake
from stats.regions import Region, ratio_region
from stats.tails import t_quantile, two_sided_p

__all__ = ["WEAK_BELOW", "ComplierEffect", "complier_effect"]

WEAK_BELOW = 10.0
"""First-stage F under which the usual interval is not to be read (Staiger & Stock 1997, Econometrica 65:557)."""


@dataclass(frozen=True, slots=True)
class ComplierEffect:
    """The complier average causal effect.

    Attributes:
        effect: On the scale of the metric, challenger's words minus control's; nan when the uptake is 0 or unknown.
        region: Anderson and Rubin's set: true to its confidence however weak the uptake, and the one to show. It may
            be two rays or the whole line, which says that the data do not tell.
        p_value: Of no effect on compliers, in (0, 1]. Anderson and Rubin's p is that of the intention to treat: the
            two never contradict each other.
        standard_error: By the delta method, of `effect` (two-stage least squares, robust).
        wald_low: Lower end of the usual interval, effect less t standard errors: to be read only when not weak.
        wald_high: Upper end of it.
        uptake: The first stage: difference of the shares of calls in which the challenger was heard.
        first_stage_f: Effective F, robust: squared `uptake` over its variance; inf when everyone complies.
        weak: Whether F is under 10; None when unknown. Even at 10 a usual interval of 95 % may hold less: it is sure
            to hold that from an F of 105 on (Lee, McCrary, Moreira & Porter 2022, American Economic Review 112:3260).
        noncompliance: As in `Uptake`: when one-sided, compliers are all who heard the challenger.
        confidence: Share in (0, 1).
        degrees_of_freedom: Of the t distribution; inf for the normal.
        method: As in `Uptake`.
    """

    effect: float
    region: Region
    p_value: float
    standard_error: float
    wald_low: float
    wald_high: float
    uptake: float
    first_stage_f: float
    weak: bool | None
    noncompliance: Noncompliance
    confidence: float
    degrees_of_freedom: float
    method: str


def complier_effect(found: Uptake, *, alpha: float = 0.05) -> ComplierEffect:
    """Divide the effect of the assignment by its uptake (Wald 1940, Annals of Mathematical Statistics 11:284).

    With one binary instrument that is two-stage least squares, and its robust variance is (V_y - 2 b V_yd + b^2 V_d) /
    uptake^2. The region inverts the test of "outcome - b heard does not differ between arms" (Anderson & Rubin 1949,
    Annals of Mathematical Statistics 20:46), for two separate samples the same as Fieller's. The effective F of Montiel
    Olea & Pflueger (2013, Journal of Business & Economic Statistics 31:358) is with one instrument the robust F.

    Args:
        found: Both effects of the assignment, from calls, units or two samples.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    effect = found.effect / found.uptake if found.uptake else math.nan
    spread = found.effect_variance - 2 * effect * found.covariance + effect**2 * found.uptake_variance
    standard_error = math.sqrt(max(spread, 0.0)) / abs(found.uptake) if not math.isnan(spread) else math.nan
    t = t_quantile(alpha / 2, found.degrees_of_freedom)
    half = t * standard_error if standard_error > 0 else math.nan
    f = _first_stage_f(found)
    return ComplierEffect(
        effect=effect,
        region=_region(found, t),
        p_value=_p_value(found),
        standard_error=standard_error,
        wald_low=effect - half,
        wald_high=effect + half,
        uptake=found.uptake,
        first_stage_f=f,
        weak=None if math.isnan(f) else f < WEAK_BELOW,
        noncompliance=found.noncompliance,
        confidence=1 - alpha,
        degrees_of_freedom=found.degrees_of_freedom,
        method=found.method,
    )


def _region(found: Uptake, t: float) -> Region:
    """Return Anderson and Rubin's set; without spread in the outcome nothing is known of the error."""
    if not found.effect_variance > 0:
        return Region("unknown")
    return ratio_region(
        found.effect,
        found.uptake,
        numerator_variance=found.effect_variance,
        denominator_variance=found.uptake_variance,
        covariance=found.covariance,
        quantile=t,
    )


def _p_value(found: Uptake) -> float:
    if not found.effect_variance > 0:
        return math.nan
    return two_sided_p(found.effect / math.sqrt(found.effect_variance), found.degrees_of_freedom)


def _first_stage_f(found: Uptake) -> float:
    if math.isnan(found.uptake) or math.isnan(found.uptake_variance):
        return math.nan
    if found.uptake_variance:
        return found.uptake**2 / found.uptake_variance
    return math.inf if found.uptake else 0.0
