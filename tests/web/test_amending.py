"""A running test is changed from its page and over the API, and says what was changed and what that means."""

import pytest
from apiflask import APIFlask

from experiments.board.cards import Move
from experiments.do.assignments import Floor
from experiments.errors import Invalid
from tests.board.test_amending import three_arms
from tests.builders import a_week_of_calls
from tests.web.conftest import Callers
from tests.web.visitors import a_visitor
from web.pages.amended import asked


def test_the_page_offers_it_and_shows_what_was_changed_and_what_that_means(app: APIFlask, floor: Floor) -> None:
    key = three_arms(floor, audience={"caller_relation": "self"})
    a_week_of_calls(floor, 40, lambda _, number: number % 2 == 0, days=1)
    manager = a_visitor(app, floor, "manager")
    page = manager.get(f"/experiments/{key}").text
    assert "Let more calls in" in page
    assert "the arm “longer”, 30% of the test, is served the standard" in page
    here = f"/experiments/{key}"
    manager.post(here, verb="widen", share="75.5", also='{"region": "ningbo"}', reason="Too slow.")
    manager.post(here, verb="drop_arm", arm="longer", reason="Callers laugh.")
    manager.post(here, verb="widen", also="{", reason="Again.")
    page = manager.get(here).text
    assert "The condition is not JSON." in page
    assert "Its part of the traffic grew from 50% to 75.5%." in page
    assert "— or: Region is ningbo" in page
    assert "The arm “longer” was dropped." in page
    assert "“Callers laugh.”" in page
    assert "calls are kept, and it decides nothing any more" in page
    assert "Drop an arm" not in page
    assert "现行范围" in a_visitor(app, floor, "lead", locale="zh-CN").get(here).text


@pytest.mark.parametrize(
    ("form", "field", "code"),
    [
        # no number, nor one that is too large for one
        ({"share": "many"}, "coverage", "number"),
        ({"share": "1e999"}, "coverage", "number"),
        ({"share": "nan"}, "coverage", "number"),
        # no JSON, or not a condition's
        ({"also": "{"}, "also", "json"),
        ({"also": "[" * 100_000}, "also", "json"),
        ({"also": "[]"}, "also", "object"),
    ],
)
def test_what_a_form_cannot_mean_is_refused_by_its_field(form: dict[str, str], field: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        asked("widen", "Again.", form)
    assert [(problem.field, problem.code) for problem in refusal.value.problems] == [(field, code)]


def test_a_form_says_shares_in_percent_and_what_is_left_empty_stays() -> None:
    assert asked("widen", "why", {"share": "75.5", "also": " "}) == Move("widen", "why", coverage=7550)
    assert asked("drop_arm", "why", {"arm": "longer", "share": "9"}) == Move("drop_arm", "why", arm="longer")


def test_the_api_changes_it_and_tells_plan_and_changes_apart(caller: Callers, floor: Floor) -> None:
    key = three_arms(floor)
    desk = caller("act read", login="manager")
    wider = desk.post(f"/experiments/{key}/widen", {"coverage": 8000, "reason": "Too slow."})
    assert (wider.status_code, wider.get_json()["review"]) == (200, "running")
    dropped = desk.post(f"/experiments/{key}/drop_arm", {"arm": "longer", "reason": "Callers laugh."})
    assert dropped.status_code == 200
    told = desk.get(f"/experiments/{key}").get_json()
    assert (told["coverage"], told["coverage_in_force"], len(told["arms"])) == (5000, 8000, 3)
    assert told["awaited_calls"] < told["planned_calls"]
    assert [(a["kind"], a["arm"], a["made_by"], a["revision"]) for a in told["amendments"]] == [
        ("widen", None, "manager", 3),
        ("drop_arm", "longer", "manager", 4),
    ]
    again = desk.post(f"/experiments/{key}/drop_arm", {"arm": "longer", "reason": "Again."})
    assert (again.status_code, again.get_json()["errors"][0]["code"]) == (422, "dropped")
    last = desk.post(f"/experiments/{key}/drop_arm", {"arm": "quicker", "reason": "Again."})
    assert last.status_code == 409
    newest = desk.get("/scenarios/policy_change/traffic?most=1").get_json()["revisions"][0]
    assert newest["changes"][0]["what"].startswith("change_benefit: the arm longer, 30% of the test")
