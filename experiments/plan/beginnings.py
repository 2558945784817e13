"""Beginnings: the body of a plan filled in as far as a scenario, its standard and a template know; words are people's.

Every function gives the plain body that the API takes for a plan, so that whatever begins one (a scenario, a template,
a signal) can be completed by hand, on the page or elsewhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from experiments.errors import Invalid, problems_in
from experiments.plan import scripts, traffic
from experiments.plan.rules import Kind
from experiments.plan.scenarios import Scenario, metric_set_of, parts_of
from experiments.plan.scripts import ASK, Lines, Value, lines_of, value_in
from experiments.plan.sketches import free_key

EFFECT = 0.03
"""The difference that a plan begins with; people set it before anything is sized."""

_EVEN = 10_000
Names = Mapping[str, str]


class Challenger(BaseModel):
    """`[[template.challenger]]`: words, a position, or neither where the element is left out or starts as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    text: Names | None = None
    after: str | None = None
    absent: bool = False


class Template(BaseModel):
    """`[[template]]`: a kind of test that a centre runs again and again. `advice` tells whoever writes the words.

    `base_rate` is the primary metric's rate under the control, where the scenario's own history does not say it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    kind: Kind = Kind.SCRIPT
    variable: str
    name: Names
    advice: Names
    title: Names = Field(description="`{scenario}` stands for the scenario's name.")
    hypothesis: Names
    unit: Literal["call", "customer", "agent", "team", "agent_shift"] = "call"
    effect: float = EFFECT
    base_rate: float | None = None
    challenger: list[Challenger] = Field(min_length=1)


class Templates(BaseModel):
    """The templates that come with one catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    catalogue: str
    template: list[Template]


def templates_in(document: Mapping[str, Any]) -> Templates:
    """Read a document of templates.

    Raises:
        Invalid: a field is missing, unknown or of another type; each is named.
    """
    try:
        return Templates.model_validate(document)
    except ValidationError as error:
        raise Invalid(*problems_in(error)) from error


def begin(
    session: Session, scenario: Scenario, variable: str | None = None, kind: Kind = Kind.SCRIPT
) -> dict[str, Any]:
    """Begin a plan: its metrics are the scenario's, its one challenger still says what the control says.

    Args:
        session: to read with.
        scenario: where it will run.
        variable: the element that will differ; the first that can, where it is None or cannot.
        kind: which words, or whether to invite at all.

    Raises:
        Conflict: the scenario has no standard.
        Unknown: the scenario is not a leaf.
    """
    lines = standard_lines(session, scenario)
    able = testable(session, scenario, lines)
    element = ASK if kind is Kind.SCENARIO else variable if variable in able else next(iter(able), "")
    words = value_in(lines, element)
    values = [None if kind is Kind.SCENARIO else words, words]
    return {
        "key": free_key(session, f"{scenario.key}_{element}"),
        "kind": kind.value,
        "scenario": scenario.key,
        "title": {},
        "hypothesis": {},
        "variable": element,
        "unit": "call",
        "arms": arms_of(values, ("control", "new")),
        "metrics": metrics_to_begin_with(session, scenario),
        "effect": EFFECT,
    }


def begin_from(session: Session, scenario: Scenario, template: Template) -> dict[str, Any]:
    """Begin a plan by a template, in a scenario of its catalogue.

    Raises:
        Conflict: the scenario has no standard.
        Unknown: the scenario is not a leaf.
    """
    plan = begin(session, scenario, template.variable, template.kind)
    standard = value_in(standard_lines(session, scenario), template.variable)
    values = [_value(challenger, standard) for challenger in template.challenger]
    keys = [challenger.key for challenger in template.challenger]
    return plan | {
        "title": {locale: text.format(scenario=scenario.name[locale]) for locale, text in template.title.items()},
        "hypothesis": dict(template.hypothesis),
        "variable": template.variable,
        "unit": template.unit,
        "effect": template.effect,
        "base_rate": template.base_rate,
        "arms": arms_of([plan["arms"][0]["value"], *values], ("control", *keys)),
    }


def fits(session: Session, scenario: Scenario, template: Template) -> bool:
    """Say whether a template can be used in a scenario: its variable can differ there, from something that is said.

    A template of words needs the standard to say something there; else whoever writes would not see what is changed.
    """
    if scenario.metric_set is None or traffic.newest(session, scenario.id) is None:
        return False
    lines = standard_lines(session, scenario)
    return template.variable in testable(session, scenario, lines) and value_in(lines, template.variable) is not None


def standard_lines(session: Session, scenario: Scenario) -> Lines:
    """Give the words of a scenario's standard in force.

    Raises:
        Conflict: the scenario has none.
    """
    standard = traffic.in_force(session, scenario).value.standard_id
    return lines_of(scripts.version_by_id(session, standard).lines)


def testable(session: Session, scenario: Scenario, lines: Lines) -> tuple[str, ...]:
    """Name the elements that a test may vary here, in spoken order; what comes after the request stands first.

    An element that the standard lacks can be put in, if what it needs is there; a locked one never differs.
    """
    present = {line.element for line in lines}
    able = [
        part
        for part in parts_of(session, scenario.catalogue).values()
        if not part.locked and (part.needs is None or part.needs in present)
    ]
    return tuple(part.key for part in sorted(able, key=lambda part: (not part.after_request, part.position)))


def metrics_to_begin_with(session: Session, scenario: Scenario) -> list[dict[str, Any]]:
    """Give the metrics that plans in this scenario start from.

    Raises:
        Unknown: the scenario is not a leaf.
    """
    chosen = metric_set_of(session, scenario)
    guards = [{"metric": g["metric"], "role": "guardrail", "margin": g["margin"], "watch": g["watch"]}
              for g in chosen.guardrails]  # fmt: skip
    rest = [{"metric": key, "role": "secondary"} for key in chosen.secondary]
    return [{"metric": chosen.primary_metric, "role": "primary"}, *guards, *rest]


def arms_of(values: Sequence[Value], keys: Sequence[str]) -> list[dict[str, Any]]:
    """Give arms of even weight, the control first."""
    weights = even_weights(len(values))
    return [
        {"key": key, "weight": weight, "value": value} for key, weight, value in zip(keys, weights, values, strict=True)
    ]


def even_weights(arms: int) -> list[int]:
    """Divide 10,000 among arms as evenly as whole numbers do, what is over going to the first."""
    each, over = divmod(_EVEN, arms)
    return [each + (position < over) for position in range(arms)]


def _value(challenger: Challenger, standard: Value) -> Value:
    if challenger.absent:
        return None
    if challenger.after is not None:
        return {"after": challenger.after}
    return dict(challenger.text) if challenger.text is not None else standard
