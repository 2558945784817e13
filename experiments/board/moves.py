"""Moves: a card goes through plan, do, check and act by one table of transitions, and in no other way."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from experiments import audit
from experiments.act import rollouts
from experiments.act.realised import realised
from experiments.act.rollouts import Rollout
from experiments.board import effects, gates as gating, telling
from experiments.board.cards import Card, Decision, Move, Review, Stage, card_of, last_decision
from experiments.board.effects import Context, Effect
from experiments.board.seats import USUAL, Gates, missing
from experiments.calendar import SiteCalendar
from experiments.check import looks, reading
from experiments.check.looks import Look
from experiments.check.verdict import Guard
from experiments.errors import Conflict, NotAllowed, invalid
from experiments.people import Actor
from experiments.plan import designs
from experiments.plan.designs import Experiment
from experiments.plan.rules import Plan
from experiments.store import single_file

_ANSWERS = frozenset({"approve", "refuse"})
_STOPPERS = ("lead", "supervisor", "manager", "quality", "compliance", "trainer")


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table.

    Attributes:
        to: Where the card goes; by a gate's `approve` only when all have approved.
        roles: Who may; nobody means a job only.
        effect: What else changes.
        needs_reason: Whether it is to be said why.
        at_gate: Whether those may whom the gate asks for, instead of `roles`.
        needs_approvals: Whether the approvals of the gate it went through must count still.
    """

    to: tuple[Stage, Review]
    roles: tuple[str, ...] = ()
    effect: Effect | None = None
    needs_reason: bool = False
    at_gate: bool = False
    needs_approvals: bool = False

    @property
    def by_job(self) -> bool:
        """Say whether no person may."""
        return not self.roles and not self.at_gate

    def who(self, stage: Stage, gates: Gates) -> tuple[str, ...]:
        """Name the roles that may, from a stage."""
        return gates.roles(stage) if self.at_gate else self.roles


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
    card = _locked(session, key)
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
    card = _locked(session, key)
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
    telling.tell_move(session, card, decision, missing(gating.under_review(session, card, gates, now)))
    return card


def open_moves(card: Card, actor: Actor, gates: Gates = USUAL) -> list[tuple[str, bool]]:
    """Give the moves this actor may ask of a card now, and whether each needs a reason."""
    return [
        (verb, transition.needs_reason)
        for (stage, review, verb), transition in TRANSITIONS.items()
        if (stage, review) == (card.stage, card.review) and actor.has(transition.who(stage, gates))
    ]


def take_due_look(
    session: Session, key: str, *, actor: Actor, calendar: SiteCalendar, now: datetime, last_day: bool = False
) -> Look | None:
    """Take a running test's look when it is due; the final one also ends the test.

    Args:
        session: a writing session.
        key: the experiment's.
        actor: the job that looks.
        calendar: the site's.
        now: when, UTC.
        last_day: whether the time set aside is over: the final look is taken with the calls there are.

    Raises:
        Unknown: no such experiment.
        Conflict: nothing new has matured since the last look.
    """
    card = _locked(session, key)
    experiment, today = card.experiment, calendar.day(now)
    if card.review != Review.RUNNING or not (last_day or looks.due(session, experiment, today=today)):
        return None
    final = last_day or looks.is_last(session, experiment, today=today)
    look = looks.make_look(session, experiment, today=today, final=final, actor=actor, now=now)
    telling.tell_look(session, card, look)
    if final:
        move(session, key, Move("end"), actor=actor, calendar=calendar, now=now)
    return look


