"""What the API tells of variables over all finished tests."""

import math
from typing import Any

from sqlalchemy.orm import Session

from experiments.board.next_tests import NextTest, next_tests
from experiments.check.results import plain
from experiments.check.variables.effects import DrawnTest
from experiments.check.variables.survey import KeyVariable, MetricSurvey, survey_variables
from experiments.imports import ledger
from experiments.plan.scenarios import element_names, metrics_of
from stats.pooling.meta import Method
from web.language import say


def variables(session: Session, method: Method) -> dict[str, Any]:
    """Tell what finished tests say of every variable."""
    survey = survey_variables(session, synthetic=ledger.made_up_experiments(session), method=method)
    told: dict[str, Any] = plain(
        {
            "metrics": [_metric(session, found) for found in survey.metrics],
            "omitted": [{"experiment": each.key, "why": each.why} for each in survey.omitted],
        }
    )
    return told


def _metric(session: Session, survey: MetricSurvey) -> dict[str, Any]:
    names = element_names(session, survey.catalogue)
    return {
        "catalogue": survey.catalogue,
        "metric": survey.metric,
        "name": metrics_of(session, survey.catalogue)[survey.metric].name,
        "everything": survey.effects.everything,
        "variables": [_variable(ranked, names) for ranked in survey.ranked],
        "next_tests": [_next(test) for test in next_tests(session, survey)],
    }


def _variable(ranked: KeyVariable, names: dict[str, dict[str, str]]) -> dict[str, Any]:
    effect, gain, course = ranked.effect, ranked.gain, ranked.effect.trend
    return {
        "variable": effect.variable,
        "name": names.get(effect.variable, {}),
        "rank": gain.rank,
        "expected": effect.expected.mean,
        "expected_error": effect.expected.sd,
        "gain": gain.gain,
        "gain_low": gain.low,
        "gain_high": gain.high,
        "probability_best": gain.probability_best,
        "scenarios": ranked.places,
        "yearly_calls": ranked.yearly_calls,
        "pooled": effect.pooled,
        "own_spread": effect.own_spread,
        "course": {name: getattr(course, name) for name in ("direction", "slope", "low", "high", "p_value")},
        "tests": [_test(drawn) for drawn in effect.tests],
    }


def _test(drawn: DrawnTest) -> dict[str, Any]:
    test, shrunk = drawn.test, drawn.shrunk
    return {
        "experiment": test.key,
        "title": test.title,
        "scenario": test.scenario,
        "ended": test.ended,
        "calls": test.calls,
        "challengers": test.challengers,
        "effect": test.effect.value,
        "standard_error": math.sqrt(test.effect.variance),
        "low": test.low,
        "high": test.high,
        "shrunk": shrunk.value,
        "shrunk_low": shrunk.low,
        "shrunk_high": shrunk.high,
        "weight": shrunk.weight,
    }


def _next(test: NextTest) -> dict[str, Any]:
    return {
        "variable": test.variable,
        "scenario": test.place.scenario,
        "tests": test.tests,
        "prior": test.prior.mean,
        "prior_error": test.prior.sd,
        "effect": test.effect,
        "calls": test.worth.calls,
        "days": test.days,
        "chance_to_ship": test.worth.chance_to_ship,
        "expected_gain": test.worth.expected_gain,
        "value_of_testing": test.worth.value_of_testing,
        "value_of_knowing": test.worth.value_of_knowing,
        "why": say(test.why),
    }
