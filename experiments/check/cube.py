"""The cube: an experiment's rollup read once, then summed by whatever a reading asks for.

Metrics mature at different days, and effects are read over all calls, by agent, by region and so on. Instead of a scan
of the rollup for each of these, one scan groups by all of them at once, with the days cut into the few *bands* between
the last days that count; every reading is then a sum over cells.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session

from experiments.check.metrics import Totals
from experiments.check.rollup import MEASURES, RollupCall, RollupUnit
from experiments.plan.designs import Experiment

DIMENSIONS = ("agent_id", "region", "channel")
"""What the calls of a test can be told apart by, besides arm and day."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Sums that share their keys: `keys` a column of labels each, `values` a row a cell and a column a measure.

    `bands` says, for each cell, which of `untils` is the first that its days reach.
    """

    untils: tuple[int, ...]
    keys: Mapping[str, NDArray[np.str_]]
    bands: NDArray[np.int64]
    values: NDArray[np.int64]

    def sums(self, names: Sequence[str], *, until: int) -> dict[tuple[str, ...], Totals]:
        """Sum the cells up to a day that the cube was read for, by the columns named.

        Raises:
            ValueError: the cube was not read for this day.
        """
        counted = self.bands <= self.untils.index(until)
        if not counted.any():
            return {}
        columns = [self.keys[name][counted] for name in names]
        labels, places = _distinct(columns)
        summed = np.zeros((len(labels), len(MEASURES)), dtype=np.int64)
        np.add.at(summed, places, self.values[counted])
        return {
            label: dict(zip(MEASURES, row, strict=True)) for label, row in zip(labels, summed.tolist(), strict=True)
        }

    def relabelled(self, name: str, source: str, label: Callable[[str], str]) -> "Cells":
        """Add a column that is read off another: the tenure of an agent, say."""
        known, inverse = np.unique(self.keys[source], return_inverse=True)
        column = np.array([label(str(each)) for each in known], dtype=np.str_)[inverse] if len(known) else known
        return Cells(self.untils, {**self.keys, name: column}, self.bands, self.values)


def calls_of(session: Session, experiment: Experiment, untils: Sequence[int]) -> Cells:
    """Read a test's assigned calls by arm, agent, region and channel.

    Args:
        session: to read the rollup with.
        experiment: the experiment.
        untils: last days of assignment (YYYYMMDD) that readings will ask for.
    """
    return _read(session, RollupCall, ("arm", *DIMENSIONS), experiment, untils)


def units_of(session: Session, experiment: Experiment, untils: Sequence[int]) -> Cells:
    """Read a test's randomisation units by arm, hash and name (which customers have none of)."""
    return _read(session, RollupUnit, ("arm", "unit_hash", "unit"), experiment, untils)


def _read(
    session: Session,
    table: type[RollupCall | RollupUnit],
    names: Sequence[str],
    experiment: Experiment,
    untils: Sequence[int],
) -> Cells:
    days = tuple(sorted(set(untils)))
    band = _band(table, days)
    columns = [getattr(table, name) for name in names]
    sums = [func.sum(getattr(table, measure)) for measure in MEASURES]
    rows = session.execute(
        select(*columns, band, *sums)
        .where(table.experiment_id == experiment.id, table.day <= days[-1])
        .group_by(*columns, band)
        .order_by(*columns, band)
    ).all()
    width = len(names)
    keys = {name: np.array([row[place] for row in rows], dtype=np.str_) for place, name in enumerate(names)}
    values = np.array([[int(value) for value in row[width + 1 :]] for row in rows], dtype=np.int64)
    bands = np.array([row[width] for row in rows], dtype=np.int64)
    return Cells(days, keys, bands, values.reshape(-1, len(MEASURES)))


def _band(table: type[RollupCall | RollupUnit], days: Sequence[int]) -> ColumnElement[int]:
    if len(days) == 1:
        return literal(0)
    return case(*((table.day <= day, place) for place, day in enumerate(days[:-1])), else_=len(days) - 1)


def _distinct(columns: Sequence[NDArray[np.str_]]) -> tuple[list[tuple[str, ...]], NDArray[np.int64]]:
    """Give the distinct rows of several label columns, and for each row which of them it is."""
    place = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        known, inverse = np.unique(column, return_inverse=True)
        place = place * len(known) + inverse
    _, first, places = np.unique(place, return_index=True, return_inverse=True)
    return [tuple(str(column[row]) for column in columns) for row in first], places
