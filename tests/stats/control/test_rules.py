"""Run rules: what each is met by, and how often where nothing happens, as published."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from stats.control.rules import DAILY, Rule, RunRules, days_apart, designed_rules, run_rules

ALL = frozenset(Rule)
rows = st.lists(st.floats(-5, 5), max_size=40)


@pytest.mark.parametrize(
    ("z", "rule", "first", "last"),
    [
        # one day beyond three sigma
        ([0.1, 3.1, -0.2], Rule.BEYOND, 1, 1),
        # nine in a row above the centre
        ([-1, *[0.5] * 9], Rule.SAME_SIDE, 1, 9),
        # two of three beyond two sigma, the one between on the other side
        ([2.1, -0.3, 2.2], Rule.TWO_OF_THREE, 0, 2),
        # four of five beyond one sigma
        ([1.1, 1.2, -0.1, 1.3, 1.4], Rule.FOUR_OF_FIVE, 0, 4),
    ],
)
def test_a_rule_is_met_by_what_it_says(z: list[float], rule: Rule, first: int, last: int) -> None:
    met = run_rules(z, RunRules(rules=frozenset({rule})))
    assert [(m.rule, m.direction, m.first, m.last) for m in met] == [(rule, "up", first, last)]


@pytest.mark.parametrize(
    "z",
    [
        [2.99, -2.99],  # within the limits
        [0.5] * 8,  # one too few
        [*[0.5] * 8, 0.0, 0.5],  # the centre is on neither side
        [2.1, 0, 0, 2.1],  # two of four
        [1.1, 1.2, 0, 0, 1.3, 1.4],  # four of six
        [2.1, -2.1],  # on two sides
    ],
)
def test_what_falls_short_meets_none(z: list[float]) -> None:
    assert run_rules(z, RunRules(rules=ALL)) == ()


def test_a_day_without_calls_neither_breaks_nor_makes_a_run() -> None:
    met = run_rules([0.5, math.nan, *[0.5] * 8], RunRules())
    assert [(m.rule, m.first, m.last) for m in met] == [(Rule.SAME_SIDE, 0, 9)]


@given(rows)
def test_mirrored_days_swap_sides(z: list[float]) -> None:
    def found(values: list[float]) -> set[tuple[str, bool, int, int]]:
        return {(m.rule, m.direction == "up", m.first, m.last) for m in run_rules(values, RunRules(rules=ALL))}

    assert {(rule, not up, first, last) for rule, up, first, last in found([-value for value in z])} == found(z)


@given(rows, st.floats(2.1, 4), st.floats(0, 1))
def test_a_wider_limit_is_beyond_less_often(z: list[float], limit: float, more: float) -> None:
    def beyond(at: float) -> set[int]:
        return {m.last for m in run_rules(z, RunRules(limit=at, rules=frozenset({Rule.BEYOND})))}

    assert beyond(limit + more) <= beyond(limit)


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        # Champ & Woodall (1987), Technometrics 29:393, table 1: mean run lengths where nothing happens
        (RunRules(rules=frozenset({Rule.BEYOND})), 370.40),
        (RunRules(rules=frozenset({Rule.BEYOND, Rule.TWO_OF_THREE})), 225.44),
        (RunRules(rules=frozenset({Rule.BEYOND, Rule.FOUR_OF_FIVE})), 166.05),
        (RunRules(run=8), 152.73),
        (RunRules(run=8, rules=ALL), 91.75),
    ],
)
def test_rules_alarm_as_often_as_published(rules: RunRules, days: float) -> None:
    random, runs = np.random.default_rng(11), 500
    lengths = [_length(random, rules) for _ in range(runs)]
    assert np.mean(lengths) == pytest.approx(days, abs=4 * float(np.std(lengths)) / math.sqrt(runs))


def _length(random: np.random.Generator, rules: RunRules) -> int:
    z: list[float] = []
    while not (met := run_rules(z, rules)):
        z = [*z[-8:], *random.standard_normal(200)] if not z else [*z, *random.standard_normal(200)]
    return met[0].last + 1


def test_the_wait_for_a_run_is_fellers() -> None:
    # a fair coin: 2^r - 1 until r of either side (Feller 1968, XIII.7)
    assert [days_apart(run) for run in (1, 2, 9)] == pytest.approx([1, 3, 511])
    # an unfair one, counted step by step: the days from a run of k on, towards either side
    assert days_apart(3, 0.6) == pytest.approx(_counted(3, 0.6))


def _counted(run: int, side: float) -> float:
    """Solve for the mean wait: states are (side, length of the run so far)."""
    states = [(which, k) for which in (0, 1) for k in range(1, run)]
    place = {state: at for at, state in enumerate(states)}
    moves = np.zeros((len(states), len(states)))
    for which, k in states:
        chance = (side, 1 - side)
        if k + 1 < run:
            moves[place[which, k], place[which, k + 1]] += chance[which]
        moves[place[which, k], place[1 - which, 1]] += chance[1 - which]
    waits = np.linalg.solve(np.eye(len(states)) - moves, np.ones(len(states)))
    return float(1 + side * waits[place[0, 1]] + (1 - side) * waits[place[1, 1]])


def test_rules_are_designed_for_a_run_length_and_for_a_centre_that_is_a_guess() -> None:
    assert designed_rules(370.4).limit == pytest.approx(3, abs=1e-3)
    assert designed_rules(511).run == 9
    assert designed_rules(512).run == 10
    sure, guessed = designed_rules(8760), designed_rules(8760, error=0.13)
    assert guessed.limit > sure.limit
    assert guessed.run >= sure.run
    assert sure.rules == DAILY


def test_what_is_out_of_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="days is 2"):
        designed_rules(2)
    with pytest.raises(ValueError, match="run is 1"):
        run_rules([], RunRules(run=1))
    with pytest.raises(ValueError, match="side is 1"):
        days_apart(3, 1.0)
