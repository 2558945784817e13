"""The rule that picks the method, table by table."""

import math

import pytest

from stats.arms.choosing import Inverted, choose_method, equality_p, smallest_expected
from stats.arms.proportions import compare_proportions
from stats.moments import Counts


@pytest.mark.parametrize(
    ("control", "challenger", "method"),
    [
        (Counts(400, 40), Counts(400, 60), "score"),  # every cell is expected to hold 50 or more
        (Counts(20_000, 4_000), Counts(20_000, 5_200), "score"),  # nor is Wald's picked for very many
        (Counts(40, 4), Counts(40, 6), "score"),  # exactly five successes expected in each arm
        (Counts(40, 3), Counts(40, 6), "barnard"),  # four and a half
        (Counts(40, 37), Counts(40, 34), "barnard"),  # the same of failures
        (Counts(20_000, 4), Counts(20_000, 5), "barnard"),  # many calls do not help, successes do
        (Counts(9, 5), Counts(100_000, 50_000), "barnard"),  # the smaller arm is what is small
        (Counts(40, 0), Counts(40, 16), "barnard"),  # eight expected, but a cell is empty
        (Counts(40, 40), Counts(40, 24), "barnard"),  # the same of failures
        (Counts(40, 1), Counts(40, 16), "score"),  # one is not none
        (Counts(1, 0), Counts(1, 1), "barnard"),  # the smallest table of all
    ],
)
def test_the_table_picks_the_method(control: Counts, challenger: Counts, method: Inverted) -> None:
    assert choose_method(control, challenger) == method
    assert choose_method(challenger, control) == method
    assert compare_proportions(control, challenger).method == method


def test_a_method_can_be_asked_for_by_name() -> None:
    table = Counts(40, 4), Counts(40, 6)
    assert equality_p(*table) == equality_p(*table, "score") != equality_p(*table, "barnard")
    assert equality_p(*table, "barnard") == compare_proportions(*table, method="barnard").p_value


def test_an_arm_without_calls_has_no_p() -> None:
    assert math.isnan(equality_p(Counts(0, 0), Counts(9, 3)))


def test_the_emptiest_cell_is_that_of_the_smaller_arm_and_the_rarer_outcome() -> None:
    assert smallest_expected(Counts(30, 27), Counts(90, 87)) == pytest.approx(1.5)
