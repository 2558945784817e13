"""What finished tests say of every variable together. What could not be computed is null."""

from typing import Literal

from pydantic import Field

from web.api.schemas.fields import Answer, Body, Names


class VariablesQuery(Body):
    """How the spread of true effects between tests is estimated."""

    method: Literal["reml", "dersimonian-laird"] = Field(
        default="reml", description="How the spread of true effects between tests is estimated."
    )


class PooledAnswer(Answer):
    """A random-effects mean of tests, in shares of eligible calls; of one test its own effect and nothing else.

    The prediction interval holds the true effect of a next test; it needs three tests. `tau_squared` is the variance of
    true effects, `i_squared` the share of what is seen between tests that is more than chance.
    """

    mean: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    p_value: float | None
    degrees_of_freedom: int
    tau_squared: float | None
    tau_squared_low: float | None
    tau_squared_high: float | None
    prediction_low: float | None
    prediction_high: float | None
    q: float | None
    q_p_value: float | None
    i_squared: float | None
    h_squared: float | None
    experiments: int
    left_out: int
    confidence: float
    method: str


class PooledTest(Answer):
    """One finished test: its effect as measured, and drawn in by the others.

    Effects are challenger minus control in shares of eligible calls, turned so that above 0 is better. Of several
    challengers it is their mean. `weight` is the share that its own measurement has in `shrunk`.
    """

    experiment: str
    title: Names
    scenario: str
    ended: int = Field(description="The day of the look it was read at, YYYYMMDD.")
    calls: int = Field(description="Eligible calls assigned to its arms by then.")
    challengers: int
    effect: float
    standard_error: float
    low: float
    high: float
    shrunk: float | None
    shrunk_low: float | None
    shrunk_high: float | None
    weight: float | None


class CourseAnswer(Answer):
    """How a variable's effect moves from test to test, against the logarithm of their order; null below three."""

    direction: Literal["fading", "growing"] | None
    slope: float | None
    low: float | None
    high: float | None
    p_value: float | None


class VariableAnswer(Answer):
    """One variable.

    `expected` is its mean effect drawn towards the other variables, a share of eligible calls; `gain` is that times
    `yearly_calls`, which are the eligible calls a year of the scenarios in which it can be tested.
    """

    variable: str
    name: Names
    rank: int | None
    expected: float | None
    expected_error: float | None
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    probability_best: float | None
    scenarios: int
    yearly_calls: float
    pooled: PooledAnswer
    own_spread: bool = Field(description="Whether its own tests say how much they differ; else all tests together do.")
    course: CourseAnswer
    tests: list[PooledTest]


class NextTestAnswer(Answer):
    """A test that could be run: what is believed of its effect, what it costs, and what it is expected to bring.

    `expected_gain` is of a year when the words are shipped only if the test finds them better; `value_of_testing` is
    what that adds to shipping by what is believed today.
    """

    variable: str
    scenario: str
    tests: int = Field(description="Finished tests of the variable, all in other scenarios.")
    prior: float
    prior_error: float
    effect: float = Field(description="The difference it is planned to find, a share.")
    calls: int
    days: int
    chance_to_ship: float
    expected_gain: float
    value_of_testing: float
    value_of_knowing: float
    why: str


class MetricVariables(Answer):
    """Every variable that finished tests with one primary metric varied, the greatest expected gain first."""

    catalogue: str
    metric: str
    name: Names
    everything: PooledAnswer = Field(description="All these tests pooled as if of one variable.")
    variables: list[VariableAnswer]
    next_tests: list[NextTestAnswer] = Field(description="What could be tested next, the most gain for a call first.")


class OmittedTest(Answer):
    """A finished test that does not count."""

    experiment: str
    why: Literal["undecided", "untrustworthy", "replayed", "synthetic", "unmeasured"]


class VariablesAnswer(Answer):
    """What finished tests say of every variable; effects on different metrics are never pooled."""

    metrics: list[MetricVariables]
    omitted: list[OmittedTest]
