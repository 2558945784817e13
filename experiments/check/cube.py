"""The cube: an experiment's rollup read once, then summed by whatever a reading asks for.

Metrics mature at different days, and effects are read over all calls, by agent, by region and so on. Instead of a scan
of the rollup for each of these, one scan groups by all of them at once, with the days cut into the few *bands* between
the last days that count; every reading is then a sum over cells.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Table, case, func, literal, select
from sqlalchemy.orm import Session

from experiments.check.counting.tables import MEASURES, RollupCall, RollupUnit
from experiments.check.metrics import Totals
from experiments.plan.designs import Experiment

DIMENSIONS = ("agent_id", "region", "channel")
"""What the calls of a test can be told apart by, besides arm and day."""

DAYS = "days"
"""What may be asked of units besides the measures: how many days each worked. A row of their rollup is a unit's day."""

_PART = (
    2_000  # rows that are objects at one time: many more wake the garbage collector, which costs as much as the scan
)


@dataclass(frozen=True, slots=True)
class Cells:
    """Sums that share their keys: `keys` a column of labels each, `values` a row a cell and a column a measure.

    `bands` says, for each cell, which of `untils` is the first that its days reach; `measures` names the columns.
    """

    untils: tuple[int, ...]
    keys: Mapping[str, Sequence[str]]
    bands: NDArray[np.int64]
    values: NDArray[np.int64]
    measures: tuple[str, ...] = MEASURES
    _known: dict[str, tuple[list[str], NDArray[np.int64]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def sums(
        self, names: Sequence[str], *, until: int, measures: Sequence[str] | None = None
    ) -> dict[tuple[str, ...], Totals]:
        """Sum the cells up to a day that the cube was read for, by the columns named.

        Args:
            names: of the columns of labels.
            until: the day, YYYYMMDD.
            measures: what to sum; everything that was read, when not said.

        Raises:
            ValueError: the cube was not read for this day.
        """
        labels, values = self.columns(names, until=until, measures=measures)
        asked = self.measures if measures is None else measures
        told = zip(*labels, strict=True)
        return {label: dict(zip(asked, row, strict=True)) for label, row in zip(told, values.tolist(), strict=True)}

    def columns(
        self, names: Sequence[str], *, until: int, measures: Sequence[str] | None = None
    ) -> tuple[list[list[str]], NDArray[np.int64]]:
        """Sum as `sums` does: give the labels in columns in the order of their columns, and the sums row by row."""
        counted = self._counted(until)
        values = self.values if measures is None else self.values[:, [self.measures.index(name) for name in measures]]
        if not len(counted):
            return [[] for _ in names], values[:0]
        place = np.zeros(len(counted), dtype=np.int64)
        for name in names:
            labels, places = self.labelled(name)
            place = place * len(labels) + places[counted]
        order = np.argsort(place, kind="stable")
        starts = np.flatnonzero(np.diff(place[order], prepend=-1))
        first = counted[order[starts]]
        return [self._labels(name, first) for name in names], np.add.reduceat(values[counted[order]], starts, axis=0)

    def alternatives(self, name: str, over: str, *, until: int) -> NDArray[np.int64]:
        """Count, for each label of a column that is met up to a day, the labels of another that it is met with."""
        counted, (_, places), (others, at) = self._counted(until), self.labelled(name), self.labelled(over)
        met = np.unique(places[counted] * len(others) + at[counted]) // max(len(others), 1)
        return np.unique(met, return_counts=True)[1]

    def labelled(self, name: str) -> tuple[list[str], NDArray[np.int64]]:
        """Give a column's labels, each once and in order, and for each cell the place of its own."""
        if name not in self._known:
            labels = sorted(set(self.keys[name]))
            place = {label: number for number, label in enumerate(labels)}
            self._known[name] = labels, np.array([place[label] for label in self.keys[name]], dtype=np.int64)
        return self._known[name]

    def relabelled(self, name: str, source: str, label: Callable[[str], str]) -> "Cells":
        """Add a column that is read off another: the tenure of an agent, say."""
        known = {each: label(each) for each in set(self.keys[source])}
        column = [known[each] for each in self.keys[source]]
        return Cells(self.untils, {**self.keys, name: column}, self.bands, self.values, self.measures)

    def _counted(self, until: int) -> NDArray[np.int64]:
        return np.flatnonzero(self.bands <= self.untils.index(until))

    def _labels(self, name: str, cells: NDArray[np.int64]) -> list[str]:
        labels, places = self.labelled(name)
        return [labels[place] for place in places[cells]]


def calls_of(session: Session, experiment: Experiment, untils: Sequence[int], measures: Sequence[str]) -> Cells:
    """Read a test's assigned calls by arm, agent, region and channel.

    Args:
        session: to read the rollup with.
        experiment: the experiment.
        untils: last days of assignment (YYYYMMDD) that readings will ask for.
        measures: what readings will ask for; the fewer, the faster.
    """
    return _read(session, RollupCall, ("arm", *DIMENSIONS), experiment, untils, measures)


def units_of(session: Session, experiment: Experiment, untils: Sequence[int], measures: Sequence[str]) -> Cells:
    """Read a test's randomisation units by arm, hash and name (which customers have none of).

    A shift has one day, so that its row is read as it is: to sort thousands of them costs more than to read them.
    """
    keys, alone = ("arm", "unit_hash", "unit"), experiment.unit == "agent_shift"
    return _read(session, RollupUnit, keys, experiment, untils, measures, grouped=not alone)


def _read(
    session: Session,
    rollup: type[RollupCall | RollupUnit],
    names: Sequence[str],
    experiment: Experiment,
    untils: Sequence[int],
    measures: Sequence[str],
    *,
    grouped: bool = True,
) -> Cells:
    days, table = tuple(sorted(set(untils))), cast("Table", rollup.__table__)
    band = _band(table, days)
    keys = [table.c[name] for name in names]
    told = _whole_sum if grouped else _as_it_is
    query = select(*keys, band, *(told(table, measure) for measure in measures)).where(
        table.c.scenario_id == experiment.scenario_id,  # a test's calls are its scenario's, which have an index
        table.c.experiment_id == experiment.id,
        table.c.day <= days[-1],
    )
    rows = session.execute(query.group_by(*keys, band) if grouped else query)
    labels: list[list[str]] = [[] for _ in names]
    numbers = [np.zeros((1 + len(measures), 0), dtype=np.int64)]
    for part in rows.partitions(_PART):
        columns = list(zip(*part, strict=True))
        for known, column in zip(labels, columns, strict=False):
            known.extend(column)
        numbers.append(np.array(columns[len(names) :], dtype=np.int64))
    bands, *sums = np.concatenate(numbers, axis=1)
    return Cells(days, dict(zip(names, labels, strict=True)), bands, np.column_stack(sums), tuple(measures))


def _whole_sum(table: Table, measure: str) -> ColumnElement[int]:
    """Sum a column; of a wide one PostgreSQL would give a decimal."""
    if measure == DAYS:
        return func.count()
    summed = func.sum(table.c[measure])
    return summed.cast(BigInteger) if isinstance(table.c[measure].type, BigInteger) else summed


def _as_it_is(table: Table, measure: str) -> ColumnElement[int]:
    return literal(1) if measure == DAYS else table.c[measure]


def _band(table: Table, days: Sequence[int]) -> ColumnElement[int]:
    if len(days) == 1:
        return literal(0)
    return case(*((table.c.day <= day, place) for place, day in enumerate(days[:-1])), else_=len(days) - 1)
