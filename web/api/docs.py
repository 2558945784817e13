"""The API described: OpenAPI 3.1 made from the views and their schemas, and the same as a page to read."""

from collections.abc import Mapping
from typing import Any

from apiflask import APIFlask
from flask import Response, current_app, jsonify, render_template
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from experiments.do.locally import ServedReport
from experiments.do.outcomes import OutcomeReport
from web.api import protocols
from web.api.manual import chapters, shapes
from web.api.protocols import CLIENT_KEY, PROTOCOLS, complete
from web.api.routes import VERBS
from web.api.schemas import (
    calls,
    gates,
    knowledge,
    listening,
    plans,
    refusals,
    reports,
    results,
    standards,
    traffic,
    variables,
)
from web.policy import POLICY
from web.refusals import TITLES

_REF = "#/components/schemas/{model}"
_MODELS: tuple[type[BaseModel], ...] = (
    calls.AssignmentRequest,
    calls.AssignmentAnswer,
    calls.OutcomeEnvelope,
    OutcomeReport,
    ServedReport,
    calls.ReceiptAnswer,
    gates.TickBody,
    gates.CommentBody,
    gates.Comment,
    plans.PlanBody,
    plans.MoveBody,
    plans.Card,
    plans.Cards,
    plans.ExperimentAnswer,
    results.ResultsAnswer,
    variables.VariablesAnswer,
    reports.ReportsAnswer,
    traffic.TrafficAnswer,
    knowledge.KnowledgeAnswer,
    knowledge.EntryAnswer,
    knowledge.NoteBody,
    knowledge.KnowledgeNote,
    standards.ReviewBody,
    standards.StandardAnswer,
    standards.StandardsAnswer,
    standards.ProposalAnswer,
    listening.ListeningAnswer,
    listening.HeardBody,
    listening.HeardAnswer,
    refusals.ProblemDetails,
)
_ABOUT = """\
Which script an agent reads in a call, what came of it, and the experiments between the two.

Requests carry `Authorization: Bearer <token>`; a token has scopes, and each operation names the one it needs.
Bodies are JSON in UTF-8. Refusals have one shape, problem details (RFC 9457), with a stable `code`, the wrong fields
in `errors`, and sentences in the language of `Accept-Language` (zh-CN or en). Moments are ISO 8601 with a zone; days
are integers, 20261121 being 21 November 2026. Another method than these answers 405 and says in `Allow` which there
are. OpenFeature's protocol and the payload of GrowthBook's SDKs have the shapes that are known there.
"""
GROUPS = {
    "Calls": ("assign", "report"),
    "OpenFeature": ("evaluate", "evaluate_all"),
    "GrowthBook": ("read_payload",),
    "Experiments": (
        "list_experiments",
        "read_experiment",
        "read_results",
        "read_confirmation",
        "write_plan",
        "revise_plan",
        "move",
        "tick",
        "comment",
    ),
    "Scenarios": ("read_traffic",),
    "Variables": ("list_variables",),
    "Reports": ("read_reports",),
    "Knowledge": ("find_knowledge", "read_knowledge", "note_knowledge"),
    "Standards": ("list_standards", "review_standard", "propose_plan"),
    "Listening": ("read_listening", "hear"),
}
_EVERYWHERE = {401, 403, 500, 503}
_WITH_BODY = {400, 413, 415, 422}
_ALSO = {
    "assign": {404},
    "report": {429},
    "write_plan": {404, 409},
    "revise_plan": {404, 409},
    "move": {404, 409},
    "tick": {409},
    "read_confirmation": {409},
    "hear": {409},
    "review_standard": {409},
    "propose_plan": {409},
}
_SAYS = {
    400: "The body is not JSON.",
    401: "The token is missing, unknown, expired or revoked.",
    403: "The token lacks the scope, or its person lacks the role or wrote what they would approve.",
    404: "There is no such thing.",
    405: "The address knows other methods.",
    409: "The state does not allow it, or no longer.",
    413: "The body is larger than this installation takes.",
    415: "The body is not sent as application/json.",
    422: "A field breaks a rule; `errors` names each.",
    429: "More is coming in than is taken at a time. Try again, after `Retry-After` seconds.",
    500: "A fault on our side. Quote the request id.",
    503: "The database is away. Try again.",
}


