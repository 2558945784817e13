"""Asking something of a card from its page: the domain decides, and a refusal comes back as words on the page."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from experiments.board import cards, comments, confirming, moves, ticking
from experiments.board.cards import Move
from experiments.errors import Conflict, Invalid, NotAllowed, Refusal
from experiments.people import Actor
from web.house import house
from web.language import locale, say
from web.pages import amended, rollout, verbs, words
from web.pages.survey import Survey


def ask(key: str, asked: Move, visitor: Actor) -> tuple[str, str]:
    """Make a move, and say what came of it: a kind of flash, and its sentence.

    Raises:
        Unknown: there is no such experiment.
    """
    here = house()

    def verb(session: Session) -> str:
        now, gates = here.clock(), here.gates
        return _done(moves.move(session, key, asked, actor=visitor, calendar=here.calendar, now=now, gates=gates))

    return _asked(key, visitor, verb)


def let_out(key: str, form: MultiDict[str, str], visitor: Actor) -> tuple[str, str]:
    """Let a winner go out, as its form tells it, and say what came of it.

    Raises:
        Unknown: there is no such experiment.
    """
    try:
        steps = rollout.asked(form)
    except Invalid as refusal:
        return "warning", _refused(key, refusal, visitor)
    return ask(key, Move("roll_out", rollout=steps), visitor)


def amend(key: str, verb: str, reason: str | None, form: Mapping[str, str], visitor: Actor) -> tuple[str, str]:
    """Change a test while it runs, as its form tells it, and say what came of it.

    Raises:
        Unknown: there is no such experiment.
    """
    try:
        asked = amended.asked(verb, reason, form)
    except Invalid as refusal:
        return "warning", _refused(key, refusal, visitor)
    return ask(key, asked, visitor)


def vouch(key: str, item: str, visitor: Actor) -> tuple[str, str]:
    """Tick an item of a checklist, and say what came of it.

    Raises:
        Unknown: there is no such experiment, or no such item now.
    """
    here = house()

    def verb(session: Session) -> str:
        ticking.tick(session, key, item, actor=visitor, now=here.clock(), gates=here.gates)
        return _("Done: you vouched that %(item)s.", item=words.item(item))

    return _asked(key, visitor, verb)


def confirm(key: str, visitor: Actor) -> tuple[str, str, str]:
    """Draft the larger test of the same, and say what came of it; the last is the key of the card to show.

    Raises:
        Unknown: there is no such experiment.
    """
    try:
        with house().store.write() as session:
            found = confirming.confirmation_of(session, key)
            card = moves.draft(session, found.plan, actor=visitor, now=house().clock())
            told = [_("Drafted: a larger test of the same variable on fresh data. Read it before you hand it in.")]
            told += [say(found.moved)] if found.moved else []
            return "success", (" " if locale() == "en" else "").join(told), card.experiment.key
    except (Conflict, NotAllowed, Invalid) as refusal:
        return "warning", _refused(key, refusal, visitor), key


def comment(key: str, text: str, reply_to: int | None, visitor: Actor) -> tuple[str, str]:
    """Say something beside a card, and say what came of it.

    Raises:
        Unknown: there is no such experiment.
    """

    def verb(session: Session) -> str:
        comments.comment(session, key, text, reply_to=reply_to, actor=visitor, now=house().clock())
        return _("Your comment is there.")

    return _asked(key, visitor, verb)


def _asked(key: str, visitor: Actor, verb: Callable[[Session], str]) -> tuple[str, str]:
    try:
        with house().store.write() as session:
            return "success", verb(session)
    except (Conflict, NotAllowed, Invalid) as refusal:
        return "warning", _refused(key, refusal, visitor)


def _done(card: cards.Card) -> str:
    state = f"{words.stage(card.stage)} · {words.review(card.review)}"
    return _("Done. The card stands at: %(state)s.", state=state)


def _refused(key: str, refusal: Refusal, visitor: Actor) -> str:
    """Say why not, who was first where somebody was, and what to do."""
    with house().store.read() as session:
        survey, card = Survey(session, visitor), cards.card_of(session, key)
        told = [say(words.in_words(refusal.message, survey.name))]
        if isinstance(refusal, Conflict):
            told += _what_is_next(session, survey, card, refusal)
    if isinstance(refusal, NotAllowed):
        told.append(_("Ask somebody who holds the role and did not write it."))
    return (" " if locale() == "en" else "").join(told)


def _what_is_next(session: Session, survey: Survey, card: cards.Card, refusal: Conflict) -> list[str]:
    last, told = cards.last_decision(session, card), []
    if last is not None and "person" not in refusal.message.values:
        who, did, at = survey.name(last.actor), verbs.done(last.verb, last.from_stage), words.moment(last.at)
        told.append(_("The last to act: %(name)s %(did)s, %(at)s.", name=who, did=did, at=at))
    step, acting = words.next_step(card), survey.acting(card) or "—"
    return [*told, _("Next: %(step)s. Who: %(who)s.", step=step, who=acting)]
