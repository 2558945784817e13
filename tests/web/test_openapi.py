"""The description of the API is true: machines hold every answer against it, and people can read it."""

import json
import re
import shlex
from typing import Any

import pytest
import schemathesis
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from pydantic import BaseModel
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from experiments.do.assignments import Floor
from tests.builders import a_centre, a_draft, a_running_experiment
from tests.histories import Histories, after
from tests.web.conftest import Clock, a_token, an_application, store_of
from tests.web.test_policy import ALL_SCOPES
from web.api import examples
from web.api.docs import GROUPS
from web.api.schemas.protocols import EvaluationAnswer, EvaluationRequest, EvaluationsAnswer, PayloadAnswer

WHERE = "/api/v1/openapi.json"
TRUTHS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def description(sqlite_histories: Histories, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ask what the API says of itself, once: an application takes a second to work it out."""
    with sqlite_histories.after(a_centre) as (floor, _):
        app = an_application(floor.store, tmp_path_factory.mktemp("described"), Clock())
        answer = app.test_client().get(WHERE)
        app.extensions["scriptbench"].floor.close()
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.text


@pytest.fixture
def spec(description: str) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(description)
    return described


@pytest.fixture
def described(app: APIFlask, spec: dict[str, Any]) -> schemathesis.BaseSchema:
    schema = schemathesis.openapi.from_dict(spec)
    schema.app, schema.location = app, WHERE
    return schema


@pytest.fixture
def client_key(app: APIFlask) -> str:
    return a_token(store_of(app), "evaluate")


def a_test_and_a_draft(floor: Floor) -> None:
    a_running_experiment(floor)
    a_draft(floor, key="another")


@pytest.fixture
def token(app: APIFlask) -> str:
    return a_token(store_of(app), ALL_SCOPES, "lead")


@after(a_test_and_a_draft)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", [name for names in GROUPS.values() for name in names])
def test_every_answer_to_whatever_is_sent_is_a_described_one(
    described: schemathesis.BaseSchema, token: str, client_key: str, name: str, mode: GenerationMode
) -> None:
    found = [result.ok() for result in described.get_all_operations() if isinstance(result, Ok)]
    operation = next(each for each in found if each.definition.raw["operationId"] == name)
    # Facts are judged one by one, so that a batch with bad ones is accepted all the same.
    judged = [*TRUTHS] if name == "report" else [*TRUTHS, negative_data_rejection]

    @settings(max_examples=40, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE:
            _name_what_is_there(case, client_key)
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=judged)

    try:
        holds()
    except Unsatisfiable:
        assert (operation.method, mode) == ("get", GenerationMode.NEGATIVE)  # nothing in it can be wrong


def test_the_description_is_valid_openapi_3_1(spec: dict[str, Any], described: schemathesis.BaseSchema) -> None:
    assert spec["openapi"] == "3.1.0"
    described.validate()


def test_every_route_of_the_api_is_described(app: APIFlask, spec: dict[str, Any]) -> None:
    machines = ("api.", "ofrep.", "features.")
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(machines)]
    routes = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), method.lower())
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {(path, method) for path, methods in spec["paths"].items() for method in methods}


def test_every_operation_says_its_scope_and_its_refusals(spec: dict[str, Any]) -> None:
    operations = [operation for methods in spec["paths"].values() for operation in methods.values()]
    assert all(operation["x-scope"] for operation in operations)
    with_token = [operation for operation in operations if operation["operationId"] != "read_payload"]
    assert all(operation["security"][0]["token"] == [operation["x-scope"]] for operation in with_token)
    assert all({"401", "403", "500", "503"} <= set(operation["responses"]) for operation in operations)
    with_body = [operation for operation in operations if "requestBody" in operation]
    own = [operation for operation in with_body if "OpenFeature" not in operation["tags"]]
    assert all({"400", "413", "415", "422"} <= set(operation["responses"]) for operation in own)
    assert spec["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_refusal_is_described_as_problem_details(spec: dict[str, Any]) -> None:
    for refusal in spec["components"]["responses"].values():
        assert list(refusal["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (PayloadAnswer, examples.PAYLOAD),
        (EvaluationAnswer, examples.EVALUATED),
        (EvaluationsAnswer, examples.EVALUATIONS),
        (EvaluationRequest, examples.EVALUATION),
    ],
)
def test_an_example_of_a_protocol_is_of_its_shape(model: type[BaseModel], example: dict[str, Any]) -> None:
    shaped = model.model_validate(example, strict=True)
    assert shaped.model_dump(exclude_unset=True, by_alias=True) == example


@after(a_running_experiment)
def test_the_payload_has_the_fields_that_are_described(app: APIFlask, client: FlaskClient) -> None:
    address = f"/api/features/{a_token(store_of(app), 'evaluate')}"
    answer = client.get(address)
    shaped = PayloadAnswer.model_validate(answer.get_json(), strict=True)
    assert shaped.model_dump(exclude_unset=True, by_alias=True) == answer.get_json()
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_the_payload_is_asked_for_by_the_key_in_its_address_alone(spec: dict[str, Any]) -> None:
    operation = spec["paths"]["/api/features/{client_key}"]["get"]
    assert (operation["security"], operation["x-scope"]) == ([], "evaluate")
    assert [(each["in"], each["name"]) for each in operation["parameters"]] == [
        ("path", "client_key"),
        ("header", "If-None-Match"),
    ]
    assert {"200", "304", "401", "403", "404"} <= set(operation["responses"])


def test_every_reference_leads_somewhere(spec: dict[str, Any]) -> None:
    found = set(re.findall(r'"\$ref": "#/components/(\w+)/([\w.]+)"', json.dumps(spec)))
    assert found
    assert all(name in spec["components"][kind] for kind, name in found)


def test_every_body_has_an_example_from_the_insurers_catalogue(spec: dict[str, Any]) -> None:
    bodies = [
        operation["requestBody"]["content"]["application/json"]
        for methods in spec["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    ]
    assert all(body["example"] for body in bodies)


class TestThePage:
    @pytest.fixture
    def page(self, client: FlaskClient) -> str:
        answer = client.get("/api/v1/docs", headers={"Accept-Language": "en"})
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        return answer.get_data(as_text=True)

    def test_shows_every_operation_and_every_shape(self, page: str, spec: dict[str, Any]) -> None:
        operations = [operation for methods in spec["paths"].values() for operation in methods.values()]
        assert all(f'id="{operation["operationId"]}"' in page for operation in operations)
        assert all(f'id="shape-{name}"' in page for name in spec["components"]["schemas"])

    def test_leads_nowhere_that_is_not_there(self, page: str) -> None:
        assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r' id="([^"]+)"', page))

    def test_needs_nothing_from_elsewhere_and_no_script(self, page: str) -> None:
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
        assert "<script" not in page
        assert " style=" not in page

    def test_its_command_lines_are_whole(self, page: str) -> None:
        lines = [_unescaped(text) for text in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)]
        sent = [json.loads(words[words.index("-d") + 1]) for words in map(shlex.split, lines) if "-d" in words]
        assert sent == [
            examples.ASSIGNMENT,
            examples.OUTCOMES,
            examples.EVALUATION,
            examples.EVALUATION,
            examples.PLAN,
            examples.PLAN,
            examples.MOVE,
            examples.TICK,
            examples.COMMENT,
            examples.NOTE,
            examples.REVIEW,
            examples.HEARD,
        ]


def _name_what_is_there(case: schemathesis.Case[Any], client_key: str) -> None:
    """Lead a good request behind the first door: names made at random are of nothing."""
    if "client_key" in case.path_parameters:
        case.path_parameters["client_key"] = client_key
    if "key" in case.path_parameters:
        case.path_parameters["key"] = "policy_change" if case.path.startswith("/ofrep/") else "another"
    if "scenario" in case.path_parameters:
        case.path_parameters["scenario"] = "policy_change"
    if isinstance(case.body, dict) and "scenario" in case.body:
        case.body["scenario"] = "policy_change"


def _unescaped(text: str) -> str:
    for entity, character in (("&#34;", '"'), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text
