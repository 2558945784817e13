"""The protocol's shapes and refusals, on both databases."""

from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from experiments.do import keeper
from experiments.do.assignments import Floor
from experiments.do.journal import Assignment
from experiments.do.serving import Reason
from tests.builders import a_running_experiment, moved
from tests.histories import after
from tests.outages import away
from tests.web.conftest import Clock, a_token, store_of
from web.ofrep.answers import REASONS

pytestmark = after(a_running_experiment)

CONTEXT = {"targetingKey": "call-1", "agent_id": "agent-1", "customer_id": "c-1", "caller_relation": "self"}
ONE, ALL = "/ofrep/v1/evaluate/flags/policy_change", "/ofrep/v1/evaluate/flags"


@pytest.fixture
def app(app_on_both: APIFlask) -> APIFlask:
    """A centre with a running test, on both databases."""
    return app_on_both


@pytest.fixture
def token(app: APIFlask) -> str:
    return a_token(store_of(app), "assign")


def asked(app: APIFlask, token: str, path: str, context: Any = None, **headers: str) -> TestResponse:
    body = {"context": CONTEXT if context is None else context}
    sent = {"Authorization": f"Bearer {token}", "Accept-Language": "en"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return app.test_client().post(path, json=body, headers=sent)


def rows(app: APIFlask) -> int:
    with store_of(app).read() as session:
        return session.scalar(select(func.count()).select_from(Assignment)) or 0


def test_a_single_evaluation_assigns_and_says_so(app: APIFlask, token: str) -> None:
    told = asked(app, token, ONE).get_json()
    with store_of(app).read() as session:
        (row,) = session.scalars(select(Assignment))
    assert (told["key"], told["reason"], told["variant"]) == ("policy_change", "SPLIT", row.arm)
    assert told["metadata"]["assignment_id"] == str(row.id)
    assert told["value"]["steps"][0]["element"] == "greeting"
    assert told["value"]["invite"] is True


def test_metadata_is_flat_and_nothing_is_null(app: APIFlask, token: str) -> None:
    for context in (CONTEXT, CONTEXT | {"targetingKey": "2", "caller_relation": "repair_shop"}):
        told = asked(app, token, ONE, context).get_json()
        assert all(isinstance(value, str | int | float | bool) for value in told["metadata"].values())
        assert None not in told.values()


def test_asked_again_it_is_the_same(app: APIFlask, token: str) -> None:
    first = asked(app, token, ONE).get_json()
    assert asked(app, token, ONE, CONTEXT | {"caller_relation": "repair_shop"}).get_json() == first


def test_who_gets_the_standard_has_no_variant(app: APIFlask, token: str) -> None:
    told = asked(app, token, ONE, CONTEXT | {"caller_relation": "repair_shop"}).get_json()
    assert "variant" not in told
    assert (told["reason"], told["metadata"]["reason"]) == ("TARGETING_MATCH", "not_eligible")


def test_a_test_that_was_switched_off_says_disabled(app: APIFlask, floor_on_both: Floor, token: str) -> None:
    moved(floor_on_both, "change_benefit", "pause", "supervisor", reason="an outage")
    assert asked(app, token, ONE).get_json()["reason"] == "DISABLED"


def test_without_the_database_the_metadata_says_what_it_would_have_been(app: APIFlask, token: str) -> None:
    asked(app, token, ONE)
    with away(store_of(app).engine):
        told = asked(app, token, ONE, CONTEXT | {"targetingKey": "2"}).get_json()
    assert (told["reason"], told["metadata"]["reason"], told["metadata"]["reason_detail"]) == (
        "UNKNOWN",
        "fallback",
        "split",
    )


def test_every_reason_of_ours_has_one_of_the_protocols() -> None:
    assert set(REASONS) == set(Reason)
    assert set(REASONS.values()) <= {"STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED", "UNKNOWN"}


class TestBulk:
    def test_tells_every_scenario_and_records_nothing(self, app: APIFlask, token: str) -> None:
        told = asked(app, token, ALL).get_json()
        assert len(told["flags"]) > 5
        assert not any("assignment_id" in flag["metadata"] for flag in told["flags"])
        assert rows(app) == 0

    def test_agrees_with_single_evaluations_before_and_after_it(self, app: APIFlask, token: str) -> None:
        def of_the_call(context: Any) -> Any:
            flags = asked(app, token, ALL, context).get_json()["flags"]
            return next(flag for flag in flags if flag["key"] == "policy_change")

        before = of_the_call(CONTEXT)
        single = asked(app, token, ONE).get_json()
        after = of_the_call(CONTEXT | {"caller_relation": "repair_shop"})
        assert after == single
        assert (before["variant"], before["value"]) == (single["variant"], single["value"])

    def test_that_did_not_change_is_not_sent_again(self, app: APIFlask, token: str) -> None:
        tag = asked(app, token, ALL).headers["ETag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = asked(app, token, ALL, If_None_Match=known)
            assert (answer.status_code, answer.get_data()) == (304, b"")

    def test_changes_with_the_context_the_traffic_and_the_calls_own_assignment(
        self, app: APIFlask, floor_on_both: Floor, token: str, clock: Clock
    ) -> None:
        tags = [asked(app, token, ALL).headers["ETag"]]
        tags.append(asked(app, token, ALL, CONTEXT | {"region": "hangzhou"}).headers["ETag"])
        asked(app, token, ONE)
        tags.append(asked(app, token, ALL).headers["ETag"])
        moved(floor_on_both, "change_benefit", "pause", "supervisor", reason="an outage")
        clock.pass_(seconds=1)
        tags.append(asked(app, token, ALL).headers["ETag"])
        assert len(set(tags)) == 4

    def test_changes_with_the_agents_shift(self, app: APIFlask, token: str, clock: Clock) -> None:
        morning = asked(app, token, ALL).headers["ETag"]
        clock.pass_(hours=9)
        assert asked(app, token, ALL, If_None_Match=morning).status_code == 200

    def test_knows_what_the_spool_holds_while_the_database_is_away(self, app: APIFlask, token: str) -> None:
        asked(app, token, ALL)
        with away(store_of(app).engine):
            single = asked(app, token, ONE).get_json()
            flags = asked(app, token, ALL, CONTEXT | {"caller_relation": "repair_shop"}).get_json()["flags"]
        assert next(flag for flag in flags if flag["key"] == "policy_change") == single

    def test_takes_what_a_change_event_would_add(self, app: APIFlask, token: str) -> None:
        path = f"{ALL}?flagConfigEtag=abc&flagConfigLastModified=1771622898"
        assert asked(app, token, path).status_code == 200


REFUSED: list[tuple[Any, int, str]] = [
    # nobody to decide for
    ({"agent_id": "a"}, 400, "TARGETING_KEY_MISSING"),
    ({"targetingKey": "", "agent_id": "a"}, 400, "TARGETING_KEY_MISSING"),
    # no call's id
    ({"targetingKey": 7, "agent_id": "a"}, 400, "INVALID_CONTEXT"),
    # no agent
    ({"targetingKey": "1"}, 400, "INVALID_CONTEXT"),
    # no attribute
    ({"targetingKey": "1", "agent_id": "a", "account": {"plan": "gold"}}, 400, "INVALID_CONTEXT"),
    # no context
    ([], 400, "INVALID_CONTEXT"),
]


@pytest.mark.parametrize(("context", "status", "code"), REFUSED)
@pytest.mark.parametrize("path", [ONE, ALL])
def test_a_context_that_will_not_do_is_refused(
    app: APIFlask, token: str, context: Any, status: int, code: str, path: str
) -> None:
    answer = asked(app, token, path, context)
    told = answer.get_json()
    assert (answer.status_code, told["errorCode"]) == (status, code)
    assert told["errorDetails"]
    assert told.get("key") == ("policy_change" if path == ONE else None)


@pytest.mark.parametrize("path", [ONE, ALL])
def test_what_is_no_json_is_refused(app: APIFlask, token: str, path: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = app.test_client().post(path, data=b"{", headers=headers)
    assert (answer.status_code, answer.get_json()["errorCode"]) == (400, "PARSE_ERROR")


def test_another_type_of_content_is_refused_likewise(app: APIFlask, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
    answer = app.test_client().post(ONE, data=b"{}", headers=headers)
    assert (answer.status_code, answer.get_json()["errorCode"]) == (400, "PARSE_ERROR")


def test_an_address_that_no_flag_can_have_is_not_found_either(app: APIFlask, token: str) -> None:
    answer = asked(app, token, f"{ALL}/{'x' * 65}")
    assert (answer.status_code, answer.get_json()["errorCode"]) == (404, "FLAG_NOT_FOUND")


def test_when_nothing_takes_the_call_it_may_try_again(
    app: APIFlask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("away"))

    monkeypatch.setattr(keeper.Journal, "append", fail)
    answer = asked(app, token, ONE)
    assert (answer.status_code, set(answer.get_json()), "Retry-After" in answer.headers) == (
        503,
        {"errorDetails"},
        True,
    )


def test_a_fault_says_nothing_of_its_cause(app: APIFlask, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("customer C-80231 broke it")

    monkeypatch.setattr(keeper.Journal, "append", fail)
    answer = asked(app, token, ONE)
    assert (answer.status_code, set(answer.get_json())) == (500, {"errorDetails"})
    assert "C-80231" not in answer.get_data(as_text=True)


def test_a_flag_that_is_not_there_is_not_found(app: APIFlask, token: str) -> None:
    answer = asked(app, token, f"{ALL}/weather")
    told = answer.get_json()
    assert (answer.status_code, told["key"], told["errorCode"]) == (404, "weather", "FLAG_NOT_FOUND")


@pytest.mark.parametrize("path", [ONE, ALL])
def test_without_a_good_token_the_door_is_shut(app: APIFlask, path: str) -> None:
    assert asked(app, "nobody", path).status_code == 401
    assert asked(app, a_token(store_of(app), "report"), path).status_code == 403
    assert set(asked(app, "nobody", path).get_json()) == {"errorDetails"}


def test_a_token_may_come_as_an_api_key(app: APIFlask, token: str) -> None:
    answer = app.test_client().post(ONE, json={"context": CONTEXT}, headers={"X-API-Key": token})
    assert answer.status_code == 200
