"""Regions of a ratio: intervals, rays, lines, and nothing at all."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from stats.regions import Region, ratio_region

T = 1.959963984540054


def region(y: float, d: float, vy: float, vd: float, shared: float = 0.0) -> Region:
    return ratio_region(y, d, numerator_variance=vy, denominator_variance=vd, covariance=shared, quantile=T)


@pytest.mark.parametrize(
    ("estimates", "kind"),
    [
        ((1.0, 2.0, 0.04, 0.04), "interval"),
        # the denominator may be 0, the numerator may not: everything but a gap about 0
        ((1.0, 0.1, 0.04, 0.04), "rays"),
        # both may be 0: any ratio will do
        ((0.1, 0.1, 0.04, 0.04), "line"),
        # a denominator of exactly 0 explains no numerator
        ((1.0, 0.0, 0.04, 0.0), "empty"),
        ((0.1, 0.0, 0.04, 0.0), "line"),
        ((1.0, math.nan, 0.04, 0.04), "unknown"),
        ((1.0, 2.0, math.nan, 0.04), "unknown"),
    ],
)
def test_a_region_has_the_kind_that_the_data_allow(estimates: tuple[float, ...], kind: str) -> None:
    assert region(*estimates).kind == kind


def test_an_exact_denominator_gives_the_plain_interval() -> None:
    found = region(1.0, 2.0, 0.04, 0.0)
    assert (found.low, found.high) == pytest.approx(((1 - T * 0.2) / 2, (1 + T * 0.2) / 2))


def test_the_edge_of_weakness_gives_half_a_line() -> None:
    found = ratio_region(3.0, 2.0, numerator_variance=1.0, denominator_variance=1.0, covariance=0.0, quantile=2.0)
    assert (found.kind, found.low, found.high) == ("interval", 5 / 12, math.inf)


@given(
    st.floats(-3, 3), st.floats(-3, 3), st.floats(0.01, 4), st.floats(0.01, 4), st.floats(-0.99, 0.99), st.floats(-9, 9)
)
def test_it_holds_exactly_the_ratios_that_are_not_rejected(
    y: float, d: float, vy: float, vd: float, correlation: float, ratio: float
) -> None:
    shared = correlation * math.sqrt(vy * vd)
    distance = abs(y - ratio * d) / math.sqrt(vy - 2 * ratio * shared + ratio**2 * vd)
    if abs(distance - T) > 1e-6:
        assert region(y, d, vy, vd, shared).holds(ratio) == (distance < T)


@given(st.floats(-3, 3), st.floats(0.1, 3), st.floats(0.01, 4), st.floats(0.01, 4))
def test_it_holds_the_ratio_itself(y: float, d: float, vy: float, vd: float) -> None:
    assert region(y, d, vy, vd).holds(y / d)


def test_what_is_unknown_holds_nothing_and_denies_nothing() -> None:
    assert Region("unknown").holds(0.0) is None
    assert [Region(kind).holds(np.pi) for kind in ("line", "empty")] == [True, False]
