import random

import pytest

from experiments.check.health import effects, trends
from experiments.check.health.findings import State
from stats.arms.proportions import compare_proportions
from stats.clusters.cr2 import compare_clusters, weigh_units_equally
from stats.clusters.switchback import Shift, carry_over
from stats.moments import Counts
from stats.soundness.periods import PeriodCounts

FLAT = [(20, 100), (21, 100), (19, 100), (20, 100), (22, 100), (18, 100), (20, 100), (21, 100)]


@pytest.mark.parametrize(
    ("challenger", "state"),
    [
        # the same for busy and quiet agents
        ([(26, 100), (27, 100), (25, 100), (26, 100), (29, 100), (25, 100), (26, 100), (28, 100)], State.OK),
        # two busy agents gain what six quiet ones lose: quiet ones are six votes of eight, and a sixth of the calls
        ([(15, 100), (16, 100), (14, 100), (15, 100), (16, 100), (14, 100), (500, 1500), (490, 1500)], State.WARNING),
        # the signs differ, and neither is sure: noise
        ([(19, 100), (20, 100), (18, 100), (22, 100), (19, 100), (21, 100), (19, 100), (80, 380)], State.OK),
        # one agent is nobody to compare
        ([(30, 100)], State.WAITING),
    ],
)
def test_a_few_agents_that_carry_the_effect_are_a_finding(challenger: list[tuple[float, float]], state: State) -> None:
    by_calls, by_units = compare_clusters(FLAT, challenger), weigh_units_equally(FLAT, challenger)
    assert effects.few_agents_carry("b", by_calls, by_units).state is state


@pytest.mark.parametrize(
    ("won", "state"),
    [
        # what was planned for
        ((400, 450), State.OK),
        # three times as much is a good day
        ((400, 550), State.OK),
        # much, in so few calls that it may be anything
        ((4, 9), State.OK),
        # eight times what was worth having: look for the fault
        ((400, 800), State.WARNING),
        # too bad is as unlikely as too good
        ((500, 100), State.WARNING),
    ],
)
def test_an_effect_far_beyond_what_plans_are_made_for_is_doubted(won: tuple[int, int], state: State) -> None:
    n = 1000 if max(won) > 10 else 10
    found = compare_proportions(Counts(n, won[0]), Counts(n, won[1]))
    assert effects.too_good("b", found, 0.05).state is state


def days(gains: list[float], calls: int = 500) -> list[PeriodCounts]:
    return [
        PeriodCounts(day, Counts(calls, round(0.2 * calls)), Counts(calls, round((0.2 + gain) * calls)))
        for day, gain in enumerate(gains, start=1)
    ]


FADING = [0.15, 0.12, 0.09, 0.07, 0.05, 0.04, 0.03, 0.03, 0.02, 0.02]


@pytest.mark.parametrize(
    ("gains", "better", "state", "advice"),
    [
        # a week is the least
        (FADING[:6], "higher", State.WAITING, "None"),
        # the same every day, but for luck
        ([0.05, 0.07, 0.04, 0.06, 0.05, 0.06, 0.05, 0.04, 0.06, 0.05], "higher", State.OK, "None"),
        # new words draw attention, and then they are old
        (FADING, "higher", State.WARNING, "The gain fades"),
        # of complaints it is a loss that fades
        (FADING, "lower", State.WARNING, "The loss fades"),
        # and skill comes with the days
        (FADING[::-1], "higher", State.WARNING, "The difference grows"),
    ],
)
def test_an_effect_that_moves_with_the_days_is_told(gains: list[float], better: str, state: State, advice: str) -> None:
    found = trends.novelty("b", days(gains), "higher" if better == "higher" else "lower")
    assert (found.state, str(found.advice).startswith(advice)) == (state, True)


@pytest.mark.parametrize(
    ("gains", "state"),
    [
        # fifteen uses teach nothing yet
        ([0.0, 0.05, 0.1], State.WAITING),
        # the same whether an agent reads it for the first or the hundredth time
        ([0.05, 0.06, 0.05, 0.05, 0.06], State.OK),
        # agents learn to say it
        ([-0.08, -0.02, 0.03, 0.08, 0.13], State.WARNING),
    ],
)
def test_an_effect_that_moves_with_the_agents_uses_is_told(gains: list[float], state: State) -> None:
    assert trends.learning("b", days(gains), "higher").state is state


def shifts(left_behind: float) -> list[Shift]:
    """Deal shifts of twelve agents; the arm before leaves something behind."""
    found, luck = [], random.Random(3)
    for agent in range(12):
        arms = [luck.randrange(2) for _ in range(14)]
        for turn, arm in enumerate(arms):
            after = arms[turn - 1] if turn else 0
            won = 20 + 4 * arm + left_behind * after + luck.randint(-3, 3)
            found.append(Shift(agent, turn, turn % 2, arm, won, 100))
    return found


@pytest.mark.parametrize(("left_behind", "state"), [(0, State.OK), (9, State.WARNING)])
def test_what_a_shift_leaves_behind_for_the_next_is_a_finding(left_behind: float, state: State) -> None:
    assert effects.carry_over("b", carry_over(shifts(left_behind))).state is state
