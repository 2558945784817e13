"""What several pages ask of the board at once, each answered by one question for all cards together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments import people
from experiments.board import cards, gates as gating, moves
from experiments.board.cards import Approval, Card, Review, Stage
from experiments.board.seats import Chair, missing
from experiments.board.transitions import TRANSITIONS
from experiments.check import history, kept, looks
from experiments.check.looks import Look
from experiments.check.results import Watch
from experiments.check.verdict import Conclusion, Guard
from experiments.people import Actor
from experiments.plan.designs import Experiment
from experiments.plan.lineage import cycle_of
from experiments.plan.scenarios import element_names
from experiments.wording import Message
from web.house import house
from web.language import named
from web.pages import words

_WORST = ("broken", "warning", "ok", "waiting")


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far the numbers of a page reach. `last_day` (YYYYMMDD) is the newest day counted."""

    now: datetime
    last_day: int | None
    waiting: int

    @property
    def as_of(self) -> str:
        """Say it: with nothing waiting the count is as of now, else only its days are known."""
        if self.waiting:
            return _("%(day)s, as last counted", day=words.day(self.last_day))
        return words.moment(self.now)


@dataclass(frozen=True, slots=True)
class CardView:
    """A card as boards and lists show it."""

    key: str
    title: str
    kind: str
    stage: str
    review: str
    badge: str
    owner: str
    scenario: str
    scenario_key: str
    variable: str
    cycle: int
    days_here: int
    days_running: int | None
    calls: int
    planned: int | None
    health: str | None
    conclusion: str | None
    conclusion_text: str
    conclusion_tone: tuple[str, str]
    next_step: str
    acting: str
    approvals: tuple[int, int] | None
    for_me: bool


