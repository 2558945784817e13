"""Another scenario or variable is chosen while a plan is written: what nobody wrote follows, the rest stays."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from experiments.errors import Conflict, Unknown
from experiments.plan import beginnings, sketches
from experiments.plan.rules import Kind
from experiments.plan.scenarios import Scenario, scenario_named
from experiments.plan.scripts import ASK, Value, value_in
from web.studio import start
from web.studio.typed import Typed, TypedArm, TypedMetric, typed_plan


def follow(session: Session, typed: Typed, scenario_before: str, variable_before: str) -> Typed:
    """Give the form for what is chosen now.

    A challenger that still says what the old control said begins from the new one; the metrics, while they are those
    that the old scenario begins with, become the new one's; likewise the key that was proposed.

    Args:
        session: to read with.
        typed: the form.
        scenario_before: the scenario it was shown with.
        variable_before: the variable it was shown with.

    Raises:
        Unknown: no such scenario.
        Conflict: the scenario has no standard.
    """
    scenario = scenario_named(session, typed.plain["scenario"])
    if typed.plain["kind"] == Kind.SCENARIO:
        typed = replace(typed, plain={**typed.plain, "variable": ASK})
    chosen = (scenario.key, typed.plain["variable"])
    if chosen == (scenario_before, variable_before):
        return typed
    try:
        old = scenario_named(session, scenario_before)
        said_before = _said(session, old, variable_before)
    except (Unknown, Conflict):
        return typed
    said_now = _said(session, scenario, chosen[1])
    arms = [typed.arms[0], *(_arm(arm, said_before, said_now) for arm in typed.arms[1:])]
    proposed, key = f"{scenario_before}_{variable_before}", typed.plain["key"]
    if not typed.based_on and key.startswith(proposed):
        key = sketches.free_key(session, "_".join(chosen))
    plain = {**typed.plain, "key": key}
    return replace(typed, arms=arms, plain=plain, metrics=_metrics(session, typed, old, scenario))


def _said(session: Session, scenario: Scenario, variable: str) -> Value:
    return value_in(beginnings.standard_lines(session, scenario), variable)


def _arm(arm: TypedArm, before: Value, now: Value) -> TypedArm:
    """Give a challenger its new beginning, unless somebody wrote in it."""
    written = {locale: text for locale, text in arm.texts.items() if text.strip()}
    if written and written != before:
        return arm
    texts = {} if now is None or "after" in now else now
    return replace(arm, texts=texts, after=(now or {}).get("after", ""))


def _metrics(session: Session, typed: Typed, old: Scenario, new: Scenario) -> Mapping[str, TypedMetric]:
    before, now = (_usual(session, scenario) for scenario in (old, new))
    named = {key: metric for key, metric in typed.metrics.items() if metric.role}
    return now if named == before else typed.metrics


def _usual(session: Session, scenario: Scenario) -> Mapping[str, TypedMetric]:
    body = {"arms": [], "metrics": beginnings.metrics_to_begin_with(session, scenario)}
    return typed_plan(body, start.in_points(session, scenario)).metrics
