"""Blocks taken apart factor by factor, beside the regression written out with a row a call and a column a level."""

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from numpy.typing import NDArray

from stats.clusters.within import Blocks, compare_within

Floats = NDArray[np.float64]

ROUNDING = 1e-9


class Plain(NamedTuple):
    """What the regression says."""

    difference: float
    standard_error: float
    degrees_of_freedom: float


def dummies(factors: list[list[int]]) -> Floats:
    """Write a column of ones, and one for each level of each factor."""
    columns = [np.equal.outer(labels, sorted(set(labels))) for labels in factors]
    return np.hstack([np.ones((len(factors[0]), 1)), *columns]).astype(np.float64)


def root_of_inverse(matrix: Floats) -> Floats:
    """Give the symmetric root of the inverse, which leaves out what is nothing."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > ROUNDING
    return np.asarray((vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T)


def regressed(y: Floats, x: Floats, kind: NDArray[np.bool_], factors: list[list[int]]) -> Plain | None:
    """Regress each call on kind and levels; every matrix of CR2 and of its degrees of freedom as it is defined."""
    unit = np.repeat(np.arange(len(x)), x.astype(int))
    design = np.column_stack([kind, dummies(factors)])[unit]
    if np.linalg.matrix_rank(design) == np.linalg.matrix_rank(design[:, 1:]):
        return None
    outcomes = (y / x)[unit]
    bread = np.linalg.pinv(design.T @ design)
    left = np.eye(len(unit)) - design @ bread @ design.T
    forms = []
    for each in np.unique(unit):
        own = unit == each
        forms.append(left[:, own] @ root_of_inverse(left[np.ix_(own, own)]) @ design[own] @ bread[0])
    inner = np.array(forms) @ np.array(forms).T
    variance = float(np.sum((np.array(forms) @ outcomes) ** 2))
    spread = float(np.sum(inner**2))
    return Plain(
        float(bread[0] @ design.T @ outcomes),
        math.sqrt(variance),
        float(np.trace(inner)) ** 2 / spread if spread > ROUNDING**2 else math.nan,
    )


units = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 1), st.integers(1, 6), st.integers(0, 9)),
    min_size=6,
    max_size=18,
)


@settings(max_examples=30, deadline=None)
@given(units, st.sampled_from([(0, 1), (1, 0), (1,), (0,), ()]))
@example([(a, b, (a + b) % 2, 1 + a, 3 * a + b) for a in range(4) for b in range(3)], (0, 1))
def test_the_closed_forms_are_the_regression_over_calls(table: Any, factors: Any) -> None:
    columns = [list(column) for column in zip(*table, strict=True)]
    kind, x, y = np.array(columns[2]) == 1, np.array(columns[3], dtype=float), np.array(columns[4], dtype=float)
    within = [columns[place] for place in factors]
    found = compare_within(y, x, kind, within, alpha=0.05, method="cr2-within")
    plain = regressed(y, x, kind, within or [[0] * len(x)])
    if plain is None:
        assert math.isnan(found.difference)
        return
    assert found.difference == pytest.approx(plain.difference, rel=1e-9, abs=1e-9)
    assert found.standard_error == pytest.approx(plain.standard_error, rel=1e-7, abs=1e-7)
    if found.standard_error > 0:
        assert found.degrees_of_freedom == pytest.approx(plain.degrees_of_freedom, rel=1e-7)


@settings(max_examples=30, deadline=None)
@given(units, st.data())
def test_blocks_are_the_hat_matrix_of_all_their_levels_and_pass_over_units_without_calls(table: Any, data: Any) -> None:
    columns = [list(column) for column in zip(*table, strict=True)]
    x = np.array(columns[3], dtype=float) * data.draw(
        st.lists(st.integers(0, 1), min_size=len(table), max_size=len(table))
    )
    y, weights = x * np.array(columns[4]), np.array(columns[2], dtype=float)
    blocks, all_levels = Blocks(columns[:2], x), dummies(columns[:2])
    hat = all_levels @ np.linalg.pinv((x * all_levels.T) @ all_levels) @ all_levels.T * x
    assert blocks.own == pytest.approx(np.diag(hat), abs=1e-9)
    # a unit's totals are expected as its calls' shares of them: the hat matrix of totals is the transpose
    assert blocks.residuals(y) == pytest.approx(y - hat.T @ y, abs=1e-7)
    kind = np.divide(blocks.residuals(weights * x), x, out=np.zeros_like(x), where=x > 0)
    spread = float(np.sum(x * kind**2))
    if spread > 1e-6:
        more = hat + np.outer(kind, x * kind) / spread
        expected = float(weights @ (more * more.T) @ weights)
        assert blocks.overlap(weights, kind, spread) == pytest.approx(expected, abs=1e-9)
