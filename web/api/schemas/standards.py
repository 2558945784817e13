"""Standard cards: every live standard with its owner, its cycle, and whether somebody has to look at it now."""

from datetime import datetime
from typing import Literal

from pydantic import Field, StrictInt

from experiments.do.outcomes import Key
from web.api.schemas.fields import Answer, Body, Names, Words
from web.api.schemas.plans import PlanBody


class ReviewBody(Body):
    """A standard is confirmed as it is: who looks at it again, and by when."""

    owner: Key = Field(description="Login of the person who sees to the next review.")
    review_by: StrictInt = Field(
        ge=20000101, le=29991231, description="The last day of the next review, YYYYMMDD: after today, within 400 days."
    )
    note: Words = Field(default="", max_length=2000, description="What was found.")


class SignalAnswer(Answer):
    """What was found in a standard's rates, and on which days (YYYYMMDD). `region` is empty over all of them."""

    id: int
    region: str
    metric: str
    rule: Literal["nelson_1", "nelson_2", "cusum"]
    direction: Literal["up", "down"]
    first_day: int
    found_day: int
    worse: bool
    words: str


class ReviewAnswer(Answer):
    """Somebody looked at the standard and left it as it is."""

    noted_by: str
    noted_at: datetime
    owner: str
    review_by: int
    note: str


class StandardAnswer(Answer):
    """A live standard as a card of the board.

    At Check somebody has to look: its day has come (`due`) or passed (`overdue`), or its rates are not what they were
    (`signalled`). In Act nobody has: its day lies ahead (`in_force`), or a test answers what was found (`in_test`).
    """

    scenario: str
    name: Names
    script: str
    version: int
    in_force_since: datetime
    stage: Literal["check", "act"]
    state: Literal["in_force", "in_test", "due", "overdue", "signalled"]
    since: datetime = Field(description="Since when it waits, or has stood confirmed.")
    overdue: bool = Field(description="Whether its day has passed, whatever else is the matter.")
    owner: str
    review_by: int
    cycle: int = Field(description="How often it was confirmed since it came into force, and one.")
    signals: list[SignalAnswer] = Field(description="Found since it was last confirmed, the newest first.")
    answered_by: str | None = Field(description="The test on its way that was written after the newest of them.")
    reviews: list[ReviewAnswer] = Field(description="Its confirmations since it came into force, the first first.")
    moves: list[Literal["confirm", "plan"]] = Field(description="What the caller may do with it now.")


class StandardsAnswer(Answer):
    """Every live standard, the earliest review first."""

    standards: list[StandardAnswer]


class ProposalAnswer(Answer):
    """The next plan, as the newest signal proposes it: the challenger's words are for people to write."""

    scenario: str
    variable: str
    why: str
    plan: PlanBody
