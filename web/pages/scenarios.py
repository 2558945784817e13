"""Scenarios: the tree of call types with their shares, standings and own funnels, and one of them in full."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from configs.settings import catalogue_documents
from experiments.check import history
from experiments.check.metrics import Totals
from experiments.errors import Unknown
from experiments.imports import ledger
from experiments.people import Actor
from experiments.plan import scripts, traffic
from experiments.plan.revisions import Told, told_revisions
from experiments.plan.scenarios import MetricSet, Scenario, every_scenario, metric_set_of, parts_of, scenario_named
from experiments.plan.scripts import Lines, ScriptVersion
from experiments.plan.traffic import Slice, SliceState
from web.charts.data import FunnelChart, ShareChart, ShareRow
from web.charts.kinds import Chart, packed
from web.charts.words import share_words
from web.language import locale, named, say
from web.pages import conditions, words
from web.pages.changes import ChangeView, change_views
from web.pages.control import ControlView, control_view, drawn_control
from web.pages.figures import Figure, fetched, funnel_of, scenario_counts, steps_of
from web.pages.ranking import Rank, rank_of
from web.pages.survey import CardView, Freshness, Survey, freshness
from web.pages.versions import VersionRow, version_rows
from web.saying import ENDONYMS, LOCALES

_REVISIONS = 20
_FUNNEL, _SHARES = "funnel", "shares"
"""The charts of a scenario's page, as their places and addresses call them."""


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One scenario of the tree: `cells` are (share of its calls, count) at each step of the catalogue's funnel."""

    key: str
    name: str
    depth: int
    leaf: bool
    share: float | None
    standing: str
    calls: int
    cells: list[tuple[float | None, int] | None]


@dataclass(frozen=True, slots=True)
class CatalogueView:
    """One centre's tree."""

    name: str
    steps: list[str]
    rows: list[TreeRow]
    chart: ShareChart | None
    figure: Figure | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line as the agent hears it."""

    label: str
    text: str
    locked: bool
    under_test: bool = False


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One change of who is served what."""

    number: int
    cause: str
    by: str
    at: str
    served: str
    changes: list[ChangeView]


@dataclass(frozen=True, slots=True)
class ScenarioPage:
    """One scenario in full; a node above the leaves has neither script nor traffic of its own."""

    fresh: Freshness
    scenario: Scenario
    name: str
    parents: list[tuple[str, str]]
    children: list[tuple[str, str]]
    marketing: list[str]
    audience: list[str]
    condition: object
    synthetic: str
    script: dict[str, list[Spoken]]
    script_name: str
    versions: list[VersionRow]
    revisions: list[RevisionRow]
    shares: Figure | None
    figure: Figure | None
    rank: Rank | None
    cards: list[CardView]
    control: ControlView | None


def tree(session: Session) -> list[CatalogueView]:
    """See every catalogue's scenarios with what their calls came to."""
    everything = every_scenario(session)
    calls = history.calls_by_scenario(session)
    let_in = history.calls_by_scenario(session, eligible_only=True)
    catalogues = dict.fromkeys(s.catalogue for s in everything)
    own = {key: [s for s in everything if s.catalogue == key] for key in catalogues}
    # The centre that calls are coming in for stands first.
    busiest = sorted(own, key=lambda key: -sum(calls[s.id]["calls"] for s in own[key] if s.id in calls))
    return [_catalogue(session, key, own[key], calls, let_in) for key in busiest]


def drawn_shares(session: Session, name: str) -> bytes:
    """Give what charts.js draws of a catalogue's shares, packed with gzip.

    Raises:
        Unknown: no catalogue has such a chart now.
    """
    shown = (view for view in tree(session) if view.figure and view.figure.id == name)
    found = next((view.chart for view in shown if view.chart), None)
    if found is None:
        raise Unknown("There is no chart %(name)s here.", name=name)
    return packed(found)


def drawn_of_scenario(session: Session, key: str, name: str, region: str | None = None) -> bytes:
    """Give what charts.js draws of one scenario's calls, or of its standard in a region, packed with gzip.

    Raises:
        Unknown: there is no such scenario, or it has no such chart now.
    """
    scenario, everything = scenario_named(session, key), {s.id: s for s in every_scenario(session)}
    kinds = {_FUNNEL: _funnel, _SHARES: _shares_under}
    if name in kinds:
        told = kinds[name](session, scenario, everything)
        drawn = packed(told[0]) if told else None
    else:
        drawn = drawn_control(session, scenario, name, region)
    if drawn is None:
        raise Unknown("There is no chart %(name)s here.", name=name)
    return drawn


