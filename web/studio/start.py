"""What the studio opens with: a scenario, a template, a signal's proposal, or a draft that is amended."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from configs.settings import template_documents
from experiments.act.control import signals
from experiments.board import cards
from experiments.board.after_signal import propose_after
from experiments.board.cards import Review, Stage
from experiments.check import history
from experiments.check.variables.survey import survey_variables
from experiments.errors import Conflict, Unknown
from experiments.imports import ledger
from experiments.plan import beginnings, sketches, traffic
from experiments.plan.beginnings import Template
from experiments.plan.designs import Experiment
from experiments.plan.rules import Kind, Plan
from experiments.plan.scenarios import Scenario, every_scenario, metrics_of, scenario_named
from experiments.plan.scripts import value_in
from web.language import named
from web.pages import words
from web.studio.typed import Typed, typed_plan

_DIGITS, _LONGEST_STEM = 9, 50


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A scenario in which something can be tested."""

    key: str
    name: str
    standing: str
    daily: float


@dataclass(frozen=True, slots=True)
class StartPage:
    """Where to test: `template` is what was chosen already, if anything was."""

    template: Template | None
    places: list[PlaceRow]


@cache
def templates() -> dict[str, tuple[Template, ...]]:
    """Give the templates that come with the product, by catalogue."""
    read = map(beginnings.templates_in, template_documents().values())
    return {each.catalogue: tuple(each.template) for each in read}


def fitting(session: Session, scenario: Scenario) -> list[Template]:
    """Give the templates of a scenario's catalogue that can be used in it."""
    known = templates().get(scenario.catalogue, ())
    return [template for template in known if beginnings.fits(session, scenario, template)]


def places(session: Session) -> list[Scenario]:
    """Give the scenarios in which something can be tested: leaves with a standard script."""
    leaves = [scenario for scenario in every_scenario(session) if scenario.metric_set is not None]
    return [scenario for scenario in leaves if traffic.newest(session, scenario.id) is not None]


def start_page(session: Session, template_key: str) -> StartPage:
    """See where something can be tested, or where a template fits; busy scenarios stand first."""
    known = [template for several in templates().values() for template in several]
    template = next((each for each in known if each.key == template_key), None)
    calls = history.calls_by_scenario(session, eligible_only=True)
    here = [s for s in places(session) if template is None or template in fitting(session, s)]
    rows = [
        PlaceRow(
            scenario.key,
            named(scenario.name),
            words.standing(scenario.standing),
            history.scenario_history(session, [scenario.id]).daily_eligible if scenario.id in calls else 0.0,
        )
        for scenario in here
    ]
    return StartPage(template, sorted(rows, key=lambda row: -row.daily))


def begun(session: Session, asked: Mapping[str, str]) -> Typed | None:
    """Fill the form from an address; None where it names no scenario yet.

    Raises:
        Unknown: no such scenario, template, signal or experiment.
        Conflict: the scenario has no standard, nothing in it can be tested, or the experiment's plan is not frozen.
    """
    if "from_signal" in asked:
        return _from_signal(session, asked["from_signal"])
    if "anew" in asked:
        return _anew(session, asked["anew"])
    if not asked.get("scenario"):
        return None
    scenario = scenario_named(session, asked["scenario"])
    if asked.get("template"):
        template = next((t for t in fitting(session, scenario) if t.key == asked["template"]), None)
        if template is None:
            raise Unknown("There is no template %(template)s for this scenario.", template=asked["template"])
        return typed_body(session, beginnings.begin_from(session, scenario, template))
    kind = Kind.SCENARIO if asked.get("kind") == Kind.SCENARIO else Kind.SCRIPT
    return typed_body(session, beginnings.begin(session, scenario, asked.get("variable"), kind))


