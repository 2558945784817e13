"""Plans, cards and their moves."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt, field_validator

from experiments.do.outcomes import Key
from experiments.plan.rules import MAX_ARMS, ArmPlan, Kind, MetricPlan, Plan
from experiments.wording import sentence
from web.api.schemas.fields import Answer, Body, Names, NewKey, Number, Value, Words
from web.api.schemas.gates import Chair, ChecklistItem, Comment
from web.api.schemas.rollouts import RolloutBody


class ArmBody(Body):
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


class MetricBody(Body):
    """A metric's role in the plan. A guardrail's margin is in the metric's own unit."""

    metric: Key
    role: Literal["primary", "guardrail", "secondary"]
    margin: Number | None = None
    watch: StrictBool = False


class PlanBody(Body):
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
    parent: Key | None = Field(default=None, description="The experiment that it follows from or confirms, by its key.")

    def as_plan(self) -> Plan:
        """See the body as the plan that the rules judge."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        given["arms"] = tuple(ArmPlan(a.key, a.weight, a.value, a.elements) for a in self.arms)
        given["metrics"] = tuple(MetricPlan(m.metric, m.role, m.margin, m.watch) for m in self.metrics)
        return Plan(**{**given, "looks": tuple(self.looks), "moderators": tuple(self.moderators)})


class MoveBody(Body):
    """What goes with a move of a card."""

    reason: Words | None = Field(
        default=None, description="Why. Refusing, pausing, changing, stopping and abandoning need it."
    )
    proposal: Key | None = Field(
        default=None, description="With `submit` at Check: the arm to become the standard; null keeps the standard."
    )
    rollout: RolloutBody | None = Field(
        default=None, description="With `roll_out`: its steps; null takes 10, 25, 50 and 100 % in two weeks."
    )
    arm: Key | None = Field(default=None, description="With `drop_arm`: the challenger that is dealt no longer.")
    coverage: Annotated[StrictInt, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="With `widen`: the part of the scenario's calls it takes from then on, out of 10000."
    )
    also: dict[str, Any] | None = Field(
        default=None, description="With `widen`: a condition on calls that are let in beside those who are."
    )


class OpenMove(Answer):
    """A move that the caller may ask of a card now."""

    verb: str
    needs_reason: bool


class Card(Answer):
    """Where an experiment stands on the board."""

    key: str
    kind: str
    scenario: str
    title: Names
    stage: Literal["plan", "do", "check", "act"]
    review: Literal[
        "draft", "in_review", "approved", "running", "paused", "open", "rolling_out", "held", "standard", "abandoned"
    ]
    round: int
    proposal: str | None
    owner: str
    moved_at: datetime
    parent: str | None = Field(description="The experiment that it follows from; null where it begins a line.")
    cycle: int = Field(description="Which cycle it is, counted along its parents; 1 begins a line.")
    missing_approvals: list[str] = Field(
        description="The roles still waited for, one for each approval; `any` is the second approver's."
    )
    moves: list[OpenMove]


class Cards(Answer):
    """Every experiment, those that moved last first."""

    experiments: list[Card]


class Arm(Answer):
    """An arm as it was registered; `script_version` once the test started."""

    key: str
    weight: int
    value: Names | None
    script_version: int | None


class PlannedMetric(Answer):
    """A metric the plan declared."""

    metric: str
    role: str
    margin: float | None
    watch: bool


class Decision(Answer):
    """One move the card made."""

    verb: str
    from_stage: str
    from_review: str
    to_stage: str
    to_review: str
    actor: str
    reason: str | None
    at: datetime


class AmendmentAnswer(Answer):
    """A change while the test ran; `coverage` and `audience` are what was in force from then on."""

    kind: Literal["drop_arm", "widen"]
    arm: str | None
    coverage: int
    audience: dict[str, Any]
    reason: str
    revision: int = Field(description="The traffic revision that brought it.")
    made_by: str
    made_at: datetime


class ExperimentAnswer(Answer):
    """An experiment: its card, its registered plan, what was changed while it ran, and every decision on it."""

    card: Card
    origin: str
    hypothesis: Names
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
    amendments: list[AmendmentAnswer] = Field(description="What was changed while it ran; the plan stays as it was.")
    coverage_in_force: int
    audience_in_force: dict[str, Any]
    awaited_calls: int | None = Field(description="Of the planned calls those of arms that are still dealt.")
    decisions: list[Decision]
    gate: list[Chair] = Field(description="The approvals that the gate needs at which the card stands; else empty.")
    checklist: list[ChecklistItem] = Field(description="What must be so before the last of them; else empty.")
    comments: list[Comment]