def scenario_page(session: Session, key: str, visitor: Actor, region: str | None = None) -> ScenarioPage:
    """See one scenario in full, its standard under control everywhere or in one region.

    Raises:
        Unknown: there is none with this key.
    """
    scenario, survey = scenario_named(session, key), Survey(session, visitor)
    everything = {s.id: s for s in every_scenario(session)}
    versions = scripts.versions_of(session, scenario)
    in_force = traffic.newest(session, scenario.id)
    standard = next((v for v in versions if in_force and v.id == in_force.value.standard_id), None)
    return ScenarioPage(
        fresh=freshness(session),
        scenario=scenario,
        name=named(scenario.name),
        parents=_parents(scenario, everything),
        children=[(s.key, named(s.name)) for s in everything.values() if s.parent_id == scenario.id],
        marketing=[words.marketing(kind) for kind in scenario.marketing_types],
        audience=conditions.audience(in_force.value.audience if in_force else {}),
        condition=in_force.value.audience if in_force else {},
        synthetic=words.synthetic(ledger.synthetic_fields(session, scenario=key)),
        script=_heard(session, survey, scenario, standard) if standard else {},
        script_name=f"{standard.script.key} v{standard.number}" if standard else "",
        versions=version_rows(survey, scenario.catalogue, versions, standard),
        revisions=[
            _revision(survey, scenario, told, {v.id: v.number for v in versions})
            for told in told_revisions(session, scenario, most=_REVISIONS)
        ],
        shares=_placed(_SHARES, key, _shares_under(session, scenario, everything)),
        figure=_placed(_FUNNEL, key, _funnel(session, scenario, everything)),
        rank=rank_of(session, scenario) if scenario.metric_set else None,
        cards=[card for card in survey.cards() if card.scenario_key == key],
        control=control_view(session, scenario, survey, region) if scenario.metric_set else None,
    )


def spoken_lines(survey: Survey, catalogue: str, lines: Lines, language: str, variable: str = "") -> list[Spoken]:
    """See lines as they are said in one language; the element under test is marked."""
    parts = parts_of(survey.session, catalogue)
    return [
        Spoken(
            survey.element(catalogue, line.element),
            line.text.get(language, ""),
            parts[line.element].locked,
            line.element == variable,
        )
        for line in scripts.spoken(lines, parts)
    ]


@cache
def catalogue_names() -> dict[str, Mapping[str, str]]:
    """Give what the catalogues are called, by key: `{locale: text}`."""
    return {document["key"]: document["name"] for document in catalogue_documents().values()}


def _catalogue(
    session: Session,
    key: str,
    own: Sequence[Scenario],
    calls: Mapping[int, Totals],
    let_in: Mapping[int, Totals],
) -> CatalogueView:
    sets = [metric_set_of(session, s) for s in own if s.metric_set is not None]
    # Scenarios may have other funnels; the columns are those of the longest, and a step that one lacks is a dash.
    longest = max(sets, key=lambda s: len(s.steps), default=None)
    steps = [step for step in steps_of(longest) if step[0] != "calls"] if longest else []
    facts = {s.id: _facts(session, s) for s in own}
    chart, id_ = _share_chart(key, own, calls), f"shares-{key}"
    return CatalogueView(
        name=named(catalogue_names().get(key, {"en": key})),
        steps=[name for _fact, name in steps],
        rows=[_row(s, own, steps, facts, calls, let_in) for s in _in_tree_order(own)],
        chart=chart,
        figure=fetched(id_, chart, _shares_are(), url_for("pages.shares_picture", name=id_)) if chart else None,
    )


def _facts(session: Session, scenario: Scenario) -> set[str]:
    if scenario.metric_set is None:
        return set()
    return {step["fact"] for step in metric_set_of(session, scenario).steps}


def _row(
    scenario: Scenario,
    own: Sequence[Scenario],
    steps: Sequence[tuple[str, str]],
    facts: Mapping[int, set[str]],
    calls: Mapping[int, Totals],
    let_in: Mapping[int, Totals],
) -> TreeRow:
    leaves = [s for s in _under(scenario, own) if s.metric_set is not None]
    total = sum(calls[s.id]["calls"] for s in leaves if s.id in calls)

    def cell(fact: str) -> tuple[float | None, int] | None:
        having = [s.id for s in leaves if fact in facts[s.id]]
        if not having:
            return None
        inner = let_in if all("eligible" in facts[i] for i in having) else calls
        count = sum(inner[i]["calls" if fact == "eligible" else fact] for i in having if i in inner)
        return (count / total if total else None), count

    return TreeRow(
        scenario.key,
        named(scenario.name),
        _depth(scenario, own),
        scenario.metric_set is not None,
        scenario.share,
        scenario.standing,
        total,
        [cell(fact) for fact, _name in steps],
    )