def install(app: APIFlask) -> None:
    """Describe the API at its own address, for machines and for people."""
    app.config.update(
        INFO={"description": _ABOUT},
        SERVERS=[{"url": "/", "description": "This installation"}],
        SECURITY_SCHEMES={
            "token": {"type": "http", "scheme": "bearer", "description": "Issued by an administrator."},
            **protocols.SCHEMES,
        },
        TAGS=[{"name": name} for name in GROUPS],
        AUTO_OPERATION_ID=True,
        AUTO_TAGS=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
    )
    app.spec_processor(_finish)  # type: ignore[arg-type]  # as JSON it is never handed over as text
    app.add_url_rule("/api/v1/openapi.json", "openapi.spec", app.doc(hide=True)(_spec))
    app.add_url_rule("/api/v1/docs", "docs.api", app.doc(hide=True)(_page))


def _described() -> dict[str, Any]:
    spec: dict[str, Any] = current_app.spec  # type: ignore[attr-defined]  # the application is an APIFlask
    return spec


def _spec() -> Response:
    return jsonify(_described())


def _page() -> str:
    spec = _described()
    return render_template("api_docs.html", spec=spec, chapters=chapters(spec, GROUPS), shapes=shapes(spec))


def _finish(spec: dict[str, Any]) -> dict[str, Any]:
    """Add what the views do not say: scopes, refusals, what an address may hold, and each shape once."""
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            _finish_operation(operation, operation["operationId"].removeprefix(f"{method}_").replace("_", ".", 1), path)
    _, defined = models_json_schema(
        [(model, "validation") for model in (*_MODELS, *protocols.MODELS)], ref_template=_REF
    )
    spec["components"]["schemas"] = _untitled(defined["$defs"])
    spec["components"]["responses"] = {str(status): _refusal(status) for status in _SAYS}
    return spec


def _finish_operation(operation: dict[str, Any], endpoint: str, path: str) -> None:
    scope, name, spoken = POLICY[endpoint].scope, endpoint.partition(".")[2], PROTOCOLS.get(endpoint)
    if spoken is not None:
        complete(operation, spoken)
    body = operation.get("requestBody")
    refusals = (
        _EVERYWHERE | _ALSO.get(name, set()) | (_WITH_BODY if body else set()) | ({404} if "{" in path else set())
    )
    refusals |= {422} if any(each["in"] == "query" for each in operation.get("parameters", ())) else set()
    if spoken is not None and spoken.failure is not None:
        operation["responses"] |= protocols.refusals(spoken, refusals, _SAYS)
    else:
        operation["responses"] |= {
            str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(refusals)
        }
    operation |= {
        "operationId": name,
        "tags": [group for group, names in GROUPS.items() if name in names],
        "security": [{way: [scope]} for way in (("token",) if spoken is None else spoken.ways)],
        "x-scope": scope,
        "parameters": [_parameter(p) for p in operation.get("parameters", ())],
    }
    if body:
        body["required"] = True


def _parameter(described: Mapping[str, Any]) -> dict[str, Any]:
    name = described["name"]
    if described["in"] != "path":
        return {**described, "schema": _untitled(described["schema"])}
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 64}
    if name == "verb":
        schema = {"type": "string", "enum": list(VERBS)}
    parameter = {"in": "path", "name": name, "required": True, "schema": schema}
    return parameter | ({"description": "A token whose only scope is `evaluate`."} if name == CLIENT_KEY else {})


def _refusal(status: int) -> dict[str, Any]:
    example = {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": _SAYS[status],
        "code": TITLES[status].lower().replace(" ", "_"),
        "request_id": "5f0c9c1e6d0b4e0f8a4b6f0d2c1e7a93",
    }
    schema = {"$ref": _REF.format(model="ProblemDetails")}
    return {
        "description": _SAYS[status],
        "content": {"application/problem+json": {"schema": schema, "example": example}},
    }


def _untitled(schema: Any) -> Any:
    """Drop the titles that only repeat a field's name."""
    if isinstance(schema, list):
        return [_untitled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _untitled(each) for key, each in schema.items() if key != "title" or isinstance(each, dict)}
