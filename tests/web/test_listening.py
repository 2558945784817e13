"""Listening over the API and at the page: one call at a time, blind, and each answer written down once."""

import re
from typing import Any

import pytest
from apiflask import APIFlask

from experiments.check import looks
from experiments.check.spoken.heard import listened_calls
from experiments.do.assignments import Floor
from experiments.plan.designs import experiment_named
from experiments.plan.rules import ArmPlan
from tests.builders import NEW_BENEFIT, a_call, a_draft, a_running_experiment, assigned, rolled_up, standard_value
from tests.histories import after
from tests.web.conftest import OPERATOR, Caller, Callers, Clock
from tests.web.visitors import NOW, a_test_under_way, a_visitor

PATH = "/experiments/change_benefit/listening"


@pytest.fixture(autouse=True)
def _a_week_later(clock: Clock) -> None:
    clock.now = NOW


def a_test_of_forty_calls(floor: Floor) -> None:
    a_running_experiment(floor)
    assigned(floor, [a_call(i) for i in range(40)])


@pytest.fixture
def listener(caller_on_both: Callers) -> Caller:
    """Somebody of quality with a token."""
    return caller_on_both("read act", login="quality")


@after(a_test_of_forty_calls)
class TestOverTheApi:
    def test_the_list_has_the_words_of_all_arms_and_of_no_call_the_arm(self, listener: Caller) -> None:
        body = listener.get(PATH).get_json()
        assert set(body) == {"experiment", "variable", "words", "calls", "to_hear", "heard", "sampled", "agents"}
        assert [each["arm"] for each in body["words"]] == ["control", "quicker"]
        assert set(body["calls"][0]) == {"call_id", "agent_id", "at", "locale"}
        assert (body["to_hear"], body["heard"]) == (body["sampled"], 0)
        assert sum(agent["sampled"] for agent in body["agents"]) == len(body["calls"]) > 30

    @pytest.mark.parametrize("heard", ["quicker", "control", None])
    def test_what_was_heard_is_written_down_and_the_call_leaves_the_list(
        self, listener: Caller, heard: str | None
    ) -> None:
        before = listener.get(PATH).get_json()
        call_id = before["calls"][0]["call_id"]
        answer = listener.post(PATH, {"call_id": call_id, "heard": heard})
        assert (answer.status_code, {**answer.get_json(), "at": ""}) == (
            201,
            {"call_id": call_id, "heard": heard, "turn": 1, "at": ""},
        )
        after = listener.get(PATH).get_json()
        assert call_id not in {call["call_id"] for call in after["calls"]}
        assert (after["to_hear"], after["heard"]) == (before["to_hear"] - 1, 1)

    def test_a_call_is_heard_once_by_each(self, listener: Caller) -> None:
        said = {"call_id": listener.get(PATH).get_json()["calls"][0]["call_id"], "heard": "quicker"}
        answers = [listener.post(PATH, said) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 409]
        assert answers[1].get_json()["code"] == "conflict"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            # what was heard has to be said, if only to be nothing
            ({"call_id": "call-1"}, 422),
            ({"call_id": "call-1", "heard": "slower"}, 422),
            ({"call_id": "call-1", "heard": ""}, 422),
            ({"call_id": "call-1", "heard": ["quicker"]}, 422),
            ({"call_id": "no such call", "heard": None}, 404),
        ],
    )
    def test_what_cannot_be_is_refused(self, listener: Caller, body: dict[str, Any], status: int) -> None:
        assert listener.post(PATH, body).status_code == status

    @pytest.mark.parametrize("login", ["lead", "manager", "supervisor", None])
    def test_nobody_else_may_list_or_hear(self, caller: Callers, login: str | None) -> None:
        other = caller("read act" if login else "read", login=login)
        assert other.get(PATH).status_code == 403
        assert other.post(PATH, {"call_id": "call-1", "heard": None}).status_code == 403

    @after(a_test_under_way)
    def test_a_look_tells_what_was_spoken(self, floor: Floor, caller: Callers) -> None:
        key, listener = "change_benefit", caller("read act", login="quality")
        for number, call in enumerate(listener.get(PATH).get_json()["calls"]):
            listener.post(PATH, {"call_id": call["call_id"], "heard": ("quicker", "control", None)[number % 3]})
        with floor.store.write() as session:
            experiment, today = experiment_named(session, key), floor.calendar.day(NOW)
            looks.make_look(session, experiment, today=today, final=True, actor=OPERATOR, now=NOW)
        (told,) = listener.get(f"/experiments/{key}/results").get_json()["look"]["explanation"]["spoken"]
        assert (told["challenger"], told["complier"]["weak"], told["listener"]) == ("quicker", True, None)
        assert told["adherence"]["listened"] == told["contamination"]["listened"] == 35


