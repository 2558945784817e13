"""Assignments and outcomes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, field_validator

from experiments.do.outcomes import MAX_BATCH, Key, OutsideId
from experiments.do.serving import Call
from experiments.wording import sentence
from web.api.schemas.fields import MAX_ATTRIBUTES, Answer, Attribute, Body


class AssignmentRequest(Body):
    """A call that needs a script. Conditions see one flat map of these fields and the attributes."""

    call_id: OutsideId
    scenario: Key
    agent_id: OutsideId
    customer_id: OutsideId | None = None
    team: OutsideId | None = None
    region: OutsideId | None = None
    channel: OutsideId | None = None
    locale: Literal["zh-CN", "en"] = "zh-CN"
    attributes: Annotated[dict[Key, Attribute], Field(max_length=MAX_ATTRIBUTES)] = Field(default={})

    @field_validator("attributes")
    @classmethod
    def _no_clash(cls, value: dict[str, Any]) -> dict[str, Any]:
        if value.keys() & cls.model_fields.keys():
            raise ValueError(sentence("An attribute has the name of a field: conditions see one map of both."))
        return value

    def as_call(self, at: datetime) -> Call:
        """See the request as the call it tells of, at a moment."""
        return Call(
            self.call_id,
            self.scenario,
            self.agent_id,
            self.customer_id,
            self.team,
            self.region,
            self.channel,
            self.locale,
            self.attributes,
            at,
        )


class Step(Answer):
    """One element of a script, in spoken order."""

    element: str
    text: str


class ServedWords(Answer):
    """The script to read out."""

    key: str
    version: int
    locale: str
    steps: list[Step]


class AssignmentAnswer(Answer):
    """What the call is served, and why. The first answer for a call in a scenario holds for ever."""

    assignment_id: str
    call_id: str
    scenario: str
    experiment: str | None
    arm: str | None
    reason: Literal[
        "split", "standard", "rollout", "holdback", "not_eligible", "no_unit", "paused", "stopped", "fallback"
    ]
    reason_detail: str | None
    invite: bool
    script: ServedWords
    agent_shift: str
    traffic_revision: int
    assigned_at: datetime


class OutcomeEnvelope(Body):
    """A batch of facts, each judged by itself: a good one is kept though its neighbour is bad."""

    outcomes: Annotated[
        list[Any],
        Field(min_length=1, max_length=MAX_BATCH),
        WithJsonSchema(
            {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_BATCH,
                "items": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/OutcomeReport"},
                        {"$ref": "#/components/schemas/ServedReport"},
                    ]
                },
            }
        ),
    ]


class Rejected(Answer):
    """A fact that was not kept, and why."""

    index: int
    id: str | None
    code: str
    message: str


class ReceiptAnswer(Answer):
    """What became of a batch."""

    accepted: int
    duplicates: int
    rejected: list[Rejected]
