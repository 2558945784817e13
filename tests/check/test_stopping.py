"""How challengers and looks share alpha, and what an effect is worth where a test may end."""

import math
from dataclasses import replace
from typing import Any

import pytest

from experiments.check.results import plain
from experiments.check.stopping import Spent, alpha_of_each, decide
from experiments.plan.designs import Arm, Experiment
from stats.arms.proportions import compare_proportions
from stats.comparison import Comparison
from stats.moments import Counts

WINS, EVEN = (compare_proportions(Counts(2000, 400), Counts(2000, x)) for x in (500, 405))


def a_plan(
    *weights: int, family: str = "dunnett", spending: str = "obrien-fleming", looks: tuple[float, ...] = (1.0,)
) -> Experiment:
    arms = [Arm(key=f"arm{i}", weight=weight, position=i) for i, weight in enumerate(weights)]
    return Experiment(alpha=0.05, family=family, spending=spending, arms=arms, looks=list(looks))


def a_look(fraction: float, found: Comparison, nominal_alpha: float) -> dict[str, Any]:
    """Give what an earlier look stored, as far as a later one reads it."""
    reading = {"role": "primary", "challenger": "arm1", "comparison": plain(found)}
    return {"boundary": {"fraction": fraction, "nominal_alpha": nominal_alpha}, "readings": [reading]}


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        # one challenger has all of it
        (a_plan(5000, 5000), 0.05),
        # Dunnett 1964: two in equal arms may err 2.69 % each, for |z| of 2.212
        (a_plan(3334, 3333, 3333), 0.02694),
        # a large control makes them nearly independent: Šidák's 2.53 % is the least there is
        (a_plan(9800, 100, 100), 0.02532),
        # over two looks Dunnett's would be spent a hair too far: Šidák's
        (a_plan(3334, 3333, 3333, looks=(0.5, 1.0)), 0.02532),
        # Bonferroni counts challengers, not arms
        (a_plan(3334, 3333, 3333, family="bonferroni"), 0.025),
    ],
)
def test_challengers_share_alpha_as_the_plan_declares(plan: Experiment, expected: float) -> None:
    assert alpha_of_each(plan) == pytest.approx(expected, abs=2e-5)


def test_alpha_is_spent_as_the_plan_declares() -> None:
    early = {
        spending: Spent.before(a_plan(5000, 5000, spending=spending), [], few=False).boundary(0.5, final=False)
        for spending in ("obrien-fleming", "pocock")
    }
    assert early["obrien-fleming"].nominal_alpha == pytest.approx(0.00305, abs=1e-4)
    assert early["pocock"].nominal_alpha == pytest.approx(0.031, abs=1e-3)


def test_of_few_clusters_no_early_look_decides_and_none_is_paid_for() -> None:
    plan, before = a_plan(5000, 5000), a_look(0.5, EVEN, 0.0)
    assert math.isinf(Spent.before(plan, [], few=True).boundary(0.5, final=False).z)
    assert Spent.before(plan, [before], few=True).boundary(1.0, final=True).nominal_alpha == pytest.approx(0.05)


def test_an_interim_look_that_decides_nothing_says_nothing_of_the_end() -> None:
    spent = Spent.before(a_plan(5000, 5000), [], few=False)
    decision = decide(spent, spent.boundary(0.5, final=False), "arm1", EVEN, final=False)
    assert (decision.crossed, decision.stopped) == (False, None)


def test_a_look_that_decides_gives_an_estimate_that_knows_it_might_have_gone_on() -> None:
    spent = Spent.before(a_plan(5000, 5000), [], few=False)
    decision = decide(spent, spent.boundary(0.5, final=False), "arm1", WINS, final=False)
    assert decision.crossed
    assert decision.stopped is not None
    assert decision.stopped.p_value < 0.05
    assert decision.stopped.low > 0


def test_with_one_planned_look_the_estimate_is_the_difference() -> None:
    spent = Spent.before(a_plan(5000, 5000), [], few=False)
    decision = decide(spent, spent.boundary(1.0, final=True), "arm1", WINS, final=True)
    assert decision.stopped is not None
    assert decision.stopped.estimate == pytest.approx(WINS.difference, rel=1e-6)
    assert decision.stopped.p_value == pytest.approx(WINS.p_value, rel=1e-6)


def test_what_was_dealt_again_keeps_its_own_interval_though_its_p_can_be_no_smaller() -> None:
    dealt = replace(WINS, method="randomisation", p_value=0.001)
    spent = Spent.before(a_plan(5000, 5000), [], few=True)
    decision = decide(spent, spent.boundary(1.0, final=True), "arm1", dealt, final=True)
    assert decision.stopped is not None
    assert (decision.stopped.low, decision.stopped.high) == (dealt.low, dealt.high)


@pytest.mark.parametrize(
    ("later", "stands"),
    [
        # what matured since says the same
        (compare_proportions(Counts(2400, 480), Counts(2400, 595)), True),
        # the gain was gone when all calls had matured
        (compare_proportions(Counts(2400, 480), Counts(2400, 510)), False),
    ],
)
def test_what_matures_after_a_stop_is_an_overrun(later: Comparison, stands: bool) -> None:
    plan = a_plan(5000, 5000)
    spent = Spent.before(plan, [a_look(0.5, WINS, 0.003)], few=False)
    decision = decide(spent, spent.boundary(1.0, final=True), "arm1", later, final=True)
    assert decision.overrun is not None
    assert decision.crossed is stands
    assert decision.stopped == decision.overrun.deletion
