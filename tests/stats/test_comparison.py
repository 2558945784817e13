"""Non-inferiority: shown, not shown, or unknown."""

from typing import Literal

import pytest

from stats.arms.proportions import compare_proportions
from stats.comparison import non_inferior
from stats.moments import Counts

SAME = compare_proportions(Counts(4000, 400), Counts(4000, 400))  # difference 0, interval about +-0.013


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
