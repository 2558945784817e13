"""Two ways, one answer: what stands in front of the framework says exactly what the framework would have said."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from experiments import people
from experiments.do.intake import Intake
from experiments.do.journal import Assignment
from experiments.do.locally import EXAMPLE
from experiments.do.outcomes import Outcome
from tests.builders import MONDAY, a_running_experiment
from tests.histories import after
from tests.outages import away
from tests.web.conftest import OPERATOR, Clock, a_token, store_of
from web.api.schemas.calls import AssignmentRequest
from web.house import House
from web.short_way import ShortWay, read_call

pytestmark = after(a_running_experiment)

CALL = {
    "call_id": "call-1",
    "scenario": "policy_change",
    "agent_id": "agent-1",
    "customer_id": "customer-1",
    "region": "hangzhou",
    "attributes": {"caller_relation": "self"},
}
JSON = {"Content-Type": "application/json"}
FACT = {"id": "1", "call_id": "call-1", "type": "resolved", "at": "2026-11-02T09:30:00+08:00"}


@pytest.fixture
def app(app_on_both: APIFlask) -> APIFlask:
    """A centre with a running test, on both databases."""
    return app_on_both


@pytest.fixture
def token(app: APIFlask) -> str:
    return a_token(store_of(app), "assign report")


def asked(
    app: APIFlask,
    way: str,
    body: bytes,
    headers: dict[str, str],
    method: str = "POST",
    path: str = "/api/v1/assignments",
) -> TestResponse:
    """Ask by one way: `short` as everybody does, `long` behind it."""
    short = app.wsgi_app
    assert isinstance(short, ShortWay)
    try:
        app.wsgi_app = short if way == "short" else short.long  # type: ignore[method-assign, assignment]
        return app.test_client().open(path, method=method, data=body, headers=headers)
    finally:
        app.wsgi_app = short  # type: ignore[method-assign]


def told(answer: TestResponse) -> tuple[int, dict[str, str], bytes]:
    """Give everything an answer says but the request's own id."""
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    body = answer.get_data()
    if answer.status_code != 200:
        body = json.dumps(json.loads(body) | {"request_id": ""}).encode()
    return answer.status_code, headers, body


def both(app: APIFlask, body: Any, headers: dict[str, str]) -> list[tuple[int, dict[str, str], bytes]]:
    sent = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return [told(asked(app, way, sent, headers)) for way in ("short", "long")]


def bearer(token: str, **more: str) -> dict[str, str]:
    return JSON | {"Authorization": f"Bearer {token}"} | more


GOOD: list[dict[str, Any]] = [
    # dealt to an arm
    CALL,
    # not let in: served without the ask
    CALL | {"attributes": {"caller_relation": "repair_shop"}},
    # opted out
    CALL | {"attributes": {"do_not_invite": True}},
    # nothing but what has to be there
    {"call_id": "call-2", "scenario": "policy_change", "agent_id": "agent-1"},
    # in English
    CALL | {"locale": "en"},
    # ids in any alphabet
    CALL | {"call_id": "王小明-1", "agent_id": "📞", "attributes": {"等级": ["金", 1, None, True]}},
    # quotes and backslashes
    CALL | {"call_id": 'a"b\\c/d'},
]


@pytest.mark.parametrize("body", GOOD)
def test_a_good_call_is_answered_alike(app: APIFlask, token: str, body: dict[str, Any]) -> None:
    short, long = both(app, body, bearer(token))
    assert short[0] == 200
    assert short == long


BAD: list[tuple[Any, dict[str, str], int]] = [
    # not JSON
    (b"{", {}, 400),
    # not UTF-8
    (b'{"call_id": "\xff"}', {}, 400),
    # half a character
    (b'{"call_id": "\\ud800", "scenario": "policy_change", "agent_id": "a"}', {}, 400),
    # no number
    (b'{"call_id": "a", "scenario": "policy_change", "agent_id": "a", "attributes": {"x": NaN}}', {}, 400),
    # null, and nothing
    (b"null", {}, 400),
    (b"", {}, 400),
    # a list
    ([], {}, 422),
    # a field that is not there, one too many, a clash
    ({"call_id": "call-1"}, {}, 422),
    (CALL | {"colour": "red"}, {}, 422),
    (CALL | {"attributes": {"region": "x"}}, {}, 422),
    # a scenario that takes no calls
    (CALL | {"scenario": "weather"}, {}, 404),
    # another type of content
    (CALL, {"Content-Type": "text/plain"}, 415),
    (CALL, {"Content-Type": "application/jsonish"}, 415),
    # nobody, and somebody else
    (CALL, {"Authorization": ""}, 401),
    (CALL, {"Authorization": "Bearer nobody"}, 401),
    (CALL, {"Authorization": "Basic YTpi"}, 401),
]


