"""The page that finds entries: a query, filters, and what was found with the terms marked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.act.knowledge import searching
from experiments.act.knowledge.entries import KnowledgeEntry
from experiments.act.knowledge.searching import Asked, Choices, Found
from experiments.act.knowledge.terms import LONGEST_QUERY, Piece, Term, pieces
from experiments.plan.scenarios import element_names
from web.formats import whole
from web.language import locale, named
from web.pages import words
from web.pages.knowledge import told
from web.pages.knowledge.told import Amount
from web.saying import LOCALES

_EXCERPT, _BEFORE = 160, 40


@dataclass(frozen=True, slots=True)
class Filter:
    """One choice of the form: `options` are (value, name, whether it is chosen)."""

    name: str
    label: str
    options: list[tuple[str, str, bool]]


@dataclass(frozen=True, slots=True)
class Result:
    """One entry that was found; `said` is what was found in it, under `where`."""

    key: str
    title: tuple[Piece, ...]
    where: str
    said: tuple[Piece, ...]
    scenario: str
    variable: str
    metric: str
    effect: Amount
    verdict: tuple[str, str, str]
    decision: str
    ended: str


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Everything on the page; `before` and `after` are the arguments of the neighbouring pages."""

    query: str
    problem: str
    heading: str
    anything: bool
    filtered: bool
    filters: list[Filter]
    results: list[Result]
    reach: float
    page: int
    pages: int
    before: dict[str, str] | None
    after: dict[str, str] | None


def found_page(session: Session, given: Mapping[str, str]) -> FoundPage:
    """Find entries by the arguments of the address; what no filter knows filters nothing."""
    offered = searching.choices(session)
    filters = [_filter(*each, given) for each in _filters(session, offered)]
    chosen = {each.name: value for each in filters for value, _name, is_chosen in each.options if is_chosen and value}
    query, number = given.get("q", "").strip(), _page(given.get("page", ""))
    too_long = len(query) > LONGEST_QUERY
    found = Found(0, 1, (), ()) if too_long else _found(session, Asked(query, **_typed(chosen)), number)
    rows = [_result(entry, found.terms) for entry in found.entries]
    arguments = {**({"q": query} if query else {}), **chosen}
    return FoundPage(
        query=query[:LONGEST_QUERY],
        problem=_("Search for at most %(most)s characters.", most=LONGEST_QUERY) if too_long else "",
        heading=_("Entries found: %(count)s", count=whole(found.total)),
        anything=bool(offered.years),
        filtered=bool(arguments),
        filters=filters,
        results=rows,
        reach=told.reach_of([row.effect for row in rows]),
        page=found.page,
        pages=found.pages,
        before={**arguments, "page": str(found.page - 1)} if found.page > 1 else None,
        after={**arguments, "page": str(found.page + 1)} if found.page < found.pages else None,
    )


def _found(session: Session, asked: Asked, page: int) -> Found:
    """Search, giving the last page there is for any beyond it."""
    found = searching.search(session, asked, page=page)
    return found if page <= found.pages else searching.search(session, asked, page=found.pages)


def _page(given: str) -> int:
    return max(1, min(int(given), 100_000)) if given.isascii() and given.isdecimal() and len(given) < 7 else 1


def _typed(chosen: Mapping[str, str]) -> dict[str, Any]:
    return {name: int(value) if name == "year" else value for name, value in chosen.items()}


def _filters(session: Session, offered: Choices) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    names = {catalogue: element_names(session, catalogue) for catalogue, _key in offered.variables}
    variables = {key: named(names[catalogue].get(key, {"en": key})) for catalogue, key in offered.variables}
    yield "scenario", _("Scenario"), [(each.key, named(each.name)) for each in offered.scenarios]
    yield "variable", _("Variable"), list(variables.items())
    yield "verdict", _("Verdict"), [(key, told.verdict(key)) for key in offered.verdicts]
    yield "decision", _("Decision"), [(key, told.decision(key)) for key in offered.decisions]
    yield "year", _("Year"), [(str(year), str(year)) for year in offered.years]


def _filter(name: str, label: str, options: Sequence[tuple[str, str]], given: Mapping[str, str]) -> Filter:
    known = [(value, text, given.get(name) == value) for value, text in options]
    return Filter(name, label, [("", _("all"), not any(chosen for *_rest, chosen in known)), *known])


def _result(entry: KnowledgeEntry, terms: Sequence[Term]) -> Result:
    content = entry.content
    where, said = _said(content, terms)
    return Result(
        key=entry.experiment.key,
        title=pieces(named(content["title"]), terms),
        where=where,
        said=said,
        scenario=named(content["scenario"]["name"]),
        variable=named(content["variable"]["name"]) or entry.variable,
        metric=named(content["metric"]["name"]),
        effect=told.effect_of(content),
        verdict=told.verdict_badge(entry.verdict),
        decision=told.decided(entry),
        ended=words.day(entry.ended_day),
    )


def _said(content: Mapping[str, Any], terms: Sequence[Term]) -> tuple[str, tuple[Piece, ...]]:
    """Give the first text in which something was found, the reader's language first; else the hypothesis."""
    for where, text in _texts(content) if terms else ():
        marked = excerpt(text, terms)
        if any(piece.found for piece in marked):
            return where, marked
    return "", excerpt(named(content["hypothesis"]), terms)


def _texts(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    languages = sorted(LOCALES, key=lambda language: language != locale())
    for language in languages:
        yield "", content["hypothesis"].get(language, "")
        for position, arm in enumerate(content["arms"]):
            yield words.arm(arm["key"], control=position == 0), told.arm_text(arm, language) or ""
    for said in content["said"]:
        yield _("Reason"), said["reason"]
    yield from (("", name) for name in content["title"].values())


def excerpt(text: str, terms: Sequence[Term]) -> tuple[Piece, ...]:
    """Cut a text to a line or two around what was found first."""
    marked = pieces(text, terms)
    if sum(len(piece.text) for piece in marked) <= _EXCERPT:
        return marked
    ahead = 0
    for piece in marked:
        if piece.found:
            break
        ahead += len(piece.text)
    whole = "".join(piece.text for piece in marked)
    start = 0 if ahead >= len(whole) else max(0, min(ahead - _BEFORE, len(whole) - _EXCERPT))
    cut = pieces(whole[start : start + _EXCERPT], terms)
    opening = (Piece("…", found=False),) if start else ()
    closing = (Piece("…", found=False),) if start + _EXCERPT < len(whole) else ()
    return (*opening, *cut, *closing)
