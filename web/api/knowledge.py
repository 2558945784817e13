"""What the API tells of finished cycles."""

from typing import Any

from sqlalchemy.orm import Session

from experiments.act.knowledge.entries import KnowledgeEntry, entry_named
from experiments.act.knowledge.evidence import linked_evidence
from experiments.act.knowledge.notes import KnowledgeNote, notes_on
from experiments.act.knowledge.searching import Asked, search
from experiments.imports import ledger
from web.api.schemas.knowledge import KnowledgeQuery


def found(session: Session, asked: KnowledgeQuery) -> dict[str, Any]:
    """Tell what a query finds."""
    sought = Asked(asked.q, asked.scenario or None, asked.variable or None, asked.verdict, asked.decision, asked.year)
    here = search(session, sought, page=asked.page)
    entries = [_summary(entry) for entry in here.entries]
    return {"total": here.total, "page": here.page, "pages": here.pages, "entries": entries}


def entry(session: Session, key: str) -> dict[str, Any]:
    """Tell what one cycle left behind."""
    row = entry_named(session, key)
    linked = linked_evidence(session, row, synthetic=ledger.made_up_experiments(session))
    return {
        "entry": _summary(row),
        "content": row.content,
        "content_hash": row.content_hash,
        "evidence": [{"speaks": each.speaks, "entry": _summary(each.entry)} for each in linked],
        "notes": [note(each) for each in notes_on(session, row)],
    }


def note(row: KnowledgeNote) -> dict[str, Any]:
    """Tell what somebody added."""
    return {name: getattr(row, name) for name in ("id", "speaks", "text", "url", "author", "at")}


def _summary(row: KnowledgeEntry) -> dict[str, Any]:
    kept = ("kind", "variable", "metric", "verdict", "decision", "effect", "low", "high", "counts", "ended_at")
    return {
        "experiment": row.experiment.key,
        "title": row.content["title"],
        "scenario": row.scenario.key,
        **{name: getattr(row, name) for name in kept},
    }
