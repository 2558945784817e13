"""The single-variable rule, and every other rule that a plan must keep before anyone is asked to approve it.

An experiment names one variable, and an arm *is* a value for it, so two changed elements cannot be expressed. A
full map of elements is accepted from outside only to be diffed against the control: one difference becomes the
value, two or more are refused by name. Pure: a plan and a control script in, values and problems out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from experiments.errors import Invalid, Problem, invalid
from experiments.plan.audience.checking import check_condition
from experiments.plan.audience.facts import facts_used
from experiments.plan.audience.patterns import BadCondition
from experiments.plan.scenarios import Metric, Part
from experiments.plan.scripts import ASK, Lines, Value, block_of, differences, missing_locales, value_in
from experiments.store import canonical
from experiments.wording import Message

LOCALES = ("zh-CN", "en")
UNITS = ("call", "customer", "agent", "team", "agent_shift")
WEIGHTINGS = ("call", "unit")
"""Whose vote counts in the effect that decides: each call one vote, or each unit one vote."""
FAMILIES = ("dunnett", "bonferroni")
"""How several challengers share alpha."""
SPENDINGS = ("obrien-fleming", "pocock")
"""How alpha is spent over the looks: little early, or nearly evenly."""
MODERATORS = ("tenure", "region", "channel")
"""What an effect may be declared to depend on: how long the agent has been here comes first."""
MAX_ARMS = 5
LEAST_EFFECT = 0.000_01
"""A difference of one call in 100,000: no centre has the calls to show less."""
LEAST_STEP = 0.001
"""Looks closer together than this share of the plan have nothing new to spend."""


class Kind(StrEnum):
    """What a card asks."""

    #: which words
    SCRIPT = "script"
    #: do we invite here at all: control serves without an ask
    SCENARIO = "scenario"


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """One arm: its weight out of 10,000, and its value for the variable, or a map of elements to be diffed."""

    key: str
    weight: int
    value: Value = None
    elements: Mapping[str, Value] | None = None


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """A metric's role in the plan; a guardrail's `margin` is the most harm that may not be ruled out.

    Margins are in the metric's own unit: a share for proportions, seconds or fen for means. `watch` marks a rare
    one that alarms but need not be cleared.
    """

    metric: str
    role: str
    margin: float | None = None
    watch: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an experiment registers before its first call.

    `effect` is the smallest difference worth having on the primary metric, as a share; `looks` are fractions of
    the planned sample, the last being 1; `coverage` is the part of the scenario's layer it takes, out of 10,000;
    `base_rate` is the primary metric's rate today, where the centre has no history to read it from. `weighting` says
    which effect decides where units are few and unequal, the average call's or the average unit's; `adjust` takes off
    what each agent's own past predicts; `moderators` are what the effect may depend on; `parent` is the key of the
    experiment that it follows from.
    """

    key: str
    kind: Kind
    scenario: str
    title: Mapping[str, str]
    hypothesis: Mapping[str, str]
    variable: str
    unit: str
    arms: tuple[ArmPlan, ...]
    metrics: tuple[MetricPlan, ...]
    effect: float
    audience: Mapping[str, Any] | None = None
    alpha: float = 0.05
    power: float = 0.8
    looks: tuple[float, ...] = (0.5, 1.0)
    spending: str = "obrien-fleming"
    family: str = "dunnett"
    weighting: str = "call"
    adjust: bool = False
    moderators: tuple[str, ...] = ("tenure",)
    coverage: int = 10_000
    base_rate: float | None = None
    salt: str | None = None
    parent: str | None = None


def resolved_arms(plan: Plan, control: Lines, parts: Mapping[str, Part]) -> list[ArmPlan]:
    """Turn every arm into a value: a map of elements that differs in exactly one becomes that one's value.

    Raises:
        Invalid: a map differs in two elements or more (all are named), or in another than the variable.
    """
    resolved = []
    for i, arm in enumerate(plan.arms):
        if arm.elements is None:
            resolved.append(arm)
            continue
        value = _single_difference(f"arms.{i}.elements", plan.variable, arm.elements, control, parts)
        resolved.append(ArmPlan(arm.key, arm.weight, value))
    return resolved


