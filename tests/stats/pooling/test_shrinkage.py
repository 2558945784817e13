"""Effects drawn to their mean: metafor's BLUPs, the baseball players of Efron and Morris, and laws."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.pooling.meta import Effect, pool
from stats.pooling.shrinkage import shrink

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "pooled.json").read_text())
effects = st.lists(st.builds(Effect, st.floats(-5, 5), st.floats(0.01, 4)), min_size=2, max_size=8)


@pytest.mark.parametrize("modified", [False, True])
@pytest.mark.parametrize("case", GOLDEN.values(), ids=GOLDEN)
def test_metafors_blups_are_the_same(case: dict[str, Any], modified: bool) -> None:
    measured = [Effect(y, v) for y, v in zip(case["y"], case["v"], strict=True)]
    found = shrink(measured, pool(measured, modified=modified))
    for name, expected in case["reml_modified" if modified else "reml"]["shrunk"].items():
        assert [getattr(one, name) for one in found] == pytest.approx(expected, rel=1e-6, abs=1e-9)


@settings(max_examples=20)
@given(effects)
def test_a_shrunken_effect_lies_between_its_own_and_the_mean(measured: list[Effect]) -> None:
    pooled = pool(measured)
    for one, drawn in zip(measured, shrink(measured, pooled), strict=True):
        assert min(one.value, pooled.mean) - 1e-9 <= drawn.value <= max(one.value, pooled.mean) + 1e-9


def test_the_less_is_known_the_more_it_is_drawn() -> None:
    measured = [Effect(2.0, 0.1), Effect(2.0, 1.0), Effect(-1.0, 0.2), Effect(-3.0, 0.3)]
    sharp, vague, *_ = shrink(measured, pool(measured))
    assert vague.value < sharp.value < 2
    assert vague.weight < sharp.weight


def test_an_unknown_effect_is_that_of_a_next_experiment() -> None:
    measured = [Effect(1.0, 0.1), Effect(2.0, 0.1), Effect(4.0, 0.2)]
    pooled = pool(measured)
    found = shrink([Effect(math.nan, math.nan)], pooled)[0]
    assert (found.value, found.weight) == (pooled.mean, 0)
    assert found.standard_error == pytest.approx(math.sqrt(pooled.predictive_variance))


def test_one_experiment_has_nothing_to_be_drawn_to() -> None:
    measured = [Effect(1.0, 0.1)]
    found = shrink(measured, pool(measured))[0]
    assert all(math.isnan(value) for value in (found.value, found.standard_error, found.low, found.weight))


def test_the_selected_winner_is_right_on_average() -> None:
    """The best of thirty measured effects is too good by far, the best of the shrunken ones is not."""
    random = np.random.default_rng(3)
    raw, drawn = [], []
    for _ in range(150):
        truth = random.normal(0, 1, 30)
        measured = [Effect(float(y), 1.0) for y in random.normal(truth, 1)]
        shrunk = [one.value for one in shrink(measured, pool(measured))]
        best = int(np.argmax(shrunk))
        raw.append(measured[best].value - truth[best])
        drawn.append(shrunk[best] - truth[best])
    assert np.mean(raw) > 0.8
    assert abs(np.mean(drawn)) < 4 * np.std(drawn) / math.sqrt(150)