def halt_harmed(session: Session, key: str, *, actor: Actor, calendar: SiteCalendar, now: datetime) -> str | None:
    """Pause a running test whose guardrail is harmed, and say which: harm is stopped at once, by nobody's leave.

    Everybody is served the standard from the next revision on; people decide whether the test goes on or ends.

    Args:
        session: a writing session.
        key: the experiment's.
        actor: the job that watches.
        calendar: the site's.
        now: when, UTC.

    Raises:
        Unknown: no such experiment.
    """
    card = _locked(session, key)
    if card.review != Review.RUNNING:
        return None
    seen = reading.watch(session, card.experiment, today=calendar.day(now))
    harmed = next((guard for guard in seen.guards if guard.guard is Guard.HARMED), None)
    if harmed is None:
        return None
    reason = f"{harmed.metric} · {harmed.challenger}"
    move(session, key, Move("halt", reason), actor=actor, calendar=calendar, now=now)
    return reason


def tend_rollout(session: Session, key: str, *, actor: Actor, calendar: SiteCalendar, now: datetime) -> str | None:
    """Let a rollout take its next step, hold it, or take it back: whatever its figures ask for; say what was done.

    A harmed guardrail takes it back wherever it has come to; a primary metric that is worse than in the holdback holds
    it, for people to decide. A holdback ends after its last day.

    Args:
        session: a writing session.
        key: the experiment's.
        actor: the job that tends it.
        calendar: the site's.
        now: when, UTC.

    Raises:
        Unknown: no such experiment.
    """
    card, today = _locked(session, key), calendar.day(now)
    rollout = rollouts.rollout_of(session, card.experiment)
    if rollout is None:
        return None
    if rollouts.holdback_is_over(rollout, today=today):
        rollouts.end_holdback(session, rollout, actor=actor, now=now)
        return "end_holdback"
    asked = _due(session, card, rollout, today) if rollout.state == "going" else None
    if asked is None:
        return None
    move(session, key, asked, actor=actor, calendar=calendar, now=now)
    return f"{asked.verb} {asked.reason or ''}".strip()


def _due(session: Session, card: Card, rollout: Rollout, today: int) -> Move | None:
    """Say what the figures of a rollout that is on its way ask for."""
    seen = realised(session, rollout, today=today)
    harmed = [each.metric for each in seen if each.harmed and each.role == "guardrail"]
    if harmed:
        return Move("roll_back", " · ".join(harmed))
    if card.review != Review.ROLLING_OUT:
        return None
    worse = [each.metric for each in seen if each.harmed]
    if worse:
        return Move("hold", " · ".join(worse))
    if not rollouts.step_is_over(session, rollout, today=today):
        return None
    if rollout.is_last:
        return Move("finish")
    return Move("gate" if rollout.current.gate else "advance")


def _locked(session: Session, key: str) -> Card:
    # Moves queue: two at once in one scenario would number the same script version or traffic revision.
    single_file(session, "board")
    card = card_of(session, key)
    session.refresh(card, with_for_update={"of": Card})
    return card


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


_P, _D, _C, _A = Stage.PLAN, Stage.DO, Stage.CHECK, Stage.ACT
_ABANDONED = (Stage.ACT, Review.ABANDONED)
_ROLLING, _HELD = (Stage.ACT, Review.ROLLING_OUT), (Stage.ACT, Review.HELD)

