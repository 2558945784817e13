"""What finished tests say together of a variable: hand-checked pooling, ranking, and which tests count."""

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from experiments.board.next_tests import next_tests
from experiments.check.counting.tables import RollupDay
from experiments.check.looks import Look, newest_looks
from experiments.check.variables.effects import VariableEffect, pool_variables
from experiments.check.variables.evidence import Evidence, FinishedTest, finished_tests
from experiments.check.variables.places import Place, every_place, testable as variable_parts
from experiments.check.variables.survey import MetricSurvey, survey_metric, survey_variables
from experiments.do.assignments import Floor
from experiments.plan.designs import experiment_named
from experiments.plan.rules import ArmPlan
from experiments.plan.scenarios import parts_of
from experiments.plan.scripts import Line
from stats.pooling.meta import Effect
from tests.builders import (
    MONDAY,
    NEW_BENEFIT,
    a_running_experiment,
    approved,
    moved,
    somebody_new,
    standard_value,
    two_finished_tests,
)
from tests.histories import History

T1, T2 = 12.7062, 4.3027  # quantiles of t at 97.5 %


def a_finished_test(value: float, variance: float = 0.0004, variable: str = "benefit", **more: Any) -> FinishedTest:
    test = FinishedTest(
        key="k",
        title={"en": "A test"},
        catalogue="insurance",
        scenario="policy_change",
        scenario_name={"en": "Policy change"},
        variable=variable,
        metric="accepted",
        ended=20261108,
        calls=1000,
        challengers=1,
        worth=0.05,
        effect=Effect(value, variance),
    )
    return replace(test, **more)


def a_place(scenario: str = "buy", **more: Any) -> Place:
    place = Place(scenario, {"en": scenario}, "insurance", "accepted", ("benefit", "ask"), 3650, 365, 3000, 0.3)
    return replace(place, **more)


def pooled(*values: float, method: Any = "dersimonian-laird") -> VariableEffect:
    (found,) = pool_variables([a_finished_test(value) for value in values], method=method).variables
    return found


class TestPooling:
    def test_one_test_gives_its_effect_and_nothing_else(self) -> None:
        found = pooled(0.08)
        assert found.pooled.mean == 0.08
        assert all(
            map(
                math.isnan,
                (found.pooled.low, found.pooled.prediction_low, found.expected.sd, found.tests[0].shrunk.value),
            )
        )

    def test_two_tests_give_a_very_wide_mean_and_no_prediction(self) -> None:
        # w = 2500 each; Q = 2500 (0.02² + 0.02²) = 2; tau² = (2 - 1) / 2500; the mean's variance 0.0008 / 2
        found = pooled(0.10, 0.06).pooled
        assert found.tau_squared == pytest.approx(0.0004)
        assert (found.low, found.high) == pytest.approx((0.08 - T1 * 0.02, 0.08 + T1 * 0.02), abs=1e-5)
        assert math.isnan(found.prediction_low)

    def test_two_tests_are_drawn_in_by_half_where_they_differ_as_much_as_chance(self) -> None:
        assert [drawn.shrunk.value for drawn in pooled(0.10, 0.06).tests] == pytest.approx([0.09, 0.07])

    def test_three_tests_predict_a_fourth(self) -> None:
        # Q = 2500 (0.06² + 0.06²) = 18; C = 7500 - 2500; tau² = 16 / 5000; the mean's variance 0.0036 / 3
        found = pooled(0.02, 0.08, 0.14).pooled
        assert found.tau_squared == pytest.approx(0.0032)
        assert found.i_squared == pytest.approx(0.0032 / 0.0036)
        assert found.high == pytest.approx(0.08 + T2 * math.sqrt(0.0012), abs=1e-5)
        assert found.prediction_high == pytest.approx(0.08 + T1 * math.sqrt(0.0044), abs=1e-5)

    def test_the_two_estimates_of_spread_agree_where_tests_are_equally_sure(self) -> None:
        by_reml = pooled(0.02, 0.08, 0.14, method="reml").pooled
        assert by_reml.tau_squared == pytest.approx(0.0032)

    @pytest.mark.parametrize(
        ("values", "variance", "error"),
        [
            # two of one variable: 0.0004 of the mean, and half the spread of 0.0004 that two cannot show
            ((0.10, 0.06), 0.0006, "expected"),
            # elsewhere the whole spread comes on top
            ((0.10, 0.06), 0.0010, "elsewhere"),
            # three say their spread themselves
            ((0.02, 0.08, 0.14), 0.0012, "expected"),
            ((0.02, 0.08, 0.14), 0.0012 + 0.0032, "elsewhere"),
        ],
    )
    def test_what_is_expected_knows_how_little_few_tests_say(
        self, values: tuple[float, ...], variance: float, error: str
    ) -> None:
        assert getattr(pooled(*values), error).sd ** 2 == pytest.approx(variance)

    def test_a_variable_that_came_out_best_is_drawn_towards_the_others(self) -> None:
        tests = [a_finished_test(0.10), a_finished_test(0.06, variable="ask")]
        best, other = pool_variables(tests, method="dersimonian-laird").variables
        assert (best.expected.mean, other.expected.mean) == pytest.approx((0.09, 0.07))

    def test_the_course_follows_the_order_of_the_tests(self) -> None:
        assert pooled(0.02, 0.08, 0.14).trend.direction == "growing"
        assert pooled(0.14, 0.08, 0.02).trend.direction == "fading"


