"""Intervals in closed form: Newcombe's published tables and R."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from stats.arms.intervals import Interval, clopper_pearson, newcombe, wald, wilson
from stats.moments import Counts

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "proportions.json").read_text())
CASES = [pytest.param(case, id=name) for name, case in GOLDEN.items()]


def _arms(case: dict[str, Any]) -> tuple[Counts, Counts]:
    return Counts(*case["control"]), Counts(*case["challenger"])


def _ends(found: Interval) -> list[float]:
    return [found.low, found.high]


@pytest.mark.parametrize("case", CASES)
def test_intervals_of_one_rate_are_those_of_r(case: dict[str, Any]) -> None:
    _, challenger = _arms(case)
    assert _ends(wilson(challenger)) == pytest.approx(case["wilson"], abs=1e-9)
    assert _ends(clopper_pearson(challenger)) == pytest.approx(case["clopper_pearson"], abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_walds_interval_is_that_of_r(case: dict[str, Any]) -> None:
    assert _ends(wald(*_arms(case))) == pytest.approx(case["wald"], abs=1e-9)


@pytest.mark.parametrize(
    ("challenger", "control", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17:873, table II, method 10
        (Counts(70, 56), Counts(80, 48), 0.0524, 0.3339),
        (Counts(10, 9), Counts(10, 3), 0.1705, 0.8090),
        (Counts(7, 6), Counts(7, 2), 0.0582, 0.8062),
        (Counts(56, 5), Counts(29, 0), -0.0381, 0.1926),
        (Counts(10, 0), Counts(20, 0), -0.1611, 0.2775),
        (Counts(10, 10), Counts(20, 0), 0.6791, 1.0),
    ],
)
def test_newcombes_interval_is_the_published_one(challenger: Counts, control: Counts, low: float, high: float) -> None:
    assert [round(end, 4) for end in _ends(newcombe(control, challenger))] == [low, high]


@pytest.mark.parametrize(("counts", "low", "high"), [(Counts(20, 0), 0, None), (Counts(20, 20), None, 1)])
def test_an_empty_cell_ends_at_the_edge_itself(counts: Counts, low: float | None, high: float | None) -> None:
    for found in (wilson(counts), clopper_pearson(counts)):
        assert (found.low == 0, found.high == 1) == (low == 0, high == 1)


def test_no_calls_say_nothing() -> None:
    nobody, somebody = Counts(0, 0), Counts(9, 3)
    found = (wilson(nobody), clopper_pearson(nobody), newcombe(nobody, somebody), wald(somebody, nobody))
    assert all(math.isnan(end) for each in found for end in _ends(each))


@pytest.mark.parametrize("alpha", [0, 1])
def test_alpha_must_be_a_share(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha is .*, must be > 0 and < 1"):
        newcombe(Counts(9, 3), Counts(9, 3), alpha=alpha)
