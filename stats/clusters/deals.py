"""A list of deals, and whether it still deals freely.

A deal is a row of arm indices, one a unit, 0 being the control. Whose salt or coin it came from, the caller knows. A
list that was narrowed for balance must not be so narrow that two units always, or never, share an arm: then they are no
longer dealt one by one (Moulton 2004, Clinical Trials 1:297; Greene 2017, Journal of Statistical Software 77, code
snippet 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require

__all__ = ["Deals", "DealsReview", "review_deals", "rows_of_deals"]

Deals: TypeAlias = NDArray[np.integer] | Sequence[Sequence[int]]
"""Deals x units: the arm's index (0: control) of each unit in each deal."""


@dataclass(frozen=True, slots=True)
class DealsReview:
    """How freely a list still deals its units.

    Attributes:
        deals: Deals in the list. The least p a test over it can give is 1 / deals.
        distinct: Different ones among them.
        fixed: Units that are in the same arm in every deal.
        together: Pairs of units that share an arm in every deal.
        apart: Pairs of units that share an arm in none.
        least_together: Share of deals in which the pair least often together shares an arm; nan below two units.
        most_together: The same of the pair most often together; nan below two units.
        arm_shares: For each arm, the share of units it gets on average; 0.5, 0.5 for two equal arms.
        least_shares: For each arm, the share of deals that give it the unit it gets least often.
        most_shares: The same of the unit it gets most often.
    """

    deals: int
    distinct: int
    fixed: tuple[int, ...]
    together: tuple[tuple[int, int], ...]
    apart: tuple[tuple[int, int], ...]
    least_together: float
    most_together: float
    arm_shares: tuple[float, ...]
    least_shares: tuple[float, ...]
    most_shares: tuple[float, ...]

    @property
    def too_tight(self) -> bool:
        """Whether a unit is always in one arm, or a pair of units always or never in one: widen the list."""
        return bool(self.fixed or self.together or self.apart)


def rows_of_deals(deals: Deals) -> NDArray[np.int64]:
    """Return the deals as an array of whole numbers, deals x units.

    Raises:
        ValueError: When the rows are not equally long, there is none, or an arm's index is negative.
    """
    try:
        rows = np.asarray(deals, dtype=np.int64)
    except ValueError as unequal:
        raise ValueError("deals must be rows of equal length, one arm index a unit") from unequal
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"deals has the shape {rows.shape}, must be deals x units")
    require("deals", int(rows.min()), at_least=0)
    return rows


def review_deals(deals: Deals) -> DealsReview:
    """Return how freely a list deals its units, alone and in pairs (Moulton 2004).

    When deals are free, two units of two equal arms are together in half of them, and no unit prefers an arm. A list
    that dictates who is with whom gives a test that is exact and nearly blind.

    Args:
        deals: The kept list, deals x units.

    Raises:
        ValueError: As `rows_of_deals`.
    """
    rows = rows_of_deals(deals)
    members = [(rows == arm).astype(np.float64) for arm in range(int(rows.max()) + 1)]
    chances = [member.mean(axis=0) for member in members]
    left, right = np.triu_indices(rows.shape[1], k=1)
    meetings = sum((member.T @ member for member in members), np.zeros((rows.shape[1], rows.shape[1])))
    together = meetings[left, right]
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    return DealsReview(
        deals=len(rows),
        distinct=len(np.unique(rows, axis=0)),
        fixed=tuple(np.flatnonzero((rows == rows[0]).all(axis=0)).tolist()),
        together=tuple(pairs[at] for at in np.flatnonzero(together == len(rows))),
        apart=tuple(pairs[at] for at in np.flatnonzero(together == 0)),
        least_together=float(together.min()) / len(rows) if pairs else np.nan,
        most_together=float(together.max()) / len(rows) if pairs else np.nan,
        arm_shares=tuple(float(chance.mean()) for chance in chances),
        least_shares=tuple(float(chance.min()) for chance in chances),
        most_shares=tuple(float(chance.max()) for chance in chances),
    )
