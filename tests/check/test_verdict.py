import math
from collections.abc import Sequence

import pytest

from experiments.check.health.findings import Finding, State
from experiments.check.metrics import MetricSpec
from experiments.check.verdict import Conclusion, Guard, GuardrailReading, conclude, harms, read_guard
from experiments.wording import Message
from stats.arms.proportions import compare_proportions
from stats.comparison import Comparison
from stats.moments import Counts

ACCEPTED = MetricSpec(
    "accepted", "proportion", "accepted", "eligible", "higher", 0, {"en": "Accepted", "zh-CN": "同意"}
)
COMPLAINT = MetricSpec("complaint", "proportion", "complaint", "eligible", "lower", 0, {"en": "C", "zh-CN": "投诉"})
FINE = Finding("sample_ratio", Message("promised shares"), State.OK, Message("as promised"))
BROKEN = Finding("sample_ratio", Message("promised shares"), State.BROKEN, Message("calls are missing"))


def compared(control: int, challenger: int, n: int = 1000) -> Comparison:
    return compare_proportions(Counts(n, control), Counts(n, challenger))


def guard(state: Guard, *, watch: bool = False, challenger: str = "b") -> GuardrailReading:
    return GuardrailReading("complaint", COMPLAINT.name, challenger, 0.002, watch, "difference", 0.0, 0.0, state)


def concluded(
    b: Comparison,
    guards: Sequence[GuardrailReading] = (),
    *,
    health: Finding = FINE,
    threshold: float = 0.05,
    final: bool = True,
) -> tuple[str, str | None]:
    decided = {"b"} if b.p_value <= threshold else set()
    verdict = conclude(
        ACCEPTED, {"b": b}, guards, [health], decided=decided, threshold=threshold, effect=0.05, final=final
    )
    return verdict.conclusion.value, verdict.challenger


WINS, LOSES, EVEN = compared(300, 400), compared(400, 300), compared(400, 401, 1000)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        # better, and every guardrail is cleared
        (concluded(WINS, [guard(Guard.CLEARED)]), ("winner", "b")),
        # better, but nobody knows what it does to complaints: missing is not passed
        (concluded(WINS, [guard(Guard.UNKNOWN)]), ("winner_not_cleared", "b")),
        # better, but more complaints are not ruled out
        (concluded(WINS, [guard(Guard.OPEN)]), ("winner_not_cleared", "b")),
        # a rare guardrail alarms but need not prove clearance, or nothing would ever ship
        (concluded(WINS, [guard(Guard.OPEN, watch=True)]), ("winner", "b")),
        # better, and harmful: harm decides
        (concluded(WINS, [guard(Guard.HARMED)]), ("harm", "b")),
        # harm outranks broken data
        (concluded(EVEN, [guard(Guard.HARMED)], health=BROKEN), ("harm", "b")),
        # harm is said at any look
        (concluded(EVEN, [guard(Guard.HARMED)], final=False), ("harm", "b")),
        # better, but the sample ratio is broken: no winner is named
        (concluded(WINS, health=BROKEN), ("untrustworthy", None)),
        # worse
        (concluded(LOSES), ("loser", None)),
        # not planned to be read yet
        (concluded(EVEN, final=False), ("keep_running", None)),
        # p = 0.00001 before the look may decide at 0.000001: go on
        (concluded(WINS, threshold=1e-9, final=False), ("keep_running", None)),
        # the interval lies within what is not worth having
        (concluded(compared(4000, 4010, 10_000)), ("no_difference", None)),
        # the interval is too wide to say
        (concluded(compared(40, 41, 100)), ("inconclusive", None)),
    ],
)
def test_the_rule_says(verdict: tuple[str, str | None], expected: tuple[str, str | None]) -> None:
    assert verdict == expected


def test_the_best_of_two_winners_is_named() -> None:
    comparisons = {"b": compared(300, 380), "c": compared(300, 420)}
    verdict = conclude(ACCEPTED, comparisons, [], [FINE], decided={"b", "c"}, threshold=0.025, effect=0.05, final=True)
    assert (verdict.conclusion, verdict.challenger) == (Conclusion.WINNER, "c")


def test_a_metric_that_should_fall_wins_by_falling() -> None:
    verdict = conclude(COMPLAINT, {"b": LOSES}, [], [FINE], decided={"b"}, threshold=0.05, effect=0.05, final=True)
    assert verdict.conclusion is Conclusion.WINNER


@pytest.mark.parametrize(
    ("control", "challenger", "harmed", "expected"),
    [
        # three times the complaints, and the watch has called
        (20, 60, True, Guard.HARMED),
        # the same, and the whole interval lies within the margin
        (20, 20, False, Guard.CLEARED),
        # a little more, with a margin it might exceed
        (20, 40, False, Guard.OPEN),
    ],
)
def test_a_guardrail_is_read_three_valued(control: int, challenger: int, harmed: bool, expected: Guard) -> None:
    assert read_guard(COMPLAINT, compared(control, challenger, 2000), 0.012, harmed=harmed) is expected


@pytest.mark.parametrize(
    ("spec", "low", "high", "none", "expected"),
    [
        # more complaints, surely
        (COMPLAINT, 0.001, 0.01, 0.0, True),
        # perhaps none more
        (COMPLAINT, -0.001, 0.01, 0.0, False),
        # fewer acceptances, surely
        (ACCEPTED, -0.02, -0.001, 0.0, True),
        # twice as many or more, where one means no difference
        (COMPLAINT, 2.0, 9.0, 1.0, True),
        # nobody knows
        (COMPLAINT, math.nan, math.nan, 0.0, False),
    ],
)
def test_harm_is_an_interval_wholly_on_the_bad_side(
    spec: MetricSpec, low: float, high: float, none: float, expected: bool
) -> None:
    assert harms(spec, low, high, none) is expected


def test_a_guardrail_without_data_is_unknown() -> None:
    nothing = compare_proportions(Counts(0, 0), Counts(0, 0))
    assert read_guard(COMPLAINT, nothing, 0.01, harmed=False) is Guard.UNKNOWN
