"""Quality listens in the demo: on which evenings, to which tests, and what is heard there."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from experiments import people
from experiments.check.spoken.heard import own_words
from experiments.check.spoken.hearing import hear
from experiments.check.spoken.sample import LISTENERS, worklist
from experiments.demo import calls
from experiments.demo.calls import Fact
from experiments.demo.world import ExperimentEntry, World
from experiments.do.assignments import Answer
from experiments.do.serving import Call
from experiments.people import Actor
from experiments.plan import designs
from experiments.plan.designs import Arm, Experiment
from experiments.store import Store

_LISTENED_TO = ("running", "in_review", "promoted")
_FORTNIGHT = 14
_EACH = 3  # calls of each agent and arm: fewer than a centre hears, so that the demo is built quickly
_BATCH = 50


class Ears:
    """The listeners, and what was said in every call of a test in which the agent came to the invitation."""

    def __init__(self, store: Store, world: World) -> None:
        self._store, self._world = store, world
        self._served: dict[str, str] = {}

    def remember(self, call: Call, answer: Answer, facts: Iterable[Fact]) -> None:
        """Remember a call for those who may listen to it later."""
        if answer.arm is not None and any(fact.type == "invited" for fact in facts):
            self._served[call.call_id] = answer.arm

    def listen(self, number: int, now: datetime) -> None:
        """Let quality hear what is on its lists, at the end of a test and every fortnight before.

        Args:
            number: which day of the demo it is, from 0.
            now: that evening.
        """
        for entry in self._world.experiment:
            if _is_heard(entry, number):
                for login in self._listeners():
                    self._hear_all(entry.key, login, now)

    def _listeners(self) -> Iterator[str]:
        return (person.login for person in self._world.person if not set(LISTENERS).isdisjoint(person.roles))

    def _hear_all(self, key: str, login: str, now: datetime) -> None:
        """Hear a whole list, in batches that each fit one short transaction."""
        with self._store.read() as session:
            experiment = designs.experiment_named(session, key)
            todo = worklist(session, experiment, actor=_actor(session, login), each=_EACH).calls
        for start in range(0, len(todo), _BATCH):
            with self._store.write() as session:
                actor, experiment = _actor(session, login), designs.experiment_named(session, key)
                for call in todo[start : start + _BATCH]:
                    hear(session, key, call.call_id, self._heard(experiment, call.call_id, login), actor=actor, now=now)

    def _heard(self, experiment: Experiment, call_id: str, login: str) -> str | None:
        """Say what a listener hears: what was said, or now and then something else."""
        place = [person.login for person in self._world.person].index(login)
        said = self._said(experiment.arms, call_id)
        if calls.luck_of(self._world, "ear", call_id, place).random() >= self._world.listening.mishearing:
            return said
        return own_words(experiment.arms[1]) if said is None else None

    def _said(self, arms: list[Arm], call_id: str) -> str | None:
        """Say which arm's words the agent used: her own, those of the other arm, or neither."""
        own = next((place for place, arm in enumerate(arms) if arm.key == self._served.get(call_id)), None)
        if own is None:
            return None
        lot = calls.luck_of(self._world, "spoken", call_id).random()
        if lot < self._world.listening.adherence:
            return own_words(arms[own])
        strays = lot < self._world.listening.adherence + self._world.listening.contamination
        return own_words(arms[own - 1]) if strays else None


def _is_heard(entry: ExperimentEntry, number: int) -> bool:
    if entry.start_day is None or entry.end_day is None or entry.state not in _LISTENED_TO:
        return False
    fortnight_over = (number - entry.start_day) % _FORTNIGHT == _FORTNIGHT - 1
    return entry.start_day <= number <= entry.end_day and (fortnight_over or number == entry.end_day)


def _actor(session: Session, login: str) -> Actor:
    return people.actor_of(people.person_named(session, login))
