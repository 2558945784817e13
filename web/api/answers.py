"""From what the verbs give to what the API answers; sentences are said in the caller's language here."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from json import JSONEncoder
from json.encoder import encode_basestring
from typing import Any

from sqlalchemy.orm import Session

from experiments.board import cards, gates as gating, moves
from experiments.board.cards import Review
from experiments.board.checklist import Item, checklist
from experiments.board.comments import Comment, comments_of
from experiments.board.seats import Chair, Gates, missing
from experiments.check import freshness, history, kept, looks, results as results_of
from experiments.check.looks import Look
from experiments.check.spoken.heard import HeardCall
from experiments.check.spoken.sample import worklist
from experiments.do.assignments import Answer
from experiments.do.recording import Receipt
from experiments.people import Actor, login_of
from experiments.plan import designs, scripts
from experiments.plan.lineage import cycle_of
from experiments.plan.rules import Plan
from web.api import rolled_out
from web.language import say


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)


def assignment(answer: Answer) -> bytes:
    """Tell a desktop what to read out, as JSON.

    Written by hand, since it is written for every call, and most of it is the script, which is the same for many.
    """
    told = (
        f'{{"assignment_id":"{answer.assignment_id}","call_id":{_text(answer.call_id)},'
        f'"scenario":{_text(answer.scenario)},"experiment":{_text(answer.experiment)},"arm":{_text(answer.arm)},'
        f'"reason":{_text(answer.reason)},"reason_detail":{_text(answer.reason_detail)},'
        f'"invite":{"true" if answer.invite else "false"},'
        f'"script":{_script(answer.script, answer.version, answer.locale, answer.steps)},'
        f'"agent_shift":{_text(answer.agent_shift)},"traffic_revision":{answer.traffic_revision},'
        f'"assigned_at":"{answer.assigned_at.isoformat().removesuffix("+00:00")}Z"}}'
    )
    return told.encode()


@lru_cache(maxsize=4096)
def _script(key: str, version: int, locale: str, steps: tuple[tuple[str, str], ...]) -> str:
    lines = [{"element": element, "text": text} for element, text in steps]
    return _compact({"key": key, "version": version, "locale": locale, "steps": lines})


_compact = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def receipt(receipt: Receipt) -> bytes:
    """Tell a source what became of its batch, as JSON."""
    rejected = [{**asdict(row), "message": say(row.message)} for row in receipt.rejected]
    told = {"accepted": receipt.accepted, "duplicates": receipt.duplicates, "rejected": rejected}
    return _compact(told).encode()


def card(session: Session, card: cards.Card, actor: Actor, *, gates: Gates, now: datetime) -> dict[str, Any]:
    """Tell where an experiment stands, and what the caller may ask of it."""
    return {
        **_columns(card, "kind", "stage", "review", "round", "proposal", "owner", "moved_at"),
        "key": card.experiment.key,
        "scenario": card.experiment.scenario.key,
        "title": card.experiment.title,
        "parent": card.experiment.parent.key if card.experiment.parent else None,
        "cycle": cycle_of(card.experiment),
        "missing_approvals": _awaited(session, card, gates, now),
        "moves": [
            {"verb": verb, "needs_reason": reason} for verb, reason in moves.open_moves(session, card, actor, gates)
        ],
    }


def experiment(session: Session, key: str, actor: Actor, *, gates: Gates, now: datetime) -> dict[str, Any]:
    """Tell everything that is registered about an experiment."""
    found = cards.card_of(session, key)
    registered = found.experiment
    return {
        "card": card(session, found, actor, gates=gates, now=now),
        "gate": [chair(session, each, gates) for each in gating.under_review(session, found, gates, now)],
        "checklist": [_item(each) for each in checklist(session, found, gates)],
        "comments": [comment(each) for each in comments_of(session, found)],
        **_columns(registered, "origin", "hypothesis", "variable", "unit", "audience", "effect", "alpha", "power"),
        **_columns(registered, "looks", "coverage", "base_rate", "planned_calls", "planned_days", "content_hash"),
        **_columns(registered, "spending", "family", "weighting", "adjust", "moderators", "started_at", "ended_at"),
        "registered_deals": len(registered.deals["kept"]) if registered.deals else None,
        "control_script": registered.control.script.key,
        "control_version": registered.control.number,
        "arms": [
            {**_columns(arm, "key", "weight", "value"), "script_version": _version(session, arm.version_id)}
            for arm in registered.arms
        ],
        "metrics": [_columns(m, "metric", "role", "margin", "watch") for m in registered.metrics],
        "amendments": [
            _columns(a, "kind", "arm", "coverage", "audience", "reason", "revision", "made_by", "made_at")
            for a in registered.amendments
        ],
        **_columns(registered, "coverage_in_force", "audience_in_force", "awaited_calls"),
        "decisions": [
            _columns(d, "verb", "from_stage", "from_review", "to_stage", "to_review", "actor", "reason", "at")
            for d in cards.decisions_of(session, found)
        ],
    }


def plan(proposed: Plan) -> dict[str, Any]:
    """Tell a plan as the body that the API takes."""
    return asdict(proposed)


def chair(session: Session, seated: Chair, gates: Gates) -> dict[str, Any]:
    """Tell of an approval that a gate needs: whose, and what became of it."""
    given = seated.approval
    return {
        "role": seated.role,
        "named": list(seated.named),
        "state": seated.state,
        "person": login_of(session, given.person_id) if given else None,
        "at": given.at if given else None,
        "expires_at": gates.expiry(given) if given else None,
    }


def comment(said: Comment) -> dict[str, Any]:
    """Tell what was said beside a card."""
    return _columns(said, "id", "author", "at", "text", "reply_to")


def _item(item: Item) -> dict[str, Any]:
    return {**_columns(item, "key", "done", "by_hand", "by", "at"), "words": say(item.words)}


def _awaited(session: Session, card: cards.Card, gates: Gates, now: datetime) -> list[str]:
    if card.review != Review.IN_REVIEW:
        return []
    return [each.role or "any" for each in missing(gating.under_review(session, card, gates, now))]


def results(session: Session, key: str, *, today: int, now: datetime) -> dict[str, Any]:
    """Tell the newest look, and what may be watched at any time.

    Args:
        session: to read with.
        key: the experiment's.
        today: the site-local day, YYYYMMDD.
        now: when, UTC.
    """
    found = cards.card_of(session, key)
    made = looks.looks_of(session, found.experiment)
    return {
        "experiment": key,
        "stage": found.stage,
        "review": found.review,
        "origins": sorted(history.origins(session, found.experiment)),
        "sources": [asdict(each) for each in freshness.sources(session, found.experiment)],
        "planned_calls": found.experiment.planned_calls,
        "looks_made": len(made),
        "looks_planned": len(found.experiment.looks),
        "look": _look(made[-1]) if made else None,
        "watch": _said(results_of.plain(kept.seen(session, found.experiment, today=today, now=now))),
        "rollout": rolled_out.rollout(session, found.experiment, today),
    }


def listening(session: Session, key: str, actor: Actor) -> dict[str, Any]:
    """Tell a listener what is still to be heard."""
    experiment = designs.experiment_named(session, key)
    work = worklist(session, experiment, actor=actor)
    return {
        "experiment": key,
        "variable": experiment.variable,
        "words": [{"arm": arm.key, "value": arm.value} for arm in experiment.arms],
        "calls": [asdict(call) for call in work.calls],
        "to_hear": work.to_hear,
        "heard": work.heard,
        "sampled": work.sampled,
        "agents": [asdict(agent) for agent in work.agents],
    }


def heard(call_id: str, row: HeardCall) -> dict[str, Any]:
    """Tell a listener what was written down."""
    return {"call_id": call_id, **_columns(row, "heard", "turn", "at")}


def _look(look: Look) -> dict[str, Any]:
    told: dict[str, Any] = _said(look.content)
    return {**told, "made_at": look.made_at, "content_hash": look.content_hash}


def _said(value: Any) -> Any:
    """Say every stored sentence within plain JSON."""
    if isinstance(value, Mapping):
        if value.keys() == {"text", "values"}:
            return say(value)
        return {name: _said(each) for name, each in value.items()}
    return [_said(each) for each in value] if isinstance(value, list) else value


def _version(session: Session, version_id: int | None) -> int | None:
    return None if version_id is None else scripts.version_by_id(session, version_id).number


def _columns(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
