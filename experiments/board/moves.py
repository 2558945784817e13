"""Moves: a card goes through plan, do, check and act by one table of transitions, and in no other way."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from experiments import audit
from experiments.act import rollouts
from experiments.board import gates as gating, remembering, telling
from experiments.board.cards import Card, Decision, Move, Review, Stage, last_decision, locked_card
from experiments.board.effects import Context
from experiments.board.seats import USUAL, Gates, missing
from experiments.board.transitions import TRANSITIONS, Transition
from experiments.calendar import SiteCalendar
from experiments.check import looks
from experiments.errors import Conflict, NotAllowed, invalid
from experiments.people import Actor
from experiments.plan import designs
from experiments.plan.designs import Experiment
from experiments.plan.rules import Plan
from experiments.plan.traffic import FINE_UNITS
from experiments.store import single_file

_ANSWERS = frozenset({"approve", "refuse"})


def draft(session: Session, plan: Plan, *, actor: Actor, now: datetime) -> Card:
    """Write a plan down and put its card on the board.

    Raises:
        Unknown: no such scenario.
        Invalid: the plan breaks a rule.
        Conflict: the key is taken, or the scenario has no standard.
    """
    single_file(session, "board")
    experiment = designs.draft(session, plan, actor=actor, now=now)
    card = Card(
        kind=plan.kind,
        experiment=experiment,
        owner=actor.name,
        stage=Stage.PLAN,
        review=Review.DRAFT,
        round=0,
        moved_at=now,
    )
    session.add(card)
    session.flush()
    return card


def bring_in(
    session: Session,
    experiment: Experiment,
    *,
    calls: int,
    started_at: datetime,
    ended_at: datetime,
    actor: Actor,
    now: datetime,
) -> Card:
    """Put the card of an experiment that was run elsewhere where its results are read: Check, open.

    Nobody approved its start here and it never took any traffic, which is what its first decision says; from here on
    it goes through the same gates as every other card.

    Args:
        session: a writing session.
        experiment: registered with the origin `imported`, its calls being here.
        calls: how many there are; no more are planned.
        started_at: when the first call began, UTC.
        ended_at: when the last one did.
        actor: who brings it in, and may not approve it.
        now: when, UTC.

    Raises:
        Conflict: the experiment was designed here.
    """
    if experiment.origin != "imported":
        raise Conflict("%(experiment)s was designed here: it starts by its plan.", experiment=experiment.key)
    experiment.planned_calls, experiment.started_at, experiment.ended_at = calls, started_at, ended_at
    here = (Stage.CHECK, Review.OPEN)
    card = Card(
        kind=experiment.kind,
        experiment=experiment,
        owner=actor.name,
        stage=here[0],
        review=here[1],
        round=0,
        moved_at=now,
    )
    session.add(card)
    session.flush()
    asked = Move("bring_in", "Assigned elsewhere; no traffic of ours.")
    _remember(session, card, asked, here, here, actor, now, in_round=0)
    return card


def revise(session: Session, key: str, plan: Plan, *, actor: Actor, now: datetime) -> Card:
    """Replace the plan of a card that is still a draft.

    Raises:
        Unknown: no such experiment.
        Conflict: the plan is no longer a draft.
        Invalid: the plan breaks a rule.
    """
    card = locked_card(session, key)
    if (card.stage, card.review) != (Stage.PLAN, Review.DRAFT):
        raise Conflict("The plan of %(experiment)s is no longer a draft.", experiment=key)
    designs.revise(session, card.experiment, plan, actor=actor, now=now)
    return card


def move(
    session: Session,
    key: str,
    asked: Move,
    *,
    actor: Actor,
    calendar: SiteCalendar,
    now: datetime,
    gates: Gates = USUAL,
) -> Card:
    """Carry out one move of a card: guard, change, effect, audit.

    Args:
        session: a writing session.
        key: the experiment's.
        asked: the move.
        actor: who asks.
        calendar: the site's.
        now: when, UTC.
        gates: the installation's.

    Raises:
        Unknown: no such experiment.
        Conflict: the card is not where this move starts, or a guard of the move does not hold.
        NotAllowed: the actor lacks the role, or wrote what they would approve.
        Invalid: the move needs a reason.
    """
    card = locked_card(session, key)
    here = (Stage(card.stage), Review(card.review))
    transition = TRANSITIONS.get((*here, asked.verb))
    if transition is None:
        raise _not_possible(session, card, asked.verb)
    _may(actor, transition, transition.who(here[0], gates))
    if transition.needs_reason and not (asked.reason or "").strip():
        raise invalid("reason", "missing", "Say why: %(verb)s needs a reason.", verb=asked.verb)
    if transition.needs_approvals:
        gating.refuse_expired(session, card, gates, now)
    context, in_round, to = Context(session, card, asked, actor, calendar, now), card.round, transition.to
    if asked.verb == "approve" and not gating.approve(session, card, gates, actor, now):
        to = here
    elif transition.effect is not None:
        transition.effect(context)
    decision = _arrive(context, here, to, in_round)
    remembering.remember_ended(session, card, calendar=calendar, actor=actor, now=now)
    telling.tell_move(session, card, decision, missing(gating.under_review(session, card, gates, now)))
    return card


def open_moves(session: Session, card: Card, actor: Actor, gates: Gates = USUAL) -> list[tuple[str, bool]]:
    """Give the moves this actor may ask of a card now, and whether each needs a reason.

    Those are left out that would be refused whatever came with them.
    """
    return [
        (verb, transition.needs_reason)
        for (stage, review, verb), transition in TRANSITIONS.items()
        if (stage, review) == (card.stage, card.review) and actor.has(transition.who(stage, gates))
        if not _in_vain(session, card, verb)
    ]


def _in_vain(session: Session, card: Card, verb: str) -> bool:
    experiment = card.experiment
    if verb in ("promote", "roll_out"):
        return card.proposal is None
    if verb == "stop" and card.stage == Stage.ACT:
        return rollouts.going_of(session, experiment) is None
    if verb == "skip":
        going = rollouts.going_of(session, experiment)
        return going is None or not going.may_go_on
    if verb == "drop_arm":
        return experiment.unit not in FINE_UNITS or len(experiment.dealt) < 3
    return verb == "widen" and experiment.unit not in FINE_UNITS


def _not_possible(session: Session, card: Card, verb: str) -> Conflict:
    """Say where the card stands, and who was first where somebody was."""
    here = {"experiment": card.experiment.key, "stage": card.stage, "review": card.review, "verb": verb}
    last = last_decision(session, card)
    if last is not None and (verb == last.verb or {verb, last.verb} <= _ANSWERS):
        return Conflict(
            "%(person)s was first, %(at)s: %(experiment)s is at %(stage)s, %(review)s, and “%(verb)s” is not possible "
            "there.",
            person=last.actor,
            at=last.at.isoformat(),
            **here,
        )
    return Conflict("%(experiment)s is at %(stage)s, %(review)s: “%(verb)s” is not possible there.", **here)


def _may(actor: Actor, transition: Transition, roles: tuple[str, ...]) -> None:
    if transition.by_job:
        if actor.person_id is not None or not actor.name.startswith("system:"):
            raise NotAllowed("The schedule does this by itself.")
    elif actor.person_id is None or not actor.has(roles):
        raise NotAllowed("This needs one of the roles %(roles)s.", roles=", ".join(roles))


def _arrive(context: Context, here: tuple[Stage, Review], to: tuple[Stage, Review], in_round: int) -> Decision:
    card, session = context.card, context.session
    moved = session.scalar(
        update(Card)
        .where(Card.id == card.id, Card.stage == here[0], Card.review == here[1])
        .values(stage=to[0], review=to[1], moved_at=context.now)
        .returning(Card.id)
    )
    if moved is None:
        raise Conflict("Somebody else moved this card just now.")
    session.refresh(card)
    return _remember(session, card, context.move, here, to, context.actor, context.now, in_round=in_round)


def _remember(
    session: Session,
    card: Card,
    asked: Move,
    here: tuple[Stage, Review],
    to: tuple[Stage, Review],
    actor: Actor,
    now: datetime,
    *,
    in_round: int,
) -> Decision:
    """Append the decision, and the act to the audit: with all that the card carries, so that it can be replayed."""
    made, edits = looks.looks_of(session, card.experiment), designs.edits_of(session, card.experiment)
    decision = Decision(
        card_id=card.id,
        verb=asked.verb,
        from_stage=here[0],
        from_review=here[1],
        to_stage=to[0],
        to_review=to[1],
        actor=actor.name,
        reason=asked.reason,
        content_hash=card.review_hash,
        look_id=made[-1].id if made else None,
        at=now,
        round=in_round,
        edit_id=edits[-1].id if edits else None,
    )
    session.add(decision)
    session.flush()
    audit.record(
        session,
        actor=actor.name,
        verb=asked.verb,
        subject=f"experiment:{card.experiment.key}",
        now=now,
        before=list(here),
        after=list(to),
        reason=asked.reason,
        content_hash=card.review_hash,
        round=card.round,
        proposal=card.proposal,
    )
    return decision
