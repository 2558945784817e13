"""What is measured on one call, and how much it varies with and without the effect."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from scipy import optimize

from stats.checks import require, require_share

__all__ = ["Mean", "Outcome", "Share", "worst_difference"]


@dataclass(frozen=True, slots=True)
class Share:
    """Whether something happens on a call: its variance follows from its rate, and so changes with the effect.

    Attributes:
        base: The control's rate, a share in (0, 1).

    Raises:
        ValueError: When `base` is not in (0, 1).
    """

    base: float

    def __post_init__(self) -> None:
        require_share("base", self.base)

    def require_effect(self, effect: float) -> None:
        """Refuse an effect after which the rate is no share.

        Raises:
            ValueError: When base + effect is not in (0, 1).
        """
        require("base + effect", self.base + effect, above=0, below=1)

    def variance(self, effect: float = 0.0) -> float:
        """Return the variance of one call when the rate has moved by `effect`."""
        return (self.base + effect) * (1 - self.base - effect)

    def null_spread(self, effect: float, ratio: float, stated: float = 0.0) -> float:
        """Return the difference's standard error times the root of the control's calls, as the score test has it.

        The test of a stated difference puts the arms at the likeliest rates that differ by it, while in truth they
        differ by `effect` (Farrington & Manning 1990, Statistics in Medicine 9:1447); for "no difference" that is their
        pooled rate (Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions, 3rd ed., section 4.5).

        Args:
            effect: Challenger minus control in truth, a share.
            ratio: Challenger's calls per control's call.
            stated: Challenger minus control under the hypothesis to be refused, in (-1, 1).
        """
        control = self._likeliest(effect, ratio, stated)
        return Share(control).spread(stated, ratio)

    def _likeliest(self, effect: float, ratio: float, stated: float) -> float:
        """Return the control's rate when the challenger's must differ from it by what is stated."""
        if stated == 0:
            return self.base + ratio / (1 + ratio) * effect

        def slope(control: float) -> float:
            other = control + stated
            own = (self.base - control) / (control * (1 - control))
            return own + ratio * (self.base + effect - other) / (other * (1 - other))

        low, high = max(0.0, -stated), min(1.0, 1 - stated)
        edge = 1e-12 * (high - low)
        return float(optimize.brentq(slope, low + edge, high - edge, xtol=1e-15))

    def spread(self, effect: float, ratio: float) -> float:
        """Return the difference's true standard error times the root of the control's calls; Args as `null_spread`."""
        return math.sqrt(self.variance() + self.variance(effect) / ratio)

    def smallest_rise(self, noncentrality: float, control: float, challenger: float) -> float:
        """Return the rise that lies so many of its own standard errors away; nan when no share can rise so far.

        With v(r) = r (1 - r), the positive root of rise^2 = noncentrality^2 (v(base) control + v(base + rise)
        challenger), a quadratic.

        Args:
            noncentrality: In standard errors, >= 0.
            control: Variance of the control's rate, per variance of one call: 1 / n for n independent calls.
            challenger: The same of the challenger.
        """
        a, b = noncentrality**2 * control, noncentrality**2 * challenger
        half = b * (1 - 2 * self.base) / 2
        rise = (half + math.sqrt(half**2 + (1 + b) * (a + b) * self.variance())) / (1 + b)
        return rise if self.base + rise < 1 else math.nan


@dataclass(frozen=True, slots=True)
class Mean:
    """An amount on a call, with the same spread in every arm.

    Attributes:
        sd: Standard deviation of one call (or unit), in the metric's unit, > 0.

    Raises:
        ValueError: When `sd` is not > 0.
    """

    sd: float

    def __post_init__(self) -> None:
        require("sd", self.sd, above=0)

    def require_effect(self, effect: float) -> None:
        """Refuse an effect that is no number.

        Raises:
            ValueError: When `effect` is not finite.
        """
        require("effect", effect)

    def variance(self, effect: float = 0.0) -> float:
        """Return the variance of one call; an effect moves the mean alone."""
        del effect
        return self.sd**2

    def null_spread(self, effect: float, ratio: float, stated: float = 0.0) -> float:
        """Return the difference's standard error times the root of the control's calls: no other than `spread`."""
        del stated
        return self.spread(effect, ratio)

    def spread(self, effect: float, ratio: float) -> float:
        """Return the same; Args as of a `Share`."""
        del effect
        return self.sd * math.sqrt(1 + 1 / ratio)

    def smallest_rise(self, noncentrality: float, control: float, challenger: float) -> float:
        """Return the rise that lies so many standard errors away; Args as of a `Share`."""
        return noncentrality * self.sd * math.sqrt(control + challenger)


Outcome: TypeAlias = Share | Mean
"""Either answers to the same questions."""


def worst_difference(margin: float, better: Literal["higher", "lower"]) -> float:
    """Return the difference at which a guardrail has used up its margin, challenger minus control.

    Raises:
        ValueError: When `better` is neither word.
    """
    if better not in {"higher", "lower"}:
        raise ValueError(f"better is {better!r}, must be 'higher' or 'lower'")
    return -margin if better == "higher" else margin
