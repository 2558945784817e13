"""A winner's way out, as the API takes and tells it."""

from typing import Annotated, Literal

from pydantic import Field

from experiments.act.steps import RolloutPlan, Step
from web.api.schemas.fields import Answer, Body

_Region = Annotated[str, Field(min_length=1, max_length=255)]


class StepBody(Body):
    """How far the new script comes with one step."""

    share: Annotated[int, Field(strict=True, ge=0, le=10_000)] = Field(
        description="Of the agent-weeks outside the holdback everywhere, out of 10,000; rising from step to step."
    )
    days: Annotated[int, Field(strict=True, ge=1, le=90)] = Field(description="Site-local days it lasts at least.")
    calls: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] = Field(
        default=0, description="Calls served the new script, since the rollout began, before the next step."
    )
    regions: list[_Region] = Field(
        default=[], max_length=200, description="Pilot regions in which all outside the holdback say it from here on."
    )
    gate: bool = Field(default=False, description="Whether the next step waits for the gate's approvals.")


class RolloutBody(Body):
    """With `roll_out`: the steps and the holdback."""

    steps: list[StepBody] = Field(min_length=1, max_length=12, description="The last one is everyone: share 10000.")
    holdback: Annotated[int, Field(strict=True, ge=0, le=2_500)] = Field(
        default=500, description="Agent-weeks of 10,000 that keep the former script and take part in no test."
    )
    holdback_days: Annotated[int, Field(strict=True, ge=1, le=360)] = Field(
        default=56, description="Days for which they do, from the day the new script is the standard."
    )

    def plan(self) -> RolloutPlan:
        """Give it as the product takes it."""
        steps = tuple(Step(s.share, s.days, s.calls, tuple(s.regions), s.gate) for s in self.steps)
        return RolloutPlan(steps, self.holdback, self.holdback_days)


class StepAnswer(Answer):
    """A step, and the site-local day it began on (YYYYMMDD); null when it has not."""

    share: int
    days: int
    calls: int
    regions: list[str]
    gate: bool
    began: int | None


class RealisedAnswer(Answer):
    """One metric: the new script against the holdback. `low` and `high` hold at any time of looking."""

    metric: str
    role: Literal["primary", "guardrail"]
    difference: float | None
    low: float | None
    high: float | None
    harmed: bool
    until: int
    held_back: float | None
    new: float | None


class RolloutAnswer(Answer):
    """How a winner goes out: what was promised by the look that decided, and what it brings."""

    arm: str
    state: Literal["scheduled", "going", "in_force", "taken_back", "ended"]
    step: int
    steps: list[StepAnswer]
    holdback: int
    holdback_days: int
    calls: int = Field(description="Eligible calls that were served the new script.")
    promised: float | None = Field(description="The difference that the deciding look estimated; null without one.")
    realised: list[RealisedAnswer]
