"""Weekdays differ: by how much, in log odds, as far as the days seen can tell it from chance."""

import math
from collections.abc import Sequence

from stats.control.days import DayCount, logit

__all__ = ["NO_OFFSETS", "weekday_offsets"]

NO_OFFSETS = (0.0,) * 7


def weekday_offsets(days: Sequence[DayCount], *, spread: float = 1.0, least_weeks: int = 4) -> tuple[float, ...]:
    """Estimate how each weekday's log odds lie from the whole, shrunk towards 0.

    The offsets multiply the odds, so that an adjusted rate stays a rate. How much weekdays differ at all is DerSimonian
    and Laird's estimate (1986, Controlled Clinical Trials 7:177), and each is shrunk by what of its distance is noise
    (Efron & Morris 1975, JASA 70:311): where weekdays are alike, all seven are 0.

    Args:
        days: Of the baseline; days without calls count for nothing.
        spread: Standard deviation of days in units of the binomial one, >= 1.
        least_weeks: Days of each kind that there must be. Weekdays that never occur (a closed Sunday) are let be.

    Returns:
        Seven offsets from Monday on; all 0 where a weekday was seen on fewer days than `least_weeks`.
    """
    seen: list[list[DayCount]] = [[d for d in days if d.weekday == place and d.n] for place in range(7)]
    there = [place for place in range(7) if seen[place]]
    if len(there) < 2 or min(len(seen[place]) for place in there) < least_weeks:
        return NO_OFFSETS
    sums = {at: (sum(d.successes for d in seen[at]), sum(d.n for d in seen[at])) for at in there}
    # half a success and half a failure more, by which a weekday without either stays finite (Haldane 1956)
    effects = {at: logit((x + 0.5) / (n + 1)) for at, (x, n) in sums.items()}
    noise = {at: spread**2 * (1 / (x + 0.5) + 1 / (n - x + 0.5)) for at, (x, n) in sums.items()}
    between = _between([effects[at] for at in there], [noise[at] for at in there])
    if between <= 0:
        return NO_OFFSETS
    weights = {at: 1 / (between + noise[at]) for at in there}
    middle = sum(weights[at] * effects[at] for at in there) / sum(weights.values())
    return tuple(between * weights[at] * (effects[at] - middle) if at in weights else 0.0 for at in range(7))


def _between(effects: Sequence[float], noise: Sequence[float]) -> float:
    """Estimate the variance between weekdays by moments; at least 0."""
    weights = [1 / each for each in noise]
    total = math.fsum(weights)
    middle = math.fsum(w * e for w, e in zip(weights, effects, strict=True)) / total
    heterogeneity = math.fsum(w * (e - middle) ** 2 for w, e in zip(weights, effects, strict=True))
    slack = total - math.fsum(w * w for w in weights) / total
    return max(0.0, (heterogeneity - (len(effects) - 1)) / slack)