def amended(session: Session, key: str) -> Typed:
    """Fill the form from a draft.

    Raises:
        Unknown: no such experiment.
        Conflict: its plan is no longer a draft.
    """
    card = cards.card_of(session, key)
    if (card.stage, card.review) != (Stage.PLAN, Review.DRAFT):
        raise Conflict("The plan of %(experiment)s is no longer a draft.", experiment=key)
    return typed_body(session, _body(session, card.experiment), based_on=card.experiment.content_hash)


def typed_body(session: Session, body: Mapping[str, Any], *, based_on: str = "") -> Typed:
    """See the body of a plan as it would have been typed."""
    return typed_plan(body, in_points(session, scenario_named(session, body["scenario"])), based_on=based_on)


def in_points(session: Session, scenario: Scenario) -> dict[str, bool]:
    """Say of every metric of a scenario's catalogue whether it is a share, so that margins are points."""
    return {key: metric.kind != "mean" for key, metric in metrics_of(session, scenario.catalogue).items()}


def _from_signal(session: Session, number: str) -> Typed:
    if not (number.isascii() and number.isdecimal() and len(number) <= _DIGITS):
        raise Unknown("There is no signal %(number)s.", number=number)
    scenario, signal = signals.signal_anywhere(session, int(number))
    survey = survey_variables(session, synthetic=ledger.made_up_experiments(session))
    proposed = propose_after(session, scenario, signal, survey)
    if proposed is None:
        raise Conflict("The standard of %(scenario)s has no words that a test may vary.", scenario=scenario.key)
    return typed_body(session, proposed.plan)


def _anew(session: Session, key: str) -> Typed:
    """Begin a new phase of a plan that is frozen: as it stands now, to be changed, everybody dealt anew."""
    experiment = cards.card_of(session, key).experiment
    if experiment.started_at is None:
        raise Conflict("The plan of %(experiment)s is not frozen: amend it as it is.", experiment=key)
    body = _body(session, experiment)
    arms = [arm for arm, kept in zip(body["arms"], experiment.arms, strict=True) if kept in experiment.dealt]
    if experiment.kind != Kind.SCENARIO:
        lines = beginnings.standard_lines(session, experiment.scenario)
        arms[0]["value"] = value_in(lines, experiment.variable)
        arms = [arms[0], *(arm for arm in arms[1:] if arm["value"] != arms[0]["value"])]
        if len(arms) == 1:
            raise Conflict(
                "The standard says by now what %(experiment)s tried: nothing is left to test.", experiment=key
            )
    if len(arms) < len(body["arms"]):
        arms = beginnings.arms_of([arm["value"] for arm in arms], [arm["key"] for arm in arms])
    again = {
        "key": sketches.free_key(session, f"{key[:_LONGEST_STEM]}_again"),
        "parent": key,
        "coverage": experiment.coverage_in_force,
        "arms": arms,
    }
    return typed_body(session, body | again)


def _body(session: Session, experiment: Experiment) -> dict[str, Any]:
    """Give the body that a draft's plan would be sent in.

    Its audience is in it where it is not the scenario's own; its salt is not, since a draft keeps the one it has.
    """
    plan: Plan = replace(sketches.plan_of(experiment), audience=experiment.audience_in_force)
    own = traffic.in_force(session, experiment.scenario).value.audience
    given = {name: getattr(plan, name) for name in Plan.__slots__}
    return {
        **given,
        "kind": plan.kind.value,
        "salt": None,
        "audience": None if plan.audience == own else plan.audience,
        "arms": [{"key": arm.key, "weight": arm.weight, "value": arm.value} for arm in plan.arms],
        "metrics": [{"metric": m.metric, "role": m.role, "margin": m.margin, "watch": m.watch} for m in plan.metrics],
        "looks": list(plan.looks),
        "moderators": list(plan.moderators),
    }


def title_of(typed: Typed, key: str) -> str:
    """Give what the page is called."""
    if not key:
        return _("A new test")
    return _("Amend the plan of %(experiment)s", experiment=named(typed.worded["title"]) or key)