def _single_difference(
    where: str, variable: str, elements: Mapping[str, Value], control: Lines, parts: Mapping[str, Part]
) -> Value:
    changed = differences(control, elements)
    if len(changed) > 1:
        named = ", ".join(changed)
        raise Invalid(
            *(
                Problem(
                    f"{where}.{name}",
                    "single_variable",
                    Message("One variable at a time: the arm changes %(elements)s.", {"elements": named}),
                )
                for name in changed
            )
        )
    if changed and parts.get(changed[0]) is not None and parts[changed[0]].locked:
        raise invalid(f"{where}.{changed[0]}", "locked", "The element %(e)s is locked.", e=changed[0])
    if changed and changed[0] != variable:
        raise invalid(
            f"{where}.{changed[0]}",
            "not_the_variable",
            "The arm changes %(changed)s, but the variable under test is %(variable)s.",
            changed=changed[0],
            variable=variable,
        )
    return elements.get(variable)


def problems_of(
    plan: Plan, arms: Sequence[ArmPlan], control: Lines, parts: Mapping[str, Part], metrics: Mapping[str, Metric]
) -> Iterable[Problem]:
    """Name everything that is wrong with a plan whose arms are values already."""
    yield from _naming_problems(plan)
    yield from _arm_problems(plan, arms, control, parts)
    yield from _metric_problems(plan, metrics)
    yield from _number_problems(plan)
    yield from _method_problems(plan)
    if plan.audience is not None:
        yield from audience_problems("audience", plan.audience)


def audience_problems(where: str, condition: Mapping[str, Any]) -> Iterable[Problem]:
    """Name what is wrong with an audience, a plan's or a scenario's own.

    Args:
        where: the field it stands in.
        condition: who is let in.
    """
    try:
        check_condition(condition)
    except BadCondition as error:
        yield Problem(where, "bad_condition", error.message)
        return
    if any(path.split(".")[0] == "customer_id" for path in facts_used(condition)):
        # What a condition reads is stored with the assignment; a customer's id never is.
        yield Problem(where, "personal", Message("An audience cannot be chosen by customer_id."))


def _naming_problems(plan: Plan) -> Iterable[Problem]:
    for name in ("title", "hypothesis"):
        yield from missing_locales(name, getattr(plan, name), LOCALES)
    if plan.unit not in UNITS:
        yield Problem("unit", "unknown_unit", Message("The unit is one of %(units)s.", {"units": ", ".join(UNITS)}))


def _arm_problems(plan: Plan, arms: Sequence[ArmPlan], control: Lines, parts: Mapping[str, Part]) -> Iterable[Problem]:
    if plan.variable not in parts:
        yield Problem("variable", "unknown_element", Message("There is no element %(e)s.", {"e": plan.variable}))
        return
    if parts[plan.variable].locked:
        yield Problem("variable", "locked", Message("The element %(e)s is locked.", {"e": plan.variable}))
    if not 2 <= len(arms) <= MAX_ARMS:
        yield Problem("arms", "number", Message("A test has 2 to %(most)s arms.", {"most": MAX_ARMS}))
    if sum(arm.weight for arm in arms) != 10_000 or any(arm.weight <= 0 for arm in arms):
        yield Problem("arms", "weights", Message("The arms' weights are positive and sum to 10000."))
    if len({arm.key for arm in arms}) != len(arms):
        yield Problem("arms", "twice", Message("Every arm has a key of its own."))
    if len({canonical(arm.value) for arm in arms}) != len(arms):
        yield Problem("arms", "same", Message("Two arms have the same value: there is nothing to compare."))
    yield from _control_problems(plan, arms, value_in(control, plan.variable))
    for i, arm in enumerate(arms):
        yield from _value_problems(f"arms.{i}.value", arm.value, parts[plan.variable], control, parts)


def _control_problems(plan: Plan, arms: Sequence[ArmPlan], standard: Value) -> Iterable[Problem]:
    """The first arm is the control: the standard as it is; in a scenario card, the standard without its ask."""
    if plan.kind is Kind.SCENARIO and plan.variable != ASK:
        yield Problem("variable", "ask", Message("A scenario card tests the ask: whether we invite here at all."))
        return
    wanted = None if plan.kind is Kind.SCENARIO else standard
    if arms and arms[0].value != wanted:
        yield Problem("arms.0.value", "control", Message("The first arm is the control: the standard's own value."))


