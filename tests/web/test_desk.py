"""The agent's desk: who may, what is answered, what is kept; and that no answer lets an agent know of a test."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from experiments.do.assignments import Floor
from experiments.do.discrepancies import Discrepancy
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.plan.traffic import Traffic
from tests.builders import NEW_BENEFIT, ROLES, a_running_experiment, standard_value
from tests.histories import after
from tests.web.conftest import Caller, Callers
from tests.web.visitors import TOKEN, Visitor, somebody_with_a_password
from web.desk.fields import Asked, fields_of
from web.desk.telling import SOURCE

SCENARIO = "policy_change"
CALL = {"scenario": SCENARIO, "call_id": "c-1", "caller_relation": "self"}
AT = "2026-11-02T09:05:00+08:00"


def a_staffed_floor(floor: Floor) -> None:
    """A test runs, and somebody of each role can really sign in."""
    a_running_experiment(floor)
    for role in ROLES:
        somebody_with_a_password(floor, f"new_{role}", role)


pytestmark = after(a_staffed_floor)


def signed_in(app: APIFlask, role: str) -> Visitor:
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(f"new_{role}").status_code == 303
    return visitor


@pytest.fixture
def agent(app: APIFlask) -> Visitor:
    return signed_in(app, "agent")


def told(visitor: Visitor, *facts: Any, body: Any = None) -> TestResponse:
    """Tell facts as the page's script does."""
    found = TOKEN.search(visitor.get("/desk").text)
    assert found
    sent = {"facts": list(facts)} if body is None else body
    return visitor.client.post("/desk/outcomes", json=sent, headers={"X-CSRFToken": found[1]})


def fact(kind: str, **more: Any) -> dict[str, Any]:
    return {"id": f"c-1:{kind}", "call_id": "c-1", "scenario": SCENARIO, "type": kind, "at": AT, **more}


def rows(floor: Floor, table: type[Any]) -> int:
    with floor.store.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def said(answer: TestResponse) -> list[str]:
    return [step["text"] for step in answer.get_json()["steps"]]


# --- blindness -------------------------------------------------------------------------------------------------------


