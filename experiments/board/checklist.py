"""The checklist of a gate: what must be so before the last approval, seen by a machine wherever a machine can see it.

The rest is ticked by people, each tick being appended with the name of who gave it and bound to the content it was
given for: when the content changes, or a new round begins, it counts no more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments.board.cards import Card, Review, Stage
from experiments.board.seats import Gates
from experiments.check import looks
from experiments.check.looks import Look
from experiments.check.verdict import Conclusion
from experiments.people import Person
from experiments.plan import designs
from experiments.plan.designs import Experiment
from experiments.plan.scenarios import parts_of
from experiments.plan.scripts import Lines, lines_of
from experiments.store import KEY, Base, UtcDateTime
from experiments.wording import Message


class Tick(Base):
    """One person vouches for one item of a gate's checklist, for one content."""

    __tablename__ = "tick"
    __table_args__ = (UniqueConstraint("card_id", "round", "content_hash", "item"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("card.id"))
    round: Mapped[int]
    content_hash: Mapped[str] = mapped_column(KEY)
    item: Mapped[str] = mapped_column(KEY)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Item:
    """One item: whether it is done, in words; one that is ticked by hand says by whom (a login) and when."""

    key: str
    done: bool
    words: Message
    by_hand: bool = False
    by: str | None = None
    at: datetime | None = None


def checklist(session: Session, card: Card, gates: Gates) -> tuple[Item, ...]:
    """See the checklist of the gate at which a card stands; nothing where it stands at none.

    Args:
        session: to read with.
        card: the card.
        gates: the installation's.
    """
    if card.review not in (Review.IN_REVIEW, Review.APPROVED):
        return ()
    given = _ticks(session, card)
    if card.stage == Stage.PLAN:
        return tuple(_ticked(item, given) for item in _of_plan(session, card.experiment, gates))
    if card.stage == Stage.CHECK:
        return tuple(_ticked(item, given) for item in _of_results(session, card))
    return ()


def ticks_of(session: Session, card: Card) -> list[tuple[Tick, str]]:
    """Give every tick on a card, whatever became of it, with the login of who gave it; the first first."""
    given = select(Tick, Person.login).join(Person, Person.id == Tick.person_id).where(Tick.card_id == card.id)
    return [(tick, login) for tick, login in session.execute(given.order_by(Tick.id))]


def _ticks(session: Session, card: Card) -> dict[str, tuple[str, datetime]]:
    return {
        tick.item: (login, tick.at)
        for tick, login in ticks_of(session, card)
        if (tick.round, tick.content_hash) == (card.round, card.review_hash)
    }


def _ticked(item: Item, given: dict[str, tuple[str, datetime]]) -> Item:
    if not item.by_hand or item.key not in given:
        return item
    by, at = given[item.key]
    return Item(item.key, True, item.words, by_hand=True, by=by, at=at)


def _of_plan(session: Session, experiment: Experiment, gates: Gates) -> Iterator[Item]:
    parts = parts_of(session, experiment.scenario.catalogue)
    locked = {key for key, part in parts.items() if part.locked}
    control = lines_of(experiment.control.lines)
    arms = designs.arm_lines(session, experiment).values()
    alike = all(_texts(lines, {experiment.variable}) == _texts(control, {experiment.variable}) for lines in arms)
    yield Item("one_variable", alike, Message("One variable: the arms differ in nothing else."))
    yield _audience(experiment)
    yield Item("offer_review", False, Message("What is offered may be offered, to these callers."), by_hand=True)
    yield _size(experiment, gates)
    guarded = [m for m in experiment.metrics if m.role == "guardrail"]
    margins = bool(guarded) and all(m.margin for m in guarded)
    yield Item("guardrails", margins, Message("There are guardrails, and each has its margin."))
    rest = parts.keys() - locked
    kept = all(_texts(lines, rest) == _texts(control, rest) for lines in arms)
    yield Item("disclosure", kept, Message("The disclosure is locked: every arm says it as the standard does."))


def _audience(experiment: Experiment) -> Item:
    if experiment.audience:
        return Item("audience", True, Message("The plan says whom it is for."))
    usual = bool(experiment.scenario.audience)
    words = Message("The plan says whom it is for: everybody in this scenario.")
    if usual:
        words = Message("The scenario is for some callers only, and the plan is for everybody: say whom it is for.")
    return Item("audience", not usual, words)


def _size(experiment: Experiment, gates: Gates) -> Item:
    values = {"days": experiment.planned_days, "most": gates.most_days}
    if experiment.planned_days is None:
        words = Message("How long it takes is not known yet; its calls are there within %(most)s days.", values)
        return Item("size", False, words, by_hand=True)
    within = experiment.planned_days <= gates.most_days
    return Item("size", within, Message("Its calls take %(days)s days, of %(most)s at most.", values))


def _of_results(session: Session, card: Card) -> Iterator[Item]:
    look = looks.looks_of(session, card.experiment)[-1]
    # To keep everything as it is asks nothing of the data: what cannot be read is a reason for it.
    keeps = card.proposal in (None, card.experiment.arms[0].key)
    broken = any(finding["state"] == "broken" for finding in look.content["watch"]["findings"])
    if broken and keeps:
        yield Item("health", True, Message("The data cannot be trusted; nothing is changed by them."))
    else:
        yield Item("health", not broken, Message("No finding on the data's health forbids reading them."))
    yield _sample(card.experiment, look, keeps=keeps)
    yield Item("verdict_read", False, Message("The verdict was read, with its reasons."), by_hand=True)


def _sample(experiment: Experiment, look: Look, *, keeps: bool) -> Item:
    # The last look stands for the whole plan however many calls it had, so it is the calls that are counted.
    planned = experiment.awaited_calls or 0
    had = sum(arm["calls"] for arm in look.content["watch"]["totals"].values())
    if had >= planned:
        return Item("sample", True, Message("The planned sample was reached."))
    values = {"share": f"{100 * had / planned:.0f}"}
    if look.conclusion in _AT_A_BOUNDARY:
        words = Message("%(share)s%% of the planned sample: a boundary was crossed, so it may end early.", values)
        return Item("sample", True, words)
    if keeps:
        words = Message("%(share)s%% of the planned sample; nothing is changed by it.", values)
        return Item("sample", True, words)
    words = Message("Only %(share)s%% of the planned sample, and no boundary crossed: decided all the same.", values)
    return Item("sample", False, words, by_hand=True)


_AT_A_BOUNDARY = (Conclusion.WINNER, Conclusion.WINNER_NOT_CLEARED, Conclusion.LOSER, Conclusion.HARM)


def _texts(lines: Lines, without: set[str]) -> dict[str, dict[str, str]]:
    """Give each element's words, leaving some elements out."""
    return {line.element: dict(line.text) for line in lines if line.element not in without}