def _value_problems(
    where: str, value: Value, part: Part, control: Lines, parts: Mapping[str, Part]
) -> Iterable[Problem]:
    if value is None:
        return
    if "after" in value:
        if value["after"] not in {line.element for line in control} - block_of(part, parts):
            yield Problem(where, "after", Message("The script has no element %(e)s.", {"e": value["after"]}))
    elif part.kind == "position":
        yield Problem(where, "position", Message('The variable %(e)s takes {"after": element}.', {"e": part.key}))
    else:
        yield from missing_locales(where, value, LOCALES)


def _metric_problems(plan: Plan, metrics: Mapping[str, Metric]) -> Iterable[Problem]:
    if [m.role for m in plan.metrics].count("primary") != 1:
        yield Problem("metrics", "one_primary", Message("A plan has exactly one primary metric."))
    if len({m.metric for m in plan.metrics}) != len(plan.metrics):
        yield Problem("metrics", "twice", Message("Every metric is named once."))
    for i, planned in enumerate(plan.metrics):
        where = f"metrics.{i}"
        if planned.metric not in metrics:
            yield Problem(f"{where}.metric", "unknown", Message("There is no metric %(m)s.", {"m": planned.metric}))
        elif planned.role == "primary" and metrics[planned.metric].kind != "proportion":
            yield Problem(f"{where}.metric", "proportion", Message("The primary metric is a proportion of calls."))
        if planned.role == "guardrail" and not (planned.margin or 0) > 0:
            yield Problem(f"{where}.margin", "margin", Message("A guardrail has a margin above 0."))
        if planned.role != "guardrail" and planned.margin is not None:
            yield Problem(f"{where}.margin", "margin", Message("Only guardrails have margins."))


def _method_problems(plan: Plan) -> Iterable[Problem]:
    words = {"weighting": WEIGHTINGS, "family": FAMILIES, "spending": SPENDINGS}
    for name, known in words.items():
        if getattr(plan, name) not in known:
            values = {"name": name, "words": ", ".join(known)}
            yield Problem(name, "unknown", Message("%(name)s is one of %(words)s.", values))
    if plan.weighting == "unit" and plan.unit == "call":
        yield Problem("weighting", "no_units", Message("Calls are the units here: each has one vote already."))
    if plan.adjust and plan.unit != "agent":
        yield Problem("adjust", "no_past", Message("Only agents have a past to adjust for."))
    if len(set(plan.moderators)) != len(plan.moderators) or not set(plan.moderators) <= set(MODERATORS):
        known_words = {"words": ", ".join(MODERATORS)}
        yield Problem("moderators", "unknown", Message("Moderators are some of %(words)s, each once.", known_words))


def _number_problems(plan: Plan) -> Iterable[Problem]:
    bounds = {"alpha": (0, 0.5), "power": (0.5, 1), "effect": (LEAST_EFFECT, 1)}
    for name, (low, high) in bounds.items():
        if not low < getattr(plan, name) < high:
            message = Message("%(name)s lies between %(low)s and %(high)s.", {"name": name, "low": low, "high": high})
            yield Problem(name, "bounds", message)
    if not 0 < plan.coverage <= 10_000:
        yield Problem("coverage", "bounds", Message("Coverage is 1 to 10000 of 10000 buckets."))
    if plan.base_rate is not None and not 0 < plan.base_rate < 1:
        yield Problem("base_rate", "bounds", Message("The rate today is a share between 0 and 1."))
    elif plan.base_rate is not None and plan.base_rate + plan.effect >= 1:
        yield Problem("effect", "no_room", Message("The rate today leaves no room for so large an effect."))
    apart = all(b - a >= LEAST_STEP for a, b in pairwise((0.0, *plan.looks)))
    if not plan.looks or plan.looks[-1] != 1 or not apart:
        message = Message("Looks are fractions of the planned calls that rise by 0.001 or more, the last being 1.")
        yield Problem("looks", "fractions", message)
