"""When the watch of a guardrail speaks, and when it is silent."""

import math
from types import SimpleNamespace
from typing import Any

import pytest

from experiments.check.analysis.arms import ArmData, Method
from experiments.check.metrics import NOTHING, MetricSpec
from experiments.check.verdict import Guard, GuardrailReading
from experiments.check.watching import watched
from experiments.plan.designs import Arm, Experiment, PlannedMetric

RESOLVED = MetricSpec("resolved", "proportion", "resolved", "eligible", "higher", 0, {"en": "Resolved"})
COMPLAINT = MetricSpec("complaint", "proportion", "complaint", "eligible", "lower", 0, {"en": "Complaint"})


def seen(spec: MetricSpec, control: tuple[int, int], challenger: tuple[int, int], *, rare: bool = False) -> Any:
    """Watch a guardrail over two arms of (calls, successes)."""
    arms = [
        ArmData(key, {**NOTHING, "calls": n, spec.numerator: x}, None, {})
        for key, (n, x) in (("control", control), ("b", challenger))
    ]
    experiment = Experiment(alpha=0.05, unit="call", planned_calls=4000)
    experiment.arms = [Arm(key="control", weight=5000, position=0), Arm(key="b", weight=5000, position=1)]
    method = Method("call", "call", (5000, 5000), "plan", (), None, None, 20261109, 20261108)
    data: Any = SimpleNamespace(specs={spec.key: spec}, experiment=experiment, method=method)
    planned = PlannedMetric(metric=spec.key, role="guardrail", margin=0.002 if rare else 0.02, watch=rare)
    return watched(data, planned, arms, 1)


@pytest.mark.parametrize(
    ("reading", "silent", "guard"),
    [
        # forty calls, nearly all resolved: too little goes wrong to say anything by a normal curve
        (seen(RESOLVED, (40, 39), (40, 37)), True, Guard.OPEN),
        # five hundred calls, as good as each other
        (seen(RESOLVED, (500, 470), (500, 468)), False, Guard.OPEN),
        # the control hardly ever fails, the challenger always: nobody waits for the control's tenth failure
        (seen(RESOLVED, (60, 59), (60, 0)), False, Guard.HARMED),
    ],
)
def test_the_watch_speaks_when_there_is_enough_to_speak_of(
    reading: GuardrailReading, silent: bool, guard: Guard
) -> None:
    assert (math.isnan(reading.watched_low), reading.guard) == (silent, guard)


@pytest.mark.parametrize(
    ("complaints", "guard"),
    [
        # three against none is luck
        ((0, 3), Guard.OPEN),
        # fourteen against one is not, at whatever moment one looks
        ((1, 14), Guard.HARMED),
    ],
)
def test_rare_events_are_judged_one_by_one_from_the_first(complaints: tuple[int, int], guard: Guard) -> None:
    reading = seen(COMPLAINT, (1000, complaints[0]), (1000, complaints[1]), rare=True)
    assert (reading.scale, reading.guard) == ("ratio", guard)
