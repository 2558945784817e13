"""Searching: entries that have every term of a query, those with it in their heading first, then the newest."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from experiments.act.knowledge.entries import KnowledgeEntry
from experiments.act.knowledge.terms import LONGEST_QUERY, Term, terms_of
from experiments.errors import invalid
from experiments.plan.scenarios import Scenario

PAGE = 20
"""Entries of one page."""
_IN_HEADING, _IN_ONE_PIECE = 3, 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; None leaves a filter open."""

    query: str = ""
    scenario: str | None = None
    variable: str | None = None
    verdict: str | None = None
    decision: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found; `total` counts all pages, `terms` are what was asked for."""

    total: int
    page: int
    entries: tuple[KnowledgeEntry, ...]
    terms: tuple[Term, ...]

    @property
    def pages(self) -> int:
        """Count the pages; at least one."""
        return max(1, -(-self.total // PAGE))


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by: values that some entry has."""

    scenarios: tuple[Scenario, ...]
    variables: tuple[tuple[str, str], ...]  # catalogue and key
    verdicts: tuple[str, ...]
    decisions: tuple[str, ...]
    years: tuple[int, ...]


def search(session: Session, asked: Asked, *, page: int = 1) -> Found:
    """Find entries.

    Args:
        session: to read with.
        asked: the query and the filters, all of which hold.
        page: which, from 1.

    Raises:
        Invalid: the query is longer than 200 characters.
    """
    if len(asked.query) > LONGEST_QUERY:
        raise invalid("q", "too_long", "Search for at most %(most)s characters.", most=LONGEST_QUERY)
    terms = terms_of(asked.query)
    if asked.query.strip() and not terms:
        return Found(0, 1, (), ())  # nothing but signs, which stand in no index
    where = [*_filters(asked), *(_has(term) for term in terms)]
    total = session.scalar(select(func.count()).select_from(KnowledgeEntry).where(*where)) or 0
    rows = session.scalars(_ranked(select(KnowledgeEntry).where(*where), terms).offset((page - 1) * PAGE).limit(PAGE))
    return Found(total, page, tuple(rows), terms)


def choices(session: Session) -> Choices:
    """Say what there is to filter by."""
    entry = KnowledgeEntry
    used = select(Scenario).where(Scenario.id.in_(select(entry.scenario_id)))
    variables = session.execute(select(entry.catalogue, entry.variable).distinct().order_by(entry.variable))
    years = session.scalars(select(entry.ended_day).distinct())
    return Choices(
        scenarios=tuple(session.scalars(used.order_by(Scenario.catalogue, Scenario.position))),
        variables=tuple((catalogue, variable) for catalogue, variable in variables),
        verdicts=tuple(session.scalars(select(entry.verdict).distinct().order_by(entry.verdict))),
        decisions=tuple(session.scalars(select(entry.decision).distinct().order_by(entry.decision))),
        years=tuple(sorted({day // 10_000 for day in years}, reverse=True)),
    )


def _filters(asked: Asked) -> list[ColumnElement[bool]]:
    entry = KnowledgeEntry
    named: list[tuple[InstrumentedAttribute[str], str | None]] = [
        (entry.variable, asked.variable),
        (entry.verdict, asked.verdict),
        (entry.decision, asked.decision),
    ]
    found: list[ColumnElement[bool]] = [column == value for column, value in named if value is not None]
    if asked.scenario is not None:
        found.append(entry.scenario_id.in_(select(Scenario.id).where(Scenario.key == asked.scenario)))
    if asked.year is not None:
        found.append(entry.ended_day.between(asked.year * 10_000, asked.year * 10_000 + 9_999))
    return found


def _has(term: Term) -> ColumnElement[bool]:
    """Say in SQL what `terms.matches` says."""
    joints = [KnowledgeEntry.words.contains(joint, autoescape=True) for joint in term.joints]
    if len(joints) == 1:
        return joints[0]
    return _count(joints) >= term.needed


def _count(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[int]:
    counted: ColumnElement[int] = sum(
        (case((each, 1), else_=0) for each in conditions[1:]), case((conditions[0], 1), else_=0)
    )
    return counted


def _ranked(query: Select[KnowledgeEntry], terms: Sequence[Term]) -> Select[KnowledgeEntry]:
    newest = (KnowledgeEntry.ended_at.desc(), KnowledgeEntry.id.desc())
    if not terms:
        return query.order_by(*newest)
    worth = [
        case((column.contains(term.whole, autoescape=True), points), else_=0)
        for term in terms
        for column, points in ((KnowledgeEntry.heading, _IN_HEADING), (KnowledgeEntry.words, _IN_ONE_PIECE))
    ]
    return query.order_by(sum(worth[1:], worth[0]).desc(), *newest)
