import pytest

from experiments.check.health import effects, floor, split
from experiments.check.health.findings import State
from experiments.check.rollup import MEASURES
from stats.clusters.cr2 import compare_clusters, weigh_units_equally

TOTALS = dict.fromkeys(MEASURES, 0)


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        # too few to say anything
        ([40, 60], State.WAITING),
        # as promised
        ([5030, 4970], State.OK),
        # a little off, by luck
        ([5100, 4900], State.OK),
        # calls of one arm are missing
        ([5000, 4300], State.BROKEN),
        # off by next to nothing in a great many calls: surely unequal, and harmless
        ([5_004_000, 4_996_000], State.OK),
    ],
)
def test_the_sample_ratio_is_judged_by_surety_and_by_size(counts: list[int], state: State) -> None:
    assert split.sample_ratio(counts, [5000, 5000]).state is state


def test_what_is_wrong_says_what_to_do() -> None:
    assert split.sample_ratio([5000, 4300], [5000, 5000]).advice is not None


def checked(**totals: int) -> dict[str, State]:
    arms = {"control": TOTALS | totals, "b": TOTALS | totals}
    findings = [floor.enough(arms), floor.whole_weeks(range(20261102, 20261109)), floor.protocol(arms)]
    return {f.check: f.state for f in findings}


def test_a_week_of_orderly_calls_is_healthy() -> None:
    assert set(checked(calls=500, invited=400, deviation=4).values()) == {State.OK}


def test_invitations_before_the_request_is_resolved_are_a_finding() -> None:
    assert checked(calls=500, invited=400, deviation=60)["protocol"] is State.WARNING


def test_a_hundred_calls_an_arm_is_the_least() -> None:
    assert checked(calls=99)["sample"] is State.WAITING


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
