"""Gates and four eyes: who still has to say yes, and who may not.

Nobody approves what they wrote or edited since it was last approved, administrators included, and no switch turns that
off. An approval is bound to the hash of the content it was given for, to the round in which it was given, and to time.
"""

import hashlib
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments.board.cards import Approval, Card, Decision, Review, Stage, approvals_of
from experiments.board.checklist import checklist
from experiments.board.seats import Chair, Gates, chairs, missing, role_for
from experiments.check import looks
from experiments.check.looks import Look
from experiments.check.verdict import Conclusion
from experiments.errors import Conflict, NotAllowed, Refusal
from experiments.people import Actor, login_of
from experiments.plan import designs
from experiments.plan.designs import Experiment
from experiments.plan.rules import Kind
from experiments.store import insert_new
from experiments.wording import Message


def approve(session: Session, card: Card, gates: Gates, actor: Actor, now: datetime) -> bool:
    """Add the actor's approval; say whether the gate has them all now.

    Raises:
        NotAllowed: the actor wrote or edited what is under review, or is not among those named for the role.
        Conflict: the content changed, what the actor could give was given, or it is the last approval and an item of
            the gate's checklist is open.
    """
    given = approvals_of(session, card)
    refused = _bar(session, card, gates, given, actor, now)
    if refused is not None:
        raise refused
    _refuse_other_content(session, card)
    seated = under_review(session, card, gates, now, given)
    last = len(missing(seated)) <= 1
    if last:
        _refuse_open_items(session, card, gates)
    turns = select(func.count()).where(Approval.card_id == card.id, Approval.round == card.round)
    row = {
        "card_id": card.id,
        "round": card.round,
        "turn": (session.scalar(turns) or 0) + 1,
        "role": role_for(gates, card.stage, seated, actor),
        "person_id": actor.person_id,
        "content_hash": card.review_hash,
        "at": now,
    }
    statement = insert_new(session, Approval, ("card_id", "round", "turn"))
    if session.scalar(statement.returning(Approval.id), row) is None:
        raise Conflict("Somebody else approved this just now.")
    return last


def under_review(
    session: Session, card: Card, gates: Gates, now: datetime, given: list[Approval] | None = None
) -> tuple[Chair, ...]:
    """Seat the approvals of the round a card is in, counting a second approver where the verdict says otherwise."""
    look = None if card.stage == Stage.PLAN else _final(session, card)
    return seated_at(card, look, approvals_of(session, card) if given is None else given, gates, now)


def seated_at(card: Card, look: Look | None, given: list[Approval], gates: Gates, now: datetime) -> tuple[Chair, ...]:
    """Seat approvals that were read already; nobody where a card stands at no gate. `look` is the experiment's last."""
    if card.review not in (Review.IN_REVIEW, Review.APPROVED):
        return ()
    second = card.stage != Stage.PLAN and against_verdict(card.experiment, card.proposal, look)
    return chairs(gates, card.stage, given, second=second, now=now)


def against_verdict(experiment: Experiment, proposal: str | None, look: Look | None) -> bool:
    """Say whether a proposal is another than what the last look recommends.

    To keep the control is what any verdict without a winner says. On a scenario card that is a change all the same
    (nobody is invited any more), which only a verdict against the challenger recommends.
    """
    conclusion = look.conclusion if look else None
    if look is not None and conclusion == Conclusion.WINNER:
        return proposal != look.challenger
    if proposal is None:
        return False
    worse = conclusion in (Conclusion.LOSER, Conclusion.HARM)
    return proposal != experiment.arms[0].key or (experiment.kind == Kind.SCENARIO and not worse)


def writers(session: Session, card: Card) -> frozenset[str]:
    """Name those who wrote or edited what is under review since it was last approved, and who submitted it.

    To let more calls into a test is to edit it: a wider audience may become the scenario's.
    """
    approved = select(func.max(Decision.edit_id)).where(
        Decision.card_id == card.id,
        Decision.verb == "approve",
        Decision.to_stage == Stage.PLAN,
        Decision.to_review == Review.APPROVED,
    )
    since = designs.edits_of(session, card.experiment, after=session.scalar(approved) or 0)
    widened = {each.made_by for each in card.experiment.amendments if each.kind == "widen"}
    submitted = {card.submitted_by} if card.submitted_by else set()
    return frozenset({edit.editor for edit in since} | widened | submitted)


def refuse_expired(session: Session, card: Card, gates: Gates, now: datetime) -> None:
    """Let what was approved be carried out only while its approvals count.

    Raises:
        Conflict: one has expired since, or the content is another.
    """
    _refuse_other_content(session, card)
    if missing(under_review(session, card, gates, now)):
        raise Conflict("An approval has expired since: send it back, and have it approved afresh.")


def content_under_review(session: Session, card: Card) -> str:
    """Hash what a gate's approvals stand for: the plan, or the final look with what is proposed on it."""
    if card.stage == Stage.PLAN:
        return card.experiment.content_hash
    final = looks.looks_of(session, card.experiment)[-1]
    return hashlib.sha256(f"{final.content_hash}:{card.proposal}".encode()).hexdigest()


def approval_bar(session: Session, card: Card, gates: Gates, actor: Actor, now: datetime) -> Message | None:
    """Say why an actor cannot approve what is under review now; None when they can.

    The same rules as `move` holds to, so that a page offers no button that would be refused.
    """
    refused = _bar(session, card, gates, approvals_of(session, card), actor, now)
    if refused is not None:
        return refused.message
    try:
        if len(missing(under_review(session, card, gates, now))) <= 1:
            _refuse_open_items(session, card, gates)
    except Conflict as open_item:
        return open_item.message
    return None


def _bar(
    session: Session, card: Card, gates: Gates, given: list[Approval], actor: Actor, now: datetime
) -> Refusal | None:
    if actor.name in writers(session, card):
        return NotAllowed("You wrote or edited this: somebody else has to approve it.")
    if any(a.person_id == actor.person_id and gates.stands(a, now) for a in given):
        return Conflict("You approved this already; the other roles need other people.")
    if not any(seat.admits(actor) for seat in gates.at(card.stage)):
        return NotAllowed("At this gate other people are named for your role.")
    if role_for(gates, card.stage, under_review(session, card, gates, now, given), actor) is not None:
        return None
    theirs = next(a for a in reversed(given) if a.role in actor.roles and gates.stands(a, now))
    return Conflict(
        "The approval you could give was given already: %(person)s gave it, %(at)s.",
        person=login_of(session, theirs.person_id),
        at=theirs.at.isoformat(),
    )


def _refuse_other_content(session: Session, card: Card) -> None:
    if card.review_hash != content_under_review(session, card):
        raise Conflict("The content changed since it was submitted: it has to be submitted again.")


def _refuse_open_items(session: Session, card: Card, gates: Gates) -> None:
    still_open = [item for item in checklist(session, card, gates) if not item.done]
    if still_open:
        raise Conflict("Before the last approval this is open: %(item)s", item=still_open[0].words)


def _final(session: Session, card: Card) -> Look | None:
    made = looks.looks_of(session, card.experiment)
    return made[-1] if made else None