@pytest.mark.parametrize(("body", "headers", "status"), BAD)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_bad_one_is_refused_alike(
    app: APIFlask, token: str, body: Any, headers: dict[str, str], status: int, language: str
) -> None:
    short, long = both(app, body, bearer(token, **{"Accept-Language": language}) | headers)
    assert short[0] == status
    assert short == long


NUMBERS = ["0", "-0", "-0.0", "1e3", "1E+2", "0.1", "5e-324", "1e999", "-1e999", "9007199254740992", "9007199254740993"]
TEXTS = [
    '"a"',
    '""',
    '"\\u00e9"',
    '"é"',
    '"\\ud83d\\ude00"',
    '"😀"',
    '"\\ud83d"',
    '"\\u0000"',
    '"\\n"',
    '"\n"',
    '"\\x"',
]
OTHERS = [
    "true",
    "null",
    "[]",
    '[1, "a", null]',
    "[[1]]",
    "{}",
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "+1",
    ".5",
    "tru",
    "",
]


def test_both_read_every_value_alike(app: APIFlask) -> None:
    chance = random.Random(11)
    values = (
        NUMBERS + TEXTS + OTHERS + [repr(chance.uniform(-1, 1) * 10.0 ** chance.randint(-20, 15)) for _ in range(500)]
    )
    bodies = [f'{{"call_id":"a","scenario":"s","agent_id":"b","attributes":{{"x":{value}}}}}' for value in values]
    twice = '{"call_id":"a","call_id":"c","scenario":"s","agent_id":"b","attributes":{"x":[],"x":1}}'
    for body in [*bodies, twice]:
        short = made_of(body, lambda sent: read_call(app, sent))
        long = made_of(body, lambda sent: AssignmentRequest.model_validate(app.json.loads(sent)))
        assert repr(short) == repr(long), body


def made_of(body: str, reader: Callable[[bytes], AssignmentRequest]) -> AssignmentRequest | None:
    with suppress(ValueError):
        return reader(body.encode())
    return None


def test_a_token_without_the_scope_is_refused_alike(app: APIFlask) -> None:
    short, long = both(app, CALL, bearer(a_token(store_of(app), "report")))
    assert short[0] == 403
    assert short == long


def test_another_content_type_of_json_is_taken_alike(app: APIFlask, token: str) -> None:
    short, long = both(app, CALL, bearer(token) | {"Content-Type": "application/json; charset=utf-8"})
    assert short[0] == 200
    assert short == long


def test_another_method_is_refused_alike(app: APIFlask, token: str) -> None:
    short, long = (told(asked(app, way, b"", bearer(token), method="GET")) for way in ("short", "long"))
    assert short[0] == 405
    assert short == long


def test_a_request_keeps_the_id_it_came_with(app: APIFlask, token: str) -> None:
    answer = asked(app, "short", json.dumps(CALL).encode(), bearer(token, **{"X-Request-Id": "desk-17.4"}))
    assert answer.headers["X-Request-Id"] == "desk-17.4"


def test_only_over_tls_is_tls_asked_for(app: APIFlask, token: str) -> None:
    client = app.test_client()
    answers = [
        client.post("/api/v1/assignments", json=CALL, headers=bearer(token), base_url=f"{scheme}://localhost")
        for scheme in ("http", "https")
    ]
    assert ["Strict-Transport-Security" in answer.headers for answer in answers] == [False, True]


def test_a_refused_call_writes_nothing(app: APIFlask, token: str) -> None:
    for body, headers, _ in BAD:
        both(app, body, bearer(token) | headers)
    with store_of(app).read() as session:
        assert session.scalar(select(func.count()).select_from(Assignment)) == 0


def test_a_revoked_token_is_refused_within_a_second(app: APIFlask, token: str, clock: Clock) -> None:
    both(app, CALL, bearer(token))
    with store_of(app).write() as session:
        people.revoke_token(session, "service-assign-report-", actor=OPERATOR, now=MONDAY)
    clock.pass_(seconds=1)
    assert [answer[0] for answer in both(app, CALL, bearer(token))] == [401, 401]


