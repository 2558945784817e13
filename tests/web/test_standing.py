"""The page of standings: every call type ranked, with denominators, what says so, and what has moved since."""

from datetime import timedelta

import pytest
from apiflask import APIFlask

from experiments import jobs, people
from experiments.act import standards
from experiments.do.assignments import Floor
from experiments.plan.scenarios import Standing, scenario_named
from tests.act.floors import weeks_of_calls
from tests.builders import MONDAY, SCENARIO
from tests.web.conftest import Clock
from tests.web.visitors import Visitor, a_visitor

PAGE = "/scenarios/standing"


@pytest.fixture
def lead(app: APIFlask, floor: Floor) -> Visitor:
    return a_visitor(app, floor, "lead")


def test_every_leaf_stands_in_the_ranking_and_says_when_nothing_is_known(lead: Visitor) -> None:
    page = lead.get(PAGE).text
    assert "Policy change" in page
    assert "Claim notification" in page
    assert "The catalogue says so" in page
    assert "Policy service" not in page.split('<table class="folds">')[1].split("</table>")[0]  # it only sums others


def test_numbers_say_what_they_are_of_and_as_of_when(lead: Visitor, floor: Floor) -> None:
    weeks_of_calls(floor, [0.4] * 30, calls=20)
    page = lead.get(PAGE).text
    assert "of 600" in page
    assert "7,300 eligible calls a year" in page
    assert "Data as of 2 Dec 2026" in page


def test_it_is_sorted_by_links(lead: Visitor) -> None:
    page = lead.get(f"{PAGE}?by=harm").text
    assert f'href="{PAGE}?by=acceptance"' in page
    assert f'href="{PAGE}?by=harm" aria-current="page"' in page
    assert lead.get(f"{PAGE}?by=nonsense").status_code == 200


def test_newer_data_against_a_standing_are_told_at_its_head(app: APIFlask, floor: Floor, clock: Clock) -> None:
    with floor.store.write() as session:
        scenario, by = scenario_named(session, SCENARIO), people.system("test")
        standards.set_standing(session, scenario, Standing.SUITABLE, by="a_test", actor=by, now=MONDAY)
    weeks_of_calls(floor, [0.4] * 42 + [0.28] * 21)
    clock.now = MONDAY + timedelta(days=64)
    jobs.control(floor.store, floor.calendar, clock.now)
    page = a_visitor(app, floor, "lead").get(PAGE).text
    assert "Standings that newer data speak against: 1." in page
    assert "has done worse" in page


def test_the_tree_of_scenarios_leads_there_and_agents_are_kept_out(app: APIFlask, floor: Floor, lead: Visitor) -> None:
    assert f'href="{PAGE}"' in lead.get("/scenarios").text
    assert a_visitor(app, floor, "agent").get(PAGE).status_code == 403
