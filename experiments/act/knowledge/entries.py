"""Entries: what a finished cycle left behind, written in the transaction of the move that ended it, never edited."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from experiments import audit
from experiments.act.knowledge.contents import UNREAD, Ending, contents, headline, searched
from experiments.act.knowledge.terms import indexed
from experiments.check import looks
from experiments.errors import Unknown
from experiments.people import Actor
from experiments.plan.designs import Experiment, experiment_named
from experiments.plan.scenarios import Scenario
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime, canonical

ADOPTED, KEPT = "adopted", "kept"


class KnowledgeEntry(Base):
    """One finished cycle. `content` is everything that is told of it; the other columns are what it is found by.

    The effect is the headline challenger's on the primary metric, turned so that above 0 is better; None where nothing
    was measured. `counts` says whether it may be set beside others.
    """

    __tablename__ = "knowledge_entry"
    __table_args__ = (
        CheckConstraint(
            "verdict IN ('unread', 'keep_running', 'winner', 'winner_not_cleared', 'loser', 'no_difference', "
            "'inconclusive', 'harm', 'untrustworthy')",
            name="verdict",
        ),
        CheckConstraint("decision IN ('adopted', 'kept')", name="decision"),
        CheckConstraint("ended_day > 20000000", name="ended_day"),
        CheckConstraint("NOT counts OR (effect IS NOT NULL AND low IS NOT NULL AND high IS NOT NULL)", name="counts"),
        Index("ix_knowledge_entry_variable_metric", "catalogue", "variable", "metric"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"), unique=True)
    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenario.id"), index=True)
    catalogue: Mapped[str] = mapped_column(KEY)
    kind: Mapped[str] = mapped_column(KEY)
    variable: Mapped[str] = mapped_column(KEY)
    metric: Mapped[str] = mapped_column(KEY)
    #: the conclusion of the last look; `unread` where none was made
    verdict: Mapped[str] = mapped_column(KEY)
    #: whether what was tested became the standard
    decision: Mapped[str] = mapped_column(KEY)
    effect: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    counts: Mapped[bool]
    #: the site-local day, YYYYMMDD, and the moment at which the cycle ended
    ended_day: Mapped[int]
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[Any] = mapped_column(CanonicalJson)
    content_hash: Mapped[str] = mapped_column(KEY)
    #: folded words of the title and names, and of everything (see `terms`)
    heading: Mapped[str]
    words: Mapped[str]
    written_by: Mapped[str] = mapped_column(KEY)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)

    experiment: Mapped[Experiment] = relationship(lazy="joined")
    scenario: Mapped[Scenario] = relationship(lazy="joined")


def write(session: Session, experiment: Experiment, ending: Ending, *, actor: Actor, now: datetime) -> KnowledgeEntry:
    """Write down what a cycle that has just ended leaves behind.

    Args:
        session: a writing session.
        experiment: whose card has ended.
        ending: how: what the board knows of it.
        actor: who writes.
        now: when, UTC.
    """
    made = looks.looks_of(session, experiment)
    look = made[-1] if made else None
    told = contents(session, experiment, look, ending)
    first = headline(told)
    entry = KnowledgeEntry(
        experiment_id=experiment.id,
        scenario_id=experiment.scenario_id,
        catalogue=experiment.scenario.catalogue,
        kind=experiment.kind,
        variable=experiment.variable,
        metric=told["metric"]["key"],
        verdict=look.conclusion if look else UNREAD,
        decision=ADOPTED if told["decision"]["arm"] else KEPT,
        effect=first.effect,
        low=first.low,
        high=first.high,
        counts=first.counts,
        ended_day=ending.day,
        ended_at=ending.at,
        content=told,
        content_hash=hashlib.sha256(canonical(told).encode()).hexdigest(),
        heading=indexed(searched(told, heading=True)),
        words=indexed(searched(told, heading=False)),
        written_by=actor.name,
        written_at=now,
    )
    session.add(entry)
    session.flush()
    audit.record(
        session, actor=actor.name, verb="write_knowledge", subject=f"experiment:{experiment.key}", now=now,
        content_hash=entry.content_hash,
    )  # fmt: skip
    return entry


def find_entry(session: Session, experiment: Experiment) -> KnowledgeEntry | None:
    """Give an experiment's entry; None while its cycle goes on."""
    return session.scalar(select(KnowledgeEntry).where(KnowledgeEntry.experiment_id == experiment.id))


def entry_named(session: Session, key: str) -> KnowledgeEntry:
    """Find the entry of an experiment.

    Raises:
        Unknown: there is no such experiment, or its cycle has not ended.
    """
    entry = find_entry(session, experiment_named(session, key))
    if entry is None:
        raise Unknown("%(experiment)s has not ended: it has left no entry yet.", experiment=key)
    return entry


def entries_on(session: Session, scenario: Scenario, variables: tuple[str, ...], *, most: int) -> list[KnowledgeEntry]:
    """Give what is known of a script's variables in its scenario, the newest first."""
    query = select(KnowledgeEntry).where(
        KnowledgeEntry.scenario_id == scenario.id, KnowledgeEntry.variable.in_(variables)
    )
    return list(session.scalars(query.order_by(KnowledgeEntry.ended_at.desc(), KnowledgeEntry.id.desc()).limit(most)))
