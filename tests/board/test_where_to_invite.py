"""Where should we invite at all: the ranking, what a standing rests on, and what newer data say against it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from experiments import jobs, people
from experiments.act import standards
from experiments.board.where_to_invite import RankedScenario, where_to_invite
from experiments.check import looks
from experiments.do.assignments import Floor
from experiments.plan.designs import experiment_named
from experiments.plan.rules import ArmPlan, Kind
from experiments.plan.scenarios import Standing, every_scenario, scenario_named
from stats.arms.intervals import wilson
from tests.act.floors import weeks_of_calls
from tests.builders import MONDAY, SCENARIO, a_running_experiment, a_week_of_calls, moved, standard_value

OTHER = "policy_enquiry"


def ranked(floor: Floor, by: str = "value") -> list[RankedScenario]:
    with floor.store.read() as session:
        return where_to_invite(session, by=by)


def here(floor: Floor, scenario: str = SCENARIO) -> RankedScenario:
    return next(each for each in ranked(floor) if each.scenario.key == scenario)


def decided(floor: Floor, standing: Standing, by: str = "a_test") -> None:
    with floor.store.write() as session:
        scenario = scenario_named(session, SCENARIO)
        standards.set_standing(session, scenario, standing, by=by, actor=people.system("test"), now=MONDAY)


def a_scenario_test(floor: Floor, yes: Mapping[str, int]) -> str:
    """Test whether to invite at all, to its final look; `yes` of ten say yes in each arm."""
    arms = (ArmPlan("service_only", 5000, None), ArmPlan("invite", 5000, standard_value(floor, "ask")))
    plan: dict[str, Any] = {"kind": Kind.SCENARIO, "variable": "ask", "arms": arms, "effect": 0.1}
    key = a_running_experiment(floor, **plan)
    a_week_of_calls(floor, 60, lambda answer, number: number % 10 < yes[answer.arm or ""])
    with floor.store.write() as session:
        experiment, at = experiment_named(session, key), MONDAY + timedelta(days=7)
        looks.make_look(
            session, experiment, today=floor.calendar.day(at), final=True, actor=people.system("jobs"), now=at
        )
    moved(floor, key, "end", "jobs", at=MONDAY + timedelta(days=7))
    return key


def test_the_scenario_that_brings_most_comes_first_and_the_unknown_last(floor: Floor) -> None:
    weeks_of_calls(floor, [0.4] * 30, calls=20)
    weeks_of_calls(floor, [0.2] * 30, calls=200, scenario=OTHER, seed=2)
    assert [each.scenario.key for each in ranked(floor)][:2] == [OTHER, SCENARIO]
    assert [each.scenario.key for each in ranked(floor, "acceptance")][:2] == [SCENARIO, OTHER]
    assert [each.scenario.key for each in ranked(floor, "nonsense")][:2] == [OTHER, SCENARIO]
    with floor.store.read() as session:
        leaves = [scenario.key for scenario in every_scenario(session) if scenario.metric_set is not None]
    assert sorted(each.scenario.key for each in ranked(floor)) == sorted(leaves)


def test_a_rate_has_its_denominator_its_interval_and_its_year(floor: Floor) -> None:
    weeks_of_calls(floor, [0.4] * 30, calls=20)
    found = here(floor)
    assert found.accepted.n == 600
    assert found.acceptance == wilson(found.accepted)
    assert found.yearly_calls == pytest.approx(365 * 20)
    assert found.yearly == pytest.approx(found.accepted.rate * 365 * 20)


def test_a_funnel_that_invites_nobody_has_no_acceptance(floor: Floor) -> None:
    without = [each for each in ranked(floor) if each.metric is None]
    assert all(each.accepted.n == 0 for each in without)


def test_calls_that_were_only_served_stand_beside_those_invited(floor: Floor) -> None:
    a_scenario_test(floor, {"service_only": 0, "invite": 5})
    found = here(floor)
    assert found.accepted.n == found.invited_harm.n > 150
    assert found.served_harm.n == 420 - found.accepted.n
    assert found.harm.low < 0 < found.harm.high


def test_a_standing_says_what_it_rests_on(floor: Floor) -> None:
    assert here(floor).decided.experiment is None
    key = a_scenario_test(floor, {"service_only": 0, "invite": 5})
    decided(floor, Standing.SUITABLE, by=key)
    source = here(floor).decided
    assert (source.experiment, source.at) == (key, MONDAY)
    assert source.look is not None
    assert here(floor).moved == ()  # the look that decided does not speak against itself


def test_a_newer_look_that_finds_inviting_pays_speaks_against_unsuitable(floor: Floor) -> None:
    decided(floor, Standing.UNSUITABLE, by="long_ago")
    a_scenario_test(floor, {"service_only": 0, "invite": 8})
    assert ["pays" in str(message) for message in here(floor).moved] == [True]
    decided(floor, Standing.SUITABLE, by="another")
    assert here(floor).moved == ()


def test_a_standard_that_does_worse_speaks_against_suitable(floor: Floor) -> None:
    decided(floor, Standing.SUITABLE)
    weeks_of_calls(floor, [0.4] * 42 + [0.28] * 21)
    jobs.control(floor.store, floor.calendar, MONDAY + timedelta(days=64))
    assert ["done worse" in str(message) for message in here(floor).moved] == [True]
    decided(floor, Standing.UNSUITABLE)
    assert here(floor).moved == ()


def test_complaints_beyond_the_margin_speak_against_suitable(floor: Floor) -> None:
    a_scenario_test(floor, {"service_only": 0, "invite": 5})
    with floor.store.write() as session:
        session.execute(text("UPDATE rollup_day SET complaint = calls / 5 WHERE arm = 'invite'"))
    decided(floor, Standing.SUITABLE, by="change_benefit")
    assert ["99.9% interval" in str(message) for message in here(floor).moved] == [True]
