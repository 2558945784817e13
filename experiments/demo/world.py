"""The world of the demo as its TOML file describes it; the file's comments explain the model."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from experiments.errors import Invalid, problems_in
from experiments.plan.scripts import Value

Names = Mapping[str, str]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Spread(_Entry):
    """A mean and a standard deviation, in seconds."""

    mean: float
    sd: float


class Rating(_Entry):
    """How many answer by keypress, and what they give."""

    answered: float
    mean: float
    sd: float


class Listening(_Entry):
    """What is said where the agent comes to it: the words served, or the other arm's; and how often ears err."""

    adherence: float
    contamination: float
    mishearing: float


class Region(_Entry):
    """`[[region]]`: a site and its share of the calls."""

    key: str
    share: float
    name: Names


class Team(_Entry):
    """`[[team]]`: agents of one region."""

    key: str
    region: str
    name: Names


class Agent(_Entry):
    """`[[agent]]`: `asking` and `success` multiply the odds of inviting and of being accepted."""

    id: str
    team: str
    calls_share: float
    asking: float
    success: float
    name: Names


class Person(_Entry):
    """Somebody who signs in."""

    login: str
    roles: list[str]
    name: Names


class Rate(_Entry):
    """`[[rate]]`: what happens in a leaf scenario; the denominators stand in the file."""

    scenario: str
    assigned_share: float
    resolved: float
    invited: float = 0.0
    accepted: float = 0.0
    stays: float = 0.0
    converted: float = 0.0
    converted_otherwise: float = 0.0
    complaint: float = 0.0
    deviation: float = 0.0
    handed_over: float = 0.0
    handled_mean: float
    handled_sd: float
    value_mean: float = 0.0


class Effect(_Entry):
    """What an arm's words do, as multiples of the scenario's own rates."""

    invited: float = 1.0
    accepted: float = 1.0
    complaint: float = 1.0
    handled_seconds: float = 1.0


class Fault(_Entry):
    """What is broken: a share of one arm's calls never reaches us."""

    kind: Literal["lost_calls"]
    arm: str
    share: float


class ArmEntry(_Entry):
    """`[[experiment.arm]]`: a value of the variable as words, a position, or its absence."""

    key: str
    weight: int
    text: Names | None = None
    after: str | None = None
    absent: bool = False

    @property
    def value(self) -> Value:
        """Give the arm's value as a plan has it."""
        if self.after is not None:
            return {"after": self.after}
        return dict(self.text) if self.text is not None else None


class ExperimentEntry(_Entry):
    """`[[experiment]]`: a design, its days, and where its card is left on the board."""

    key: str
    kind: Literal["script", "scenario"]
    scenario: str
    variable: str
    unit: str
    slice: tuple[int, int]
    stage: Literal["plan", "do", "check", "act"]
    state: Literal["draft", "in_review", "approved", "running", "paused", "promoted", "abandoned", "stopped_for_good"]
    start_day: int | None = None
    end_day: int | None = None
    progress: float = Field(default=1.0, gt=0)
    guardrail_margins: Mapping[str, float] = {}
    title: Names
    reason: Names | None = None
    hypothesis: Names
    effect: Effect
    fault: Fault | None = None
    arm: list[ArmEntry]

    @property
    def coverage(self) -> int:
        """Give the buckets it takes of its scenario's layer."""
        return self.slice[1] - self.slice[0]


class ReviewEntry(_Entry):
    """Somebody looks at a standard on a day of the demo, and leaves it as it is until another one."""

    scenario: str
    day: int
    by: str
    owner: str
    until_day: int
    note: str


class World(_Entry):
    """The whole file."""

    catalogue: str
    seed: int
    timezone: str
    days: int
    switch_calls_per_day: float
    holdback: tuple[int, int]
    customers: int
    weekday_weights: list[float]
    first_hour: int
    hour_weights: list[float]
    invite_seconds: Spread
    cancel_days_mean: float
    convert_days_mean: float
    rating: Rating
    listening: Listening
    person: list[Person]
    relations: Mapping[str, float]
    region: list[Region]
    team: list[Team]
    agent: list[Agent]
    rate: list[Rate]
    experiment: list[ExperimentEntry]
    review: list[ReviewEntry]


def parse(document: Mapping[str, Any]) -> World:
    """Read the world's document.

    Raises:
        Invalid: a field is missing, unknown or of another type; each is named.
    """
    try:
        return World.model_validate(document)
    except ValidationError as error:
        raise Invalid(*problems_in(error)) from error


def odds_times(chance: float, multiplier: float) -> float:
    """Multiply the odds of a chance in [0, 1], which stays one."""
    return multiplier * chance / (1 - chance + multiplier * chance)


def accepted_per_call(world: World, rate: Rate) -> float:
    """Give the share of eligible calls in which the standard's invitation is accepted, over all agents."""
    return sum(
        agent.calls_share * odds_times(rate.invited, agent.asking) * odds_times(rate.accepted, agent.success)
        for agent in world.agent
    )
