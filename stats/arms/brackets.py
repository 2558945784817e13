"""Brackets: between which two values an interval's end is searched for. The nearer they are, the fewer the steps."""

from collections.abc import Callable

__all__ = ["closer"]

_PARTS = (1.1, 0.8)  # of the way to where an end is expected: mostly it lies between these two


def closer(excess: Callable[[float], float], near: float, bound: float, expected: float) -> tuple[float, float]:
    """Bring both values towards where the end is expected, each staying on its side of it.

    Args:
        excess: Negative on the side of `near`, 0 at the end, and positive on the side of `bound`.
        near: A value within the interval.
        bound: A value outside it.
        expected: Where the end should be; when it is not between the two, or nan, they are left as they are.
    """
    for part in _PARTS:
        place = near + part * (expected - near)
        if (place - near) * (place - bound) < 0:
            near, bound = (place, bound) if excess(place) < 0 else (near, place)
    return near, bound
