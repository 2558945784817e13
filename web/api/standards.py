"""What the API tells of live standards."""

from typing import Any

from sqlalchemy.orm import Session

from experiments.board.after_signal import Proposal
from experiments.board.standard_cards import StandardCard
from experiments.people import Actor
from experiments.plan import scripts
from web.language import say

_SIGNAL = ("id", "region", "metric", "rule", "direction", "first_day", "found_day", "worse")
_REVIEW = ("noted_by", "noted_at", "owner", "review_by", "note")


def standard(session: Session, card: StandardCard, actor: Actor) -> dict[str, Any]:
    """Tell where a live standard stands, and what the caller may do with it."""
    due, version = card.due, scripts.version_by_id(session, card.due.live.version_id)
    return {
        "scenario": card.scenario.key,
        "name": card.scenario.name,
        "script": version.script.key,
        "version": version.number,
        "in_force_since": due.live.since,
        "stage": card.stage,
        "state": card.state,
        "since": card.since,
        "overdue": card.overdue,
        "owner": due.owner,
        "review_by": due.review_by,
        "cycle": due.cycle,
        "signals": [_columns(found, _SIGNAL) | {"words": say(found.words)} for found in card.signals],
        "answered_by": card.answered_by,
        "reviews": [_columns(noted, _REVIEW) for noted in due.reviews],
        "moves": card.open_to(actor),
    }


def proposal(found: Proposal) -> dict[str, Any]:
    """Tell the plan that a signal calls for."""
    return {"scenario": found.scenario, "variable": found.variable, "why": say(found.why), "plan": found.plan}


def _columns(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