def names_in(value: Any) -> Iterator[str]:
    """Walk through the names of a JSON value."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield name
        yield from names_in(inner)
    for inner in value if isinstance(value, list) else ():
        yield from names_in(inner)


def test_nothing_the_desk_answers_tells_of_a_test(agent: Visitor, caller: Callers) -> None:
    calls = [f"call-{number}" for number in range(12)]
    scripts = [agent.post("/desk/script", **CALL | {"call_id": call}) for call in calls]
    assert {NEW_BENEFIT["en"] in said(answer) for answer in scripts} == {True, False}, "both arms were answered"
    query = "/desk?" + "&".join(f"{name}={value}" for name, value in CALL.items())
    standby = agent.get(f"/desk/standby?scenario={SCENARIO}&locale=en")
    pages = [agent.get(path) for path in ("/desk", query, "/desk?scenario=none", "/")]
    facts = told(agent, fact("displayed"), fact("converted"))
    wrong = [agent.post("/desk/script", scenario="none"), agent.post("/desk/preview", **CALL)]
    secrets = (
        "change_benefit",
        "quicker",
        "another benefit",
        "A quicker way makes",
        "split",
        "not_eligible",
        "holdback",
    )
    for answer in (*scripts, standby, facts, *pages, *wrong):
        whole = answer.text + str(answer.headers)
        assert not [word for word in secrets if word in whole]
        assert not re.search(r"\b(experiments?|arms?|variant|challenger|traffic)\b", whole, re.IGNORECASE)
    assert set(names_in([answer.get_json() for answer in scripts])) == {
        *("call_id", "scenario", "locale", "invite", "steps"),
        *("number", "name", "text", "phase", "locked"),
    }
    api = caller("assign").post("/assignments", {"call_id": calls[0], "scenario": SCENARIO, "agent_id": "x"})
    assert "change_benefit" in api.text, "the same call, asked by a machine"


def test_the_two_arms_answer_in_one_shape(agent: Visitor) -> None:
    answers = [agent.post("/desk/script", **CALL | {"call_id": f"call-{n}"}).get_json() for n in range(12)]
    shapes = {
        json.dumps([(s["number"], s["name"], s["phase"], s["locked"]) for s in answer["steps"]] + [answer["invite"]])
        for answer in answers
    }
    assert len(shapes) == 1


# --- who may ---------------------------------------------------------------------------------------------------------


def test_agents_take_calls_and_everybody_else_looks_on(app: APIFlask) -> None:
    for role in ROLES:
        visitor = signed_in(app, role)
        takes, looks = (200, 403) if role == "agent" else (403, 200)
        assert visitor.post("/desk/script", **CALL).status_code == takes, role
        assert told(visitor, fact("displayed")).status_code == takes, role
        assert visitor.get(f"/desk/standby?scenario={SCENARIO}").status_code == takes, role
        assert visitor.post("/desk/preview", **CALL).status_code == looks, role
        assert visitor.get("/desk?preview=1").status_code == looks, role
        assert ('data-preview="no"' in visitor.get("/desk").text) == (role == "agent"), role


def test_a_stranger_is_sent_to_sign_in(app: APIFlask) -> None:
    stranger = Visitor(app.test_client())
    assert "/sign-in" in stranger.get("/desk").headers["Location"]
    assert stranger.post("/desk/script", **CALL).status_code == 302


def test_a_fact_without_the_pages_token_is_refused(agent: Visitor) -> None:
    answer = agent.client.post("/desk/outcomes", json={"facts": [fact("displayed")]})
    assert answer.status_code == 400
    assert answer.get_json()["status"] == 400


def test_agents_find_the_desk_and_others_the_way_to_look_on(app: APIFlask, agent: Visitor) -> None:
    assert 'href="/desk"' in agent.get("/").text
    assert "/desk?scenario=policy_change&amp;preview=1" in signed_in(app, "lead").get("/scenarios/policy_change").text


# --- a call ----------------------------------------------------------------------------------------------------------


def test_the_words_are_those_that_the_api_gives_the_same_call(agent: Visitor, caller: Callers) -> None:
    asked = {"call_id": "c-1", "scenario": SCENARIO, "agent_id": "new_agent", "locale": "en"}
    machine = caller("assign").post("/assignments", asked | {"attributes": {"caller_relation": "self"}}).get_json()
    answer = agent.post("/desk/script", **CALL)
    assert said(answer) == [step["text"] for step in machine["script"]["steps"]]
    assert answer.get_json()["invite"] is True


def test_the_invitation_comes_after_the_service_and_the_disclosure_is_locked(agent: Visitor) -> None:
    steps = agent.post("/desk/script", **CALL).get_json()["steps"]
    phases = [step["phase"] for step in steps]
    assert list(dict.fromkeys(phases)) == ["service", "invitation", "objection", "end"]
    assert [step["name"] for step in steps if step["locked"]] == ["Disclosure"]


# what is known of the caller, and whether she is invited
CALLERS = [
    ({"caller_relation": "self"}, True),
    ({"caller_relation": "other"}, False),  # the audience lets no repair shop in
    ({"caller_relation": "self", "do_not_invite": "true"}, False),
    ({"caller_relation": "self", "do_not_invite": "false"}, True),  # as a text it would count as true
]


def test_nobody_is_invited_against_audience_or_will(agent: Visitor) -> None:
    for number, (attributes, invited) in enumerate(CALLERS):
        known = {"call_id": f"call-{number}", "scenario": SCENARIO, **attributes}
        answer = agent.post("/desk/script", **known).get_json()
        phases = {step["phase"] for step in answer["steps"]}
        assert (answer["invite"], phases == {"service", "end"}) == (invited, not invited)


def test_the_agent_of_a_call_is_whoever_signed_in(agent: Visitor, floor: Floor) -> None:
    assert agent.post("/desk/script", **CALL, agent_id="somebody").status_code == 422
    agent.post("/desk/script", **CALL)
    with floor.store.read() as session:
        assert session.scalars(select(Assignment.agent_id)).all() == ["new_agent"]


# what stands in the address, the field that is named, and what is said of it
WRONG = [
    ("scenario=nope", "scenario", "There is no scenario nope that takes calls."),
    ("scenario=policy_service", "scenario", "There is no scenario policy_service that takes calls."),  # it only sums
    ("call_id=" + "x" * 256, "call_id", "at most 255"),
    ("call_id=a%07b", "call_id", "not allowed"),
    ("call_id=a&call_id=b", "call_id", "given twice"),
    ("customer_id=" + "x" * 256, "customer_id", "at most 255"),
    ("locale=fr", "locale", "Give one of"),
    ("scenario=policy_change&do_not_invite=maybe", "do_not_invite", "Give true or false."),
    ("resolved_at=yesterday", "resolved_at", "ISO 8601"),
    ("resolved_at=2026-11-02T09:30:00", "resolved_at", "ISO 8601"),  # no zone
    ("resolved_at=2026-11-03T09:30:00%2B08:00", "resolved_at", "lies in the future"),
    ("caller_relation=" + "x" * 1001, "caller_relation", "An attribute is a text"),
    ("&".join(f"a{n}=1" for n in range(101)), "attributes", "at most 100"),
    ("x" * 65 + "=1", "x" * 65, "at most 64"),
]


def test_what_cannot_be_used_is_named(agent: Visitor) -> None:
    for query, field, why in WRONG:
        answer = agent.get(f"/desk?{query}")
        assert answer.status_code == 422, query
        assert re.search(rf'(?:id="{field}-error">|{field}: ).*?{why}', answer.text, re.DOTALL), query
        assert 'data-begins="no"' in answer.text, query


def test_a_call_that_lacks_something_is_refused_by_name_when_it_begins(agent: Visitor) -> None:
    answer = agent.post("/desk/script", scenario=SCENARIO)
    assert (answer.status_code, answer.get_json()["detail"]) == (422, "call_id: This field is missing.")


def test_a_character_that_no_database_keeps_is_refused(agent: Visitor) -> None:
    assert agent.get("/desk?call_id=a%00").status_code == 400


def test_a_call_that_is_told_whole_begins_at_once(agent: Visitor) -> None:
    moment = "2026-11-02T09:05:00+08:00"
    for written in (moment, quote(moment), "2026-11-02T01:05:00Z"):  # a plus in an address may have become a space
        whole = f"/desk?scenario=policy_change&call_id=c-1&caller_relation=self&resolved_at={written}&期限=一年"
        answer = agent.get(whole)
        assert answer.status_code == 200
        assert 'data-begins="yes"' in answer.text
        assert 'name="期限" value="一年" data-carried' in answer.text
        assert re.search(r'name="resolved_at" value="2026-11-02T(09:05:00\+08|01:05:00\+00):00"', answer.text)


def test_the_desk_opens_within_a_tenth_of_a_second(agent: Visitor) -> None:
    def seconds() -> float:
        began = time.perf_counter()
        assert agent.get("/desk?scenario=policy_change&call_id=c-1").status_code == 200
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.1


def test_fields_are_what_conditions_compare() -> None:
    audience = {
        "caller_relation": {"$in": ["self", "spouse"]},
        "$or": [{"years": {"$gte": 3}}, {"$not": {"vip": True}}, {"note": {"$exists": True}}],
        "account.plan": "gold",
        "region": "hangzhou",
        "years": {"$lt": 9.5},
    }
    found = fields_of(Traffic(1, audience, "call", "seed"))
    assert list(found.values()) == [
        Asked("caller_relation", "text", ("self", "spouse")),
        Asked("years", "number"),
        Asked("vip", "flag"),
        Asked("note", "text"),
        Asked("do_not_invite", "flag"),
    ]


# --- looking on ------------------------------------------------------------------------------------------------------


def test_a_preview_shows_what_would_be_said_and_leaves_no_row(app: APIFlask, floor: Floor, agent: Visitor) -> None:
    supervisor = signed_in(app, "supervisor")
    calls = [CALL | {"call_id": f"call-{number}"} for number in range(8)]
    seen = [said(supervisor.post("/desk/preview", **call)) for call in calls]
    assert (rows(floor, Assignment), rows(floor, Outcome)) == (0, 0)
    assert [said(agent.post("/desk/script", **call)) for call in calls] == seen
    assert rows(floor, Assignment) == len(calls)


def test_a_preview_begins_without_a_call_id_and_a_call_does_not(app: APIFlask, agent: Visitor) -> None:
    supervisor = signed_in(app, "supervisor")
    assert 'data-begins="yes"' in supervisor.get("/desk?scenario=policy_change&preview=1").text
    assert 'data-begins="no"' in agent.get("/desk?scenario=policy_change").text


# --- what is told ----------------------------------------------------------------------------------------------------


def test_what_is_told_twice_is_kept_once_under_the_agents_name(agent: Visitor, floor: Floor) -> None:
    agent.post("/desk/script", **CALL)
    facts = [fact("resolved"), fact("exposed"), fact("invited"), fact("declined", value=12)]
    for _ in range(2):
        assert told(agent, *facts).get_json() == {"kept": [each["id"] for each in facts], "refused": []}
    with floor.store.read() as session:
        kept = {each.type: each for each in session.scalars(select(Outcome))}
        (assignment,) = session.scalars(select(Assignment.id))
    assert set(kept) == {"resolved", "exposed", "invited", "declined"}
    assert {(each.source, each.detail["by"], each.assignment_id) for each in kept.values()} == {
        (SOURCE, "new_agent", assignment)
    }
    assert kept["declined"].value == 12


# a fact that is not the desk's to tell, and what is said of it
NEVER = [
    (fact("converted", value=100), "converted"),  # another system knows that
    (fact("resolved", customer_id="C-1"), "customer_id: There is no such field."),
    (fact("declined", value=-1), "value: Give at least 0."),
    (fact("resolved", at="now"), "at: Give the moment"),
    (fact("resolved", scenario="nope"), "There is no scenario nope."),
    ({"id": "c-1:x"}, "type"),
    ("a word", ""),
]


def test_a_bad_fact_is_refused_by_itself(agent: Visitor, floor: Floor) -> None:
    for bad, why in NEVER:
        answer = told(agent, bad, fact("displayed")).get_json()
        assert answer["kept"] == ["c-1:displayed"]
        (refused,) = answer["refused"]
        assert refused["id"] == (bad["id"] if isinstance(bad, dict) else None)
        assert why in refused["why"]
    assert rows(floor, Outcome) == 1


def test_what_is_no_list_of_facts_is_refused(agent: Visitor) -> None:
    bodies: list[Any] = [[], {}, {"facts": []}, {"facts": "x"}, {"facts": [1] * 101}]
    for body in bodies:
        answer = told(agent, body=body)
        assert (answer.status_code, answer.get_json()["detail"]) == (422, "facts: Give a list of 1 to 100 facts.")


def test_another_fact_under_a_known_id_is_refused(agent: Visitor) -> None:
    told(agent, fact("declined", value=12))
    (refused,) = told(agent, fact("declined", value=13)).get_json()["refused"]
    assert "The id was used before" in refused["why"]


# --- words that stand in ---------------------------------------------------------------------------------------------


def test_what_stands_by_is_the_standard_without_its_invitation(agent: Visitor, floor: Floor) -> None:
    answer = agent.get(f"/desk/standby?scenario={SCENARIO}&locale=zh-CN").get_json()
    standard = [(standard_value(floor, name) or {})["zh-CN"] for name in ("greeting", "service", "close", "disclosure")]
    assert [step["text"] for step in answer["steps"]] == standard
    assert {step["phase"] for step in answer["steps"]} == {"service", "end"}
    assert agent.get("/desk/standby?scenario=nope").status_code == 404


def test_a_call_for_which_the_standard_stood_in_is_dealt_and_the_difference_is_a_finding(
    agent: Visitor, floor: Floor
) -> None:
    revision = agent.get(f"/desk/standby?scenario={SCENARIO}").get_json()["revision"]
    calls = [f"call-{number}" for number in range(12)]
    reports = [
        fact("served", revision=revision, locale="en", attributes={"caller_relation": "self"})
        | {"id": f"{call}:served", "call_id": call}
        for call in calls
    ]
    for _ in range(2):
        assert len(told(agent, *reports).get_json()["kept"]) == 12
    with floor.store.read() as session:
        arms = dict(session.execute(select(Assignment.call_id, Assignment.arm)).all())
        found = set(session.scalars(select(Discrepancy.call_id).where(Discrepancy.kind == "another_arm")))
    assert set(arms) == set(calls)
    assert set(arms.values()) == {"control", "quicker"}
    assert found == set(calls), "what was said is no arm's script, since its invitation was left out"


def test_the_machine_at_the_api_is_not_let_in_by_a_token(caller: Callers) -> None:
    machine: Caller = caller("assign report")
    assert machine._client.get("/desk", headers=machine._headers).status_code == 302
