"""How much of one tail's alpha may be spent by a share of the information (Lan & DeMets 1983, Biometrika 70:659)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from scipy import special

from stats.checks import require
from stats.tails import normal_quantile

__all__ = ["HwangShihDeCani", "Spending", "spent"]


@dataclass(frozen=True, slots=True)
class HwangShihDeCani:
    """The gamma family of Hwang, Shih & DeCani (1990, Statistics in Medicine 9:1439).

    Attributes:
        gamma: -4 is nearly O'Brien-Fleming, 1 nearly Pocock, 0 spends evenly with information; in [-40, 40].

    Raises:
        ValueError: When gamma is out of its bounds.
    """

    gamma: float

    def __post_init__(self) -> None:
        require("gamma", self.gamma, at_least=-40, at_most=40)


Spending: TypeAlias = Literal["obrien-fleming", "pocock"] | HwangShihDeCani
"""Which function spends: "obrien-fleming" is strict early, "pocock" nearly even, the gamma family anything between."""


def spent(spending: Spending, fraction: float, tail_alpha: float) -> float:
    """Return what of one tail's alpha is spent by a fraction of the information: none at 0, all of it at 1.

    The O'Brien-Fleming and Pocock types are those of Lan & DeMets (1983), in the tail: 2 - 2 Phi(z(alpha / 2) / root t)
    and alpha log(1 + (e - 1) t).

    Args:
        spending: Which function.
        fraction: Of the information, in (0, 1].
        tail_alpha: What the tail may spend in all, in (0, 1).

    Raises:
        ValueError: When `spending` is unknown.
    """
    if isinstance(spending, HwangShihDeCani):
        gamma = spending.gamma
        return tail_alpha * (math.expm1(-gamma * fraction) / math.expm1(-gamma) if gamma else fraction)
    if spending not in _NAMED:
        raise ValueError(f"spending is {spending!r}, must be one of {', '.join(_NAMED)} or a HwangShihDeCani")
    return _NAMED[spending](fraction, tail_alpha)


def _obrien_fleming(fraction: float, tail_alpha: float) -> float:
    return 2 * float(special.ndtr(-normal_quantile(tail_alpha / 2) / fraction**0.5))


def _pocock(fraction: float, tail_alpha: float) -> float:
    return tail_alpha * math.log1p((math.e - 1) * fraction)


_NAMED: dict[str, Callable[[float, float], float]] = {"obrien-fleming": _obrien_fleming, "pocock": _pocock}