def _under(scenario: Scenario, own: Sequence[Scenario]) -> list[Scenario]:
    below = [s for s in own if s.parent_id == scenario.id]
    return [scenario, *(found for s in below for found in _under(s, own))]


def _in_tree_order(own: Sequence[Scenario]) -> list[Scenario]:
    tops = sorted((s for s in own if s.parent_id is None), key=lambda s: -(s.share or 0))
    return [found for top in tops for found in _under(top, own)]


def _depth(scenario: Scenario, own: Sequence[Scenario]) -> int:
    parent = next((s for s in own if s.id == scenario.parent_id), None)
    return 0 if parent is None else 1 + _depth(parent, own)


def _share_chart(key: str, own: Sequence[Scenario], calls: Mapping[int, Totals]) -> ShareChart | None:
    if not any(s.share for s in own):
        return None
    keys = {s.id: s.key for s in own}
    rows = tuple(
        ShareRow(
            s.key,
            named(s.name),
            s.share,
            keys.get(s.parent_id) if s.parent_id else None,
            s.standing if s.metric_set else None,  # type: ignore[arg-type]  # the database holds no other word
            words.standing(s.standing) if s.metric_set else "",
            calls[s.id]["calls"] if s.id in calls else None,
        )
        for s in own
    )
    return ShareChart(_("How the calls divide, and where we invite"), rows, f"shares-{key}", share_words())


def _shares_are() -> str:
    return _("Share of all calls of the centre as its catalogue states it; the standing is of each leaf.")


def _placed(name: str, key: str, told: tuple[Chart, str] | None) -> Figure | None:
    return fetched(name, *told, url_for("pages.scenario_picture", key=key, name=name)) if told else None


def _shares_under(
    session: Session, scenario: Scenario, everything: Mapping[int, Scenario]
) -> tuple[ShareChart, str] | None:
    """See how the calls of a node divide among the kinds below it; a leaf has none."""
    below = _under(scenario, list(everything.values()))
    if len(below) == 1:
        return None
    chart = _share_chart(scenario.key, below, history.calls_by_scenario(session))
    return (chart, _shares_are()) if chart else None


def _parents(scenario: Scenario, everything: Mapping[int, Scenario]) -> list[tuple[str, str]]:
    above = everything.get(scenario.parent_id or 0)
    return [*_parents(above, everything), (above.key, named(above.name))] if above else []


def _heard(session: Session, survey: Survey, scenario: Scenario, standard: ScriptVersion) -> dict[str, list[Spoken]]:
    lines = scripts.lines_of(standard.lines)
    mine_first = sorted(LOCALES, key=lambda language: language != locale())
    return {ENDONYMS[language]: spoken_lines(survey, scenario.catalogue, lines, language) for language in mine_first}


def _revision(survey: Survey, scenario: Scenario, told: Told, numbers: Mapping[int, int]) -> RevisionRow:
    revision = told.revision
    value = revision.value
    served = [_("standard v%(number)s", number=numbers.get(value.standard_id, "?"))]
    served += [_slice(slice_) for slice_ in value.slices]
    return RevisionRow(
        revision.number,
        say(revision.cause),
        survey.name(revision.made_by),
        words.moment(revision.made_at),
        words.listed(served),
        change_views(survey, scenario.catalogue, told.changes),
    )


def _slice(slice_: Slice) -> str:
    """Say which part of the calls a test has, and where it has it for later, the standard being served meanwhile."""
    share = f"{slice_.key} {sum(high - low for low, high in slice_.ranges) / 100:.0f}%"
    if slice_.state == SliceState.RUNNING:
        return share
    return _("%(share)s held, hearing the standard", share=share)


def _funnel(session: Session, scenario: Scenario, everything: Mapping[int, Scenario]) -> tuple[FunnelChart, str] | None:
    """See the scenario's own calls; a node above sums the leaves that share its commonest funnel."""
    below = [everything[i] for i in history.leaves_under(session, scenario)]
    sets: list[tuple[int, MetricSet]] = [(s.id, metric_set_of(session, s)) for s in below if s.metric_set is not None]
    if not sets:
        return None
    commonest = Counter(found.id for _id, found in sets).most_common(1)[0][0]
    chosen = next(found for _id, found in sets if found.id == commonest)
    past = history.scenario_history(session, [i for i, found in sets if found.id == commonest])
    if not past.all["calls"]:
        return None
    steps = steps_of(chosen)
    title = _("What became of %(calls)s", calls=words.calls(past.all["calls"]))
    summary = _(
        "All assigned calls from %(first)s to %(last)s, in and out of tests.",
        first=words.day(past.first_day),
        last=words.day(past.last_day),
    )
    counts = scenario_counts([fact for fact, _name in steps], past)
    return funnel_of(f"{scenario.key}-funnel", title, steps, {named(scenario.name): counts}), summary
