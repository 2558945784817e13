"""Evidence: which other finished cycles speak for an entry, and which against it.

They varied the same variable in the same kind of card and were read on the same metric of the same catalogue, in
whatever scenario: effects on different metrics are never set side by side.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.act.knowledge.entries import KnowledgeEntry

Speaks = Literal["for", "against", "neither"]


@dataclass(frozen=True, slots=True)
class Linked:
    """Another entry, and what it says of the one that it is linked to."""

    entry: KnowledgeEntry
    speaks: Speaks


def linked_evidence(session: Session, entry: KnowledgeEntry, *, synthetic: Collection[str]) -> list[Linked]:
    """Set an entry beside all others of its variable: those for it, those against, the rest; each the newest first.

    Args:
        session: to read with.
        entry: which.
        synthetic: keys of experiments whose imported calls are made up in part: these say nothing.
    """
    other = KnowledgeEntry
    query = (
        select(other)
        .where(other.catalogue == entry.catalogue, other.variable == entry.variable, other.metric == entry.metric)
        .where(other.kind == entry.kind, other.id != entry.id)
        .order_by(other.ended_at.desc(), other.id.desc())
    )
    found = [Linked(each, speaks(entry, each, synthetic)) for each in session.scalars(query)]
    order: tuple[Speaks, ...] = ("for", "against", "neither")
    return sorted(found, key=lambda linked: order.index(linked.speaks))


def speaks(entry: KnowledgeEntry, other: KnowledgeEntry, synthetic: Collection[str] = ()) -> Speaks:
    """Say what another entry says of one: only an effect whose interval excludes zero says anything."""
    if not (entry.counts and other.counts) or {entry.experiment.key, other.experiment.key} & set(synthetic):
        return "neither"
    effect, low, high = other.effect, other.low, other.high
    if not entry.effect or effect is None or low is None or high is None or low <= 0 <= high:
        return "neither"
    return "for" if (effect > 0) == (entry.effect > 0) else "against"
