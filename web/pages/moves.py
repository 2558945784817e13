"""Asking a move of a card from a page: the domain decides, and a refusal comes back as words on the card's page."""

from flask_babel import gettext as _

from experiments.board import cards, moves
from experiments.board.cards import Move
from experiments.errors import Conflict, Invalid, NotAllowed, Refusal
from experiments.people import Actor
from web.house import house
from web.language import locale, say
from web.pages import words
from web.pages.survey import Survey


def ask(key: str, asked: Move, visitor: Actor) -> tuple[str, str]:
    """Make a move, and say what came of it: a kind of flash, and its sentence.

    Raises:
        Unknown: there is no such experiment.
    """
    try:
        with house().store.write() as session:
            card = moves.move(session, key, asked, actor=visitor, calendar=house().calendar, now=house().clock())
            return "success", _done(card)
    except (Conflict, NotAllowed, Invalid) as refusal:
        return "warning", _refused(key, refusal, visitor)


def _done(card: cards.Card) -> str:
    state = f"{words.stage(card.stage)} · {words.review(card.review)}"
    return _("Done. The card stands at: %(state)s.", state=state)


def _refused(key: str, refusal: Refusal, visitor: Actor) -> str:
    """Say why not, who was first where somebody was, and what to do."""
    told = [say(words.in_words(refusal.message))]
    if isinstance(refusal, Conflict):
        with house().store.read() as session:
            survey, card = Survey(session, visitor), cards.card_of(session, key)
            made = cards.decisions_of(session, card)
            if made:
                last = made[-1]
                told.append(
                    _(
                        "The last to act: %(name)s %(did)s, %(at)s.",
                        name=survey.name(last.actor),
                        did=words.done(last.verb, last.from_stage),
                        at=words.moment(last.at),
                    )
                )
            told.append(_("Next: %(step)s. Who: %(who)s.", step=words.next_step(card), who=survey.acting(card) or "—"))
    elif isinstance(refusal, NotAllowed):
        told.append(_("Ask somebody who holds the role and did not write it."))
    return (" " if locale() == "en" else "").join(told)
