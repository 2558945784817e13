"""Are outcomes missing from one arm more than from the other, and could that alone make the effect?"""

import math
from dataclasses import dataclass

from stats.arms.proportions import compare_proportions
from stats.checks import require
from stats.comparison import Comparison
from stats.moments import Counts

__all__ = ["Followed", "Missingness", "differential_missingness"]


@dataclass(frozen=True, slots=True)
class Followed:
    """The units of one arm that are old enough to have an outcome, and those whose outcome is known.

    Attributes:
        units: Units assigned whose window has closed.
        known: Those with a known outcome, and how many of them succeeded.

    Raises:
        ValueError: When more are known than there are.
    """

    units: int
    known: Counts

    def __post_init__(self) -> None:
        require("units", self.units, at_least=self.known.n)


@dataclass(frozen=True, slots=True)
class Missingness:
    """Outcomes known in the arms, compared, and what the unknown ones could do.

    Attributes:
        known: The shares of units whose outcome is known, compared: a p of 0.01 or less is a finding.
        lowest: Difference of success, challenger minus control, if all unknown outcomes spoke against the challenger.
        highest: The same if all spoke for it. Nothing observed can narrow these bounds (Manski 1990, American Economic
            Review 80:319; Horowitz & Manski 2000, JASA 95:77); nan without units.
    """

    known: Comparison
    lowest: float
    highest: float


def differential_missingness(control: Followed, challenger: Followed, *, alpha: float = 0.05) -> Missingness:
    """Compare the shares of units with a known outcome, as any two proportions are.

    A share that is missing from both arms alike costs calls; one that differs makes the known units of the arms
    different people. Assumes independent units.

    Args:
        control: The control's units.
        challenger: The challenger's.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1).
    """
    known = compare_proportions(*(Counts(arm.units, arm.known.n) for arm in (control, challenger)), alpha=alpha)
    worst, best = _bounds(control), _bounds(challenger)
    return Missingness(known, best[0] - worst[1], best[1] - worst[0])


def _bounds(arm: Followed) -> tuple[float, float]:
    """Return the share of success if all unknown outcomes were failures, and if all were successes."""
    if not arm.units:
        return math.nan, math.nan
    return arm.known.successes / arm.units, (arm.known.successes + arm.units - arm.known.n) / arm.units
