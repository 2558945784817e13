"""Dunnett's family: several challengers against one control, which they have in common.

The statistic of challenger i is Z_i = (difference - truth) / standard error. Any two of them share the control's
variance v_0 and nothing else, so that corr(Z_i, Z_j) = l_i l_j with the loading l_i = sqrt(v_0 / (v_0 + v_i)): given
the control's own error they are independent, and the chance that any of them is beyond c is one integral over it
(Dunnett 1955, JASA 50:1096; for unequal arms Dunnett & Sobel 1955, Biometrika 42:258). When all share an estimated
variance with f degrees of freedom, c is multiplied by an independent chi over sqrt f: a second integral.

Both are trapezoidal sums of what is smooth and dies out at either end, whose error falls exponentially with the step
(Trefethen & Weideman 2014, SIAM Review 56:385). The tail itself is summed, never 1 minus the rest: the same data give
the same digits on every day, and a large effect keeps them.
"""

import math
import sys
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from stats.checks import require, require_share
from stats.estimates import Estimate
from stats.families.simultaneous import Simultaneous
from stats.tails import normal_quantile, t_quantile, two_sided_p

__all__ = ["dunnett", "dunnett_adjust", "dunnett_alpha", "dunnett_critical_value", "loadings"]

_Floats: TypeAlias = NDArray[np.float64]

# a loading so near to 1 that less than this, sqrt(1 - l^2), is a challenger's own is lowered, which is conservative
# (Šidák 1968, Annals of Mathematical Statistics 39:1425): it costs less than 1 % of the critical value of three
_LEAST_OWN = 0.02
_BEYOND = 38.0  # a normal tail beyond underflows
_NEGLIGIBLE = 80.0  # twice the logarithm by which an integrand has fallen where it is cut off


def loadings(control: Estimate, challengers: Sequence[Estimate]) -> tuple[float, ...]:
    """Return what each comparison shares with the others: sqrt(v_0 / (v_0 + v_i)), in [0, 1].

    Equal arms give sqrt(1/2). Nan where a variance is unknown, or nothing varies.

    Args:
        control: The control's rate.
        challengers: Theirs.
    """
    sums = [control.variance + arm.variance for arm in challengers]
    return tuple(math.sqrt(control.variance / both) if both > 0 else math.nan for both in sums)


def dunnett_critical_value(
    loadings: Sequence[float], *, alpha: float = 0.05, degrees_of_freedom: float = math.inf
) -> float:
    """Return how many standard errors all differences keep within, with chance 1 - alpha, when nothing differs.

    With the nominal alpha of a planned look it is the boundary of that look for all challengers together (Follmann,
    Proschan & Geller 1994, Biometrics 50:325). That is nearly exact: at five looks it spends 5.1 to 5.3 % of 5 %, since
    not the same challenger need be the greatest at every look.

    Args:
        loadings: One a challenger, as `loadings`; nan counts as 0 (independent), which is conservative (Šidák 1967,
            JASA 62:626).
        alpha: Two-sided, of the family, in (0, 1).
        degrees_of_freedom: Of the variance that all comparisons share, > 0; inf when it is known (large samples).

    Returns:
        2.212 for two challengers in equal arms, 2.568 with 10 degrees of freedom; nan without challengers or when the
        degrees of freedom are.

    Raises:
        ValueError: When `alpha` is not in (0, 1), a loading not in [0, 1] or the degrees of freedom not > 0.
    """
    require_share("alpha", alpha)
    if not math.isinf(degrees_of_freedom) and not math.isnan(degrees_of_freedom):
        require("degrees_of_freedom", degrees_of_freedom, above=0)
    shared = _known(loadings)
    if not len(shared) or math.isnan(degrees_of_freedom):
        return math.nan
    least, most = (t_quantile(alpha / 2 / size, degrees_of_freedom) for size in (1, len(shared)))
    if len(shared) == 1:
        return least

    def excess(c: float) -> float:
        return math.log(_any_beyond(c, shared, degrees_of_freedom) / alpha)

    return float(optimize.brentq(excess, least * (1 - 1e-9), most * (1 + 1e-9), xtol=1e-11, rtol=1e-11))


def dunnett_alpha(loadings: Sequence[float], *, alpha: float = 0.05) -> float:
    """Return the alpha at which each challenger is to be compared alone, so that the family keeps `alpha`.

    For intervals and tests of any method (score, clustered with degrees of freedom of their own): it lies between
    alpha over the number of challengers and alpha, 0.027 for two challengers in equal arms.

    Args:
        loadings: As `dunnett_critical_value`.
        alpha: Two-sided, of the family, in (0, 1).

    Raises:
        ValueError: As `dunnett_critical_value`.
    """
    critical = dunnett_critical_value(loadings, alpha=alpha)
    return alpha if len(loadings) == 1 else two_sided_p(critical)


