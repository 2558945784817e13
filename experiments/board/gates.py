"""Gates and four eyes: who still has to say yes, and who may not.

Nobody approves what they wrote or edited, administrators included, and no switch turns that off. An approval is
bound to the hash of the content it was given for, and to the round in which it was given.
"""

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.board.cards import GATES, Approval, Card, Stage, approvals_of, missing_approvals
from experiments.check import looks
from experiments.errors import Conflict, NotAllowed
from experiments.people import Actor
from experiments.plan.designs import PlanEdit
from experiments.store import insert_new
from experiments.wording import Message


def approve(session: Session, card: Card, actor: Actor, now: datetime) -> bool:
    """Add the actor's approval; say whether the gate has them all now.

    Raises:
        NotAllowed: the actor wrote or edited what is under review.
        Conflict: the content changed, or what the actor could give was given.
    """
    gate = GATES[Stage(card.stage)]
    _refuse_own_work(session, card, actor)
    given = {a.role for a in approvals_of(session, card)}
    role = next((r for r in gate if r in actor.roles and r not in given), None)
    if role is None:
        raise Conflict("The approval you could give was given already.")
    row = {
        "card_id": card.id,
        "round": card.round,
        "role": role,
        "person_id": actor.person_id,
        "content_hash": card.review_hash,
        "at": now,
    }
    statement = insert_new(session, Approval, ("card_id", "round", "person_id"))
    if session.scalar(statement.returning(Approval.id), row) is None:
        raise Conflict("You approved this already; the other roles need other people.")
    return given | {role} == set(gate)


def _wrote(session: Session, card: Card, actor: Actor) -> bool:
    edited = select(PlanEdit.id).where(PlanEdit.experiment_id == card.experiment_id, PlanEdit.editor == actor.name)
    return actor.name == card.submitted_by or session.scalar(edited.limit(1)) is not None


def _refuse_own_work(session: Session, card: Card, actor: Actor) -> None:
    if _wrote(session, card, actor):
        raise NotAllowed("You wrote or edited this: somebody else has to approve it.")
    if card.review_hash != content_under_review(session, card):
        raise Conflict("The content changed since it was submitted: it has to be submitted again.")


def content_under_review(session: Session, card: Card) -> str:
    """Hash what a gate's approvals stand for: the plan, or the final look with what is proposed on it."""
    if card.stage == Stage.PLAN:
        return card.experiment.content_hash
    final = looks.looks_of(session, card.experiment)[-1]
    return hashlib.sha256(f"{final.content_hash}:{card.proposal}".encode()).hexdigest()


def approval_bar(session: Session, card: Card, actor: Actor) -> Message | None:
    """Say why an actor cannot approve what is under review now; None when they can.

    The same rules as `move` holds to, so that a page offers no button that would be refused.
    """
    given = approvals_of(session, card)
    if any(a.person_id == actor.person_id for a in given):
        return Message("You approved this already; the other roles need other people.")
    if not actor.has(missing_approvals(card, given)):
        return Message("The approval you could give was given already.")
    if _wrote(session, card, actor):
        return Message("You wrote or edited this: somebody else has to approve it.")
    return None
