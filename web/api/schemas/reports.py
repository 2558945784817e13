"""How often something was recommended, and with what success. Shares are left to the reader, who has both counts."""

from typing import Annotated

from pydantic import Field

from experiments.check.reports import LEAST_CALLS, MOST_DAYS, By, Per
from web.api.schemas.fields import Answer, Body

Day = Annotated[int, Field(ge=10000101, le=99991231)]


class ReportsQuery(Body):
    """Which days, by what, and whether apart by day or month. Without days: the last thirty."""

    since: Day | None = Field(default=None, description="The first day, as 20261101.")
    until: Day | None = Field(default=None, description=f"The last day; both ends count, and {MOST_DAYS} days at most.")
    by: By = Field(
        default="team",
        description="What rows are about. `agent` is answered to tokens of people who lead, check or train agents.",
    )
    per: Per = Field(default="all", description="`day` or `month` tells these apart.")


class TakenAnswer(Answer):
    """Calls, and what became of them."""

    step: int = Field(description="The day (YYYYMMDD) or the month (YYYYMM); 0 where these are not told apart.")
    label: str = Field(description="The agent, team, region, channel, or the scenario's key; empty where none is said.")
    few: int = Field(description=f"How many agents of fewer than {LEAST_CALLS} calls stand together here; else 0.")
    calls: int
    eligible: int = Field(description="Let in to be invited.")
    invited: int = Field(description="In which something was recommended.")
    accepted: int
    joined: int = Field(description="Accepted, and not taken back.")
    converted: int = Field(description="Within the window, and not taken back.")
    complaint: int


class RecommendedAnswer(Answer):
    """Calls in which one channel was recommended; `step`, `label` and `few` as of the other rows."""

    step: int
    label: str
    few: int
    target: str = Field(description="The `target_channel` of an invitation or an acceptance.")
    recommended: int
    succeeded: int


class ReportsAnswer(Answer):
    """Inbound calls of the days asked for, from the rollups; replayed calls are left out."""

    since: int
    until: int
    as_of: int | None = Field(description="The newest day that is counted, YYYYMMDD; null before the first.")
    calls: list[TakenAnswer]
    channels: list[RecommendedAnswer]