TRANSITIONS: dict[tuple[Stage, Review, str], Transition] = {
    # Plan: written, sized, and approved by people who did not write it
    (_P, Review.DRAFT, "submit"): Transition((_P, Review.IN_REVIEW), ("lead",), effects.submit_plan),
    (_P, Review.DRAFT, "abandon"): Transition(_ABANDONED, ("lead",), effects.close, needs_reason=True),
    (_P, Review.IN_REVIEW, "approve"): Transition((_P, Review.APPROVED), at_gate=True),
    (_P, Review.IN_REVIEW, "refuse"): Transition((_P, Review.DRAFT), at_gate=True, needs_reason=True),
    (_P, Review.APPROVED, "refuse"): Transition((_P, Review.DRAFT), at_gate=True, needs_reason=True),
    (_P, Review.APPROVED, "start"): Transition(
        (_D, Review.RUNNING), ("lead", "manager"), effects.start, needs_approvals=True
    ),
    # Do: the split runs; one person with a reason can stop it, and a guardrail that is harmed pauses it by itself
    (_D, Review.RUNNING, "pause"): Transition((_D, Review.PAUSED), _STOPPERS, effects.pause, needs_reason=True),
    (_D, Review.RUNNING, "halt"): Transition((_D, Review.PAUSED), (), effects.pause, needs_reason=True),
    (_D, Review.PAUSED, "resume"): Transition((_D, Review.RUNNING), ("lead", "manager"), effects.resume),
    (_D, Review.RUNNING, "stop"): Transition((_C, Review.OPEN), _STOPPERS, effects.stop, needs_reason=True),
    (_D, Review.PAUSED, "stop"): Transition((_C, Review.OPEN), _STOPPERS, effects.stop, needs_reason=True),
    (_D, Review.RUNNING, "end"): Transition((_C, Review.OPEN), (), effects.end),
    # Check: the final look is read, and something is proposed
    (_C, Review.OPEN, "submit"): Transition((_C, Review.IN_REVIEW), ("lead",), effects.submit_results),
    (_C, Review.OPEN, "abandon"): Transition(_ABANDONED, ("lead", "manager"), effects.give_up, needs_reason=True),
    (_C, Review.IN_REVIEW, "approve"): Transition((_A, Review.IN_REVIEW), effect=effects.review_again, at_gate=True),
    (_C, Review.IN_REVIEW, "refuse"): Transition((_C, Review.OPEN), at_gate=True, needs_reason=True),
    # Act: the proposal is approved and carried out
    (_A, Review.IN_REVIEW, "approve"): Transition((_A, Review.APPROVED), at_gate=True),
    **{
        (_A, review, "refuse"): Transition(
            (_C, Review.OPEN), effect=effects.take_back_if_going, at_gate=True, needs_reason=True
        )
        for review in (Review.IN_REVIEW, Review.APPROVED)
    },
    (_A, Review.APPROVED, "promote"): Transition(
        (_A, Review.STANDARD), ("lead", "manager"), effects.promote, needs_approvals=True
    ),
    (_A, Review.APPROVED, "abandon"): Transition(_ABANDONED, ("lead", "manager"), effects.leave, needs_reason=True),
    (_A, Review.APPROVED, "roll_out"): Transition(
        _ROLLING, ("lead", "manager"), effects.roll_out, needs_approvals=True
    ),
    # … in steps: each by itself when the one before has held, and only people let one go on that was stopped
    (_A, Review.ROLLING_OUT, "advance"): Transition(_ROLLING, (), effects.advance),
    (_A, Review.ROLLING_OUT, "finish"): Transition((_A, Review.STANDARD), (), effects.finish),
    (_A, Review.ROLLING_OUT, "gate"): Transition((_A, Review.IN_REVIEW), (), effects.ask_for_next),
    (_A, Review.ROLLING_OUT, "skip"): Transition(
        (_A, Review.IN_REVIEW), ("lead", "manager"), effects.ask_for_next, needs_reason=True
    ),
    (_A, Review.ROLLING_OUT, "hold"): Transition(_HELD, (), needs_reason=True),
    (_A, Review.ROLLING_OUT, "pause"): Transition(_HELD, _STOPPERS, needs_reason=True),
    (_A, Review.HELD, "resume"): Transition((_A, Review.IN_REVIEW), ("lead", "manager"), effects.ask_to_go_on),
    # harm to a guardrail, or one person with a reason, takes it back wherever it has come to
    **{
        (_A, review, verb): Transition((_C, Review.OPEN), roles, effects.take_back, needs_reason=True)
        for review in (Review.ROLLING_OUT, Review.HELD, Review.IN_REVIEW, Review.APPROVED)
        for verb, roles in (("roll_back", ()), ("stop", _STOPPERS))
    },
}
"""The whole life of a card: (stage, review, verb) → where to, who may, what else it does. Nothing else is possible."""
