"""Remembering: a card whose life has ended hands over to knowledge what the board knows of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments import people
from experiments.act.knowledge import entries
from experiments.act.knowledge.contents import Approver, Ending, Said
from experiments.act.knowledge.entries import KnowledgeEntry
from experiments.board.cards import Card, Decision, Review, Stage, decisions_of, every_approval
from experiments.board.gates import against_verdict
from experiments.calendar import SiteCalendar
from experiments.check import looks
from experiments.people import Actor
from experiments.plan import designs

ENDED = (Review.STANDARD, Review.ABANDONED)
"""Where a card's life ends, and its cycle leaves an entry."""


def remember_ended(
    session: Session, card: Card, *, calendar: SiteCalendar, actor: Actor, now: datetime
) -> KnowledgeEntry | None:
    """Write the entry of a card that has just ended; None where it goes on, or has left one before."""
    if card.review not in ENDED or entries.find_entry(session, card.experiment) is not None:
        return None
    return entries.write(session, card.experiment, ending_of(session, card, calendar), actor=actor, now=now)


def remember_all(session: Session, *, calendar: SiteCalendar, actor: Actor, now: datetime) -> int:
    """Write the entries of cards that ended before entries were kept; say how many."""
    known = select(KnowledgeEntry.experiment_id)
    missed = select(Card).where(Card.review.in_(ENDED), Card.experiment_id.not_in(known)).order_by(Card.moved_at)
    written = [
        remember_ended(session, card, calendar=calendar, actor=actor, now=now) for card in session.scalars(missed).all()
    ]
    return len(written)


def ending_of(session: Session, card: Card, calendar: SiteCalendar) -> Ending:
    """Tell how a card that has ended came to its end."""
    moves, made = decisions_of(session, card), looks.looks_of(session, card.experiment)
    last, look = moves[-1], made[-1] if made else None
    arm = card.proposal if card.review == Review.STANDARD else None
    submitted = any(move.to_review == Review.IN_REVIEW and move.from_stage == Stage.CHECK for move in moves)
    return Ending(
        arm=arm,
        verb=last.verb,
        by=last.actor,
        at=last.at,
        day=calendar.day(last.at),
        against=submitted and against_verdict(card.experiment, arm, look),
        owner=card.owner,
        authors=tuple(dict.fromkeys(edit.editor for edit in designs.edits_of(session, card.experiment))),
        approvers=tuple(_approvers(session, card, moves)),
        said=tuple(Said(m.from_stage, m.verb, m.actor, m.reason, m.at) for m in moves if m.reason),
    )


def _approvers(session: Session, card: Card, moves: Sequence[Decision]) -> Iterator[Approver]:
    """Name whose approvals carried the card through a gate: not those of a round that was refused."""
    passed = [m for m in moves if m.verb == "approve" and (m.from_stage, m.from_review) != (m.to_stage, m.to_review)]
    for approval in every_approval(session, card):
        gate = next((m for m in passed if m.at >= approval.at and m.round in (None, approval.round)), None)
        if gate is not None:
            yield Approver(gate.from_stage, approval.role, people.login_of(session, approval.person_id), approval.at)
