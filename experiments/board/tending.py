"""Tending: what the schedule asks of cards by itself — looks that are due, harm to be stopped, rollouts to go on."""

from datetime import datetime

from sqlalchemy.orm import Session

from experiments.act import letting_out, rollouts
from experiments.act.realised import realised
from experiments.act.rollouts import Rollout
from experiments.board import moves, telling
from experiments.board.cards import Card, Move, Review, locked_card
from experiments.calendar import SiteCalendar
from experiments.check import kept, looks
from experiments.check.looks import Look
from experiments.check.verdict import Guard
from experiments.people import Actor


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
    card = locked_card(session, key)
    experiment, today = card.experiment, calendar.day(now)
    if card.review != Review.RUNNING or not (last_day or looks.due(session, experiment, today=today)):
        return None
    final = last_day or looks.is_last(session, experiment, today=today)
    look = looks.make_look(session, experiment, today=today, final=final, actor=actor, now=now)
    telling.tell_look(session, card, look)
    if final:
        moves.move(session, key, Move("end"), actor=actor, calendar=calendar, now=now)
    return look


def harmed(session: Session, card: Card, *, calendar: SiteCalendar, now: datetime) -> str | None:
    """Name a guardrail that a running test harms, and by which challenger; None where it harms none or does not run."""
    if card.review != Review.RUNNING:
        return None
    seen = kept.seen(session, card.experiment, today=calendar.day(now), now=now)
    found = next((guard for guard in seen.guards if guard.guard is Guard.HARMED), None)
    return f"{found.metric} · {found.challenger}" if found is not None else None


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
    reason = harmed(session, locked_card(session, key), calendar=calendar, now=now)
    if reason is not None:
        moves.move(session, key, Move("halt", reason), actor=actor, calendar=calendar, now=now)
    return reason


def tend_rollout(session: Session, key: str, *, actor: Actor, calendar: SiteCalendar, now: datetime) -> str | None:
    """Let a rollout take its next step, hold it, or take it back: whatever its figures ask for; say what was done.

    A harmed guardrail takes it back wherever it has come to; a primary metric that is worse than in the holdback holds
    it, for people to decide: both at once. Steps are taken, and a holdback ends after its last day, only before a first
    shift, so that nobody's words change within one: a schedule that was late waits for the next day.

    Args:
        session: a writing session.
        key: the experiment's.
        actor: the job that tends it.
        calendar: the site's.
        now: when, UTC.

    Raises:
        Unknown: no such experiment.
    """
    card, today = locked_card(session, key), calendar.day(now)
    rollout = rollouts.rollout_of(session, card.experiment)
    if rollout is None:
        return None
    if rollouts.holdback_is_over(rollout, today=today) and calendar.before_first_shift(now):
        letting_out.end_holdback(session, rollout, actor=actor, now=now)
        return "end_holdback"
    asked = _harm(session, card, rollout, today) if rollout.state == "going" else None
    if asked is None and calendar.before_first_shift(now):
        asked = _next(session, card, rollout, today)
    if asked is None:
        return None
    moves.move(session, key, asked, actor=actor, calendar=calendar, now=now)
    return f"{asked.verb} {asked.reason or ''}".strip()


def _harm(session: Session, card: Card, rollout: Rollout, today: int) -> Move | None:
    """Say what the figures of a rollout ask for at once."""
    seen = realised(session, rollout, today=today)
    harmed = [each.metric for each in seen if each.harmed and each.role == "guardrail"]
    if harmed:
        return Move("roll_back", " · ".join(harmed))
    worse = [each.metric for each in seen if each.harmed]
    return Move("hold", " · ".join(worse)) if worse and card.review == Review.ROLLING_OUT else None


def _next(session: Session, card: Card, rollout: Rollout, today: int) -> Move | None:
    """Say how a rollout goes on before a day's first shift; None where it stays as it is."""
    if card.review != Review.ROLLING_OUT:
        return None
    if rollout.is_granted:
        return Move("advance")
    if not rollouts.step_is_over(session, rollout, today=today):
        return None
    if rollout.is_last:
        return Move("finish")
    return Move("gate" if rollout.current.gate else "advance")
