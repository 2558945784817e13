"""The effect from day to day, where a test may end, and how long people who were called stay on the line."""

from typing import Literal

from pydantic import Field

from web.api.schemas.fields import Answer
from web.api.schemas.variables import PooledAnswer


class CountsAnswer(Answer):
    """Calls, and how many of them succeeded."""

    n: int
    successes: int


class DayEffectAnswer(Answer):
    """The effect among the calls assigned on one day (YYYYMMDD)."""

    day: int
    control: CountsAnswer
    challenger: CountsAnswer
    difference: float | None
    low: float | None
    high: float | None


class TrendAnswer(Answer):
    """How the effect moves with the logarithm of time; `unrest` is how much more days scatter than chance alone."""

    slope: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    p_value: float | None
    overall: float | None
    direction: Literal["fading", "growing"] | None
    early: float | None = Field(description="The mean of the earlier half of the days.")
    late: float | None = Field(description="The mean of the later half of the days.")
    late_minus_early: float | None
    late_minus_early_error: float | None
    unrest: float | None
    periods: int
    confidence: float


class SpreadAnswer(PooledAnswer):
    """Days as drawn from one population; the prediction interval is where another day's true effect lies."""

    experiments: int = Field(description="How many days were pooled.")


class DaysAnswer(Answer):
    """The days of one challenger up to `until` (YYYYMMDD)."""

    challenger: str
    until: int
    days: list[DayEffectAnswer]
    trend: TrendAnswer
    spread: SpreadAnswer


class StayPointAnswer(Answer):
    """Who is still on the line after so many seconds, of an arm's connected calls."""

    second: int
    staying: int
    share: float | None
    low: float | None
    high: float | None


class StayCurveAnswer(Answer):
    """One arm's curve of survival, every five seconds; an early refusal is one by the thirtieth."""

    arm: str
    connected: int
    points: list[StayPointAnswer]
