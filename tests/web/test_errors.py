"""Nothing a client sends fails on our side, and every refusal has one shape: problem details."""

import json
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from experiments.do import keeper
from tests.web.conftest import Caller, Callers, a_token, store_of
from tests.web.test_policy import ALL_SCOPES, API
from web.api.examples import ASSIGNMENT, OUTCOMES, PLAN

WITH_BODY = [row for row in API if row[1] != "GET"]
every_body = pytest.mark.parametrize(("method", "path"), [row[1:] for row in WITH_BODY], ids=[r[0] for r in WITH_BODY])
every_route = pytest.mark.parametrize(("method", "path"), [row[1:] for row in API], ids=[r[0] for r in API])


def assert_is_a_problem(answer: TestResponse, status: int) -> dict[str, Any]:
    """Hold an answer against the one shape of refusals, and give its body."""
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "code", "request_id"}
    assert (body["status"], body["request_id"]) == (status, answer.headers["X-Request-Id"])
    assert all(isinstance(body[name], str) and body[name] for name in ("type", "title", "detail", "code"))
    for problem in body.get("errors", []):
        assert set(problem) == {"field", "code", "message"}
    return body


@pytest.fixture
def someone(app: APIFlask) -> Caller:
    """Somebody whom every door is open to."""
    return Caller(app.test_client(), a_token(store_of(app), ALL_SCOPES, "lead"))


@every_route
class TestEveryRoute:
    def test_refuses_nobody_in_the_one_shape(self, app: APIFlask, method: str, path: str) -> None:
        answer = Caller(app.test_client()).post(path, {}, method=method)
        assert_is_a_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_refuses_too_few_scopes_in_the_one_shape(self, app: APIFlask, method: str, path: str) -> None:
        scopes = "assign" if path != "/assignments" else "report"
        answer = Caller(app.test_client(), a_token(store_of(app), scopes)).post(path, {}, method=method)
        assert_is_a_problem(answer, 403)

    def test_refuses_another_method_and_says_which_there_are(self, someone: Caller, method: str, path: str) -> None:
        answer = someone.post(path, {}, method="DELETE")
        assert_is_a_problem(answer, 405)
        assert method in answer.headers["Allow"]


@every_body
class TestEveryBody:
    @pytest.mark.parametrize(
        "body",
        [
            # not JSON at all
            b"",
            b"{",
            b"call_id=1",
            b"{} {}",
            # JSON for Python only
            b'{"a": NaN}',
            b'{"a": Infinity}',
            b'{"a": -Infinity}',
            b'{"a": 1e999}',
            b'{"a": ' + b"9" * 5_000 + b"}",
            # texts that nobody can write down
            b'{"a": "\\ud800"}',
            b'{"\\udfff": 1}',
            b'{"a": "\xff"}',
            b'{"a": "\xed\xa0\x80"}',
            '{"a": "b"}'.encode("utf-16"),
            # nested beyond every use
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b"[" * 3_000 + b"]" * 3_000,
            b"null",
        ],
        ids=range(18),
    )
    def test_that_is_not_json_is_a_bad_request(self, someone: Caller, method: str, path: str, body: bytes) -> None:
        answer = someone.post(path, method=method, data=body, content_type="application/json")
        assert_is_a_problem(answer, 400)

    @pytest.mark.parametrize("body", [[], "text", 7, True, [[[[[[[]]]]]]], {"unheard_of": 1}])
    def test_that_is_not_the_object_asked_for_is_invalid(
        self, someone: Caller, method: str, path: str, body: Any
    ) -> None:
        assert assert_is_a_problem(someone.post(path, body, method=method), 422)["errors"]

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"]
    )
    def test_of_another_type_is_refused(self, someone: Caller, method: str, path: str, content_type: str) -> None:
        assert_is_a_problem(someone.post(path, method=method, data=b"{}", content_type=content_type), 415)

    def test_that_is_too_large_is_refused(self, app: APIFlask, someone: Caller, method: str, path: str) -> None:
        app.config["MAX_CONTENT_LENGTH"] = 1_000
        answer = someone.post(path, method=method, data=b" " * 1_001 + b"{}", content_type="application/json")
        assert_is_a_problem(answer, 413)


