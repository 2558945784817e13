"""Non-inferiority and equivalence: shown, not shown, or unknown."""

import math
from typing import Literal

import pytest
from scipy import stats as scipy_stats

from stats.arms.proportions import compare_proportions
from stats.comparison import equivalence, non_inferior
from stats.estimates import Estimate, compare_estimates
from stats.moments import Counts

SAME = compare_proportions(Counts(4000, 400), Counts(4000, 400))  # difference 0, interval about +-0.013
WELCH = compare_estimates(
    Estimate(10.0, 0.09, 50), Estimate(10.3, 0.16, 60), degrees_of_freedom=80, alpha=0.1, method="welch"
)  # difference 0.3 +- 0.5


@pytest.mark.parametrize("better", ["higher", "lower"])
@pytest.mark.parametrize(("margin", "cleared"), [(0.02, True), (0.01, False)])
def test_equal_arms_are_cleared_only_when_the_interval_is_within_the_margin(
    better: Literal["higher", "lower"], margin: float, cleared: bool
) -> None:
    assert non_inferior(SAME, margin, better) is cleared


def test_only_the_harmful_side_counts() -> None:
    found = compare_proportions(Counts(4000, 400), Counts(4000, 600))
    assert non_inferior(found, 0.01, "higher") is True
    assert non_inferior(found, 0.01, "lower") is False


def test_missing_data_is_not_a_pass() -> None:
    assert non_inferior(compare_proportions(Counts(0, 0), Counts(9, 1)), 0.5) is None


def test_a_margin_must_be_declared() -> None:
    with pytest.raises(ValueError, match="margin is 0, must be > 0"):
        non_inferior(SAME, 0)


def test_better_is_one_of_two_words() -> None:
    with pytest.raises(ValueError, match="better is 'more', must be 'higher' or 'lower'"):
        non_inferior(SAME, 0.1, "more")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("margin", "shown"),
    [
        (1.2, True),  # 0.3 +- 0.83 lies within
        (1.1, False),  # it does not reach below, but above
        (0.2, False),  # what was seen lies outside itself
    ],
)
def test_equivalence_is_shown_when_the_interval_lies_within_the_margin(margin: float, shown: bool) -> None:
    found = equivalence(WELCH, margin)
    assert found.shown is shown
    assert (found.p_value < found.alpha) is shown


def test_equivalence_has_the_larger_p_of_two_one_sided_t_tests() -> None:
    from_below, from_above = scipy_stats.t.sf((1 + 0.3) / 0.5, 80), scipy_stats.t.sf((1 - 0.3) / 0.5, 80)
    assert equivalence(WELCH, 1).p_value == pytest.approx(max(from_below, from_above))
    assert equivalence(WELCH, 1).alpha == pytest.approx(0.05)
    assert equivalence(WELCH, 0.1).p_value == pytest.approx(scipy_stats.t.cdf(0.2 / 0.5, 80))


def test_equivalence_of_proportions_is_decided_by_the_ends() -> None:
    found = equivalence(SAME, 0.02)
    assert (found.shown, equivalence(SAME, 0.01).shown) == (True, False)
    assert math.isnan(found.p_value)


def test_equivalence_of_nothing_is_unknown() -> None:
    assert equivalence(compare_proportions(Counts(0, 0), Counts(9, 1)), 0.5).shown is None


def test_equivalence_needs_a_margin() -> None:
    with pytest.raises(ValueError, match="margin is 0, must be > 0"):
        equivalence(SAME, 0)
