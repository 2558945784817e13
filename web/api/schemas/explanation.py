"""What explains a primary effect where a test may end: steps, segments, beliefs. None of it decides."""

from typing import Literal

from pydantic import Field

from web.api.schemas.days import DaysAnswer, StayCurveAnswer
from web.api.schemas.fields import Answer
from web.api.schemas.inference import ComparisonAnswer


class LogRatioAnswer(Answer):
    """The natural logarithm of a ratio of rates, challenger per control."""

    value: float
    low: float | None
    high: float | None
    standard_error: float
    p_value: float | None


class StepRateAnswer(Answer):
    """A share with its denominator: `reached` of `out_of`."""

    reached: float
    out_of: float
    rate: float | None
    low: float | None
    high: float | None


class LogRateAnswer(Answer):
    """The natural logarithm of one arm's rate."""

    value: float | None
    variance: float | None
    degrees_of_freedom: float | None


class ArmFunnelAnswer(Answer):
    """One arm's rates: from the step before (descriptive), and over all calls assigned."""

    of_previous: list[StepRateAnswer]
    of_assigned: list[StepRateAnswer]
    logs: list[LogRateAnswer]
    last_log: LogRateAnswer


class StepAnswer(Answer):
    """One step: the effect over all calls assigned (causal), and its part of the whole log lift (descriptive)."""

    effect: ComparisonAnswer
    part: LogRatioAnswer | None
    adjusted_p: float | None


class FunnelAnswer(Answer):
    """Two funnels compared; `moved` are the places of the steps that surely moved."""

    control: ArmFunnelAnswer
    challenger: ArmFunnelAnswer
    steps: list[StepAnswer]
    total: LogRatioAnswer | None
    moved: list[int]
    confidence: float


class StepsAnswer(Answer):
    """The funnel of one challenger against the control's, over matured calls of days up to `until` (YYYYMMDD)."""

    challenger: str
    until: int
    facts: list[str] = Field(description="The steps after assignment, in order.")
    funnel: FunnelAnswer


class ForestRowAnswer(Answer):
    """The effect in one segment; `low` and `high` hold for all segments of the moderator at once."""

    comparison: ComparisonAnswer
    low: float | None
    high: float | None
    adjusted_p: float | None


class SegmentAnswer(Answer):
    """One level of a moderator."""

    level: str
    calls: int
    row: ForestRowAnswer


class InteractionAnswer(Answer):
    """Whether the effect is the same in all segments."""

    q: float | None
    degrees_of_freedom: int
    denominator_degrees_of_freedom: float | None
    p_value: float | None
    common: float | None
    common_standard_error: float | None
    unknown: int


class ModeratedAnswer(Answer):
    """The primary effect of one challenger by a moderator that the plan declared."""

    moderator: str
    challenger: str
    segments: list[SegmentAnswer]
    interaction: InteractionAnswer


class PairBeliefAnswer(Answer):
    """What is believed of a challenger against the control; losses are on the scale of the metric."""

    probability_better: float | None
    difference: float | None
    low: float | None
    high: float | None
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    loss_of_shipping: float | None
    loss_of_keeping: float | None


class BeliefAnswer(Answer):
    """One challenger; `probability_best` is null where whole units were dealt."""

    challenger: str
    pair: PairBeliefAnswer
    probability_best: float | None


class HeardShareAnswer(Answer):
    """A share of an arm's calls, from the calls of it that were drawn by lot and listened to."""

    rate: float | None
    variance: float | None
    low: float | None
    high: float | None
    confidence: float
    listened: int
    covered: float | None = Field(description="Share of the arm's calls that agents took of whom some were heard.")


class HeardDifferenceAnswer(Answer):
    """How far the assignment moved what was spoken."""

    difference: float | None
    variance: float | None
    low: float | None
    high: float | None
    confidence: float


class RegionAnswer(Answer):
    """Values that are not ruled out: an interval, two rays (up to low, from high on), every number, or none.

    An end that is null in an interval is open.
    """

    kind: Literal["interval", "rays", "line", "empty", "unknown"]
    low: float | None
    high: float | None


class ComplierAnswer(Answer):
    """The primary effect in the calls in which the words were heard because of the assignment (Wald, two samples).

    `region` is Anderson and Rubin's, true however little the words moved; the usual interval is to be read only when
    `weak` is false. `first_stage_f` is null when the words moved without any doubt.
    """

    effect: float | None
    region: RegionAnswer
    p_value: float | None
    standard_error: float | None
    wald_low: float | None
    wald_high: float | None
    uptake: float | None
    first_stage_f: float | None
    weak: bool | None
    noncompliance: Literal["none", "one-sided", "two-sided", "unknown"]
    confidence: float
    degrees_of_freedom: float | None
    method: str


class ListenerAnswer(Answer):
    """How well a listener hears, from calls that two people heard."""

    sensitivity: float
    specificity: float
    said_n: float
    unsaid_n: float


class SpokenAnswer(Answer):
    """One challenger's words as they were heard: in its own calls (adherence), in the control's (contamination).

    The shares are corrected for mishearing where enough calls were heard by two people; else `listener` is null.
    """

    challenger: str
    until: int
    adherence: HeardShareAnswer
    contamination: HeardShareAnswer
    difference: HeardDifferenceAnswer
    complier: ComplierAnswer
    pairs: int
    disagreements: int
    listener: ListenerAnswer | None


class ExplanationAnswer(Answer):
    """The funnel of each challenger, the effect by each moderator and by day, beliefs, and what was spoken."""

    steps: list[StepsAnswer]
    moderated: list[ModeratedAnswer]
    days: list[DaysAnswer] = Field(default_factory=list, description="Empty in looks made before it was read.")
    beliefs: list[BeliefAnswer]
    spoken: list[SpokenAnswer]
    staying: list[StayCurveAnswer] = Field(default_factory=list, description="Of outbound calls; else empty.")
