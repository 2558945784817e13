"""The effect of one variable over several experiments, by random effects.

Experiment i measures y_i with sampling variance v_i; its true effect is drawn around a mean mu with variance tau^2.
With w_i = 1 / (v_i + tau^2) the estimate of mu is sum w_i y_i / sum w_i, and everything turns on tau^2:

- "reml" maximises the restricted likelihood (Raudenbush 2009, Handbook of Research Synthesis, 2nd ed., chapter 16), the
  default of metafor (Viechtbauer 2005, Journal of Educational and Behavioral Statistics 30:261); here over the whole
  half-line, so that neither a start value nor a tolerance decides.
- "dersimonian-laird" equates Q with its mean (1986, Controlled Clinical Trials 7:177).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require, require_share
from stats.pooling.heterogeneity import (
    dersimonian_laird,
    generalised_q,
    reml,
    tau_squared_interval,
    typical_variance,
)
from stats.tails import chi_square_p, t_quantile, two_sided_p

__all__ = ["Effect", "Method", "Pooled", "pool"]

_Floats: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Literal["reml", "dersimonian-laird"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one experiment measured.

    Attributes:
        value: The effect, challenger minus control, on a scale that all experiments share (say percentage points).
        variance: Its sampling variance; nan or 0 when unknown: no spread is not certainty.

    Raises:
        ValueError: When the variance is negative or infinite.
    """

    value: float
    variance: float

    def __post_init__(self) -> None:
        if not math.isnan(self.variance):
            require("variance", self.variance, at_least=0)

    @property
    def known(self) -> bool:
        """Whether it can be pooled."""
        return math.isfinite(self.value) and self.variance > 0


@dataclass(frozen=True, slots=True)
class Pooled:
    """The effect over experiments; what could not be computed is nan.

    Attributes:
        mean: Mean of the true effects, on their scale; of a single experiment its own effect.
        standard_error: Of `mean`, by Hartung and Knapp; nan below two experiments.
        low: Lower end of the interval of `mean`, at `confidence`; t with `degrees_of_freedom`.
        high: Upper end of it.
        p_value: Two-sided, of no mean effect, in (0, 1].
        degrees_of_freedom: Experiments less one.
        tau_squared: Variance of the true effects; nan below two experiments.
        tau_squared_low: Lower end of its interval at `confidence`, by the Q-profile.
        tau_squared_high: Upper end of it; of few experiments it is wide, however small `tau_squared` came out.
        prediction_low: Lower end of the interval in which the true effect of a next experiment lies, at `confidence`;
            nan below three experiments.
        prediction_high: Upper end of it.
        q: Cochran's Q, the weighted sum of squares about the fixed-effect mean.
        q_p_value: Of equal true effects, chi-square with `degrees_of_freedom`.
        i_squared: Share of the variance between measured effects that is heterogeneity, in [0, 1).
        h_squared: That variance over what sampling alone gives, >= 1.
        experiments: How many were pooled.
        left_out: How many were not, because their effect or variance is unknown.
        confidence: Share in (0, 1): 1 - alpha.
        method: How `tau_squared` was found.
    """

    mean: float
    standard_error: float
    low: float
    high: float
    p_value: float
    degrees_of_freedom: int
    tau_squared: float
    tau_squared_low: float
    tau_squared_high: float
    prediction_low: float
    prediction_high: float
    q: float
    q_p_value: float
    i_squared: float
    h_squared: float
    experiments: int
    left_out: int
    confidence: float
    method: Method

    @property
    def predictive_variance(self) -> float:
        """Variance of the true effect of a next experiment about `mean`: tau squared and the mean's own error."""
        return self.tau_squared + self.standard_error**2


def pool(effects: Sequence[Effect], *, alpha: float = 0.05, method: Method = "reml", modified: bool = True) -> Pooled:
    """Pool the effects of independent experiments.

    The interval of the mean is Hartung & Knapp's (2001, Statistics in Medicine 20:3875); the prediction interval that
    of Higgins, Thompson & Spiegelhalter (2009, JRSS A 172:137), t with two degrees of freedom less than experiments,
    with the same standard error, as metafor's "riley". The interval of tau squared is the Q-profile (Viechtbauer 2007,
    Statistics in Medicine 26:37), I squared and H squared those of Higgins & Thompson (2002, Statistics in Medicine
    21:1539) at the estimated tau squared. Two experiments give an honest, very wide mean and no prediction; one gives
    its effect and nothing else. In simulations of 3 to 25 unequal experiments the interval of the mean holds in 95 % or
    more; the prediction in 89 to 94 % from five experiments on when they truly differ, because tau squared is guessed.

    Args:
        effects: One an experiment, in any order; the unknown are left out and counted.
        alpha: 1 - confidence, in (0, 1).
        method: How tau squared is estimated.
        modified: Whether the standard error is kept from being smaller than that of known variances. When effects agree
            better than chance the plain one is absurdly small (Röver, Knapp & Friede 2015, BMC Medical Research
            Methodology 15:99); "adhoc" in metafor, whose "knha" is the plain one.

    Raises:
        ValueError: When `alpha` is not in (0, 1) or the method is unknown.
    """
    require_share("alpha", alpha)
    if method not in _METHODS:
        raise ValueError(f"method is {method!r}, must be 'reml' or 'dersimonian-laird'")
    known = [effect for effect in effects if effect.known]
    y, v = np.array([[effect.value, effect.variance] for effect in known], dtype=np.float64).reshape(-1, 2).T
    k = len(y)
    tau_squared = _METHODS[method](y, v) if k > 1 else math.nan
    mean, error = _mean(y, v, tau_squared, modified)
    t, wide = (t_quantile(alpha / 2, df) if df > 0 else math.nan for df in (k - 1, k - 2))
    low, high = tau_squared_interval(y, v, alpha)
    typical = typical_variance(v)
    ahead = wide * math.sqrt(tau_squared + error**2)
    return Pooled(
        mean=mean,
        standard_error=error,
        low=mean - t * error,
        high=mean + t * error,
        p_value=two_sided_p(mean / error, k - 1) if error > 0 else math.nan,
        degrees_of_freedom=max(k - 1, 0),
        tau_squared=tau_squared,
        tau_squared_low=low,
        tau_squared_high=high,
        prediction_low=mean - ahead,
        prediction_high=mean + ahead,
        q=generalised_q(y, v, 0.0) if k else math.nan,
        q_p_value=chi_square_p(generalised_q(y, v, 0.0), k - 1) if k else math.nan,
        i_squared=tau_squared / (tau_squared + typical),
        h_squared=1 + tau_squared / typical,
        experiments=k,
        left_out=len(effects) - k,
        confidence=1 - alpha,
        method=method,
    )


def _mean(y: _Floats, v: _Floats, tau_squared: float, modified: bool) -> tuple[float, float]:
    """Return the weighted mean and its Hartung-Knapp standard error; of one experiment only the first is known."""
    if len(y) < 2:
        return (float(y[0]) if len(y) else math.nan), math.nan
    w = 1 / (v + tau_squared)
    mean = float(w @ y / w.sum())
    scale = generalised_q(y, v, tau_squared) / (len(y) - 1)
    scale = max(scale, 1.0) if modified else scale or math.nan  # effects that are all the same tell of no error
    return mean, math.sqrt(scale / w.sum())


_METHODS: dict[str, Callable[[_Floats, _Floats], float]] = {"reml": reml, "dersimonian-laird": dersimonian_laird}
