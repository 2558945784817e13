"""The shapes of the API: what may be sent, and what comes back. From these the description at openapi.json is made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
    field_validator,
)

from experiments.do.outcomes import MAX_BATCH, Key, OutsideId
from experiments.do.serving import Call
from experiments.plan.rules import LOCALES, MAX_ARMS, ArmPlan, Kind, MetricPlan, Plan
from experiments.wording import sentence

MAX_ATTRIBUTES = 100
_MAX_LIST = 100
_MAX_NUMBER = 2**53  # whole numbers up to here are the same to every reader of JSON

_Names = Mapping[str, str]
_Line = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"  # a text of sentences: tabs and line breaks may be there
Words = Annotated[str, StringConstraints(max_length=4000, pattern=_Line)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
NewKey = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


def _plain_value(value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    if len(values) > _MAX_LIST or not all(map(_is_scalar, values)):
        raise ValueError(sentence("An attribute is a text, a number, true, false, null, or a list of up to 100 such."))
    return value


def _is_scalar(value: Any) -> bool:
    match value:
        case None | bool():
            return True
        case int() | float():
            return abs(value) <= _MAX_NUMBER
        case str():
            return len(value) <= 1000 and "\x00" not in value
        case _:
            return False


_SCALAR = [
    {"type": ["null", "boolean", "number"], "minimum": -_MAX_NUMBER, "maximum": _MAX_NUMBER},
    {"type": "string", "maxLength": 1000},
]
Attribute = Annotated[
    Any,
    AfterValidator(_plain_value),
    WithJsonSchema({"anyOf": [*_SCALAR, {"type": "array", "maxItems": _MAX_LIST, "items": {"anyOf": _SCALAR}}]}),
]


def _one_value(value: Mapping[str, str]) -> Mapping[str, str]:
    if not value.keys() <= set(LOCALES) and value.keys() != {"after"}:
        raise ValueError(sentence('A value is {"zh-CN": text, "en": text}, or {"after": element} for a position.'))
    return value


Value = Annotated[
    dict[str, Words],
    AfterValidator(_one_value),
    WithJsonSchema(
        {
            "description": "The words in every locale, or a position in the script.",
            "anyOf": [
                {
                    "type": "object",
                    "properties": {locale: {"type": "string", "maxLength": 4000} for locale in LOCALES},
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"after": {"type": "string", "maxLength": 64}},
                    "required": ["after"],
                    "additionalProperties": False,
                },
            ],
        }
    ),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


# Assignments ---------------------------------------------------------------------------------------------------------


class AssignmentRequest(_Body):
    """A call that needs a script. Conditions see one flat map of these fields and the attributes."""

    call_id: OutsideId
    scenario: Key
    agent_id: OutsideId
    customer_id: OutsideId | None = None
    team: OutsideId | None = None
    region: OutsideId | None = None
    channel: OutsideId | None = None
    locale: Literal["zh-CN", "en"] = "zh-CN"
    attributes: Annotated[dict[Key, Attribute], Field(max_length=MAX_ATTRIBUTES)] = {}

    @field_validator("attributes")
    @classmethod
    def _no_clash(cls, value: dict[str, Any]) -> dict[str, Any]:
        if value.keys() & cls.model_fields.keys():
            raise ValueError(sentence("An attribute has the name of a field: conditions see one map of both."))
        return value

    def as_call(self, at: datetime) -> Call:
        """See the request as the call it tells of, at a moment."""
        return Call(**{name: getattr(self, name) for name in type(self).model_fields}, at=at)


class Step(_Answer):
    """One element of a script, in spoken order."""

    element: str
    text: str


class ServedWords(_Answer):
    """The script to read out."""

    key: str
    version: int
    locale: str
    steps: list[Step]


class AssignmentAnswer(_Answer):
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


# Outcomes ------------------------------------------------------------------------------------------------------------


class OutcomeEnvelope(_Body):
    """A batch of facts, each judged by itself: a good one is kept though its neighbour is bad."""

    outcomes: Annotated[
        list[Any],
        Field(min_length=1, max_length=MAX_BATCH),
        WithJsonSchema(
            {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_BATCH,
                "items": {"$ref": "#/components/schemas/OutcomeReport"},
            }
        ),
    ]


class Rejected(_Answer):
    """A fact that was not kept, and why."""

    index: int
    id: str | None
    code: str
    message: str


class Receipt(_Answer):
    """What became of a batch."""

    accepted: int
    duplicates: int
    rejected: list[Rejected]


# Plans and cards -----------------------------------------------------------------------------------------------------


class ArmBody(_Body):
    """An arm: its value for the variable, or all elements of its script, of which exactly one may differ.

    Neither means that the variable is absent in this arm: without an `ask` nobody is invited.
    """

    key: NewKey
    weight: Annotated[StrictInt, Field(ge=1, le=9999)]
    value: Value | None = None
    elements: dict[Key, Value | None] | None = Field(default=None, max_length=100)

    @field_validator("elements")
    @classmethod
    def _not_both(cls, value: Any, info: Any) -> Any:
        if value is not None and info.data.get("value") is not None:
            raise ValueError(sentence("Give either value or elements."))
        return value


class MetricBody(_Body):
    """A metric's role in the plan. A guardrail's margin is in the metric's own unit."""

    metric: Key
    role: Literal["primary", "guardrail", "secondary"]
    margin: Number | None = None
    watch: StrictBool = False