def test_a_new_token_is_good_at_once(app: APIFlask, token: str) -> None:
    both(app, CALL, bearer(token))
    newer = a_token(store_of(app), "assign", mark="newer")
    assert [answer[0] for answer in both(app, CALL, bearer(newer))] == [200, 200]


def test_while_the_database_is_away_both_ways_answer_from_the_last_snapshot(app: APIFlask, token: str) -> None:
    both(app, CALL | {"call_id": "before"}, bearer(token))
    with away(store_of(app).engine):
        short, long = both(app, CALL, bearer(token))
    assert json.loads(short[2])["reason"] == "fallback"
    assert short == long


def test_while_the_database_is_away_both_ways_keep_a_batch_and_ask_again_for_what_they_cannot_judge(
    app: APIFlask,
) -> None:
    resolved = {"id": "2", "call_id": "call-1", "type": "resolved", "at": MONDAY.isoformat()}
    sent = json.dumps({"outcomes": [EXAMPLE | {"traffic_revision": 1}, resolved]}).encode()
    tokens = {way: a_token(store_of(app), "assign report", mark=way) for way in ("short", "long")}
    journal = app.extensions["scriptbench"].floor.journal
    both(app, CALL | {"call_id": "before"}, bearer(tokens["short"]))
    with away(store_of(app).engine):
        both(app, CALL, bearer(tokens["short"]))  # the first to find out
        answers = [asked(app, way, sent, bearer(tokens[way]), path="/api/v1/outcomes") for way in tokens]
        journal.close()
    journal.settle()
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(503, "5")] * 2
    with store_of(app).read() as session:
        assert session.scalar(select(func.count()).select_from(Outcome)) == 4
        assert set(session.scalars(select(Assignment.call_id))) == {"before", "call-1"}


def reported(app: APIFlask, body: Any, headers: dict[str, str]) -> list[tuple[int, dict[str, str], bytes]]:
    """Report by both ways, each to a source of its own: what one kept is there for the other."""
    answers = []
    for way in ("short", "long"):
        token = a_token(store_of(app), "report", mark=way)
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        answers.append(told(asked(app, way, sent, bearer(token) | headers, path="/api/v1/outcomes")))
    return answers


REPORTS: list[tuple[Any, int]] = [
    # all is well
    ({"outcomes": [FACT, FACT | {"id": "2", "type": "invited"}]}, 200),
    # one id twice, alike and not
    ({"outcomes": [FACT, FACT, FACT | {"type": "invited"}]}, 200),
    # a good row beside a bad one
    ({"outcomes": [FACT, {"id": "2"}, FACT | {"id": "3", "scenario": "weather"}, 7]}, 200),
    # no batch
    ({"outcomes": []}, 422),
    ({"outcome": [FACT]}, 422),
    ([FACT], 422),
    (b'{"outcomes": [', 400),
]


class TestOutcomes:
    @pytest.mark.parametrize(("body", "status"), REPORTS)
    @pytest.mark.parametrize("language", ["en", "zh-CN"])
    def test_are_answered_alike(self, app: APIFlask, body: Any, status: int, language: str) -> None:
        short, long = reported(app, body, {"Accept-Language": language})
        assert short[0] == status
        assert short == long

    def test_are_taken_in_when_there_is_room(self, app: APIFlask, token: str) -> None:
        answer = app.test_client().post("/api/v1/outcomes", json={"outcomes": [{}]}, headers=bearer(token))
        assert answer.get_json()["rejected"][0]["code"] == "invalid"

    def test_have_to_wait_when_there_is_none(self, app: APIFlask, token: str) -> None:
        here: House = app.extensions["scriptbench"]
        app.wsgi_app = ShortWay(app, replace(here, intake=(intake := Intake(1_000))))  # type: ignore[method-assign]
        with intake.room(990):
            answer = app.test_client().post("/api/v1/outcomes", json={"outcomes": [{}]}, headers=bearer(token))
        assert (answer.status_code, answer.get_json()["code"]) == (429, "busy")
        assert answer.headers["Retry-After"] == "1"

    def test_are_taken_in_again_afterwards(self, app: APIFlask, token: str) -> None:
        here: House = app.extensions["scriptbench"]
        with here.intake.room(39_999_990):
            pass
        answer = app.test_client().post("/api/v1/outcomes", json={"outcomes": [{}]}, headers=bearer(token))
        assert answer.status_code == 200
