"""A covariate that was fixed before the first unit was dealt, and the scores by which units differ on it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require, require_each
from stats.moments import Pairs

__all__ = ["Covariate"]

_Floats: TypeAlias = NDArray[np.float64]

_FEWEST_NEW = 5  # below it an indicator of the new units costs more than it explains


@dataclass(frozen=True, slots=True)
class Covariate:
    """What was known of each unit before the experiment: a numerator and a denominator total of its own past.

    A covariate that the treatment may have touched takes a part of the effect away with the noise, and no test shows
    it; so the dates are a part of the value, and one that was measured at or after the first assignment is refused.

    Attributes:
        control: One (numerator, denominator) a unit of the control, in the order of its outcomes: the calls that
            succeeded before and the calls before; (0, 0) for a unit without a past, which is a new agent.
        challenger: The same of the challenger.
        fixed_until: Last day that went into it, an integer that grows with time, such as YYYYMMDD.
        assigned_from: Day of the first assignment, on the same scale.

    Raises:
        ValueError: When not `fixed_until` < `assigned_from`, a number is not finite, or a denominator is negative.
    """

    control: Pairs
    challenger: Pairs
    fixed_until: int
    assigned_from: int

    def __post_init__(self) -> None:
        require("fixed_until", self.fixed_until, below=self.assigned_from)
        require_each("covariate's numerators", (y for y, _ in [*self.control, *self.challenger]))
        require_each("covariate's denominators", (x for _, x in [*self.control, *self.challenger]), at_least=0)

    @classmethod
    def of_values(
        cls, control: Sequence[float], challenger: Sequence[float], *, fixed_until: int, assigned_from: int
    ) -> "Covariate":
        """Take one value a unit (tenure, a mean of its past), each with one vote; nan where it is not known."""
        return cls(_known(control), _known(challenger), fixed_until, assigned_from)

    @property
    def unknown(self) -> int:
        """Units without a past, in both arms."""
        return sum(x == 0 for _, x in [*self.control, *self.challenger])

    def scores(self) -> _Floats:
        """Return one row a unit, the control's first: its distance from what all units together have, mean 0.

        The first column is the numerator less the common ratio's share of it, over the mean denominator: the unit's
        term in the linearised ratio. A unit without a past has 0 there, which is to impute the mean; an indicator of
        such units is the second column when there are five of them and five others (Zhao & Ding 2024, JASA 119:450,
        show that it never harms in large samples). Columns that are the same for all are left out. All of it is a
        function of what was known before, whatever the arms.
        """
        past = np.asarray([*self.control, *self.challenger], dtype=np.float64).reshape(-1, 2)
        numerator, denominator = past.T
        if not denominator.any():
            return np.empty((len(past), 0))
        own, expected = numerator * denominator.sum(), numerator.sum() * denominator
        distance = np.where(np.abs(own - expected) <= 1e-12 * np.abs(own), 0.0, own - expected)
        columns = [distance * len(past) / denominator.sum() ** 2]
        new = (denominator == 0).astype(np.float64)
        if min(new.sum(), len(new) - new.sum()) >= _FEWEST_NEW:
            columns.append(new - new.mean())
        return np.column_stack([column for column in columns if column.any()] or [np.empty((len(past), 0))])


def _known(values: Sequence[float]) -> Pairs:
    return [(0.0, 0.0) if math.isnan(value) else (float(value), 1.0) for value in values]