def form_of(page: str) -> tuple[str, list[str]]:
    """Give the call on the page and what may be chosen for it."""
    found = re.search(r'name="call_id" value="([^"]+)"', page)
    assert found
    return found[1], re.findall(r'name="heard" value="([^"]*)"', page)


class TestAtThePage:
    @after(a_running_experiment)
    def test_a_call_is_heard_and_the_next_one_comes(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        assigned(floor, [a_call(i) for i in range(40)])
        visitor = a_visitor(app, floor, "quality")
        call_id, choices = form_of(visitor.get(PATH).text)
        assert choices == ["control", "quicker", ""]
        answer = visitor.post(PATH, call_id=call_id, heard="")
        assert (answer.status_code, answer.location) == (303, f"{PATH}#call")
        page = visitor.get(PATH).text
        assert f"Written down for call {call_id}." in page
        assert form_of(page)[0] != call_id
        with floor.store.read() as session:
            assert [c.heard for c in listened_calls(session, experiment_named(session, key))] == [None]

    @after(a_running_experiment)
    def test_nothing_chosen_writes_nothing_and_a_refusal_says_why(self, app: APIFlask, floor: Floor) -> None:
        assigned(floor, [a_call(1)])
        visitor = a_visitor(app, floor, "quality")
        visitor.post(PATH, call_id="call-1")
        assert "Choose what you heard in call call-1." in visitor.get(PATH).text
        visitor.post(PATH, call_id="call-2", heard="quicker")
        assert "The call call-2 is not in the sample." in visitor.get(PATH).text

    @after(a_running_experiment)
    def test_another_call_of_the_list_may_be_taken_first(self, app: APIFlask, floor: Floor) -> None:
        assigned(floor, [a_call(i) for i in range(40)])
        visitor = a_visitor(app, floor, "quality")
        other = re.findall(r'href="([^"]*\?call=([^"]+))#call"', visitor.get(PATH).text)[3]
        assert form_of(visitor.get(other[0]).text)[0] == other[1]

    def test_what_differs_is_marked_and_an_arm_without_words_is_no_choice(self, app: APIFlask, floor: Floor) -> None:
        value = standard_value(floor, "benefit") or {}
        longer = {locale: f"{text} {NEW_BENEFIT[locale]}" for locale, text in value.items()}
        arms = (ArmPlan("control", 4000, value), ArmPlan("longer", 3000, longer), ArmPlan("silent", 3000, None))
        a_running_experiment(floor, arms=arms)
        assigned(floor, [a_call(i) for i in range(10)])
        page = a_visitor(app, floor, "quality").get(PATH).text
        assert form_of(page)[1] == ["control", "longer", ""]
        assert "<mark>" in page
        assert "In “silent” nothing is said here" in page

    @after(a_draft)
    def test_it_says_when_there_is_nothing_to_hear_or_nothing_left(self, app: APIFlask, floor: Floor) -> None:
        visitor = a_visitor(app, floor, "quality")
        assert "There is no call to listen to yet" in visitor.get(PATH).text
        a_running_experiment(floor, key="another")
        assigned(floor, [a_call(1)])
        visitor.post("/experiments/another/listening", call_id="call-1", heard="control")
        assert "You have heard everything that is on the list" in visitor.get("/experiments/another/listening").text

    @after(a_running_experiment)
    def test_only_quality_comes_here_and_is_shown_the_way(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        assigned(floor, [a_call(1)])
        rolled_up(floor)
        quality, lead = a_visitor(app, floor, "quality"), a_visitor(app, floor, "lead")
        assert lead.get(PATH).status_code == 403
        assert "/listening" not in lead.get(f"/experiments/{key}").text
        assert f'href="{PATH}"' in quality.get(f"/experiments/{key}").text
