"""Families of tests: statsmodels, R's p.adjust, and members that did not come back."""

import json
import math
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from stats.families import adjusting
from stats.families.adjusting import benjamini_hochberg, benjamini_yekutieli, bonferroni, hochberg, holm

ALL = [benjamini_hochberg, benjamini_yekutieli, bonferroni, hochberg, holm]
GOLDEN = json.loads((Path(__file__).parent / "golden" / "dunnett.json").read_text())


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_adjusted_values_are_those_of_statsmodels(size: int) -> None:
    oracle = import_module("statsmodels.stats.multitest").multipletests
    p_values = (np.random.default_rng(size).random(size) ** 3).tolist()
    assert holm(p_values) == pytest.approx(oracle(p_values, method="holm")[1])
    assert benjamini_hochberg(p_values) == pytest.approx(oracle(p_values, method="fdr_bh")[1])
    assert hochberg(p_values) == pytest.approx(oracle(p_values, method="simes-hochberg")[1])
    assert benjamini_yekutieli(p_values) == pytest.approx(oracle(p_values, method="fdr_by")[1])


@pytest.mark.parametrize("name", GOLDEN["adjusted"])
def test_adjusted_values_are_those_of_r(name: str) -> None:
    assert getattr(adjusting, name)(GOLDEN["p"]) == pytest.approx(GOLDEN["adjusted"][name], abs=1e-12)


def test_hochberg_finds_what_holm_does_and_more() -> None:
    assert hochberg([0.04, 0.045, 0.03]) == (0.045, 0.045, 0.045)
    assert min(holm([0.04, 0.045, 0.03])) == pytest.approx(0.09)


@pytest.mark.parametrize("adjust", ALL)
def test_an_unknown_member_stays_unknown_and_still_counts(
    adjust: Callable[[Sequence[float]], tuple[float, ...]],
) -> None:
    found = adjust([0.01, math.nan, 0.02])
    counted = adjust([0.01, 1, 0.02])
    assert math.isnan(found[1])
    assert (found[0], found[2]) == (counted[0], counted[2])


def test_an_empty_family_is_empty() -> None:
    assert [adjust([]) for adjust in ALL] == [()] * len(ALL)


def test_a_p_value_is_a_share() -> None:
    with pytest.raises(ValueError, match=r"p_values\[1\] is 1.2, must be >= 0 and <= 1"):
        holm([0.5, 1.2])
