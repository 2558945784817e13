"""Several arms: R's integrals, closed forms, sampling, and laws that no data may break."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.bayes.beliefs import Beta, Normal, beta_posterior
from stats.bayes.best import ArmBelief, judge_arms
from stats.moments import Counts

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "arms.json").read_text())
some = st.lists(st.tuples(st.floats(0.4, 3000), st.floats(0.4, 3000)), min_size=2, max_size=5)
normals = st.lists(st.builds(Normal, st.floats(-5, 5), st.floats(0.01, 4)), min_size=2, max_size=5)


def beliefs(case: dict[str, Any]) -> list[Beta]:
    return [beta_posterior(Counts(n, y)) for n, y in zip(case["n"], case["y"], strict=True)]


def best(found: tuple[ArmBelief, ...]) -> list[float]:
    return [arm.probability_best for arm in found]


def loss(found: tuple[ArmBelief, ...]) -> list[float]:
    return [arm.expected_loss for arm in found]


@pytest.mark.parametrize("case", GOLDEN.values(), ids=GOLDEN)
def test_r_integrates_to_the_same(case: dict[str, Any]) -> None:
    found = judge_arms(beliefs(case))
    assert best(found) == pytest.approx(case["arms"]["best"], abs=1e-9)
    assert loss(found) == pytest.approx(case["arms"]["loss"], abs=1e-10)
    assert [arm.low for arm in found] == pytest.approx(case["arms"]["low"], rel=1e-9)
    assert [arm.high for arm in found] == pytest.approx(case["arms"]["high"], rel=1e-9)


def test_a_hundred_thousand_draws_say_about_the_same() -> None:
    arms = [beta_posterior(Counts(n, y)) for n, y in ((4000, 800), (3000, 640), (10, 2), (0, 0))]
    random = np.random.default_rng(1)
    drawn = np.array([random.beta(arm.a, arm.b, 100_000) for arm in arms])
    found = judge_arms(arms)
    assert best(found) == pytest.approx(np.bincount(drawn.argmax(axis=0)) / 100_000, abs=0.006)
    assert loss(found) == pytest.approx((drawn.max(axis=0) - drawn).mean(axis=1), abs=0.004)


def test_three_alike_are_equally_likely_best() -> None:
    # the expected greatest of three standard normals is 3 / (2 sqrt pi)
    found = judge_arms([Normal(2.0, 0.5)] * 3)
    assert best(found) == pytest.approx([1 / 3] * 3, rel=1e-12)
    assert loss(found) == pytest.approx([0.75 / math.sqrt(math.pi)] * 3, rel=1e-10)


@settings(max_examples=15)
@given(some)
def test_one_of_the_rates_is_the_best(shapes: list[tuple[float, float]]) -> None:
    assert sum(best(judge_arms([Beta(a, b) for a, b in shapes]))) == pytest.approx(1, abs=1e-9)


@settings(max_examples=15)
@given(normals)
def test_one_of_the_means_is_the_best(arms: list[Normal]) -> None:
    assert sum(best(judge_arms(arms))) == pytest.approx(1, abs=1e-9)


@settings(max_examples=15)
@given(some)
def test_losses_differ_as_the_means_do(shapes: list[tuple[float, float]]) -> None:
    found = judge_arms([Beta(a, b) for a, b in shapes])
    assert loss(found)[0] - loss(found)[1] == pytest.approx(found[1].mean - found[0].mean, abs=1e-9)


@settings(max_examples=15)
@given(some)
def test_the_order_of_the_arms_does_not_matter(shapes: list[tuple[float, float]]) -> None:
    arms = [Beta(a, b) for a, b in shapes]
    assert best(judge_arms(arms[::-1]))[::-1] == pytest.approx(best(judge_arms(arms)), abs=1e-12)


@settings(max_examples=15)
@given(some, st.integers(0, 2000))
def test_one_more_arm_takes_from_all_and_adds_to_every_loss(shapes: list[tuple[float, float]], y: int) -> None:
    arms = [Beta(a, b) for a, b in shapes]
    alone, joined = judge_arms(arms), judge_arms([*arms, Beta(y + 0.5, 2000.5 - y)])
    assert all(more <= less + 1e-9 for more, less in zip(best(joined), best(alone), strict=False))
    assert all(more >= less - 1e-9 for more, less in zip(loss(joined), loss(alone), strict=False))


def test_an_arm_without_hope_changes_nothing() -> None:
    arms = [Beta(80.5, 320.5), Beta(95.5, 285.5)]
    assert best(judge_arms([*arms, Beta(0.5, 1e5)]))[:2] == pytest.approx(best(judge_arms(arms)), abs=1e-12)


@settings(max_examples=15)
@given(some)
def test_lower_is_better_when_failures_are_counted(shapes: list[tuple[float, float]]) -> None:
    lower = judge_arms([Beta(a, b) for a, b in shapes], better="lower")
    turned = judge_arms([Beta(b, a) for a, b in shapes])
    assert best(lower) == pytest.approx(best(turned), abs=1e-7)
    assert loss(lower) == pytest.approx(loss(turned), abs=1e-7)


def test_an_unknown_arm_leaves_open_which_is_best() -> None:
    found = judge_arms([Normal(1.0, 0.2), Normal(2.0, math.nan)])
    assert all(math.isnan(arm.probability_best) and math.isnan(arm.expected_loss) for arm in found)
    assert found[0].low == pytest.approx(1 - 1.959964 * 0.2, abs=1e-6)


def test_no_arms_are_judged_as_none_and_one_is_the_best() -> None:
    assert judge_arms([]) == ()
    assert best(judge_arms([Beta(3, 4)])) == pytest.approx([1])


@pytest.mark.parametrize(
    ("arms", "options", "message"),
    [
        ([Beta(1, 1)], {"alpha": 0}, "alpha is 0, must be > 0 and < 1"),
        ([Beta(1, 1)], {"better": "up"}, "better is 'up', must be 'higher' or 'lower'"),
        ([Beta(1, 1), Normal(1, 1)], {}, "beliefs are Beta and Normal, must be of one kind"),
    ],
)
def test_a_bad_argument_is_named(arms: list[Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge_arms(arms, **options)
