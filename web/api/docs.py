"""The API described: OpenAPI 3.1 made from the views and their schemas, and the same as a page to read."""

import json
from typing import Any

from apiflask import APIFlask
from flask import Response, current_app, jsonify, render_template, request

from web.api.examples import CENTRE
from web.api.routes import VERBS
from web.api.schemas import ProblemDetails
from web.policy import POLICY
from web.refusals import TITLES

_TITLE = "Scriptbench API"
_ABOUT = """\
Which script an agent reads in a call, what came of it, and the experiments between the two.

Every request carries `Authorization: Bearer <token>`; a token has scopes, and each operation names the one it needs.
Bodies are JSON in UTF-8. Refusals have one shape, problem details (RFC 9457), with a stable `code`, the wrong fields
in `errors`, and sentences in the language of `Accept-Language` (zh-CN or en). Moments are ISO 8601 with a zone; days
are integers, 20261121 being 21 November 2026. Another method than these answers 405 and says in `Allow` which there
are.
"""
_EVERYWHERE = (401, 403, 500, 503)
_WITH_BODY = (400, 413, 415, 422)
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
    500: "A fault on our side. Quote the request id.",
    503: "The database is away. Try again.",
}
_CONFLICTS = ("write_plan", "revise_plan", "move")
_NAMES_SOMETHING = ("assign", "write_plan")
_GROUPS = {
    "Calls": ("assign", "report"),
    "Experiments": ("list_experiments", "read_experiment", "read_results", "write_plan", "revise_plan", "move"),
}


def install(app: APIFlask) -> None:
    """Describe the API at its own address, for machines and for people."""
    app.title, app.version = _TITLE, "1"
    app.config.update(
        INFO={"description": _ABOUT},
        SERVERS=[{"url": "/", "description": "This installation"}],
        SECURITY_SCHEMES={"token": {"type": "http", "scheme": "bearer", "description": "Issued by an administrator."}},
        AUTO_OPERATION_ID=True,
        AUTO_TAGS=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        TAGS=[{"name": name} for name in _GROUPS],
    )
    app.spec_processor(_finish)
    app.add_url_rule("/api/v1/openapi.json", "openapi.spec", app.doc(hide=True)(_spec))
    app.add_url_rule("/api/v1/docs", "docs.api", app.doc(hide=True)(_page))


def described() -> dict[str, Any]:
    """Give the description of the running application."""
    spec: dict[str, Any] = current_app.spec  # type: ignore[attr-defined]  # the application is an APIFlask
    return spec


def _spec() -> Response:
    return jsonify(described())


def _page() -> str:
    return render_template("api_docs.html", spec=described(), operations=operations(described()))


def operations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """List the operations in the order of a call's life, each with a command line that sends its example."""
    found = {
        operation["operationId"]: {"method": method.upper(), "path": path, **operation, "curl": _curl(method, path, operation)}
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
    }
    return [found[name] for names in _GROUPS.values() for name in names]


def _curl(method: str, path: str, operation: dict[str, Any]) -> str:
    address = path.replace("{key}", "change_benefit").replace("{verb}", "approve")
    lines = [f"curl {CENTRE}{address}", '  -H "Authorization: Bearer $TOKEN"']
    if "requestBody" in operation:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        lines += [f"  -X {method.upper()} --json '{json.dumps(example, ensure_ascii=False, indent=2)}'"]
    return " \\\n".join(lines)


def _finish(spec: dict[str, Any]) -> dict[str, Any]:
    """Add what the views do not say: scopes, refusals, and what an address may hold."""
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"].removeprefix(f"{method}_api_")
            scope = POLICY[f"api.{name}"].scope
            operation |= {
                "operationId": name,
                "tags": [group for group, names in _GROUPS.items() if name in names],
                "security": [{"token": [scope]}],
                "x-scope": scope,
                "parameters": [_parameter(p["name"]) for p in operation.get("parameters", ())],
            }
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
            refusals = {str(s): {"$ref": f"#/components/responses/{s}"} for s in _refusals(name, path, operation)}
            operation["responses"] |= refusals
    components = spec["components"]
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= problem.pop("$defs") | {"ProblemDetails": problem}
    components["responses"] = {str(status): _refusal(status) for status in _SAYS}
    return spec


def _refusals(name: str, path: str, operation: dict[str, Any]) -> list[int]:
    found = {*_EVERYWHERE}
    found |= {*_WITH_BODY} if "requestBody" in operation else set()
    found |= {404} if "{" in path or name in _NAMES_SOMETHING else set()
    found |= {409} if name in _CONFLICTS else set()
    return sorted(found)


def _refusal(status: int) -> dict[str, Any]:
    example = {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": _SAYS[status],
        "code": "invalid" if status == 422 else TITLES[status].lower().replace(" ", "_"),
        "request_id": "5f0c9c1e6d0b4e0f8a4b6f0d2c1e7a93",
    }
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {"description": _SAYS[status], "content": {"application/problem+json": {"schema": schema, "example": example}}}


def _parameter(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 64}
    if name == "verb":
        schema = {"type": "string", "enum": list(VERBS)}
    return {"in": "path", "name": name, "required": True, "schema": schema}
