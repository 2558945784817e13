"""Listening: the sample of calls, and what was heard in them. Listeners see neither arms nor outcomes."""

from datetime import datetime

from pydantic import Field

from experiments.check.spoken.sample import MOST
from experiments.do.outcomes import Key, OutsideId
from web.api.schemas.fields import Answer, Body, Names


class HeardBody(Body):
    """What was heard in one call."""

    call_id: OutsideId
    heard: Key | None = Field(
        description="The arm whose words were heard; null for none of them, other words or nothing at all."
    )


class WordsAnswer(Answer):
    """What an arm says; null where nothing is said in it, which is heard as none of the words."""

    arm: str
    value: Names | None


class CallToHear(Answer):
    """A call of the sample."""

    call_id: str
    agent_id: str
    at: datetime
    locale: str


class AgentProgress(Answer):
    """How many of an agent's calls in the sample were heard."""

    agent_id: str
    heard: int
    sampled: int


class ListeningAnswer(Answer):
    """What the caller has still to hear. The order is the lottery's, and says nothing of the calls."""

    experiment: str
    variable: str
    words: list[WordsAnswer]
    calls: list[CallToHear] = Field(description=f"The next of them, {MOST} at most.")
    to_hear: int
    heard: int
    sampled: int
    agents: list[AgentProgress]


class HeardAnswer(Answer):
    """What was written down; `turn` is 2 where somebody had heard the call before."""

    call_id: str
    heard: str | None
    turn: int
    at: datetime
