"""Who is served what, and what each revision changed: on a scenario's page and over the API."""

from apiflask import APIFlask

from experiments.do.assignments import Floor
from tests.builders import NEW_BENEFIT, SCENARIO, a_running_experiment, moved
from tests.web.conftest import Callers
from tests.web.visitors import a_visitor


def test_each_revision_says_what_it_changed(app: APIFlask, caller: Callers, floor: Floor) -> None:
    moved(floor, a_running_experiment(floor), "pause", "lead", reason="The hall is noisy.")
    desk = caller("read")
    told = desk.get(f"/scenarios/{SCENARIO}/traffic").get_json()
    assert [(each["number"], each["by"], each["changes"][0]["what"]) for each in told["revisions"]] == [
        (3, "lead", "change_benefit is paused: all of its calls are served the standard."),
        (2, "manager", "change_benefit takes 100% of the calls."),
        (1, "system:test", "The first script is served: version 1."),
    ]
    started = told["revisions"][1]["changes"]
    assert [(text["element"], text["after"]) for text in started[2]["texts"]] == [("benefit", NEW_BENEFIT)]
    assert started[0]["audience"]["before"] == {}
    assert len(desk.get(f"/scenarios/{SCENARIO}/traffic?most=1").get_json()["revisions"]) == 1
    assert desk.get(f"/scenarios/{SCENARIO}/traffic?most=0").status_code == 422
    assert desk.get("/scenarios/policy_service/traffic").get_json()["revisions"] == []
    page = a_visitor(app, floor, "lead").get(f"/scenarios/{SCENARIO}").text
    assert "<summary>What changed</summary>" in page
    assert "<ins>" in page
    assert "Of these, 50% are in the arm “quicker”" in page
    assert "暂停" in a_visitor(app, floor, "manager", locale="zh-CN").get(f"/scenarios/{SCENARIO}").text
