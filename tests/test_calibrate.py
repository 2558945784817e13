"""The machinery of `make calibrate`, in pieces of seconds: that it runs, and that it says what the product says."""

import math

import numpy as np
import pytest

from stats.arms.proportions import compare_proportions
from stats.moments import Counts
from tests.calibrate import agents, fixed, planned, rare, replay, rows, split, watching
from tests.calibrate.programme import TASKS
from tests.calibrate.rows import Row

FEW = 0.01


def test_an_interval_is_clopper_and_pearsons() -> None:
    # R 4: binom.test(5, 100, conf.level = 0.95)$conf.int
    assert rows.clopper_pearson(5, 100, 0.95) == pytest.approx((0.01643187, 0.11283491), abs=1e-7)


@pytest.mark.parametrize(
    ("row", "held"),
    [
        # a simulated figure fails only when its whole interval lies outside
        (Row("", "", 0.06, 0.045, 0.075, most=0.05), True),
        (Row("", "", 0.07, 0.055, 0.085, most=0.05), False),
        (Row("", "", 0.78, 0.76, 0.799, least=0.8), False),
        # an exact one has no such excuse
        (Row("", "", 0.04, 0.03, 0.051, most=0.05, exact=True), False),
        # and what has no bound is only told
        (Row("", "", 0.9, 0.8, 1.0), True),
    ],
)
def test_a_figure_is_held_to_its_bound(row: Row, held: bool) -> None:
    assert row.held is held


def test_the_table_says_what_is_out_of_bounds() -> None:
    told = rows.table([Row("Part", "fine", 0.01, 0.0, 0.02, most=0.05), Row("Part", "bad", 0.2, 0.1, 0.3, most=0.05)])

    assert [line.split()[-1] for line in told.splitlines()[3:]] == ["ok", "BOUNDS"]


def test_every_task_has_a_name_of_its_own() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS)


def test_the_fast_score_test_is_the_products() -> None:
    random = np.random.default_rng(1)
    n = random.integers(60, 500, size=(200, 2)).astype(float)
    x = random.binomial(n.astype(int), 0.3).astype(float)
    asked = [planned.exact_p(*each) for each in np.hstack((n, x)).astype(int).tolist()]

    assert planned.score_p(n, x) == pytest.approx(np.array(asked), rel=1e-9)


def test_small_cells_are_decided_by_the_product() -> None:
    n, x = np.array([[40.0, 40.0]]), np.array([[0.0, 6.0]])
    p = compare_proportions(Counts(40, 0), Counts(40, 6)).p_value

    assert [bool(planned.decided(n, x, threshold)[0]) for threshold in (p * 0.99, p * 1.01)] == [False, True]


def test_sizes_and_coverages_are_enumerated() -> None:
    found = [*fixed.small_sizes((20, 20), FEW), *fixed.large_size((400, 400), 0.01, FEW)]
    seen = fixed.every_table((10, 10))
    whole_chance = fixed.size_of((10, 10), 0.3, seen).either

    assert all(row.held for row in found)
    assert 0 < whole_chance < 0.06
    assert fixed.misses((10, 10), seen, (0.3, 0.5)).low.max() < 0.07


@pytest.mark.parametrize("plan", [planned.PLANS[3], planned.PLANS[-1]], ids=lambda plan: plan.name)
def test_planned_looks_stop_for_nothing_seldom_and_for_the_effect_often(plan: planned.Planned) -> None:
    false, power = planned.measure(plan, FEW)

    assert false.estimate < 0.1
    assert power.estimate > 0.7


def test_a_confidence_sequence_is_watched_on_both_sides() -> None:
    assert [row.held for row in watching.sequence(0.1, 1, FEW)] == [True, True]


def test_a_guardrail_is_read_as_the_page_reads_it() -> None:
    assert not watching.of_calls(watching.COMPLAINT, 10_000, 20, 20)
    assert watching.of_calls(watching.COMPLAINT, 10_000, 20, 90)
    assert not watching.of_agents(watching.EARLY, [100] * 20, [5] * 19 + [6])


@pytest.mark.parametrize(("control", "challenger"), [(3, 12), (4, 12), (4, 14), (0, 7), (0, 6)])
def test_rare_events_alarm_where_the_page_alarms(control: int, challenger: int) -> None:
    counted_out = rare.p_of(control, challenger, 0.5) <= rare.ALPHA

    assert watching.of_calls(watching.COMPLAINT, 3000, control, challenger) is counted_out


@pytest.mark.parametrize("worse", [1, 2, 4])
def test_the_fast_watch_of_agents_is_the_products(worse: int) -> None:
    n, successes = [100, 0, 60, 30, 80] * 4, [5, 0, 4, 1, 6] * 2 + [5 * worse, 0, 4 * worse, worse, 6 * worse] * 2

    assert watching.alarmed_by_agents(watching.EARLY, n, successes) is watching.of_agents(watching.EARLY, n, successes)


def test_a_watch_of_guardrails_runs() -> None:
    random = np.random.default_rng(2)
    days = watching.first_alarms(watching.EARLY, 3 * watching.EARLY.rate, 3, random)

    assert max(days) < watching.DAYS
    assert watching.false_harm_of_agents(12, FEW)[0].bounded


def test_a_leak_of_half_an_arm_is_found_on_the_first_days() -> None:
    days = np.arange(1, 4)[None, :]

    assert split.first_broken(300 * days, 150 * days) == [split.DAILY]
    assert split.first_broken(300 * days, 300 * days) == [math.inf]


def test_no_rule_finds_a_small_leak_in_few_units() -> None:
    assert split.best_power(0.03) < 0.5 < 0.99 < split.best_power(0.1)


def test_dealt_agents_are_decided_by_the_permutation_test_and_calls_by_the_naive_one() -> None:
    month = agents.unequal_month(20, 0.1, np.random.default_rng(3))

    assert month.calls.max() > 20 * month.calls.min()
    assert 0 < agents.naive(month) < agents.decides(month) <= 1


def test_medians_are_enclosed_by_order_statistics() -> None:
    row = rows.median_of("", "", [float(n) for n in range(101)], "days")

    assert (row.estimate, row.low < 50 < row.high) == (50.0, True)


def test_a_replay_is_dealt_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay.main(600, replay.SALTS[:3]) == 0
    assert "its own salt deals the same, to the last bit       yes" in capsys.readouterr().out