class PlanBody(_Body):
    """Everything an experiment registers before its first call."""

    key: NewKey
    kind: Kind = Kind.SCRIPT
    scenario: Key
    title: dict[Literal["zh-CN", "en"], Words]
    hypothesis: dict[Literal["zh-CN", "en"], Words]
    variable: Key
    unit: Literal["call", "customer", "agent", "team", "agent_shift"]
    arms: Annotated[list[ArmBody], Field(min_length=2, max_length=MAX_ARMS)]
    metrics: Annotated[list[MetricBody], Field(min_length=1, max_length=30)]
    effect: Annotated[Number, Field(gt=0, lt=1)] = Field(
        description="The smallest difference worth having on the primary metric, as a share: 0.04 is 4 points."
    )
    audience: dict[str, Any] | None = Field(
        default=None, description="A condition on the call's facts; null is the scenario's own audience."
    )
    alpha: Annotated[Number, Field(ge=0.0001, le=0.2)] = 0.05
    power: Annotated[Number, Field(ge=0.5, le=0.99)] = 0.8
    looks: Annotated[list[Number], Field(min_length=1, max_length=10)] = Field(
        default=[0.5, 1.0], description="Planned analyses as rising fractions of the planned calls, the last being 1."
    )
    spending: Literal["obrien-fleming", "pocock"] = Field(
        default="obrien-fleming", description="How alpha is spent over the looks: little early, or nearly evenly."
    )
    family: Literal["dunnett", "bonferroni"] = Field(
        default="dunnett", description="How several challengers share alpha."
    )
    weighting: Literal["call", "unit"] = Field(
        default="call", description="The effect that decides: for the average call, or for the average agent or team."
    )
    adjust: StrictBool = Field(
        default=False, description="With agents as units: take off what each agent's own past predicts."
    )
    moderators: Annotated[list[Literal["tenure", "region", "channel"]], Field(max_length=3)] = Field(
        default=["tenure"], description="What the effect may depend on, declared before anyone looks."
    )
    coverage: Annotated[StrictInt, Field(ge=1, le=10_000)] = Field(
        default=10_000, description="The part of the scenario's calls it takes, out of 10000."
    )
    base_rate: Annotated[Number, Field(gt=0, lt=1)] | None = Field(
        default=None, description="The primary metric's rate today; needed where the scenario has no history."
    )
    salt: NewKey | None = Field(default=None, description="Salts the arms' hash; made at random when null.")

    def as_plan(self) -> Plan:
        """See the body as the plan that the rules judge."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        given["arms"] = tuple(ArmPlan(a.key, a.weight, a.value, a.elements) for a in self.arms)
        given["metrics"] = tuple(MetricPlan(m.metric, m.role, m.margin, m.watch) for m in self.metrics)
        return Plan(**{**given, "looks": tuple(self.looks), "moderators": tuple(self.moderators)})


class MoveBody(_Body):
    """What goes with a move of a card."""

    reason: Words | None = Field(default=None, description="Why. Refusing, pausing, stopping and abandoning need it.")
    proposal: Key | None = Field(
        default=None, description="With `submit` at Check: the arm to become the standard; null keeps the standard."
    )


class OpenMove(_Answer):
    """A move that the caller may ask of a card now."""

    verb: str
    needs_reason: bool


class Card(_Answer):
    """Where an experiment stands on the board."""

    key: str
    kind: str
    scenario: str
    title: _Names
    stage: Literal["plan", "do", "check", "act"]
    review: Literal["draft", "in_review", "approved", "running", "paused", "open", "standard", "abandoned"]
    round: int
    proposal: str | None
    owner: str
    moved_at: datetime
    missing_approvals: list[str]
    moves: list[OpenMove]


class Cards(_Answer):
    """Every experiment, those that moved last first."""

    experiments: list[Card]


class Arm(_Answer):
    """An arm as it was registered; `script_version` once the test started."""

    key: str
    weight: int
    value: _Names | None
    script_version: int | None


class PlannedMetric(_Answer):
    """A metric the plan declared."""

    metric: str
    role: str
    margin: float | None
    watch: bool


class Decision(_Answer):
    """One move the card made."""

    verb: str
    from_stage: str
    from_review: str
    to_stage: str
    to_review: str
    actor: str
    reason: str | None
    at: datetime


class ExperimentAnswer(_Answer):
    """An experiment: its card, its registered plan, and every decision on it."""

    card: Card
    origin: str
    hypothesis: _Names
    variable: str
    unit: str
    control_script: str
    control_version: int
    arms: list[Arm]
    metrics: list[PlannedMetric]
    audience: dict[str, Any]
    effect: float
    alpha: float
    power: float
    looks: list[float]
    spending: str
    family: str
    weighting: str
    adjust: bool
    moderators: list[str]
    registered_deals: int | None = Field(
        description="How many balanced deals of the units the start draws from; null where units are many."
    )
    coverage: int
    base_rate: float | None
    planned_calls: int | None
    planned_days: int | None
    content_hash: str
    started_at: datetime | None
    ended_at: datetime | None
    decisions: list[Decision]


# Results -------------------------------------------------------------------------------------------------------------


class FindingAnswer(_Answer):
    """One check of the data's health, in the caller's language."""

    check: str
    state: Literal["waiting", "ok", "warning", "broken"]
    evidence: str
    advice: str | None


class GuardAnswer(_Answer):
    """A guardrail of one challenger; `watched_low` and `watched_high` hold whenever one looks."""

    metric: str
    name: _Names
    challenger: str
    margin: float
    watch: bool
    scale: Literal["difference", "ratio"] = Field(
        description="Of what the interval is: the difference, or the ratio of the rates, challenger per control."
    )
    watched_low: float | None
    watched_high: float | None
    guard: Literal["cleared", "harmed", "open", "unknown"]


class WatchAnswer(_Answer):
    """What may be read at any time: what each arm's calls sum to, health, and guardrails. Days are YYYYMMDD."""

    as_of: int
    totals: dict[str, dict[str, int]]
    findings: list[FindingAnswer]
    guards: list[GuardAnswer]


