"""Fisher's and Boschloo's tests: R, scipy, and their order."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats as scipy_stats

from stats.arms.conditional import boschloo_p, fisher_p
from stats.moments import Counts

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "proportions.json").read_text())
arms = st.integers(1, 40).flatmap(lambda n: st.builds(Counts, st.just(n), st.integers(0, n)))


@pytest.mark.parametrize("case", GOLDEN.values(), ids=GOLDEN)
def test_fishers_p_is_that_of_r(case: dict[str, Any]) -> None:
    assert fisher_p(Counts(*case["control"]), Counts(*case["challenger"])) == pytest.approx(case["fisher"], rel=1e-9)


def test_fishers_p_of_an_effect_beyond_doubt_is_not_nothing() -> None:
    assert 0 < fisher_p(Counts(20_000, 4_000), Counts(20_000, 5_200)) < 1e-44
    assert 0 < fisher_p(Counts(10**5, 10**4), Counts(10**5, 9 * 10**4)) < 1e-300


@pytest.mark.parametrize(("control", "challenger"), [(Counts(20, 7), Counts(20, 15)), (Counts(15, 4), Counts(25, 16))])
def test_boschloos_p_is_that_of_scipy(control: Counts, challenger: Counts) -> None:
    columns = [
        [control.successes, challenger.successes],
        [control.n - control.successes, challenger.n - challenger.successes],
    ]
    expected = scipy_stats.boschloo_exact(columns, n=64).pvalue
    assert boschloo_p(control, challenger) == pytest.approx(expected, rel=2e-3)


@settings(max_examples=25)
@given(arms, arms)
def test_boschloos_p_is_never_above_twice_the_smaller_side_of_fishers(control: Counts, challenger: Counts) -> None:
    sides = [
        scipy_stats.hypergeom.sf(b.successes - 1, a.n + b.n, a.successes + b.successes, b.n)
        for a, b in ((control, challenger), (challenger, control))
    ]
    assert boschloo_p(control, challenger) <= 2 * min(sides) + 1e-8


def test_an_arm_without_calls_is_unknown() -> None:
    assert math.isnan(fisher_p(Counts(0, 0), Counts(9, 3)))
    assert math.isnan(boschloo_p(Counts(9, 3), Counts(0, 0)))
