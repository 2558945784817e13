"""What randomisation units did, in columns: of thousands of shifts or customers no object is made for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from experiments.check.metrics import Totals


@dataclass(frozen=True, slots=True)
class UnitData:
    """What one randomisation unit did; `name` is '' for customers, whose names are not kept."""

    name: str
    totals: Totals


class Units(Sequence[UnitData]):
    """The units of an arm: a sequence as any other, and what is asked of all of them is read in columns.

    Args:
        names: One a unit.
        measures: What the columns are sums of.
        values: A row a unit and a column a measure.
    """

    def __init__(self, names: Sequence[str], measures: Sequence[str], values: NDArray[np.int64]) -> None:
        self.names = names
        self._measures = tuple(measures)
        self._values = values
        self._each: list[UnitData] | None = None

    @classmethod
    def of(cls, units: Sequence[UnitData]) -> "Units":
        """Write units in columns, unless they are."""
        if isinstance(units, Units):
            return units
        measures = tuple(units[0].totals) if units else ()
        rows = [[unit.totals[measure] for measure in measures] for unit in units]
        values = np.array(rows, dtype=np.int64).reshape(len(units), len(measures))
        return cls([unit.name for unit in units], measures, values)

    def column(self, measure: str) -> NDArray[np.int64]:
        """Give each unit's total of a measure; of no units, nothing."""
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        return self._values[:, self._measures.index(measure)]

    def pairs(self, above: str, below: str) -> list[tuple[float, float]]:
        """Give each unit's totals of two measures: numerator and denominator."""
        return list(zip(self.column(above).tolist(), self.column(below).tolist(), strict=True))

    def having(self, measure: str) -> "Units":
        """Leave out the units that have none of a measure."""
        places = np.flatnonzero(self.column(measure) > 0)
        if len(places) == len(self):
            return self
        return Units([self.names[place] for place in places.tolist()], self._measures, self._values[places])

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, place: int) -> UnitData: ...

    @overload
    def __getitem__(self, place: slice) -> list[UnitData]: ...

    def __getitem__(self, place: int | slice) -> UnitData | list[UnitData]:
        return self._told()[place]

    def __iter__(self) -> Iterator[UnitData]:
        return iter(self._told())

    def _told(self) -> list[UnitData]:
        if self._each is None:
            rows = zip(self.names, self._values.tolist(), strict=True)
            self._each = [UnitData(name, dict(zip(self._measures, row, strict=True))) for name, row in rows]
        return self._each