class BoundaryAnswer(_Answer):
    """Where a look decides, from the spending plan; `z` is null where there is nothing to spend yet."""

    fraction: float
    z: float | None
    nominal_alpha: float
    cumulative_alpha: float
    sides: int


class ComparisonAnswer(_Answer):
    """A challenger against the control on one metric; what could not be computed is null."""

    control: float | None
    challenger: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    standard_error: float | None
    confidence: float
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    method: str
    degrees_of_freedom: float | None
    control_n: int
    challenger_n: int


class ClusteringAnswer(_Answer):
    """How alike the calls of one agent (or other unit) are in the primary metric, and what that costs."""

    icc: float | None
    low: float | None
    high: float | None
    confidence: float
    design_effect: float | None
    robust_design_effect: float | None
    mean_size: float | None
    cv: float | None
    units: int
    calls: float


class StoppedAnswer(_Answer):
    """What the effect is worth where the test may end: stage-wise p, median-unbiased estimate, its interval."""

    p_value: float | None
    estimate: float | None
    low: float | None
    high: float | None
    confidence: float
    stage: int


class OverrunAnswer(_Answer):
    """The effect at the look that decided, and with what matured since: `deletion` is the answer."""

    at_stop: StoppedAnswer
    deletion: StoppedAnswer
    combined: StoppedAnswer
    agree: bool | None


class ReadingAnswer(_Answer):
    """One metric of one challenger; calls of days up to `until` (YYYYMMDD) count, their window being closed.

    Beside the comparison that answers: `model` is CR2's where dealing again decides, `other` gives the vote to the unit
    where the plan gives it to the call (or the reverse), `stopped` is what the effect is worth where the test may end.
    """

    metric: str
    role: str
    challenger: str
    until: int
    comparison: ComparisonAnswer
    adjusted_p: float | None
    model: ComparisonAnswer | None
    other: ComparisonAnswer | None
    stopped: StoppedAnswer | None
    overrun: OverrunAnswer | None


class VerdictAnswer(_Answer):
    """What the pre-registered rule says, with its reasons in the caller's language."""

    conclusion: Literal[
        "keep_running",
        "winner",
        "winner_not_cleared",
        "loser",
        "no_difference",
        "inconclusive",
        "harm",
        "untrustworthy",
    ]
    challenger: str | None
    reasons: list[str]


class LookAnswer(_Answer):
    """A planned analysis as it was frozen; `content_hash` is of every number in it."""

    number: int
    as_of: int
    final: bool
    made_at: datetime
    content_hash: str
    boundary: BoundaryAnswer
    clustering: ClusteringAnswer | None
    watch: WatchAnswer
    readings: list[ReadingAnswer]
    verdict: VerdictAnswer


class ResultsAnswer(_Answer):
    """The newest look, null before the first, and what may be watched meanwhile."""

    experiment: str
    stage: str
    review: str
    origins: list[str] = Field(description="How the calls came here: live, imported, replayed or demo.")
    planned_calls: int | None
    looks_made: int
    looks_planned: int
    look: LookAnswer | None
    watch: WatchAnswer


# Refusals ------------------------------------------------------------------------------------------------------------


class FieldProblem(_Answer):
    """What is wrong with one field."""

    field: str
    code: str
    message: str


class ProblemDetails(_Answer):
    """Every refusal, whatever its status (RFC 9457). `code` is stable; `detail` is in the caller's language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] | None = Field(default=None, description="With 422: each field that is wrong.")