class TestRanking:
    @pytest.fixture
    def survey(self) -> MetricSurvey:
        tests = [a_finished_test(0.10), a_finished_test(0.06, variable="ask")]
        places = [a_place(), a_place("enquiry", variables=("ask",)), a_place("silent", rate=0.0)]
        return survey_metric(tests, places, method="dersimonian-laird")

    def test_gain_is_the_drawn_in_effect_times_a_years_calls_where_it_can_be_spoken(self, survey: MetricSurvey) -> None:
        # ask: 0.07 of 7300 calls in two scenarios; benefit: 0.09 of 3650 in one; where nothing is accepted none counts
        assert [(k.effect.variable, k.places, round(k.gain.gain, 1)) for k in survey.ranked] == [
            ("ask", 2, 511.0),
            ("benefit", 1, 328.5),
        ]

    def test_the_chances_to_be_best_sum_to_one(self, survey: MetricSurvey) -> None:
        assert sum(k.gain.probability_best for k in survey.ranked) == pytest.approx(1)

    def test_a_single_test_ranks_nothing(self) -> None:
        (only,) = survey_metric([a_finished_test(0.1)], [a_place()]).ranked
        assert only.gain.rank is None
        assert math.isnan(only.gain.gain)


def test_what_needs_a_missing_part_cannot_be_tested(sqlite_floor: Floor) -> None:
    with sqlite_floor.store.read() as session:
        parts = parts_of(session, "insurance")
    lines = [Line(key, {"en": "words"}) for key in ("greeting", "benefit", "disclosure")]
    # a benefit needs an ask, and the disclosure is locked
    assert variable_parts(tuple(lines), parts) == ("greeting",)


def read(floor: Floor, **how: Any) -> Evidence:
    with floor.store.read() as session:
        return finished_tests(session, **{"synthetic": (), **how})


def another_look(floor: Floor, key: str, change: Callable[[Any], None]) -> None:
    """Append a look that found something else."""
    with floor.store.write() as session:
        experiment = experiment_named(session, key)
        last = newest_looks(session)[experiment.id]
        content = copy.deepcopy(last.content)
        change(content)
        copied = {
            name: getattr(last, name) for name in ("conclusion", "challenger", "content_hash", "made_by", "made_at")
        }
        session.add(
            Look(experiment_id=experiment.id, number=9, fraction=1.0, final=content["final"], content=content, **copied)
        )


def primary(content: Any) -> Any:
    return next(reading for reading in content["readings"] if reading["role"] == "primary")


def _breaks(content: Any) -> None:
    content["watch"]["findings"][0]["state"] = "broken"


def _stays_open(content: Any) -> None:
    content["final"], primary(content)["stopped"] = False, None


def _loses_its_error(content: Any) -> None:
    primary(content)["comparison"]["standard_error"] = None


def test_finished_tests_are_read_from_their_frozen_looks_on_both_databases(history: History) -> None:
    floor, _keys = history.after(two_finished_tests)
    better, worse = read(floor).tests
    assert (better.key, better.variable, better.metric) == ("change_benefit", "benefit", "accepted")
    assert (better.effect.value, worse.effect.value) == pytest.approx((0.2, -0.3), abs=0.1)
    assert (better.ended, better.calls + worse.calls) == (20261109, 7 * 120)
    with floor.store.read() as session:
        (survey,) = survey_variables(session, synthetic=()).metrics
        assert [ranked.effect.variable for ranked in survey.ranked] == ["benefit", "opening"]
        # both wait for their decision, which says what a next test would be compared with
        assert next_tests(session, survey) == ()
    with floor.store.write() as session:
        replayed = experiment_named(session, "change_benefit").id
        session.execute(update(RollupDay).where(RollupDay.experiment_id == replayed).values(origin="replayed"))
    assert [(each.key, each.why) for each in read(floor, synthetic={"change_bridge"}).omitted] == [
        ("change_benefit", "replayed"),
        ("change_bridge", "synthetic"),
    ]


