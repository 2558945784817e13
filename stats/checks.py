"""Check an argument once, at the public edge, and name it, its value and its bound when it is refused."""

import math
from collections.abc import Iterable

import numpy as np

__all__ = ["require", "require_each", "require_share"]


def require(
    name: str,
    value: float,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> None:
    """Refuse a number that is not finite or lies outside its bounds.

    Raises:
        ValueError: "NAME is VALUE, must be BOUND", as in "alpha is 5, must be > 0 and < 1".
    """
    if (
        math.isfinite(value)
        and (above is None or value > above)
        and (at_least is None or value >= at_least)
        and (below is None or value < below)
        and (at_most is None or value <= at_most)
    ):
        return
    bounds = ((">", above), (">=", at_least), ("<", below), ("<=", at_most))
    stated = " and ".join(f"{sign} {bound}" for sign, bound in bounds if bound is not None)
    raise ValueError(f"{name} is {value}, must be {stated or 'finite'}")


def require_each(
    name: str, values: Iterable[float], *, above: float | None = None, at_least: float | None = None
) -> None:
    """Refuse a list in which one number is not finite or lies below its bound.

    Raises:
        ValueError: Names the first such number by its place, as in "weights[2] is -1, must be >= 0".
    """
    listed = list(values)
    several = np.array(listed, dtype=np.float64)
    fit = np.isfinite(several)
    if above is not None:
        fit &= several > above
    if at_least is not None:
        fit &= several >= at_least
    for place in np.flatnonzero(~fit).tolist():
        require(f"{name}[{place}]", listed[place], above=above, at_least=at_least)


def require_share(name: str, value: float) -> None:
    """Refuse a number that is not strictly between 0 and 1.

    Raises:
        ValueError: As `require`.
    """
    require(name, value, above=0, below=1)