class Survey:
    """The board and everything that cards show beside their own row, read once."""

    def __init__(self, session: Session, visitor: Actor) -> None:
        self.session, self.visitor = session, visitor
        self.now, self.gates = house().clock(), house().gates
        self.today = house().calendar.day(self.now)
        everybody = people.everyone(session)
        self.names = {person.login: person.name for person in everybody}
        self.people: Mapping[int, str] = {person.id: person.name for person in everybody}
        self.logins: Mapping[int, str] = {person.id: person.login for person in everybody}
        self._approvals = cards.approvals_given(session)
        self._looks = looks.newest_looks(session)
        self._calls = history.calls_by_experiment(session)
        self._watches: dict[int, Watch] = {}
        self._bars: dict[int, Message | None] = {}
        self._elements: dict[str, dict[str, dict[str, str]]] = {}

    def name(self, login: str) -> str:
        """Give who acted: a person's name, or what a job or a token is called."""
        return called(login, self.names)

    def element(self, catalogue: str, key: str) -> str:
        """Name an element of a catalogue."""
        if catalogue not in self._elements:
            self._elements[catalogue] = element_names(self.session, catalogue)
        return named(self._elements[catalogue].get(key, {"en": key}))

    def approvals(self, card: Card) -> list[Approval]:
        """Give the approvals of the round a card is in."""
        return self._approvals.get(card.id, [])

    def look(self, experiment: Experiment) -> Look | None:
        """Give an experiment's newest look."""
        return self._looks.get(experiment.id)

    def calls(self, experiment: Experiment) -> int:
        """Count an experiment's eligible assigned calls."""
        return self._calls.get(experiment.id, 0)

    def watch(self, experiment: Experiment) -> Watch:
        """Give what may be read of an experiment at any time."""
        if experiment.id not in self._watches:
            self._watch([experiment])
        return self._watches[experiment.id]

    def every_card(self) -> list[Card]:
        """Give every card, those that moved last first; those on the floor are watched all at once."""
        found = cards.every_card(self.session)
        self._watch([card.experiment for card in found if card.stage == Stage.DO])
        return found

    def cards(self) -> list[CardView]:
        """See every card, those that moved last first."""
        return [self.card(card) for card in self.every_card()]

    def card(self, card: Card) -> CardView:
        """See a card as boards and lists show it."""
        experiment = card.experiment
        health, conclusion = self._seen(card, self.look(experiment))
        return CardView(
            key=experiment.key,
            title=named(experiment.title),
            kind=card.kind,
            stage=card.stage,
            review=card.review,
            badge=words.badge(card),
            owner=self.name(card.owner),
            scenario=named(experiment.scenario.name),
            scenario_key=experiment.scenario.key,
            variable=self.element(experiment.scenario.catalogue, experiment.variable),
            cycle=cycle_of(experiment),
            days_here=max(0, (self.now - card.moved_at).days),
            days_running=self._days_running(experiment),
            calls=self.calls(experiment),
            planned=experiment.awaited_calls,
            health=health,
            conclusion=conclusion,
            conclusion_text=words.conclusion(conclusion) if conclusion else "",
            conclusion_tone=words.TONES[Conclusion(conclusion)] if conclusion else ("plain", "info-circle"),
            next_step=words.next_step(card),
            acting=self.acting(card),
            approvals=self._counted(card),
            for_me=self.waits_for_me(card),
        )

    def chairs(self, card: Card) -> tuple[Chair, ...]:
        """See who sits at the gate at which a card stands."""
        return gating.seated_at(card, self.look(card.experiment), self.approvals(card), self.gates, self.now)

    def acting(self, card: Card) -> str:
        """Name the roles that carry a card on; all that are missing at a gate, any one elsewhere."""
        awaited = missing(self.chairs(card)) if card.review == Review.IN_REVIEW else ()
        if awaited:
            return words.listed(words.chair(chair.role, chair.named) for chair in awaited)
        verb = words.forward(card)
        transition = TRANSITIONS.get((Stage(card.stage), Review(card.review), verb or ""))
        if transition is None:
            return ""
        roles = transition.who(Stage(card.stage), self.gates)
        return words.either(map(words.role, roles)) if roles else _("the schedule")

    def waits_for_me(self, card: Card) -> bool:
        """Say whether the visitor is one of those who carry a card on now."""
        verb = words.forward(card)
        if verb not in dict(moves.open_moves(self.session, card, self.visitor, self.gates)):
            return False
        return verb != "approve" or self.bar(card) is None

    def bar(self, card: Card) -> Message | None:
        """Say why the visitor cannot approve what is under review; None when they can."""
        if card.id not in self._bars:
            self._bars[card.id] = gating.approval_bar(self.session, card, self.gates, self.visitor, self.now)
        return self._bars[card.id]

    def _counted(self, card: Card) -> tuple[int, int] | None:
        if card.review != Review.IN_REVIEW:
            return None
        seated = self.chairs(card)
        return len(seated) - len(missing(seated)), len(seated)

    def _days_running(self, experiment: Experiment) -> int | None:
        if experiment.started_at is None:
            return None
        return max(0, ((experiment.ended_at or self.now) - experiment.started_at).days)

    def _seen(self, card: Card, look: Look | None) -> tuple[str | None, str | None]:
        """Give the data's worst state and the conclusion; on the floor an alarm is newer than any look."""
        said = look.conclusion if look else None
        if card.stage != Stage.DO:
            frozen = look.content["watch"]["findings"] if look else []
            return _worst(finding["state"] for finding in frozen), said
        watch = self.watch(card.experiment)
        health = _worst(finding.state.value for finding in watch.findings)
        if any(guard.guard is Guard.HARMED for guard in watch.guards):
            return health, Conclusion.HARM
        return health, Conclusion.UNTRUSTWORTHY if health == "broken" else said

    def _watch(self, experiments: Sequence[Experiment]) -> None:
        self._watches |= kept.seen_each(self.session, experiments, today=self.today, now=self.now)


def called(login: str, names: Mapping[str, str]) -> str:
    """Give who acted: a person's name out of `names`, or what a job or a token is called."""
    if login.startswith("system:"):
        return _("The schedule") if login == "system:scheduler" else _("The system")
    if login.startswith("token:"):
        return _("Token %(name)s", name=login.removeprefix("token:"))
    return names.get(login, login)


def _worst(states: Iterable[str]) -> str | None:
    seen = set(states)
    return next((state for state in _WORST if state in seen), None)


def freshness(session: Session) -> Freshness:
    """Say how far the rollup reaches."""
    return Freshness(house().clock(), history.last_day(session), history.waiting_days(session))
