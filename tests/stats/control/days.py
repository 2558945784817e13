"""Days that are drawn: how tests of control make a floor's counts."""

import numpy as np
from hypothesis import strategies as st

from stats.control.days import DayCount


def drawn(random: np.random.Generator, n: int, rates: list[float]) -> list[DayCount]:
    """Give days of n calls each, a rate a day, from a Monday on."""
    x = random.binomial(n, rates).tolist()
    return [DayCount(place % 7, n, successes) for place, successes in enumerate(x)]


def mirrored(days: list[DayCount]) -> list[DayCount]:
    """Give the same days with failures for successes."""
    return [DayCount(day.weekday, day.n, day.n - day.successes) for day in days]


def floors(least: int = 28, most: int = 60) -> st.SearchStrategy[list[DayCount]]:
    """Draw windows of days of any size."""
    day = st.tuples(st.integers(1, 400), st.integers(0, 10**6)).map(lambda t: (t[0], t[1] % (t[0] + 1)))
    return st.lists(day, min_size=least, max_size=most).map(
        lambda days: [DayCount(place % 7, n, x) for place, (n, x) in enumerate(days)]
    )
