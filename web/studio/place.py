"""Where a test is to run: the scenario with its volume, its rates, its standing, and the cycles it has been through."""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board import cards
from experiments.board.cards import Card
from experiments.check import history, looks
from experiments.check.history import ScenarioHistory
from experiments.check.looks import Look
from experiments.plan.scenarios import Scenario, element_names, metric_set_of
from web.formats import percent
from web.language import named
from web.pages import words
from web.pages.figures import steps_of
from web.pages.moved import place


@dataclass(frozen=True, slots=True)
class Cycle:
    """A card of the scenario: where it stands, and what its last look said."""

    key: str
    title: str
    state: str
    variable: str


@dataclass(frozen=True, slots=True)
class ScenarioView:
    """One scenario: `facts` are (what, how much) of its own calls."""

    key: str
    name: str
    standing: str
    facts: list[tuple[str, str]]
    cycles: list[Cycle]


def scenario_view(session: Session, scenario: Scenario) -> ScenarioView:
    """See where a test is to run."""
    names = element_names(session, scenario.catalogue)
    here = [card for card in cards.every_card(session) if card.experiment.scenario_id == scenario.id]
    last = looks.newest_looks(session)
    return ScenarioView(
        scenario.key,
        named(scenario.name),
        scenario.standing,
        _facts(session, scenario, history.scenario_history(session, [scenario.id])),
        [
            Cycle(
                card.experiment.key,
                named(card.experiment.title),
                _state(card, last.get(card.experiment_id)),
                named(names.get(card.experiment.variable, {"en": card.experiment.variable})),
            )
            for card in here
        ],
    )


def _facts(session: Session, scenario: Scenario, past: ScenarioHistory) -> list[tuple[str, str]]:
    """Give the volume, and of the eligible calls how many come to each step."""
    calls = past.eligible["calls"]
    if not calls:
        return [(_("Calls so far"), _("none"))]
    steps = [step for step in steps_of(metric_set_of(session, scenario)) if step[0] not in ("calls", "eligible")]
    return [
        (_("Eligible calls a day"), f"{past.daily_eligible:,.0f}"),
        *((_("%(step)s, of the eligible", step=name), percent(past.eligible[fact] / calls)) for fact, name in steps),
    ]


def _state(card: Card, last: Look | None) -> str:
    return f"{place(card)} · {words.conclusion(last.conclusion)}" if last else place(card)
