"""What an evaluation answers, in the protocol's shapes: success, and failure with or without a flag's key."""

from collections.abc import Mapping
from typing import Any

from experiments.do.assignments import Answer
from experiments.do.serving import Reason
from web.ofrep.context import KEY_MISSING

PREFIX = "/ofrep/v1"
FLAG = "/evaluate/flags/"

REASONS: Mapping[str, str] = {
    # a fair draw decided
    Reason.SPLIT: "SPLIT",
    # nothing but the standard
    Reason.STANDARD: "STATIC",
    # a rule about this call decided: a pilot on its way to everyone
    Reason.ROLLOUT: "TARGETING_MATCH",
    # kept on the old standard
    Reason.HOLDBACK: "TARGETING_MATCH",
    # the audience does not let it in
    Reason.NOT_ELIGIBLE: "TARGETING_MATCH",
    # it lacks what the layer is cut by, and gets the standard
    Reason.NO_UNIT: "STATIC",
    # somebody switched the test off, for the moment
    Reason.PAUSED: "DISABLED",
    # or for good
    Reason.STOPPED: "DISABLED",
    # the database is away: what it would have been stands in the metadata
    Reason.FALLBACK: "UNKNOWN",
}
"""The protocol's reason of each of ours, which stands in the metadata as it is."""


def evaluated(answer: Answer, *, recorded: bool) -> dict[str, Any]:
    """Tell what a flag is for a call. Metadata is flat, and what is not known is left out."""
    told = {
        "key": answer.scenario,
        "value": {
            "script": answer.script,
            "version": answer.version,
            "locale": answer.locale,
            "invite": answer.invite,
            "steps": [{"element": element, "text": text} for element, text in answer.steps],
        },
        "reason": REASONS[answer.reason],
        "variant": answer.arm,
        "metadata": _known(
            assignment_id=str(answer.assignment_id) if recorded else None,
            experiment=answer.experiment,
            reason=answer.reason,
            reason_detail=answer.reason_detail,
            agent_shift=answer.agent_shift,
            traffic_revision=answer.traffic_revision,
        ),
    }
    return _known(**told)


def failed(status: int, detail: str, codes: list[str], path: str) -> tuple[int, dict[str, Any]]:
    """Tell why there is no evaluation: the status and the body.

    Args:
        status: of the refusal, as the agent API has it.
        detail: in words.
        codes: of the wrong fields.
        path: what was asked; it ends with the flag's key, but in bulk.
    """
    key = path.partition(FLAG)[2]
    named = {"key": key} if key else {}
    match status:
        case 400 | 415:
            return 400, {**named, "errorCode": "PARSE_ERROR", "errorDetails": detail}
        case 422:
            code = KEY_MISSING if KEY_MISSING in codes else "INVALID_CONTEXT"
            return 400, {**named, "errorCode": code, "errorDetails": detail}
        case 404 if named:
            return 404, {**named, "errorCode": "FLAG_NOT_FOUND", "errorDetails": detail}
        case _:
            return status, {"errorDetails": detail}


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
