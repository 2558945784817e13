"""Keeping what was typed: a draft written or amended, and handed in with it where that was asked, all or nothing."""

from dataclasses import dataclass

from flask_babel import gettext as _

from experiments.board import cards, moves
from experiments.board.cards import Move
from experiments.errors import Conflict, Invalid, NotAllowed
from experiments.people import Actor
from web.api.schemas.plans import PlanBody
from web.house import house
from web.language import say
from web.pages import words
from web.studio.judging import judge
from web.studio.typed import Typed


@dataclass(frozen=True, slots=True)
class Kept:
    """The card on which the plan stands now, and what to say of it."""

    key: str
    text: str


def keep(typed: Typed, *, amending: str, submit: bool, visitor: Actor) -> Kept | str:
    """Keep a plan, or say in words why it is not kept; "" where the page itself shows what is wrong.

    Args:
        typed: the form.
        amending: the key of the draft that is amended; "" for a new plan.
        submit: whether it is handed in for review too.
        visitor: who writes.

    Raises:
        Unknown: no such scenario, or no such draft.
    """
    here = house()
    try:
        with here.store.write() as session:
            judged = judge(session, typed, amending=amending)
            if judged.problems:
                return ""
            plan, now = PlanBody.model_validate(judged.body).as_plan(), here.clock()
            if amending:
                _nobody_else(cards.locked_card(session, amending), typed)
                moves.revise(session, amending, plan, actor=visitor, now=now)
            else:
                moves.draft(session, plan, actor=visitor, now=now)
            if submit:
                asked, gates = Move("submit"), here.gates
                moves.move(session, plan.key, asked, actor=visitor, calendar=here.calendar, now=now, gates=gates)
            handed_in = _("The plan is handed in: the gate has been asked for its approvals.")
            return Kept(plan.key, handed_in if submit else _("The draft is kept."))
    except Invalid as refusal:
        return " ".join(say(words.in_words(problem.message)) for problem in refusal.problems)
    except (Conflict, NotAllowed) as refusal:
        return say(words.in_words(refusal.message))


def _nobody_else(card: cards.Card, typed: Typed) -> None:
    """Refuse to write over what somebody else changed meanwhile.

    Raises:
        Conflict: the draft is not the one that was opened.
    """
    if card.experiment.content_hash != typed.based_on:
        raise Conflict("Somebody changed this draft while you wrote: open it again in another tab and compare.")
