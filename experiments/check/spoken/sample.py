"""Which calls are listened to: a lottery of each agent's calls in each arm, blind to what came of them.

Every call has a draw, a hash of the plan's salt and the call's id; of each agent and arm the lowest are in the sample.
So the list is the same for everybody and any day's list is a random sample of the calls until then: as calls come it
changes ever more rarely, and a call that lower ones push out makes room for them. Nothing is stored: the list is made
when a listener asks for it, from the test's assignments, and no page of results does.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from experiments.check.spoken.heard import HeardCall, draw_of
from experiments.do.journal import Assignment, Origin
from experiments.errors import NotAllowed
from experiments.people import Actor
from experiments.plan.designs import Experiment

LISTENERS = ("quality",)
"""Who listens."""

EACH = 5
"""Calls of each agent and arm that are listened to."""

MOST = 200
"""Calls that a list shows at once."""

_TWICE = 1  # of them, heard by two people
_PUSHED_OUT = 2  # a call that was on the list a while ago is within so many times the list's length


@dataclass(frozen=True, slots=True)
class CallToHear:
    """A call as listeners see it: neither the arm that was served nor anything that came of it."""

    call_id: str
    agent_id: str
    at: datetime
    locale: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of an agent's calls in the sample were heard; in which arms is not for listeners."""

    agent_id: str
    heard: int
    sampled: int


@dataclass(frozen=True, slots=True)
class Worklist:
    """What a listener has still to hear, in the order of the lottery: first what nobody heard yet.

    `calls` are the next of `to_hear`, as many as a list shows.
    """

    calls: tuple[CallToHear, ...]
    to_hear: int
    agents: tuple[Progress, ...]

    @property
    def heard(self) -> int:
        """Count the calls of the sample that somebody heard."""
        return sum(agent.heard for agent in self.agents)

    @property
    def sampled(self) -> int:
        """Count the calls of the sample."""
        return sum(agent.sampled for agent in self.agents)


def worklist(session: Session, experiment: Experiment, *, actor: Actor, each: int = EACH) -> Worklist:
    """Give what a listener has still to hear: calls nobody heard, and of each agent and arm one for a second opinion.

    Args:
        session: to read the assignments with.
        experiment: the experiment.
        actor: who listens; nobody is given a call of their own.
        each: calls of each agent and arm.

    Raises:
        NotAllowed: the actor does not listen.
    """
    require_listener(actor)
    sample = _lowest(experiment, session.execute(_calls_of(experiment)), each)
    heard = _heard_by(session, experiment)
    nobody = [call for call in sample if call.call_id not in heard]
    once = [call for call in sample if call.place < _TWICE and len(heard.get(call.call_id, ())) == 1]
    mine = [
        call.call_id
        for call in (*nobody, *once)
        if call.agent_id != actor.name and actor.person_id not in heard.get(call.call_id, ())
    ]
    return Worklist(_described(session, experiment, mine[:MOST]), len(mine), _progress(sample, heard))


def sampled_call(session: Session, experiment: Experiment, call_id: str, *, each: int = EACH) -> Assignment | None:
    """Find a call that is in the sample, or was on the list a while ago; None when it never was or does not exist."""
    found = session.scalar(
        select(Assignment).where(Assignment.experiment_id == experiment.id, Assignment.call_id == call_id)
    )
    if found is None:
        return None
    peers = _calls_of(experiment).where(Assignment.agent_id == found.agent_id, Assignment.arm == found.arm)
    near = _lowest(experiment, session.execute(peers), _PUSHED_OUT * each)
    return found if any(call.call_id == call_id for call in near) else None


def require_listener(actor: Actor) -> None:
    """Refuse whoever does not listen.

    Raises:
        NotAllowed: the actor is no person of a role that does.
    """
    if actor.person_id is None or not actor.has(LISTENERS):
        raise NotAllowed("This needs one of the roles %(roles)s.", roles=", ".join(LISTENERS))


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A call of the sample: its place among those of its agent and arm, from 0."""

    draw: int
    place: int
    call_id: str
    agent_id: str


def _calls_of(experiment: Experiment) -> Select[str, str, str]:
    """Ask for a test's calls. Past calls that were sent through a test again are none: its words were never spoken."""
    return select(Assignment.call_id, Assignment.agent_id, Assignment.arm).where(
        Assignment.experiment_id == experiment.id, Assignment.origin != Origin.REPLAYED
    )


def _lowest(experiment: Experiment, calls: Iterable[Row[str, str, str]], each: int) -> list[_Drawn]:
    """Give each agent's and arm's calls of the lowest draws, in the order of all draws.

    A test may have very many calls: of each agent and arm only the lowest so far are kept, the highest of them first.
    """
    lowest: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for call_id, agent_id, arm in calls:
        kept, draw = lowest[agent_id, arm], draw_of(experiment, call_id)
        if len(kept) < each:
            heapq.heappush(kept, (-draw, call_id))
        elif -draw > kept[0][0]:
            heapq.heapreplace(kept, (-draw, call_id))
    drawn = [
        _Drawn(-negative, place, call_id, agent_id)
        for (agent_id, _), kept in lowest.items()
        for place, (negative, call_id) in enumerate(sorted(kept, reverse=True))
    ]
    return sorted(drawn, key=lambda call: call.draw)


def _heard_by(session: Session, experiment: Experiment) -> dict[str, set[int]]:
    """Give who heard each call."""
    by: dict[str, set[int]] = defaultdict(set)
    rows = select(HeardCall.call_id, HeardCall.listener_id).where(HeardCall.experiment_id == experiment.id)
    for call_id, listener_id in session.execute(rows):
        by[call_id].add(listener_id)
    return by


def _described(session: Session, experiment: Experiment, call_ids: Sequence[str]) -> tuple[CallToHear, ...]:
    rows = session.execute(
        select(Assignment.call_id, Assignment.agent_id, Assignment.at, Assignment.locale).where(
            Assignment.experiment_id == experiment.id, Assignment.call_id.in_(call_ids)
        )
    )
    known = {call_id: CallToHear(call_id, agent_id, at, locale) for call_id, agent_id, at, locale in rows}
    return tuple(known[call_id] for call_id in call_ids)


def _progress(sample: Sequence[_Drawn], heard: Mapping[str, set[int]]) -> tuple[Progress, ...]:
    agents = Counter(call.agent_id for call in sample)
    done = Counter(call.agent_id for call in sample if call.call_id in heard)
    return tuple(Progress(agent, done[agent], agents[agent]) for agent in sorted(agents))
