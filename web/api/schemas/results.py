"""What was read at a look, and what may be watched between looks. What could not be computed is null."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from web.api.schemas.explanation import ExplanationAnswer
from web.api.schemas.fields import Answer, Names
from web.api.schemas.inference import ClusteringAnswer, ComparisonAnswer, OverrunAnswer, StoppedAnswer
from web.api.schemas.rollouts import RolloutAnswer


class FindingAnswer(Answer):
    """One check of the data's health, in the caller's language."""

    check: str
    what: str | None = Field(default=None, description="What should hold; null in looks frozen before it was told.")
    state: Literal["waiting", "ok", "warning", "broken"]
    evidence: str
    advice: str | None


class GuardAnswer(Answer):
    """A guardrail of one challenger; `watched_low` and `watched_high` hold whenever one looks."""

    metric: str
    name: Names
    challenger: str
    margin: float
    watch: bool
    scale: Literal["difference", "ratio"] = Field(
        description="Of what the interval is: the difference, or the ratio of the rates, challenger per control."
    )
    watched_low: float | None
    watched_high: float | None
    guard: Literal["cleared", "harmed", "open", "unknown"]


class WatchAnswer(Answer):
    """What may be read at any time: what each arm's calls sum to, health, and guardrails. Days are YYYYMMDD."""

    as_of: int
    totals: dict[str, dict[str, int]]
    findings: list[FindingAnswer]
    guards: list[GuardAnswer]


class BoundaryAnswer(Answer):
    """Where a look decides, from the spending plan; `z` is null where there is nothing to spend yet."""

    fraction: float
    z: float | None
    nominal_alpha: float
    cumulative_alpha: float
    sides: int


class ReadingAnswer(Answer):
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


class VerdictAnswer(Answer):
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


class LookAnswer(Answer):
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
    explanation: ExplanationAnswer | None = Field(
        description="What explains the primary effect; null while the test goes on. None of it decides."
    )
    verdict: VerdictAnswer


class SourceAnswer(Answer):
    """Who tells of the scenario's calls since the test began, as far as it is counted."""

    source: str
    facts: int
    newest_at: datetime = Field(description="The moment that the newest of its facts speaks of.")
    newest_received_at: datetime = Field(description="When the last of its facts arrived: its data are as of then.")


class ResultsAnswer(Answer):
    """The newest look, null before the first, and what may be watched meanwhile."""

    experiment: str
    stage: str
    review: str
    origins: list[str] = Field(description="How the calls came here: live, imported, replayed or demo.")
    sources: list[SourceAnswer] = Field(description="How far the data of each source reach.")
    planned_calls: int | None
    looks_made: int
    looks_planned: int
    look: LookAnswer | None
    watch: WatchAnswer
    rollout: RolloutAnswer | None = Field(description="How its winner goes out; null before it does.")
