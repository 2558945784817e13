"""The protocol's real clients against a served house: Python's provider, and both of JavaScript's under Node."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from sqlalchemy import select

from experiments.do.journal import Assignment
from tests.builders import a_running_experiment
from tests.histories import after
from tests.node import running as node
from tests.web.conftest import a_token, store_of

pytestmark = after(a_running_experiment)

CALLER: dict[str, Any] = {"agent_id": "agent-1", "caller_relation": "self"}
STRANGER: dict[str, Any] = {"agent_id": "agent-1", "caller_relation": "repair_shop"}
FLAG = "policy_change"


@pytest.fixture
def client(app: APIFlask, address: str) -> Iterator[OpenFeatureClient]:
    """Python's client."""
    token = a_token(store_of(app), "assign")
    provider = OFREPProvider(address, headers_factory=lambda: {"Authorization": f"Bearer {token}"})
    api.set_provider(provider)
    yield api.get_client()
    api.shutdown()
    provider.session.close()


def rows(app: APIFlask) -> dict[str, Assignment]:
    with store_of(app).read() as session:
        return {row.call_id: row for row in session.scalars(select(Assignment))}


class TestPython:
    def test_a_script_is_a_flags_value(self, app: APIFlask, client: OpenFeatureClient) -> None:
        told = client.get_object_details(FLAG, {}, EvaluationContext("call-1", CALLER))
        row = rows(app)["call-1"]
        assert (told.variant, told.reason) == (row.arm, "SPLIT")
        script: Any = told.value
        assert script["steps"][0]["element"] == "greeting"
        assert told.flag_metadata["assignment_id"] == str(row.id)

    def test_asked_twice_it_is_the_same_assignment(self, app: APIFlask, client: OpenFeatureClient) -> None:
        context = EvaluationContext("call-1", CALLER)
        first, second = (client.get_object_details(FLAG, {}, context) for _ in range(2))
        assert first == second
        assert len(rows(app)) == 1

    def test_refusals_arrive_as_the_clients_own(self, app: APIFlask, client: OpenFeatureClient) -> None:
        asked = [
            ("weather", EvaluationContext("call-1", CALLER)),
            (FLAG, EvaluationContext(None, CALLER)),
            (FLAG, EvaluationContext("call-1", {})),
        ]
        told = [client.get_object_details(flag, {}, context).error_code for flag, context in asked]
        assert told == ["FLAG_NOT_FOUND", "TARGETING_KEY_MISSING", "INVALID_CONTEXT"]
        assert rows(app) == {}


class TestJavaScript:
    def test_a_backend_is_told_what_is_recorded(self, app: APIFlask, address: str) -> None:
        asked = [
            {"flag": FLAG, "context": {"targetingKey": "王小明-1", **CALLER}},
            {"flag": FLAG, "context": {"targetingKey": "📞-2", **STRANGER}},
            {"flag": "weather", "context": {"targetingKey": "3", **CALLER}},
            {"flag": FLAG, "context": {"targetingKey": "4"}},
        ]
        token = a_token(store_of(app), "assign")
        dealt, stranger, nowhere, nobody = node.run("ofrep_server.mjs", address, token, json.dumps(asked))
        assert (dealt["variant"], dealt["reason"]) == (rows(app)["王小明-1"].arm, "SPLIT")
        assert ("variant" in stranger, stranger["value"]["invite"]) == (False, False)
        assert (nowhere["errorCode"], nobody["errorCode"]) == ("FLAG_NOT_FOUND", "INVALID_CONTEXT")
        assert set(rows(app)) == {"王小明-1", "📞-2"}

    def test_a_desktop_keeps_what_did_not_change_and_learns_what_did(self, app: APIFlask, address: str) -> None:
        contexts = [{"targetingKey": "call-1", **CALLER}, {"targetingKey": "call-1", **STRANGER}]
        token = a_token(store_of(app), "assign")
        seen = node.run("ofrep_web.mjs", address, token, FLAG, json.dumps(contexts))
        assert seen["polled"][0] == 200
        assert set(seen["polled"][1:]) == {304}
        assert seen["statuses"][-1] == 200
        assert [told["value"]["invite"] for told in seen["told"]] == [True, False]
        assert rows(app) == {}
