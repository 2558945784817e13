"""What the board tells of: each move and each planned look as a notice, to those who act next or should know."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from experiments.board.cards import Card, Decision, Review, Stage
from experiments.board.seats import Chair
from experiments.check.looks import Look
from experiments.check.verdict import Conclusion
from experiments.notices import outbox
from experiments.notices.events import Event
from experiments.people import ROLES
from experiments.wording import Message, sentence

_LONGEST_REASON = 200
"""Characters of a reason that are told; the whole is on the card."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One row of the table: the event, its sentence, and whom it concerns; None are those whose approval is missing."""

    event: Event
    text: str
    roles: tuple[str, ...] | None


_CARRY_ON = ("lead", "manager")
_ON_THE_FLOOR = ("supervisor", "trainer", "lead", "manager")
_ROLLED_TO = (*_ON_THE_FLOOR, "quality")
_SECOND = ("manager", "quality")
_IN_REVIEW = Review.IN_REVIEW

_P, _D, _C, _A = Stage.PLAN, Stage.DO, Stage.CHECK, Stage.ACT

TELLINGS: dict[tuple[str, Stage, Review], Telling] = {
    # where a move arrives says what happened: an approval that stays in review waits for the others
    ("submit", _P, _IN_REVIEW): Telling(
        Event.SUBMITTED, sentence("“%(title)s”: %(who)s handed in the plan. Approval is due from: %(roles)s."), None
    ),
    ("approve", _P, _IN_REVIEW): Telling(
        Event.APPROVED, sentence("“%(title)s”: %(who)s approved the plan. Still due: %(roles)s."), None
    ),
    ("approve", _P, Review.APPROVED): Telling(
        Event.APPROVED, sentence("“%(title)s”: the plan is approved and can start."), _CARRY_ON
    ),
    ("refuse", _P, Review.DRAFT): Telling(
        Event.REFUSED, sentence("“%(title)s”: %(who)s refused the plan: %(reason)s"), ("lead",)
    ),
    ("abandon", _A, Review.ABANDONED): Telling(
        Event.ABANDONED, sentence("“%(title)s” was closed by %(who)s without a change: %(reason)s"), _CARRY_ON
    ),
    ("start", _D, Review.RUNNING): Telling(
        Event.STARTED, sentence("“%(title)s” runs; %(who)s started it."), _ON_THE_FLOOR
    ),
    ("pause", _D, Review.PAUSED): Telling(
        Event.PAUSED,
        sentence("“%(title)s” is paused by %(who)s, everyone gets the standard: %(reason)s"),
        _ON_THE_FLOOR,
    ),
    ("halt", _D, Review.PAUSED): Telling(
        Event.HALTED,
        sentence("“%(title)s” paused by itself, everyone gets the standard. Harm to %(reason)s: go on, or end it?"),
        (*_CARRY_ON, "quality", "compliance", "supervisor", "trainer"),
    ),
    ("resume", _D, Review.RUNNING): Telling(
        Event.RESUMED, sentence("“%(title)s” goes on; %(who)s resumed it."), _ON_THE_FLOOR
    ),
    **{
        ("drop_arm", _D, review): Telling(
            Event.AMENDED,
            sentence("“%(title)s” goes on without %(arm)s; %(who)s dropped it: %(reason)s"),
            _ON_THE_FLOOR,
        )
        for review in (Review.RUNNING, Review.PAUSED)
    },
    **{
        ("widen", _D, review): Telling(
            Event.AMENDED, sentence("“%(title)s” takes in more calls; %(who)s widened it: %(reason)s"), _ON_THE_FLOOR
        )
        for review in (Review.RUNNING, Review.PAUSED)
    },
    ("stop", _C, Review.OPEN): Telling(
        Event.STOPPED, sentence("“%(title)s” was stopped by %(who)s: %(reason)s"), _ON_THE_FLOOR
    ),
    ("end", _C, Review.OPEN): Telling(
        Event.ENDED, sentence("“%(title)s” has ended as planned. Its results can be read and handed in."), _ON_THE_FLOOR
    ),
    ("submit", _C, _IN_REVIEW): Telling(
        Event.SUBMITTED, sentence("“%(title)s”: %(who)s handed in the results. Approval is due from: %(roles)s."), None
    ),
    ("approve", _C, _IN_REVIEW): Telling(
        Event.APPROVED, sentence("“%(title)s”: %(who)s approved the results. Still due: %(roles)s."), None
    ),
    ("approve", _A, _IN_REVIEW): Telling(
        Event.APPROVED, sentence("“%(title)s”: %(who)s approved. The decision is due from: %(roles)s."), None
    ),
    ("approve", _A, Review.APPROVED): Telling(
        Event.APPROVED, sentence("“%(title)s”: the decision is approved and can be carried out."), _CARRY_ON
    ),
    ("refuse", _C, Review.OPEN): Telling(
        Event.REFUSED, sentence("“%(title)s”: %(who)s refused what was proposed: %(reason)s"), ("lead",)
    ),
    ("promote", _A, Review.STANDARD): Telling(
        Event.PROMOTED, sentence("“%(title)s”: the winner is the standard from now on."), _ROLLED_TO
    ),
    ("roll_out", _A, Review.ROLLING_OUT): Telling(
        Event.ROLLOUT_STEP, sentence("“%(title)s”: %(who)s lets the winner go out in steps."), _ROLLED_TO
    ),
    ("advance", _A, Review.ROLLING_OUT): Telling(
        Event.ROLLOUT_STEP, sentence("“%(title)s”: the winner goes on to its next step."), _ROLLED_TO
    ),
    ("finish", _A, Review.STANDARD): Telling(
        Event.PROMOTED, sentence("“%(title)s”: everybody says it, and it is the standard from now on."), _ROLLED_TO
    ),
    ("gate", _A, _IN_REVIEW): Telling(
        Event.ROLLOUT_HELD, sentence("“%(title)s”: the next step waits for approval from: %(roles)s."), None
    ),
    ("skip", _A, _IN_REVIEW): Telling(
        Event.SUBMITTED, sentence("“%(title)s”: %(who)s asks for the next step: %(reason)s Due from: %(roles)s."), None
    ),
    ("resume", _A, _IN_REVIEW): Telling(
        Event.SUBMITTED, sentence("“%(title)s”: %(who)s asks to let it go on. Approval is due from: %(roles)s."), None
    ),
    ("pause", _A, Review.HELD): Telling(
        Event.ROLLOUT_HELD, sentence("“%(title)s”: %(who)s holds the rollout where it is: %(reason)s"), _ROLLED_TO
    ),
    ("hold", _A, Review.HELD): Telling(
        Event.ROLLOUT_HELD,
        sentence("“%(title)s”: the rollout holds by itself, worse than the holdback in %(reason)s. Go on, or back?"),
        _ROLLED_TO,
    ),
    ("roll_back", _C, Review.OPEN): Telling(
        Event.ROLLED_BACK,
        sentence("“%(title)s” was taken back by itself, everyone gets the standard. Harm to %(reason)s."),
        (*_ROLLED_TO, "compliance"),
    ),
}
"""What is said of a move, by the verb and the place where the card arrives. What is not here is not told."""

