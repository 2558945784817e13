import numpy as np
import pytest

from stats.looking.always_valid import confidence_sequence
from tests.evidence import null, rules
from tests.evidence.rules import RULES
from tests.evidence.series import Floats, Series

EVERY = np.ones(5, dtype=np.bool_)
FIVE = np.array([1_000.0, 2_000, 3_000, 4_000, 5_000])


def a_series(users: Floats) -> Series:
    at = np.arange(1.0, len(users) + 1)
    return Series("made up", 1, 1, at, users, np.zeros(len(users)), users**-0.5, users)


def test_five_even_looks_have_the_published_boundaries() -> None:
    # R, rpact 3.3.4: getDesignGroupSequential(kMax = 5, alpha = 0.025, sided = 1, typeOfDesign = "asOF" and "asP")
    assert RULES[2].limits(FIVE, EVERY) == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=5e-4)
    assert RULES[3].limits(FIVE, EVERY) == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=5e-4)


def test_the_fixed_horizon_looks_once() -> None:
    assert RULES[1].limits(FIVE, EVERY) == pytest.approx([np.inf] * 4 + [1.959964], abs=1e-6)


def test_always_valid_watching_is_the_products_interval() -> None:
    limits = rules.always_valid(FIVE, EVERY)
    low, _ = confidence_sequence(0.3, 0.1, 2_000, planned_n=5_000)

    assert 0.3 - 0.1 * limits[1] == pytest.approx(low, rel=1e-12)


@pytest.mark.parametrize(
    ("share", "readable", "looks"),
    [
        ([0.2, 0.6, 1.0], [1, 1, 1], [0, 1, 2]),
        # too close to the look before, to the start or to the end
        ([0.2, 0.2005, 0.6, 1.0], [1, 1, 1, 1], [0, 2, 3]),
        ([0.0005, 0.5, 0.9995, 1.0], [1, 1, 1, 1], [1, 3]),
        # users were taken back later
        ([0.5, 1.2, 1.0], [1, 1, 1], [0, 2]),
        # no variances yet
        ([0.2, 0.6, 1.0], [0, 1, 1], [1, 2]),
    ],
)
def test_looks_are_checkpoints_that_add_information(share: list[float], readable: list[int], looks: list[int]) -> None:
    assert rules.planned_looks(np.array(share), np.array(readable, dtype=np.bool_)) == looks


def test_a_rule_stops_where_its_limit_is_first_reached() -> None:
    z = np.array([np.nan, 1.0, -2.5, 3.0])

    assert rules.first_crossing(z, np.full(4, 2.0)) == 2
    assert rules.first_crossing(z, np.full(4, 4.0)) is None


@pytest.mark.parametrize("kind", ["arriving", "accruing"])
def test_nothing_has_standard_normal_z_and_steps_of_the_clock(kind: str) -> None:
    z = null.NULLS[kind](a_series(FIVE), 40_000, np.random.default_rng(1))

    assert z.std(axis=0) == pytest.approx(np.ones(5), abs=0.02)
    assert np.corrcoef(z[:, 0], z[:, -1])[0, 1] == pytest.approx((1 / 5) ** 0.5, abs=0.02)


@pytest.mark.parametrize(
    ("rule", "rate"),
    [
        # Armitage, McPherson & Rowe (1969), table 2: five looks at 1.96
        ("peeking", 0.142),
        ("fixed", 0.05),
        ("obrien-fleming", 0.05),
        ("pocock", 0.05),
    ],
)
def test_five_looks_without_effect_alarm_as_published(rule: str, rate: float) -> None:
    limits = next(each for each in RULES if each.name == rule).limits(FIVE, EVERY)
    z = null.arriving(a_series(FIVE), 40_000, np.random.default_rng(2))

    assert null.alarms(z, limits) / 40_000 == pytest.approx(rate, abs=0.005)


def test_flipped_steps_keep_their_sizes() -> None:
    series = Series("made up", 1, 1, FIVE, FIVE, np.array([3.0, 1, 4, 1, 5]), np.ones(5), FIVE)
    z = null.flipped(series, 200, np.random.default_rng(3))

    assert np.abs(z[:, 0]) == pytest.approx(np.ones(200))
    assert z.mean(axis=0) == pytest.approx(np.zeros(5), abs=0.3)