@pytest.fixture
def floor(sqlite_history: History) -> Floor:
    """A centre in which two tests are finished, on SQLite."""
    floor: Floor = sqlite_history.after(two_finished_tests)[0]
    return floor


class TestPlaces:
    def test_the_volume_is_of_the_scenarios_whose_standard_has_the_part(self, floor: Floor) -> None:
        with floor.store.read() as session:
            (change,) = (place for place in every_place(session) if place.scenario == "policy_change")
        assert (change.calls, change.days, change.yearly_calls) == (840, 7, 365 * 120)
        assert {"benefit", "opening", "timing", "ask"} < set(change.variables)
        assert "disclosure" not in change.variables

    def test_the_rate_is_that_of_the_standard_alone(self, floor: Floor) -> None:
        with floor.store.read() as session:
            (change,) = (place for place in every_place(session) if place.scenario == "policy_change")
        assert change.standard_calls < change.calls
        assert change.rate == pytest.approx(0.5, abs=0.05)

    def test_a_decided_scenario_is_open_for_variables_that_it_has_not_tested(self, floor: Floor) -> None:
        moved(floor, "change_bridge", "abandon", "lead", reason="Worse.")
        moved(floor, "change_benefit", "submit", "lead", reason="Keep the standard.")
        somebody_new(floor, "another_quality", "quality")
        approved(floor, "change_benefit", "quality", "another_quality")
        approved(floor, "change_benefit", "quality", "manager", "another_quality")
        moved(floor, "change_benefit", "abandon", "lead", reason="Agreed.")
        with floor.store.read() as session:
            (survey,) = survey_variables(session, synthetic=()).metrics
            proposed = {(test.variable, test.place.scenario) for test in next_tests(session, survey)}
        assert ("ask", "policy_change") in proposed
        assert not proposed & {("benefit", "policy_change"), ("opening", "policy_change")}


class TestOmissions:
    @pytest.mark.parametrize(
        ("change", "why"),
        [
            # the sample ratio broke
            (_breaks, "untrustworthy"),
            # it ended on an interim look that decided nothing
            (_stays_open, "undecided"),
            # nothing is known of its error
            (_loses_its_error, "unmeasured"),
        ],
    )
    def test_a_finished_test_that_says_nothing_is_named_with_the_reason(
        self, floor: Floor, change: Callable[[Any], None], why: str
    ) -> None:
        another_look(floor, "change_benefit", change)
        assert [(each.key, each.why) for each in read(floor).omitted] == [("change_benefit", why)]

    def test_several_challengers_count_once_by_their_mean(self, floor: Floor) -> None:
        def divide(content: Any) -> None:
            other = copy.deepcopy(primary(content))
            primary(content)["stopped"]["estimate"], other["stopped"]["estimate"] = 0.10, 0.04
            primary(content)["comparison"]["standard_error"] = 0.02
            other["comparison"]["standard_error"] = 0.04
            content["readings"].append(other)

        another_look(floor, "change_benefit", divide)
        (found,) = (test for test in read(floor).tests if test.key == "change_benefit")
        assert found.challengers == 2
        assert found.effect.value == pytest.approx(0.07)
        assert found.effect.variance == pytest.approx(0.03**2)

    def test_a_test_that_was_stopped_before_a_look_is_undecided(self, floor: Floor) -> None:
        moved(floor, self.another(floor), "stop", "lead", at=MONDAY, reason="No need.")
        assert [each.why for each in read(floor).omitted] == ["undecided"]

    def test_a_running_test_is_no_evidence_either_way(self, floor: Floor) -> None:
        key = self.another(floor)
        found = read(floor)
        assert key not in {test.key for test in found.tests} | {test.key for test in found.omitted}

    def another(self, floor: Floor) -> str:
        control = ArmPlan("control", 5000, standard_value(floor, "benefit", "buy"))
        arms = (control, ArmPlan("quicker", 5000, NEW_BENEFIT))
        return a_running_experiment(floor, key="buy_benefit", scenario="buy", arms=arms)
