"""Numbers as the mathematics gives them; what could not be computed is null."""

from web.api.schemas.fields import Answer


class ComparisonAnswer(Answer):
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


class ClusteringAnswer(Answer):
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


class StoppedAnswer(Answer):
    """What the effect is worth where the test may end: stage-wise p, median-unbiased estimate, its interval."""

    p_value: float | None
    estimate: float | None
    low: float | None
    high: float | None
    confidence: float
    stage: int


class OverrunAnswer(Answer):
    """The effect at the look that decided, and with what matured since: `deletion` is the answer."""

    at_stop: StoppedAnswer
    deletion: StoppedAnswer
    combined: StoppedAnswer
    agree: bool | None
