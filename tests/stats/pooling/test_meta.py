"""Effects over experiments: metafor's numbers, what few experiments leave open, and laws."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.pooling.heterogeneity import reml
from stats.pooling.meta import Effect, Pooled, pool

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "pooled.json").read_text())
HOW: dict[str, dict[str, Any]] = {
    "reml": {"modified": False},
    "reml_modified": {},
    "dersimonian_laird": {"method": "dersimonian-laird", "modified": False},
}
effects = st.lists(st.builds(Effect, st.floats(-5, 5), st.floats(0.01, 4)), min_size=2, max_size=8)


def of(case: dict[str, Any]) -> list[Effect]:
    return [Effect(y, v) for y, v in zip(case["y"], case["v"], strict=True)]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("case", GOLDEN.values(), ids=GOLDEN)
def test_metafor_says_the_same(case: dict[str, Any], how: str) -> None:
    found = pool(of(case), **HOW[how])
    expected = {name: math.nan if value is None else value for name, value in case[how].items() if name != "shrunk"}
    assert {name: getattr(found, name) for name in expected} == pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True)


def test_the_tuberculosis_trials_are_as_published() -> None:
    # Viechtbauer (2010, Journal of Statistical Software 36:3), section 3.1: REML, z test
    found = pool(of(GOLDEN["bcg"]))
    assert (found.mean, found.tau_squared) == pytest.approx((-0.7145, 0.3132), abs=5e-5)
    assert (found.q, 100 * found.i_squared, found.h_squared) == pytest.approx((152.2330, 92.22, 12.86), abs=5e-3)


@settings(max_examples=20)
@given(effects)
def test_no_tau_squared_is_likelier(measured: list[Effect]) -> None:
    y, v = np.array([[one.value, one.variance] for one in measured]).T

    def likelihood(tau_squared: float) -> float:  # from its definition, by determinants
        V, X = np.diag(v + tau_squared), np.ones((len(y), 1))
        inside = float((X.T @ np.linalg.inv(V) @ X)[0, 0])
        residual = y - float((X.T @ np.linalg.inv(V) @ y)[0]) / inside
        return float(-np.linalg.slogdet(V)[1] - math.log(inside) - residual @ np.linalg.inv(V) @ residual)

    found = likelihood(reml(y, v))
    assert all(found >= likelihood(other) - 1e-9 for other in np.geomspace(1e-4, 100, 25))


@settings(max_examples=20)
@given(effects)
def test_the_order_of_the_experiments_does_not_matter(measured: list[Effect]) -> None:
    there, back = pool(measured), pool(measured[::-1])
    assert (back.mean, back.low, back.tau_squared) == pytest.approx(
        (there.mean, there.low, there.tau_squared), rel=1e-6
    )


@settings(max_examples=20)
@given(effects, st.floats(0.001, 1000))
def test_points_and_shares_say_the_same(measured: list[Effect], unit: float) -> None:
    plain, scaled = pool(measured), pool([Effect(one.value * unit, one.variance * unit**2) for one in measured])
    ends = (plain.low * unit, plain.tau_squared * unit**2)
    assert (scaled.low, scaled.tau_squared) == pytest.approx(ends, rel=1e-6, abs=1e-9 * unit)
    assert scaled.i_squared == pytest.approx(plain.i_squared, abs=1e-6)


@settings(max_examples=20)
@given(effects)
def test_turning_the_arms_round_flips_the_sign(measured: list[Effect]) -> None:
    there, back = pool(measured), pool([Effect(-one.value, one.variance) for one in measured])
    assert (back.mean, back.low, back.high) == pytest.approx((-there.mean, -there.high, -there.low), abs=1e-7)


@settings(max_examples=20)
@given(effects, st.sampled_from([Effect(math.nan, 0.1), Effect(1.0, math.nan), Effect(0.0, 0.0)]))
def test_an_experiment_that_tells_nothing_is_left_out_and_counted(measured: list[Effect], nothing: Effect) -> None:
    found = pool([*measured, nothing])
    assert (found.left_out, found.experiments) == (1, len(measured))
    assert found.mean == pool(measured).mean


def test_effects_that_agree_are_not_believed_more_than_their_variances_allow() -> None:
    alike = [Effect(1.0, 0.25)] * 4
    assert pool(alike).standard_error == pytest.approx(math.sqrt(0.25 / 4))
    assert math.isnan(pool(alike, modified=False).standard_error)
    assert pool(alike).tau_squared == 0


def test_two_experiments_give_a_wide_mean_and_no_prediction() -> None:
    found = pool([Effect(0.5, 0.2), Effect(2.0, 0.3)])
    assert found.high - found.mean == pytest.approx(12.7062 * found.standard_error, rel=1e-5)
    assert math.isnan(found.prediction_low)
    assert found.tau_squared_high > 1000


def unknown(found: Pooled) -> set[str]:
    return {
        name
        for name in Pooled.__dataclass_fields__
        if isinstance(getattr(found, name), float) and math.isnan(getattr(found, name))
    }


@pytest.mark.parametrize(
    ("measured", "mean"),
    [
        # one experiment is its own effect, and tells nothing of others
        ([Effect(1.2, 0.3)], 1.2),
        # none
        ([], math.nan),
        # none that tells anything
        ([Effect(math.nan, math.nan)], math.nan),
    ],
)
def test_below_two_experiments_nothing_else_is_known(measured: list[Effect], mean: float) -> None:
    found = pool(measured)
    assert found.mean == pytest.approx(mean, nan_ok=True)
    assert unknown(found) >= {
        "standard_error",
        "low",
        "p_value",
        "tau_squared",
        "tau_squared_high",
        "prediction_low",
        "i_squared",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda: Effect(1.0, -0.1), "variance is -0.1, must be >= 0"),
        (lambda: pool([], alpha=1), "alpha is 1, must be > 0 and < 1"),
        (lambda: pool([], method="ml"), "method is 'ml', must be 'reml' or 'dersimonian-laird'"),  # type: ignore[arg-type]
    ],
)
def test_a_bad_argument_is_named(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        arguments()
