"""Families of tests: statsmodels, and members that did not come back."""

import math
from collections.abc import Callable, Sequence
from importlib import import_module

import numpy as np
import pytest

from stats.families.adjusting import benjamini_hochberg, holm


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_adjusted_values_are_those_of_statsmodels(size: int) -> None:
    oracle = import_module("statsmodels.stats.multitest").multipletests
    p_values = (np.random.default_rng(size).random(size) ** 3).tolist()
    assert holm(p_values) == pytest.approx(oracle(p_values, method="holm")[1])
    assert benjamini_hochberg(p_values) == pytest.approx(oracle(p_values, method="fdr_bh")[1])


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_an_unknown_member_stays_unknown_and_still_counts(
    adjust: Callable[[Sequence[float]], tuple[float, ...]],
) -> None:
    found = adjust([0.01, math.nan, 0.02])
    counted = adjust([0.01, 1, 0.02])
    assert math.isnan(found[1])
    assert (found[0], found[2]) == (counted[0], counted[2])


def test_an_empty_family_is_empty() -> None:
    assert holm([]) == benjamini_hochberg([]) == ()


def test_a_p_value_is_a_share() -> None:
    with pytest.raises(ValueError, match=r"p_values\[1\] is 1.2, must be >= 0 and <= 1"):
        holm([0.5, 1.2])
