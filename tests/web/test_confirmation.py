"""A test is confirmed from its page and over the API; both draft a card that knows what it follows from."""

from apiflask import APIFlask

from experiments.do.assignments import Floor
from tests.web.conftest import Callers
from tests.web.visitors import a_decided_test, a_test_under_way, a_visitor


def test_the_api_proposes_the_body_that_it_takes(caller: Callers, floor: Floor) -> None:
    key = a_decided_test(floor)
    desk = caller("read design", login="lead")
    body = desk.get(f"/experiments/{key}/confirmation").get_json()
    assert (body["key"], body["parent"], body["salt"]) == (f"{key}_confirm", key, None)
    drafted = desk.post("/experiments", body)
    assert drafted.status_code == 201
    assert (drafted.get_json()["parent"], drafted.get_json()["cycle"]) == (key, 2)
    assert desk.get(f"/experiments/{key}").get_json()["card"]["cycle"] == 1
    lost = desk.post("/experiments", {**body, "key": "lost", "parent": "nobody"})
    assert (lost.status_code, lost.get_json()["errors"][0]["field"]) == (422, "parent")


def test_the_page_drafts_it_and_shows_the_new_card(app: APIFlask, floor: Floor) -> None:
    key = a_decided_test(floor)
    lead = a_visitor(app, floor, "lead")
    assert "Confirm with a larger test" in lead.get(f"/experiments/{key}").text
    answer = lead.post(f"/experiments/{key}/confirmation")
    assert (answer.status_code, answer.location) == (303, f"/experiments/{key}_confirm")
    page = lead.get(answer.location).text
    assert "Cycle 2" in page
    assert "follows from" in page
    assert "Confirm with a larger test" not in page
    assert "followed by" in lead.get(f"/experiments/{key}").text
    assert "Cycle 2" in lead.get("/board").text


def test_who_writes_no_plans_and_what_is_not_read_yet_drafts_nothing(app: APIFlask, floor: Floor) -> None:
    key = a_test_under_way(floor)
    assert a_visitor(app, floor, "trainer").post(f"/experiments/{key}/confirmation").status_code == 403
    lead = a_visitor(app, floor, "lead")
    assert lead.post(f"/experiments/{key}/confirmation").location == f"/experiments/{key}"
    assert "has not been made" in lead.get(f"/experiments/{key}").text
