"""What finished cycles left behind. What was not measured is null."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from experiments.act.knowledge.searching import PAGE
from experiments.act.knowledge.terms import LONGEST_QUERY
from web.api.schemas.fields import Answer, Body, Names, Words

_Conclusion = Literal[
    "unread",
    "keep_running",
    "winner",
    "winner_not_cleared",
    "loser",
    "no_difference",
    "inconclusive",
    "harm",
    "untrustworthy",
]
_Decision = Literal["adopted", "kept"]


class KnowledgeQuery(Body):
    """What is looked for. Every word of the query and every filter has to hold."""

    q: str = Field(
        default="",
        max_length=LONGEST_QUERY,
        description="Words in Chinese or English; an English one finds words that begin with it.",
    )
    scenario: str = Field(default="", max_length=64, description="The key of a scenario.")
    variable: str = Field(default="", max_length=64, description="The key of an element.")
    verdict: _Conclusion | None = Field(default=None, description="Of the last look; `unread` where none was made.")
    decision: _Decision | None = Field(
        default=None, description="`adopted`: an arm became the standard; `kept`: the standard stayed."
    )
    year: int | None = Field(default=None, ge=2000, le=9999, description="In which the cycle ended.")
    page: int = Field(default=1, ge=1, le=100_000, description=f"Of {PAGE} entries each, from 1.")


class EntrySummary(Answer):
    """An entry as a list shows it.

    The effect is the headline challenger's on the primary metric, turned so that above 0 is better. `counts` says
    whether it may be set beside others: the test came to its end, its data can be trusted, its words were spoken.
    """

    experiment: str
    kind: str
    title: Names
    scenario: str
    variable: str
    metric: str
    verdict: _Conclusion
    decision: _Decision
    effect: float | None
    low: float | None
    high: float | None
    counts: bool
    ended_at: datetime


class KnowledgeAnswer(Answer):
    """One page of entries: those with a word in their title first, then the newest."""

    total: int
    page: int
    pages: int
    entries: list[EntrySummary]


class LinkedEntry(Answer):
    """Another finished cycle on the same variable and metric, and what it says of this one."""

    speaks: Literal["for", "against", "neither"]
    entry: EntrySummary


class KnowledgeNote(Answer):
    """Evidence that somebody added."""

    id: int
    speaks: Literal["for", "against"]
    text: str
    url: str | None
    author: str
    at: datetime


class EntryAnswer(Answer):
    """What one cycle left behind, frozen as it ended.

    `content` is all of it: hypothesis, the text of each arm in every language, effects with intervals, guardrails,
    segments, the verdict's reasons, the decision, who wrote, approved and carried out, and every reason given.
    """

    entry: EntrySummary
    content: dict[str, Any]
    content_hash: str = Field(description="SHA-256 of the content's canonical JSON.")
    evidence: list[LinkedEntry]
    notes: list[KnowledgeNote]


class NoteBody(Body):
    """Evidence for an entry or against it."""

    speaks: Literal["for", "against"]
    text: Words = Field(min_length=1, max_length=2000, description="1 to 2000 characters.")
    url: Annotated[str, StringConstraints(max_length=500, pattern=r"^https://")] | None = Field(
        default=None, description="Where it is to be read, `https://…`."
    )
