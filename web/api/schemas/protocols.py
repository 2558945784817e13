"""What other people's protocols send and are answered: GrowthBook's payload, OpenFeature's evaluations."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from experiments.do.outcomes import OutsideId
from web.api.schemas.calls import Step
from web.api.schemas.fields import Answer, Attribute


class _Camel(Answer):
    """Names as JavaScript has them."""

    model_config = ConfigDict(alias_generator=to_camel)


class PayloadScript(Answer):
    """What a desktop reads out, in every language, and what it reports of it."""

    script: str
    version: int
    invite: bool
    steps: dict[str, list[Step]]
    experiment: str | None
    arm: str | None
    traffic_revision: int


class PayloadFilter(_Camel):
    """Who falls into some ranges of the buckets that an attribute is hashed to."""

    attribute: str
    seed: str
    hash_version: Literal[2]
    ranges: list[list[float]]


class PayloadArm(Answer):
    """The arm of a variation."""

    key: str


class PayloadRule(_Camel):
    """A rule of a feature: it serves one script, or splits between those of an experiment."""

    id: str
    condition: dict[str, Any]
    filters: list[PayloadFilter] = Field(default=[])
    force: PayloadScript | None = Field(default=None, description="The script it serves.")
    key: str | None = Field(default=None, description="The experiment that splits.")
    hash_attribute: str | None = None
    hash_version: Literal[2] | None = None
    seed: str | None = None
    variations: list[PayloadScript] = Field(default=[])
    ranges: list[list[float]] = Field(default=[], description="The buckets of each variation, out of 1.")
    meta: list[PayloadArm] = Field(default=[])


class PayloadFeature(_Camel):
    """A scenario: the first rule that takes a call serves it, else the default value."""

    default_value: PayloadScript
    rules: list[PayloadRule]


class Shifts(Answer):
    """How a desktop names an agent's shift: `agent_id|YYYY-MM-DD|am`, or `pm` from noon on, by the site's days."""

    timezone: str
    noon: str


class PayloadAnswer(Answer):
    """Everything in force, as GrowthBook's SDKs read it; a scenario is a feature."""

    status: Literal[200]
    features: dict[str, PayloadFeature]
    shifts: Shifts


class EvaluationContext(BaseModel):
    """A call that needs a script: `targetingKey` is its id, and what has no name here is an attribute."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Attribute]

    targeting_key: OutsideId = Field(alias="targetingKey")
    agent_id: OutsideId
    customer_id: OutsideId | None = None
    team: OutsideId | None = None
    region: OutsideId | None = None
    channel: OutsideId | None = None
    locale: Literal["zh-CN", "en"] | None = None


class EvaluationRequest(BaseModel):
    """An evaluation, of one flag or of all."""

    context: EvaluationContext


class EvaluatedScript(Answer):
    """The script to read out."""

    script: str
    version: int
    locale: str
    invite: bool
    steps: list[Step]


class EvaluationAnswer(Answer):
    """A flag for a call: the script, why, and the arm where something was split.

    The metadata has the API's own `reason`, `agent_shift` and `traffic_revision`; `assignment_id` once it is recorded.
    """

    key: str
    value: EvaluatedScript
    reason: Literal["STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED", "UNKNOWN"]
    variant: Annotated[str, Field(description="The arm.")] = ""
    metadata: dict[str, str | int | float | bool]


class EvaluationsVersion(Answer):
    """Which traffic all flags were evaluated by."""

    version: str


class EvaluationsAnswer(Answer):
    """Every flag for a call; nothing is recorded."""

    flags: list[EvaluationAnswer]
    metadata: EvaluationsVersion


class EvaluationFailure(_Camel):
    """Why there is no evaluation. `key` is the flag's where one was asked for."""

    key: str = ""
    error_code: Annotated[
        Literal["PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "FLAG_NOT_FOUND"] | None,
        Field(description="With 400 and 404."),
    ] = None
    error_details: str
