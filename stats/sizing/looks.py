"""What looking early costs at most, and saves on average.

The largest sample grows by the inflation factor; most tests of a real effect end before it (Jennison & Turnbull 2000,
Group Sequential Methods, sections 2.3 and 7.2). The sizes of the other modules take the factor as `inflation`; here it
is applied to a size that was planned for a single look.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.checks import require, require_each
from stats.looking.spending import inflation_factor, operating_characteristics, spending_boundaries
from stats.looking.spending_functions import Spending
from stats.sizing.noncentrality import noncentrality_for, require_errors
from stats.sizing.weights import shared_out

__all__ = ["LookPlan", "plan_looks"]


@dataclass(frozen=True, slots=True)
class LookPlan:
    """What a plan of looks asks for.

    Attributes:
        inflation: Largest sample over that of a single look, >= 1.
        calls: Of the arms at the last look, control first: the largest sample.
        at_looks: All arms' calls together when each look is due.
        found_by: Chance that the effect planned for has been found by each look, a share; the last is the power.
        expected_with_effect: All arms' calls at the end, on average, when the effect is as planned.
        expected_without: The same when there is none.
    """

    inflation: float
    calls: tuple[int, ...]
    at_looks: tuple[int, ...]
    found_by: tuple[float, ...]
    expected_with_effect: float
    expected_without: float


def plan_looks(
    single_look: Sequence[float],
    fractions: Sequence[float],
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    comparisons: int = 1,
    spending: Spending = "obrien-fleming",
) -> LookPlan:
    """Return the sample of a test that may stop at each look, two-sided, from that of a single look.

    Args:
        single_look: Calls (or units) of the arms that give the power at a single look with the same alpha, control
            first, each > 0.
        fractions: Share of the largest sample at each look, increasing, in (0, 1]; a last one of 1 ends the plan.
        alpha: Two-sided, of the family, in (0, 1).
        power: Of the single look, and of the looks together, in (alpha / comparisons, 1).
        comparisons: Challengers that share alpha (Bonferroni), >= 1; of several, the averages hold while one of them
            decides the end.
        spending: How alpha is spent over the looks.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_errors(alpha, power, comparisons)
    require("the number of single_look", len(single_look), at_least=2)
    require_each("single_look", single_look, above=0)
    family = alpha / comparisons
    inflation = inflation_factor(fractions, family, power, spending)
    boundaries = spending_boundaries(fractions, alpha=family, spending=spending)
    drift = noncentrality_for(power, alpha=family) * math.sqrt(inflation)
    with_effect, without = (operating_characteristics(boundaries, at) for at in (drift, 0.0))
    calls = shared_out(single_look[0] * inflation, single_look)
    total = sum(calls)
    return LookPlan(
        inflation=inflation,
        calls=calls,
        at_looks=tuple(math.ceil(total * fraction) for fraction in fractions),
        found_by=tuple(sum(with_effect.upper[: look + 1]) for look in range(len(fractions))),
        expected_with_effect=total * with_effect.expected_fraction,
        expected_without=total * without.expected_fraction,
    )