@pytest.mark.parametrize(
    ("path", "good"), [("/assignments", ASSIGNMENT), ("/outcomes", OUTCOMES), ("/experiments", PLAN)]
)
def test_no_value_in_any_place_of_a_good_body_fails_on_our_side(
    app_on_both: APIFlask, path: str, good: dict[str, Any]
) -> None:
    odd: list[Any] = [None, True, -1, 0, 2**31, 2**63, 10**400, 1e308, -0.0, "", "\x00", "a\x00b", "\x1f", "\u2028"]
    odd += [
        "x" * 300,
        "x" * 5_000,
        "保" * 256,
        [],
        {},
        [[]],
        {"": ""},
        {"\x00": 1},
        {"after": "\x00"},
        deep(20),
        deep(300),
    ]
    caller = Caller(app_on_both.test_client(), a_token(store_of(app_on_both), ALL_SCOPES, "lead"))
    for place in places(good):
        for value in odd:
            answer = caller.post(path, json.loads(json.dumps(changed(good, place, value))))
            assert answer.status_code < 500, (place, value, answer.get_data(as_text=True))
            if answer.status_code >= 400:
                assert_is_a_problem(answer, answer.status_code)


@pytest.mark.parametrize("path", ["/", "/nothing", "/experiments/a/b/c", "/experiments/a/end", "/assignments/"])
def test_an_unknown_address_is_not_found(someone: Caller, path: str) -> None:
    assert_is_a_problem(someone.get(path), 404)


@pytest.mark.parametrize(
    "header",
    [
        {"Accept-Language": "\x7f;q=9,,;;=" + "x" * 3_000},
        {"X-Request-Id": "a b\tc" * 50},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic OmE="},
        {"Authorization": "Bearer " + "y" * 10_000},
        {"Cookie": "scriptbench=nonsense; a=\x00"},
    ],
)
def test_odd_headers_are_borne(client: FlaskClient, header: dict[str, str]) -> None:
    assert_is_a_problem(client.get("/api/v1/experiments", headers=header), 401)


def test_a_request_keeps_the_id_it_came_with(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing", headers={"X-Request-Id": "desk-17.4"})
    assert assert_is_a_problem(answer, 404)["request_id"] == "desk-17.4"


def test_a_database_that_is_away_is_said_to_be(app: APIFlask, someone: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(keeper.Journal, "append", fail)
    answer = someone.post("/assignments", ASSIGNMENT)
    assert "server closed" not in assert_is_a_problem(answer, 503)["detail"]
    assert answer.headers["Retry-After"]


def test_a_fault_says_nothing_of_its_cause(app: APIFlask, someone: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("customer C-80231 broke it")

    monkeypatch.setattr(keeper.Journal, "append", fail)
    assert "C-80231" not in json.dumps(assert_is_a_problem(someone.post("/assignments", ASSIGNMENT), 500))


def test_wrong_fields_are_named_with_what_would_be_right(caller: Callers) -> None:
    body = caller("assign").post("/assignments", {"call_id": "", "locale": "fr", "colour": 1}).get_json()
    assert {(e["field"], e["message"]) for e in body["errors"]} == {
        ("call_id", "Give at least 1 characters."),
        ("scenario", "This field is missing."),
        ("agent_id", "This field is missing."),
        ("locale", "Give one of 'zh-CN' or 'en'."),
        ("colour", "There is no such field."),
    }


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def places(body: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Name every place in a body, as a path of keys and indices."""
    keys = list(body) if isinstance(body, dict) else list(range(len(body))) if isinstance(body, list) else []
    return [place for key in keys for place in ((*here, key), *places(body[key], (*here, key)))]


def changed(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Give a body with another value in one place."""
    if not place:
        return value
    copy = body.copy()
    copy[place[0]] = changed(body[place[0]], place[1:], value)
    return copy
