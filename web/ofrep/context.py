"""From an evaluation context to the call it tells of."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from experiments.errors import Invalid, invalid, problems_in
from web.api.schemas.calls import AssignmentRequest

KEY_MISSING = "TARGETING_KEY_MISSING"

_NAMED = ("agent_id", "customer_id", "team", "region", "channel", "locale")


def call_of(body: Any, scenario: str) -> AssignmentRequest:
    """Read the body of an evaluation: `targetingKey` is the call, what is not a call's own field is an attribute.

    Raises:
        Invalid: there is no context, it lacks the key or the agent, or a value is none that a call can have.
    """
    context = body.get("context") if isinstance(body, Mapping) else None
    if not isinstance(context, Mapping):
        raise invalid("context", "missing", "Give an object.")
    key = context.get("targetingKey")
    if key is None or key == "":
        raise invalid("targetingKey", KEY_MISSING, "This field is missing.")
    rest = {name: value for name, value in context.items() if name not in ("targetingKey", *_NAMED)}
    told = {name: context[name] for name in _NAMED if context.get(name) is not None}
    try:
        return AssignmentRequest.model_validate({"call_id": key, "scenario": scenario, "attributes": rest, **told})
    except ValidationError as error:
        raise Invalid(*problems_in(error)) from error
