"""Units in columns say what they say one by one, and cells summed in columns what they say by label."""

import numpy as np
import pytest

from experiments.check.analysis.units import UnitData, Units
from experiments.check.cube import Cells

EACH = [UnitData("a", {"calls": 5, "accepted": 2}), UnitData("b", {"calls": 0, "accepted": 0})]
CELLS = Cells(
    untils=(1, 2),
    keys={"unit_hash": ["u", "v", "u", "w"], "arm": ["x", "x", "y", "x"]},
    bands=np.array([0, 0, 0, 1]),
    values=np.array([[1, 10], [2, 20], [3, 30], [4, 40]]),
    measures=("calls", "accepted"),
)


def test_units_are_a_sequence_of_what_each_did() -> None:
    units = Units.of(EACH)
    assert (list(units), len(units), units[1], units[:1]) == (EACH, 2, EACH[1], EACH[:1])
    assert Units.of(units) is units


def test_units_without_calls_are_left_out_by_the_measure_that_counts_them() -> None:
    units = Units.of(EACH)
    assert list(units.having("calls")) == EACH[:1]
    assert units.having("calls").pairs("accepted", "calls") == [(2, 5)]
    assert units.pairs("accepted", "calls") == [(2, 5), (0, 0)]


def test_no_units_have_no_calls() -> None:
    nobody = Units.of([])
    assert (list(nobody), nobody.pairs("accepted", "calls"), len(nobody.having("calls"))) == ([], [], 0)


@pytest.mark.parametrize("until", [1, 2])
def test_columns_of_cells_are_their_sums(until: int) -> None:
    (hashes, arms), values = CELLS.columns(["unit_hash", "arm"], until=until)
    told = {
        (h, a): dict(zip(CELLS.measures, row, strict=True))
        for h, a, row in zip(hashes, arms, values.tolist(), strict=True)
    }
    assert told == CELLS.sums(["unit_hash", "arm"], until=until)
    assert len(told) == until + 2


def test_a_unit_that_met_two_arms_is_told_from_those_that_met_one() -> None:
    assert CELLS.alternatives("unit_hash", "arm", until=1).tolist() == [2, 1]
    assert CELLS.alternatives("unit_hash", "arm", until=2).tolist() == [2, 1, 1]
    nothing = Cells((1,), {"unit_hash": [], "arm": []}, np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.int64))
    assert nothing.alternatives("unit_hash", "arm", until=1).tolist() == []
