"""What the description says of other people's protocols, whose bodies, keys and refusals are theirs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from web.api.examples import EVALUATED, EVALUATION, EVALUATIONS, PAYLOAD
from web.api.schemas import protocols

CLIENT_KEY = "client_key"
"""The place of a client key in an address, which is the one thing that OpenAPI cannot call a secret."""

SCHEMES: Mapping[str, Any] = {
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same, as OFREP has it."},
}
_REF = "#/components/schemas/{}"
_TAG = {"description": "Names what was answered.", "schema": {"type": "string"}}
_KNOWN = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "description": "The `ETag` of what the caller has: then 304, when nothing changed.",
    "schema": {"type": "string", "examples": ['"5f0c9c1e6d0b"']},
}


@dataclass(frozen=True, slots=True)
class Protocol:
    """One operation: the shapes of what is sent and answered with an example of each, and how it is refused.

    `ways` are the schemes that a token comes by; there are none where it stands in the address. `tagged` says that
    answers have a tag, and that who has it is told that nothing changed.
    """

    answer: type[BaseModel]
    answered: Mapping[str, Any]
    body: type[BaseModel] | None = None
    sent: Mapping[str, Any] | None = None
    ways: tuple[str, ...] = ()
    tagged: bool = False
    failure: type[BaseModel] | None = None


PROTOCOLS: Mapping[str, Protocol] = {
    "features.read_payload": Protocol(protocols.PayloadAnswer, PAYLOAD, tagged=True),
    "ofrep.evaluate": Protocol(
        protocols.EvaluationAnswer,
        EVALUATED,
        protocols.EvaluationRequest,
        EVALUATION,
        ways=("token", "api_key"),
        failure=protocols.EvaluationFailure,
    ),
    "ofrep.evaluate_all": Protocol(
        protocols.EvaluationsAnswer,
        EVALUATIONS,
        protocols.EvaluationRequest,
        EVALUATION,
        ways=("token", "api_key"),
        tagged=True,
        failure=protocols.EvaluationFailure,
    ),
}
MODELS: tuple[type[BaseModel], ...] = (
    protocols.PayloadAnswer,
    protocols.EvaluationRequest,
    protocols.EvaluationAnswer,
    protocols.EvaluationsAnswer,
    protocols.EvaluationFailure,
)


def complete(operation: dict[str, Any], spoken: Protocol) -> None:
    """Add what is sent and what is answered when all is well."""
    headers = {"headers": {"ETag": _TAG}} if spoken.tagged else {}
    told = {"description": "Successful response", **headers, "content": _content(spoken.answer, spoken.answered)}
    operation["responses"] = {"200": told}
    if spoken.tagged:
        operation["parameters"] = [*operation.get("parameters", ()), _KNOWN]
        operation["responses"]["304"] = {"description": "Nothing changed; there is no body.", **headers}
    if spoken.body is not None:
        operation["requestBody"] = {"content": _content(spoken.body, spoken.sent)}


def refusals(spoken: Protocol, statuses: Iterable[int], says: Mapping[int, str]) -> dict[str, Any]:
    """Describe refusals in the protocol's own shape. What cannot be read is a 400, whatever is wrong with it."""
    assert spoken.failure is not None  # noqa: S101 - who has none is refused as the API refuses
    content = _content(spoken.failure, None)
    return {
        str(status): {"description": _BAD if status == 400 else says[status], "content": content}
        for status in sorted(set(statuses) - {415, 422})
    }


_BAD = "The body is not JSON, or the context is not that of a call; `errorDetails` names the field."


def _content(model: type[BaseModel], example: Mapping[str, Any] | None) -> dict[str, Any]:
    shown = {} if example is None else {"example": example}
    return {"application/json": {"schema": {"$ref": _REF.format(model.__name__)}, **shown}}