_VERDICTS = {
    Conclusion.KEEP_RUNNING: sentence("Keep collecting: no boundary was crossed yet"),
    Conclusion.WINNER: sentence("%(arm)s wins: the rule proposes to make it the standard"),
    Conclusion.WINNER_NOT_CLEARED: sentence("%(arm)s is ahead, but a guardrail is not cleared"),
    Conclusion.LOSER: sentence("Worse than the standard: keep the standard"),
    Conclusion.NO_DIFFERENCE: sentence("No difference worth having: keep the standard"),
    Conclusion.INCONCLUSIVE: sentence("The planned calls are in, and the question is still open"),
    Conclusion.HARM: sentence("Stop: %(arm)s harms a guardrail"),
    Conclusion.UNTRUSTWORTHY: sentence("Do not read the effects: the data cannot be trusted"),
}


def tell_move(session: Session, card: Card, decision: Decision, awaited: Sequence[Chair]) -> None:
    """Tell of a move that was just remembered, in its transaction.

    Args:
        session: a writing session.
        card: where it stands now.
        decision: the move.
        awaited: the approvals that the gate it stands at needs now; a second approver is any of the gate's roles.
    """
    telling = TELLINGS.get((decision.verb, Stage(decision.to_stage), Review(decision.to_review)))
    if telling is None:
        return
    roles = telling.roles
    if roles is None:
        roles = tuple(dict.fromkeys(chair.role for chair in awaited if chair.role is not None)) or _SECOND
    reason = (decision.reason or "")[:_LONGEST_REASON]
    facts = {
        "verb": decision.verb,
        "from": f"{decision.from_stage}.{decision.from_review}",
        "to": f"{decision.to_stage}.{decision.to_review}",
        "actor": decision.actor,
        "reason": reason,
    }
    amended = card.experiment.amendments
    arm = (amended[-1].arm if amended else None) or ""
    words = Message(telling.text, {"who": decision.actor, "reason": reason, "roles": _named(roles), "arm": arm})
    _tell(session, card, telling.event, words, roles, facts, decision.at)


def tell_look(session: Session, card: Card, look: Look) -> None:
    """Tell that a planned look was made, and what the rule says of it, in the look's transaction."""
    verdict = Message(_VERDICTS[Conclusion(look.conclusion)], {"arm": look.challenger or ""})
    said = {"number": look.number, "verdict": verdict}
    words = Message("“%(title)s”: planned look %(number)s was made. %(verdict)s.", said)
    facts = {
        "number": look.number,
        "final": look.final,
        "conclusion": look.conclusion,
        "challenger": look.challenger,
        "content_hash": look.content_hash,
    }
    _tell(session, card, Event.LOOK_MADE, words, (*_CARRY_ON, "quality"), facts, look.made_at)


def _tell(
    session: Session,
    card: Card,
    event: Event,
    words: Message,
    roles: Collection[str],
    facts: Mapping[str, Any],
    now: datetime,
) -> None:
    titled = Message(words.text, {"title": card.experiment.title, **words.values})
    subject = f"experiment:{card.experiment.key}"
    outbox.tell(session, event, subject=subject, words=titled, roles=roles, facts=facts, now=now)


def _named(roles: Collection[str]) -> dict[str, str]:
    """Name roles in both languages, as one value of a sentence."""
    return {
        locale: between.join(ROLES[role][locale] for role in roles)
        for locale, between in (("zh-CN", "、"), ("en", ", "))
    }
