"""A form judged: the plan that was typed, as it would be registered now, and everything that is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from experiments.errors import Problem, problems_in
from experiments.plan import beginnings, sketches
from experiments.plan.rules import Kind
from experiments.plan.scenarios import Part, Scenario, parts_of, scenario_named
from experiments.plan.scripts import Lines, Value, value_in
from experiments.plan.sketches import Sketch
from experiments.wording import Message
from web.api.schemas.plans import PlanBody
from web.studio import read, start
from web.studio.typed import Typed


@dataclass(frozen=True, slots=True)
class Judged:
    """What was typed, and what it comes to.

    Attributes:
        scenario: Where it is to run.
        lines: The standard's words there.
        parts: The catalogue's elements.
        control: What the control says of the variable.
        body: The plan as the API takes it.
        sketch: The plan as it would be registered.
        problems: All that is wrong, with the form and by the rules.
    """

    scenario: Scenario
    lines: Lines
    parts: Mapping[str, Part]
    control: Value
    body: Mapping[str, Any]
    sketch: Sketch
    problems: Sequence[Problem]

    @property
    def variable(self) -> Part | None:
        """Give the element that differs; None where there is no such element."""
        return self.parts.get(str(self.body["variable"]))


def judge(session: Session, typed: Typed, *, amending: str = "") -> Judged:
    """See what a form comes to.

    Args:
        session: to read with.
        typed: the form.
        amending: the key of the draft that is amended; "" for a new plan.

    Raises:
        Unknown: no such scenario.
        Conflict: the scenario has no standard.
    """
    scenario = scenario_named(session, typed.plain["scenario"])
    lines, parts = beginnings.standard_lines(session, scenario), parts_of(session, scenario.catalogue)
    variable = typed.plain["variable"]
    control = None if typed.plain["kind"] == Kind.SCENARIO else value_in(lines, variable)
    body, problems = read.body_of(
        typed,
        position=variable in parts and parts[variable].kind == "position",
        control=control,
        in_points=start.in_points(session, scenario),
    )
    body |= {"key": amending or body["key"]}
    problems += _misread(body)
    if not amending and not sketches.is_free(session, body["key"]):
        problems.append(Problem("key", "taken", Message("The key %(key)s is taken.", {"key": body["key"]})))
    spoilt = {problem.field.split(".")[0] for problem in problems} & read.CARRIED
    sketch = sketches.sketch(session, read.plan_of({k: v for k, v in body.items() if k not in spoilt}))
    return Judged(scenario, lines, parts, control, body, sketch, [*problems, *sketch.problems])


def _misread(body: Mapping[str, Any]) -> list[Problem]:
    """Say what the edge refuses of a body, as it would from the API."""
    try:
        PlanBody.model_validate(body)
    except ValidationError as error:
        return problems_in(error)
    return []
