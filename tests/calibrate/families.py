"""Several challengers against one control: how often any is found where none differs, and do all intervals hold?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.arms.proportions import compare_proportions
from stats.estimates import Estimate
from stats.families.adjusting import bonferroni, hochberg, holm
from stats.families.dunnett import dunnett, dunnett_adjust, dunnett_critical_value, loadings
from stats.looking.spending import Boundary, spending_boundaries
from stats.looking.spending_functions import Spending
from stats.moments import Counts
from tests.calibrate.rows import Row, Task, counted, generator, scaled

_Floats: TypeAlias = NDArray[np.float64]

ALPHA = 0.05
_SURE = 1.6  # no test that finds something at 0.05 has so small a z
PART = "Several challengers, any of them found although none differs (proportions, family-wise alpha 5 %)"


@dataclass(frozen=True, slots=True)
class Arms:
    """Calls of each arm, the control first, and the rate they all have."""

    calls: tuple[int, ...]
    rate: float


CASES = (
    Arms((2000, 2000, 2000), 0.2),
    Arms((6000, 2000, 1000, 500), 0.1),
    Arms((500, 2000, 2000), 0.2),  # a small control: challengers are found together
    Arms((3000, 1000, 1000, 1000, 1000), 0.05),
)


def dunnett_p(p_values: Sequence[float], shares: Sequence[float]) -> tuple[float, ...]:
    """Ask the product."""
    return dunnett_adjust(p_values, shares)


def without_shares(adjust: Callable[[Sequence[float]], tuple[float, ...]]) -> Callable[..., tuple[float, ...]]:
    return lambda p_values, _: adjust(p_values)


METHODS: dict[str, Callable[..., tuple[float, ...]]] = {
    "Dunnett": dunnett_p,
    "Holm": without_shares(holm),
    "Hochberg": without_shares(hochberg),
    "Bonferroni": without_shares(bonferroni),
}


def estimates(arms: Arms, successes: Sequence[int]) -> list[Estimate]:
    """Give the arms with their own variances."""
    rates = [y / n for y, n in zip(successes, arms.calls, strict=True)]
    return [Estimate(rate, rate * (1 - rate) / n, n) for rate, n in zip(rates, arms.calls, strict=True)]


def worth_asking(arms: Arms, drawn: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the experiments in which a challenger may be found, by a z that is far from deciding."""
    n = np.array(arms.calls)
    pooled = drawn.sum(axis=1, keepdims=True) / n.sum()
    error = np.sqrt(pooled * (1 - pooled) * (1 / n[0] + 1 / n[1:]))
    z = (drawn[:, 1:] / n[1:] - drawn[:, :1] / n[0]) / error
    return np.asarray(drawn[np.abs(z).max(axis=1) > _SURE])


def family_wise(arms: Arms, effort: float) -> list[Row]:
    """Give how often each method finds any challenger."""
    runs = scaled(10_000, effort)
    drawn = generator("family", arms).binomial(arms.calls, arms.rate, size=(runs, len(arms.calls)))
    hits = dict.fromkeys(METHODS, 0)
    for row in worth_asking(arms, drawn).tolist():
        control, *others = [Counts(n, y) for n, y in zip(arms.calls, row, strict=True)]
        p_values = [compare_proportions(control, other).p_value for other in others]
        first, *rest = estimates(arms, row)
        for name, adjust in METHODS.items():
            hits[name] += min(adjust(p_values, loadings(first, rest))) <= ALPHA
    name = f"{' : '.join(map(str, arms.calls))} calls at {100 * arms.rate:g} %"
    return [
        counted(PART, f"{name}, {method}", hit, runs, most=0.055, least=0.04 if method == "Dunnett" else -np.inf)
        for method, hit in hits.items()
    ]


def intervals(df: int, effort: float) -> list[Row]:
    """Give how often all simultaneous intervals hold, in normal data with one variance estimated from few."""
    runs = scaled(1500, effort)
    random = generator("intervals", df)
    sizes = np.array([df // 2, df // 4, df // 4, 3]) + np.array([1, 1, 1, 0])
    truth, freedom = np.array([0.0, 0.5, -0.3, 0.0]), int(sizes.sum()) - 4
    means = random.normal(truth, 1 / np.sqrt(sizes), size=(runs, 4))
    variances = random.chisquare(freedom, size=runs) / freedom
    held = 0
    for mean, variance in zip(means.tolist(), variances.tolist(), strict=True):
        control, *others = [Estimate(m, variance / n, n) for m, n in zip(mean, sizes.tolist(), strict=True)]
        found = dunnett(control, others, alpha=ALPHA, degrees_of_freedom=freedom)
        held += all(one.low <= d <= one.high for one, d in zip(found, truth[1:].tolist(), strict=True))
    part = "Dunnett's intervals of three challengers hold together (normal data, one variance)"
    return [counted(part, f"{freedom} degrees of freedom", held, runs, least=0.95, most=0.95)]


def looks(spending: Spending, challengers: int, effort: float) -> list[Row]:
    """Give how often any challenger is found when each planned look asks Dunnett at its nominal alpha."""
    runs = scaled(400_000, effort)
    random = generator("looks", spending, challengers)
    shares = [np.sqrt(0.5)] * challengers
    plan = spending_boundaries([0.2, 0.4, 0.6, 0.8, 1.0], alpha=ALPHA, spending=spending)
    total, found = np.zeros((runs, challengers + 1)), np.zeros(runs, dtype=np.bool_)
    for place, look in enumerate(plan, start=1):
        total += random.normal(size=total.shape)
        z = (total[:, 1:] - total[:, :1]) / np.sqrt(2 * place)
        found |= np.abs(z).max(axis=1) > boundary(look, shares)
    part = "Several challengers at five planned looks, Dunnett at the nominal alpha of each look, any found"
    return [counted(part, f"{challengers} challengers, {spending}", int(found.sum()), runs, most=0.055)]


def boundary(look: Boundary, shares: Sequence[float]) -> float:
    """Ask the product."""
    return dunnett_critical_value(shares, alpha=look.nominal_alpha)


TASKS: tuple[Task, ...] = (
    *(Task(f"family {arms.calls}", partial(family_wise, arms)) for arms in CASES),
    *(Task(f"simultaneous intervals {df}", partial(intervals, df)) for df in (8, 40)),
    *(
        Task(f"family looks {spending} {challengers}", partial(looks, spending, challengers))
        for spending in ("obrien-fleming", "pocock")
        for challengers in (2, 4)
    ),
)
