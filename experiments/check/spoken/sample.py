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
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from experiments.check.spoken.heard import HeardCall, draw_of
from experiments.do.journal import Assignment, Origin
from experiments.errors import NotAllowed
from experiments.people import Actor
from experiments.plan.designs import Experiment

_Row: TypeAlias = Row[UUID, str, str, str]

LISTENERS = ("quality",)
"""Who listens."""

EACH = 5
"""Calls of each agent and arm that are listened to."""

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
    """What a listener has still to hear, in the order of the lottery: first what nobody heard yet."""

    calls: tuple[CallToHear, ...]
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
    nobody = [call for _, call in sample if call.id not in heard]
    once = [call for place, call in sample if place < _TWICE and len(heard.get(call.id, ())) == 1]
    mine = [c for c in (*nobody, *once) if c.agent_id != actor.name and actor.person_id not in heard.get(c.id, ())]
    return Worklist(_described(session, mine), _progress([call for _, call in sample], heard))


def sampled_call(session: Session, experiment: Experiment, call_id: str, *, each: int = EACH) -> _Row | None:
    """Find a call that is in the sample, or was on the list a while ago; None when it never was or does not exist."""
    found = session.execute(_calls_of(experiment).where(Assignment.call_id == call_id)).one_or_none()
    if found is None:
        return None
    peers = _calls_of(experiment).where(Assignment.agent_id == found.agent_id, Assignment.arm == found.arm)
    near = _lowest(experiment, session.execute(peers), _PUSHED_OUT * each)
    return found if any(call.id == found.id for _, call in near) else None


def require_listener(actor: Actor) -> None:
    """Refuse whoever does not listen.

    Raises:
        NotAllowed: the actor is no person of a role that does.
    """
    if actor.person_id is None or not actor.has(LISTENERS):
        raise NotAllowed("This needs one of the roles %(roles)s.", roles=", ".join(LISTENERS))


def _calls_of(experiment: Experiment) -> Select[UUID, str, str, str]:
    """Ask for a test's calls. Past calls that were sent through a test again are none: its words were never spoken."""
    return select(Assignment.id, Assignment.call_id, Assignment.agent_id, Assignment.arm).where(
        Assignment.experiment_id == experiment.id, Assignment.origin != Origin.REPLAYED
    )


def _lowest(experiment: Experiment, calls: Iterable[_Row], each: int) -> list[tuple[int, _Row]]:
    """Give each agent's and arm's calls of the lowest draws, each with its place there, in the order of all draws."""
    strata: dict[tuple[str, str], list[tuple[int, _Row]]] = defaultdict(list)
    for call in calls:
        strata[call.agent_id, call.arm].append((draw_of(experiment, call.call_id), call))
    drawn = [(draw, place, call) for each_of in strata.values() for place, (draw, call) in _first(each_of, each)]
    return [(place, call) for _, place, call in sorted(drawn, key=lambda one: one[:2])]


def _first(drawn: list[tuple[int, _Row]], each: int) -> Iterable[tuple[int, tuple[int, _Row]]]:
    return enumerate(heapq.nsmallest(each, drawn, key=lambda one: one[0]))


def _heard_by(session: Session, experiment: Experiment) -> dict[UUID, set[int]]:
    """Give who heard each call."""
    by: dict[UUID, set[int]] = defaultdict(set)
    rows = select(HeardCall.assignment_id, HeardCall.listener_id).where(HeardCall.experiment_id == experiment.id)
    for assignment_id, listener_id in session.execute(rows):
        by[assignment_id].add(listener_id)
    return by


def _described(session: Session, calls: Sequence[_Row]) -> tuple[CallToHear, ...]:
    known: dict[UUID, CallToHear] = {}
    for start in range(0, len(calls), 500):
        ids = [call.id for call in calls[start : start + 500]]
        rows = select(Assignment.id, Assignment.call_id, Assignment.agent_id, Assignment.at, Assignment.locale).where(
            Assignment.id.in_(ids)
        )
        known |= {row.id: CallToHear(row.call_id, row.agent_id, row.at, row.locale) for row in session.execute(rows)}
    return tuple(known[call.id] for call in calls)


def _progress(sample: Sequence[_Row], heard: Mapping[UUID, set[int]]) -> tuple[Progress, ...]:
    agents = Counter(call.agent_id for call in sample)
    done = Counter(call.agent_id for call in sample if call.id in heard)
    return tuple(Progress(agent, done[agent], agents[agent]) for agent in sorted(agents))
