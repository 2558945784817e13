"""Which test to run next: what is left out, what it costs, and what is believed before it."""

import math
from typing import Any

import pytest

from experiments.board.next_tests import NextTest, Words, propose
from experiments.check.variables.places import Place
from experiments.check.variables.survey import MetricSurvey, survey_metric
from tests.check.test_variables import a_finished_test, a_place

NAMES = Words({"benefit": {"en": "Benefit"}, "ask": {"en": "Ask"}}, {"en": "Accepted"})


def survey_of(*places: Place) -> MetricSurvey:
    tests = [a_finished_test(0.10), a_finished_test(0.06, scenario="claim")]
    return survey_metric(tests, places, method="dersimonian-laird")


def proposed(*places: Place, **more: Any) -> list[NextTest]:
    return list(propose(survey_of(*places), NAMES, **more))


@pytest.mark.parametrize(
    ("place", "more"),
    [
        # a test is under way there
        (a_place(), {"busy": {"buy"}}),
        # a plan is written, or a test was finished, for both of its variables
        (a_place(), {"taken": {("benefit", "buy"), ("ask", "buy")}}),
        # hardly anybody has heard its standard
        (a_place(standard_calls=99), {}),
        # nobody is invited there
        (a_place(rate=0.0), {}),
        # no room for five points more
        (a_place(rate=0.96), {}),
        # no calls at all
        (a_place(standard_calls=0, calls=0, days=0, rate=math.nan), {}),
    ],
)
def test_what_cannot_be_tested_now_is_not_proposed(place: Place, more: Any) -> None:
    assert proposed(place, **more) == []


def test_one_finished_test_proposes_nothing() -> None:
    assert propose(survey_metric([a_finished_test(0.1)], [a_place()]), NAMES) == ()


def test_a_tested_variable_is_believed_by_its_own_tests_and_another_by_all() -> None:
    beliefs = {test.variable: (test.prior.mean, test.prior.sd**2) for test in proposed(a_place())}
    # of two tests: 0.0006 and the spread 0.0004; of all: the mean's 0.0004 and the spread
    assert beliefs["benefit"] == pytest.approx((0.08, 0.0010))
    assert beliefs["ask"] == pytest.approx((0.08, 0.0008))


def test_it_costs_the_calls_that_find_what_plans_called_worth_having() -> None:
    first = proposed(a_place())[0]
    # 1376 an arm for 30 against 35 % (Fleiss), and about half a percent more for two O'Brien-Fleming looks
    assert first.effect == 0.05
    assert first.worth.calls == pytest.approx(2 * 1384, abs=12)
    assert first.days == math.ceil(first.worth.calls / 10)


def test_the_scenario_with_more_calls_comes_first() -> None:
    busy = a_place("busy", calls=36_500)
    assert [test.place.scenario for test in proposed(a_place(), busy)] == ["busy", "busy", "buy", "buy"]


def test_it_says_in_one_sentence_why() -> None:
    why = {test.variable: str(test.why) for test in proposed(a_place())}
    assert why["benefit"].startswith(
        "Benefit was never tried here; its tests elsewhere (finished: 2) point to +8.0 points."
    )
    assert why["ask"].startswith("Ask was never tested at all; tests here differ by 2.8 points")
