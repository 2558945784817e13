"""The page of key variables: what finished tests say of each part of the script, and which test to run next."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board.next_tests import NextTest, next_tests
from experiments.check.variables.evidence import Omission, Omitted
from experiments.check.variables.survey import MetricSurvey, survey_variables
from experiments.errors import Unknown
from experiments.imports import ledger
from experiments.plan.scenarios import element_names, metrics_of
from web.charts.kinds import packed
from web.language import named, say
from web.pages import words
from web.pages.scenarios import catalogue_names
from web.pages.survey import Freshness, freshness
from web.pages.variables.forest import VariableView, variable_view
from web.pages.variables.ranking import RankRow, finding, rank_row, reach

MOST_TESTS = 6
MOST_IN_A_SCENARIO = 2
"""A scenario takes one test at a time: two ideas for it are enough to choose from."""


@dataclass(frozen=True, slots=True)
class NextView:
    """A test worth running."""

    title: str
    scenario: str
    variable: str
    why: str


@dataclass(frozen=True, slots=True)
class MetricView:
    """What moves one metric. `reach` is how far the ranking's small intervals go either way, in points."""

    id: str
    centre: str
    metric: str
    note: str
    finding: str
    reach: float
    ranking: list[RankRow]
    variables: list[VariableView]
    next_tests: list[NextView]


@dataclass(frozen=True, slots=True)
class VariablesPage:
    """Everything on the page."""

    fresh: Freshness
    metrics: list[MetricView]
    omitted: str


def variables_page(session: Session) -> VariablesPage:
    """See what finished tests say of every variable."""
    survey = survey_variables(session, synthetic=ledger.made_up_experiments(session))
    metrics = [_metric(session, found, f"metric-{n}") for n, found in enumerate(survey.metrics, start=1)]
    return VariablesPage(freshness(session), metrics, _omitted(survey.omitted))


def drawn_variable(session: Session, name: str) -> bytes:
    """Give what charts.js draws of one variable, packed with gzip.

    Raises:
        Unknown: the page has no such chart now.
    """
    views = [view for metric in variables_page(session).metrics for view in metric.variables]
    found = next((view.chart for view in views if view.figure.id == name), None)
    if found is None:
        raise Unknown("There is no chart %(name)s here.", name=name)
    return packed(found)


def _metric(session: Session, survey: MetricSurvey, id_: str) -> MetricView:
    metric = metrics_of(session, survey.catalogue)[survey.metric]
    name, note = named(metric.name), named(metric.note)
    names = {key: named(element) for key, element in element_names(session, survey.catalogue).items()}
    effects = [(ranked.effect, f"{id_}-{ranked.effect.variable}") for ranked in survey.ranked]
    return MetricView(
        id=id_,
        centre=named(catalogue_names().get(survey.catalogue, {"en": survey.catalogue})),
        metric=name,
        note=note,
        finding=finding(survey, names, name),
        reach=reach(survey),
        ranking=[rank_row(ranked, names, f"{id_}-{ranked.effect.variable}") for ranked in survey.ranked],
        variables=[
            variable_view(effect, anchor, names.get(effect.variable, effect.variable), name, note)
            for effect, anchor in effects
        ],
        next_tests=[
            NextView(
                _(
                    "%(variable)s in %(scenario)s",
                    variable=names.get(test.variable, test.variable),
                    scenario=named(test.place.name),
                ),
                test.place.scenario,
                test.variable,
                say(test.why),
            )
            for test in _chosen(next_tests(session, survey))
        ],
    )


def _chosen(found: Sequence[NextTest]) -> list[NextTest]:
    """Choose the first few, so that one scenario does not fill the list."""
    taken: Counter[str] = Counter()
    chosen = []
    for test in found:
        taken[test.place.scenario] += 1
        if taken[test.place.scenario] <= MOST_IN_A_SCENARIO:
            chosen.append(test)
    return chosen[:MOST_TESTS]


def _omitted(found: Sequence[Omitted]) -> str:
    """Say how many finished tests do not count, and why."""
    if not found:
        return ""
    naming = {
        Omission.UNDECIDED: _("ended before a look could decide"),
        Omission.UNTRUSTWORTHY: _("data not to be trusted"),
        Omission.REPLAYED: _("past calls sent through again"),
        Omission.SYNTHETIC: _("imported with made-up fields"),
        Omission.ARM_DROPPED: _("an arm was dropped on the way"),
        Omission.UNMEASURED: _("no effect measured"),
    }
    counted = Counter(each.why for each in found)
    told = words.listed(f"{name} {counted[why]}" for why, name in naming.items() if why in counted)
    return _("Finished tests that do not count: %(why)s.", why=told)
