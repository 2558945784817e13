"""The life of a card as one line: its moves, approvals, ticks and comments, the newest first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board import cards
from experiments.board.cards import Card, Decision
from experiments.board.checklist import ticks_of
from experiments.board.comments import Comment, comments_of
from experiments.check.metrics import MetricSpec
from web.language import named
from web.pages import verbs, words
from web.pages.survey import Survey
from web.saying import arm_name


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `kind` is move, approval, tick or comment; what does not apply is empty."""

    kind: str
    when: datetime
    by: str
    text: str
    at: str
    state: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class CommentView:
    """One thing said beside the card, and what was answered to it."""

    id: int
    by: str
    at: str
    text: str
    answers: "tuple[CommentView, ...]"


def timeline(session: Session, survey: Survey, card: Card, specs: Mapping[str, MetricSpec]) -> list[Event]:
    """Show everything that happened to a card in the order of time, the newest first."""
    happened = [
        *_moves(session, survey, card, specs),
        *_ticks(session, survey, card),
        *_comments(session, survey, card),
    ]
    # Sorting is stable: of one moment, what is told first came first.
    return sorted(happened, key=lambda event: event.when)[::-1]


def _moves(session: Session, survey: Survey, card: Card, specs: Mapping[str, MetricSpec]) -> Iterator[Event]:
    roles = {(survey.logins[a.person_id], a.at): a.role for a in cards.every_approval(session, card)}
    for made in cards.decisions_of(session, card):
        here, there = (made.from_stage, made.from_review), (made.to_stage, made.to_review)
        approving = made.verb == "approve"
        role = roles.get((made.actor, made.at)) if approving else None
        yield Event(
            kind="approval" if approving else "move",
            when=made.at,
            by=survey.name(made.actor),
            text=_("approved it as %(role)s", role=words.role(role)) if role else verbs.done(made.verb),
            at=words.moment(made.at),
            state="" if here == there else f"{words.stage(there[0])} · {words.review(there[1])}",
            said=_reason(made, specs),
        )


def _reason(decision: Decision, specs: Mapping[str, MetricSpec]) -> str:
    """Give the reason; the watch's own are metrics' keys, of a halt with an arm's, and are said in words."""
    reason = decision.reason or ""
    if decision.verb not in ("halt", "hold", "roll_back"):
        return reason
    return " · ".join(named(specs[part].name) if part in specs else arm_name(part) for part in reason.split(" · "))


def _ticks(session: Session, survey: Survey, card: Card) -> Iterator[Event]:
    for tick, login in ticks_of(session, card):
        text = _("vouched: %(item)s", item=words.item(tick.item))
        yield Event("tick", tick.at, survey.name(login), text, words.moment(tick.at))


def _comments(session: Session, survey: Survey, card: Card) -> Iterator[Event]:
    for said in comments_of(session, card):
        text = _("commented") if said.reply_to is None else _("answered")
        yield Event("comment", said.at, survey.name(said.author), text, words.moment(said.at), said=said.text)


def thread(session: Session, survey: Survey, card: Card) -> list[CommentView]:
    """Show what was said beside a card: each conversation in the order of time, and answers below what began it."""
    beginnings: dict[int, int] = {}
    answers: dict[int, list[CommentView]] = {}
    first: list[Comment] = []
    for said in comments_of(session, card):
        if said.reply_to is None:
            beginnings[said.id], answers[said.id] = said.id, []
            first.append(said)
        else:
            beginnings[said.id] = beginnings[said.reply_to]
            answers[beginnings[said.id]].append(_said(survey, said))
    return [_said(survey, said, answers[said.id]) for said in first]


def _said(survey: Survey, comment: Comment, answers: Sequence["CommentView"] = ()) -> CommentView:
    at = words.moment(comment.at)
    return CommentView(comment.id, survey.name(comment.author), at, comment.text, tuple(answers))
