"""Listening to calls: one call at a time, the words of every arm beside it, and nothing else that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.check.spoken import hearing
from experiments.check.spoken.sample import CallToHear, Progress, worklist
from experiments.errors import Conflict, Invalid, NotAllowed, Unknown
from experiments.people import Actor
from experiments.plan import designs
from experiments.plan.designs import Experiment
from experiments.plan.scripts import Value
from web.formats import Piece, pieces
from web.house import house
from web.language import named, say
from web.pages import words
from web.pages.survey import Survey
from web.saying import arm_in_sentence

_NEXT = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """An arm's words as one hears them; what is marked is what the other arm does not say."""

    arm: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class CallView:
    """A call on the list, and the address that puts it on the page."""

    call_id: str
    agent: str
    at: str
    url: str


@dataclass(frozen=True, slots=True)
class ListeningPage:
    """The page. `call` is the one to hear now; `quiet` names the arms in which nothing is said."""

    key: str
    title: str
    scenario: str
    variable: str
    call: CallView | None
    choices: list[Choice]
    locale: str
    quiet: str
    next: list[CallView]
    more: int
    agents: tuple[Progress, ...]
    heard: int
    sampled: int


def listening_page(session: Session, key: str, visitor: Actor, asked: str | None) -> ListeningPage:
    """Put a call of the sample before a listener: the one asked for if it is on the list, else the first.

    Raises:
        Unknown: there is no experiment with this key.
        NotAllowed: the visitor does not listen.
    """
    experiment = designs.experiment_named(session, key)
    work, survey = worklist(session, experiment, actor=visitor), Survey(session, visitor)
    now = next((call for call in work.calls if call.call_id == asked), work.calls[0] if work.calls else None)
    rest = [call for call in work.calls if call is not now]
    return ListeningPage(
        key=key,
        title=named(experiment.title),
        scenario=named(experiment.scenario.name),
        variable=survey.element(experiment.scenario.catalogue, experiment.variable),
        call=_seen(survey, key, now) if now else None,
        choices=_choices(survey, experiment, now.locale) if now else [],
        locale=now.locale if now else "",
        quiet=words.listed(arm_in_sentence(arm.key) for arm in experiment.arms if arm.value is None),
        next=[_seen(survey, key, call) for call in rest[:_NEXT]],
        more=max(0, work.to_hear - 1 - _NEXT),
        agents=work.agents,
        heard=work.heard,
        sampled=work.sampled,
    )


def write_down(key: str, call_id: str, heard: str | None, visitor: Actor) -> tuple[str, str]:
    """Write down what was heard, and say what came of it: a kind of flash, and its sentence.

    Args:
        key: the experiment's.
        call_id: the call's.
        heard: an arm's key, "" for none of the words, None when nothing was chosen.
        visitor: who listened.
    """
    if heard is None:
        return "warning", _("Choose what you heard in call %(call)s.", call=call_id)
    try:
        with house().store.write() as session:
            hearing.hear(session, key, call_id, heard or None, actor=visitor, now=house().clock())
    except (Conflict, Invalid, NotAllowed, Unknown) as refusal:
        return "warning", say(words.in_words(refusal.message))
    return "success", _("Written down for call %(call)s.", call=call_id)


def _seen(survey: Survey, key: str, call: CallToHear) -> CallView:
    agent = survey.names.get(call.agent_id)
    return CallView(
        call_id=call.call_id,
        agent=f"{agent} ({call.agent_id})" if agent else call.agent_id,
        at=words.moment(call.at),
        url=url_for("pages.listening", key=key, call=call.call_id),
    )


def _choices(survey: Survey, experiment: Experiment, locale: str) -> list[Choice]:
    """Give the words of every arm that says some, in the language of the call."""
    catalogue = experiment.scenario.catalogue
    texts = {arm.key: _text(survey, catalogue, arm.value, locale) for arm in experiment.arms if arm.value is not None}
    return [Choice(arm, _marked(text, [t for key, t in texts.items() if key != arm])) for arm, text in texts.items()]


def _text(survey: Survey, catalogue: str, value: Value, locale: str) -> str:
    if value is None:
        return ""
    if "after" in value:
        return words.position(survey.element(catalogue, value["after"]))
    return value.get(locale) or named(value)


def _marked(text: str, others: Sequence[str]) -> tuple[Piece, ...]:
    """Mark what the first of the others does not say; where hardly anything is shared there is nothing to mark."""
    plain = (Piece("same", text),)
    if not others:
        return plain
    found = tuple(piece for piece in pieces(others[0], text) if piece.kind != "removed")
    shared = sum(len(piece.text) for piece in found if piece.kind == "same")
    return found if shared * 3 > max(len(text), len(others[0])) else plain
