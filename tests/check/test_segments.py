"""For whom an effect holds: also where a level of a moderator has calls of one arm only."""

import math

import pytest

from experiments.check.analysis.arms import Method
from experiments.check.analysis.segments import moderate
from experiments.check.metrics import NOTHING, MetricSpec, Totals


def said(calls: int, accepted: int) -> Totals:
    return {**NOTHING, "calls": calls, "accepted": accepted}


def by(unit: str) -> Method:
    return Method(unit, "call", (5000, 5000), "salt", (), None, None, 20261101, 20261031)


@pytest.mark.parametrize("unit", ["call", "agent"])
@pytest.mark.parametrize("kind", ["proportion", "ratio"])
def test_a_level_without_an_arm_is_unknown_and_hides_no_other(unit: str, kind: str) -> None:
    spec = MetricSpec("accepted", kind, "accepted", "calls", "higher", 0, {"en": "Accepted"})
    both = {"control": {"a": said(90, 30), "b": said(80, 20)}, "new": {"c": said(95, 50), "d": said(70, 45)}}
    levels = {"hangzhou": both, "ningbo": {"control": {"a": said(1, 0)}}, "wenzhou": {"new": {"c": said(1, 1)}}}
    (found,) = moderate(by(unit), spec, "region", ["control", "new"], levels, alpha=0.05)
    known = {segment.level: segment.row for segment in found.segments}
    assert known["hangzhou"].comparison.difference > 0
    assert all(math.isnan(known[level].comparison.difference) for level in ("ningbo", "wenzhou"))
    assert [segment.calls for segment in found.segments] == [335, 1, 1]