def dunnett_adjust(p_values: Sequence[float], loadings: Sequence[float]) -> tuple[float, ...]:
    """Adjust the p-values of challengers, by whatever method they were found, each read as that of a z.

    Args:
        p_values: Two-sided, one a challenger, in [0, 1]; nan when unknown: it stays so, and counts.
        loadings: One a challenger, as `dunnett_critical_value`.

    Returns:
        Adjusted p-values in the same order, in (0, 1] or nan.

    Raises:
        ValueError: When a p-value or a loading is not in [0, 1], or they are not equally many.
    """
    if len(p_values) != len(loadings):
        raise ValueError(f"loadings has length {len(loadings)}, must be {len(p_values)}, one a p-value")
    _require_shares("p_values", p_values)
    shared = _known(loadings)
    statistics = [normal_quantile(max(p, sys.float_info.min) / 2) for p in p_values]
    return tuple(_adjusted(p, z, shared, math.inf) for p, z in zip(p_values, statistics, strict=True))


def dunnett(
    control: Estimate, challengers: Sequence[Estimate], *, alpha: float = 0.05, degrees_of_freedom: float = math.inf
) -> tuple[Simultaneous, ...]:
    """Compare every challenger with the control, with adjusted p-values and intervals that all hold at once.

    Assumes independent arms, each with its own variance, and rates that are about normal; exact in normal data when
    the arms share one estimated variance and `degrees_of_freedom` is that of it (arms' sizes less the number of arms).
    A challenger of which nothing is known stays nan and counts all the same.

    Args:
        control: The control's rate.
        challengers: Theirs.
        alpha: Chance that any interval is wrong, in (0, 1).
        degrees_of_freedom: As `dunnett_critical_value`.

    Returns:
        One a challenger, in their order.

    Raises:
        ValueError: When `alpha` is not in (0, 1) or the degrees of freedom are not > 0.
    """
    shares = loadings(control, challengers)
    critical = dunnett_critical_value(shares, alpha=alpha, degrees_of_freedom=degrees_of_freedom)
    shared = _known(shares)
    return tuple(
        _against(arm.rate - control.rate, control.variance + arm.variance, critical, shared, degrees_of_freedom)
        for arm in challengers
    )


def _against(difference: float, variance: float, critical: float, shared: _Floats, df: float) -> Simultaneous:
    error = math.sqrt(variance)
    known = error > 0 and not math.isnan(difference)
    statistic = abs(difference) / error if known else math.nan
    reach = critical * error if known else math.nan
    return Simultaneous(
        difference=difference,
        low=difference - reach,
        high=difference + reach,
        p_value=_adjusted(two_sided_p(statistic, df), statistic, shared, df),
        standard_error=error,
        critical_value=critical,
    )


def _adjusted(p: float, statistic: float, shared: _Floats, df: float) -> float:
    """Return the chance that any is beyond the statistic; of one challenger alone, its own p."""
    if math.isnan(p) or len(shared) == 1:
        return p
    return min(max(_any_beyond(statistic, shared, df), p), 1.0)


def _known(loadings: Sequence[float]) -> _Floats:
    _require_shares("loadings", loadings)
    known = [0.0 if math.isnan(share) else share for share in loadings]
    return np.minimum(known, math.sqrt(1 - _LEAST_OWN**2))


def _require_shares(name: str, values: Sequence[float]) -> None:
    for place, value in enumerate(values):
        if not math.isnan(value):
            require(f"{name}[{place}]", value, at_least=0, at_most=1)


def _any_beyond(c: float, shared: _Floats, df: float) -> float:
    """Return the chance that any statistic is beyond c on either side."""
    if math.isinf(df):
        return float(_any_normal_beyond(np.array([c]), shared)[0])
    # the scale s of the errors, chi over sqrt df, on x = log s: its density there falls like a normal of variance
    # 1 / (2 df) about 0, or about log sqrt(df / (df + c^2)) once the tail at c s stands beside it
    fall, spread = _NEGLIGIBLE / df, 1 / math.sqrt(2 * df)
    first = (math.log(df / (df + c * c)) - math.sqrt(2 * fall) - fall) / 2
    x = np.arange(first, math.sqrt(2 * fall) / 2, spread / 4)
    log_density = df * x - df * np.exp(2 * x) / 2 + df / 2 * math.log(df / 2) - special.gammaln(df / 2) + math.log(2)
    beyond = _any_normal_beyond(np.minimum(c * np.exp(x), _BEYOND), shared)
    return max(float(np.sum(np.exp(log_density) * beyond)) * spread / 4, sys.float_info.min)


def _any_normal_beyond(c: _Floats, shared: _Floats) -> _Floats:
    """Return for each c the chance that any of normals with these loadings is beyond it on either side."""
    own = np.sqrt(1 - shared**2)
    step, reach = 0.7 * own.min(), shared.max() * min(c.max(), _BEYOND) + 9
    u = np.arange(0, reach + step, step)[:, np.newaxis]
    none = np.zeros((len(u), len(c)))
    for share, rest in zip(shared, own, strict=True):
        beyond = special.ndtr((share * u - c) / rest) + special.ndtr(-(share * u + c) / rest)
        none += np.log1p(-np.minimum(beyond, 1 - sys.float_info.epsilon))
    weight = np.exp(-(u**2) / 2) * 2 * step / math.sqrt(2 * math.pi)  # both sides of 0 are alike
    weight[0] /= 2
    return np.asarray(np.maximum(np.sum(weight * -np.expm1(none), axis=0), sys.float_info.min))
