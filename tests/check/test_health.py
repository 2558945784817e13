from collections.abc import Mapping, Sequence

import pytest

from experiments.check.counting.tables import MEASURES
from experiments.check.health import balance, floor, missing, registered, reports, split
from experiments.check.health.findings import State
from experiments.check.health.floor import Staffed
from experiments.check.health.missing import Recorded
from experiments.check.metrics import MetricSpec
from stats.clusters.deals import review_deals
from stats.moments import Counts

TOTALS = dict.fromkeys(MEASURES, 0)
HALVES = [5000, 5000]
JOINED = MetricSpec("joined", "proportion", "joined", "eligible", "higher", 7, {"en": "Joined", "zh-CN": "添加"})


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        # too few to say anything
        ([40, 60], State.WAITING),
        # as promised
        ([5030, 4970], State.OK),
        # a little off, by luck
        ([5100, 4900], State.OK),
        # a fixed test would be sure at 1 in 200; asked every day that is luck too
        ([5140, 4860], State.OK),
        # not sure enough to call the data broken
        ([5185, 4815], State.WARNING),
        # calls of one arm are missing
        ([5000, 4300], State.BROKEN),
        # off by next to nothing in a great many calls: surely unequal, and harmless
        ([5_004_000, 4_996_000], State.OK),
    ],
)
def test_the_sample_ratio_is_judged_by_surety_and_by_size(counts: list[int], state: State) -> None:
    assert split.sample_ratio(counts, HALVES).state is state


def test_few_agents_are_counted_at_once() -> None:
    least = split.FEW_UNITS_PER_ARM
    assert split.sample_ratio([8, 7], HALVES, least=least).state is State.OK
    assert split.sample_ratio([3, 4], HALVES, least=least).state is State.WAITING


def test_what_is_wrong_says_what_should_hold_and_what_to_do() -> None:
    found = split.sample_ratio([5000, 4300], HALVES)
    assert "share" in str(found.what)
    assert found.advice is not None


@pytest.mark.parametrize(
    ("regions", "state"),
    [
        # nobody has called yet
        ({}, State.WAITING),
        # every region as promised
        ({"hangzhou": [300, 310], "ningbo": [150, 140]}, State.OK),
        # one desktop loses the challenger's calls, and the others hide it from the overall ratio
        ({"hangzhou": [2000, 2000], "ningbo": [150, 60]}, State.WARNING),
        # of two hundred small regions the oddest is odd
        ({f"r{i}": [14, 6] if i == 7 else [10, 10] for i in range(200)}, State.OK),
    ],
)
def test_every_region_keeps_the_promised_shares(regions: dict[str, list[int]], state: State) -> None:
    assert split.group_split({"region": regions}, HALVES).state is state


def test_the_group_that_is_off_is_named() -> None:
    found = split.group_split({"region": {"a": [900, 900]}, "agent": {"li": [90, 20], "wu": [810, 880]}}, HALVES)
    assert str(found.evidence) == "Agent li has 90 : 20 units in the arms; 1 of 3 groups are off."


@pytest.mark.parametrize(
    ("calls", "state"),
    [
        # all where the plan put them
        ({"control": 500, "b": 510}, State.OK),
        # an arm that the plan has, and that got nothing yet, is the sample ratio's business
        ({"control": 500}, State.OK),
        # one call in an arm that was promised nothing cannot be there
        ({"control": 500, "b": 510, "c": 1}, State.BROKEN),
    ],
)
def test_calls_in_an_arm_that_the_plan_does_not_have_break_the_data(calls: dict[str, int], state: State) -> None:
    assert split.stray_arm(calls, ["control", "b"]).state is state


@pytest.mark.parametrize(
    ("units", "twice", "few", "state"),
    [
        # no unit yet
        (0, 0, False, State.WAITING),
        # a customer with two numbers
        (2000, 2, False, State.OK),
        # more than life explains
        (2000, 7, False, State.WARNING),
        # the assignment does not hold its units
        (2000, 40, False, State.BROKEN),
        # of agents one is worth naming
        (20, 1, True, State.WARNING),
        # and three of twenty are a fault
        (20, 3, True, State.BROKEN),
    ],
)
def test_units_in_two_arms_are_a_finding(units: int, twice: int, few: bool, state: State) -> None:
    assert split.two_arms(Counts(units, twice), few=few).state is state


@pytest.mark.parametrize(
    ("arms", "state"),
    [
        # nothing is known of anybody before
        (None, State.WAITING),
        # alike
        ([{"hangzhou": 500, "ningbo": 300}, {"hangzhou": 510, "ningbo": 290}], State.OK),
        # surely unlike, by little
        ([{"hangzhou": 9800, "ningbo": 10_200}, {"hangzhou": 10_200, "ningbo": 9800}], State.WARNING),
        # different people
        ([{"hangzhou": 500, "ningbo": 300}, {"hangzhou": 300, "ningbo": 500}], State.BROKEN),
    ],
)
def test_the_arms_were_alike_before(arms: list[dict[str, int]] | None, state: State) -> None:
    found = {} if arms is None else {"region": [balance.mix(arms)], "channel": [balance.mix([{"h": 9}, {"h": 9}])]}
    assert balance.balance(found).state is state


def test_agents_who_were_twice_as_good_before_are_an_imbalance() -> None:
    poor, good = [0.1 + i / 1000 for i in range(12)], [0.2 + i / 1000 for i in range(12)]
    found = balance.balance({"baseline": balance.numbers([poor, good])})
    assert found.state is State.WARNING
    assert str(found.evidence).startswith("Of 1 attributes the arms differ most in this: The rate before")


def checked(**totals: int) -> dict[str, State]:
    arms = {"control": TOTALS | totals, "b": TOTALS | totals}
    findings = [floor.enough(arms), floor.whole_weeks(range(20261102, 20261109)), floor.protocol(arms)]
    return {f.check: f.state for f in findings}


def test_a_week_of_orderly_calls_is_healthy() -> None:
    assert set(checked(calls=500, invited=400, deviation=4).values()) == {State.OK}


@pytest.mark.parametrize(
    ("invited", "early", "state"),
    [
        # nobody was invited
        (0, 0, State.WAITING),
        # two of the first twenty are luck
        (10, 1, State.OK),
        # a twentieth is what is tolerated
        (400, 20, State.OK),
        # surely more
        (400, 60, State.WARNING),
    ],
)
def test_invitations_before_the_request_is_resolved_are_a_finding(invited: int, early: int, state: State) -> None:
    assert checked(calls=500, invited=invited, deviation=early)["protocol"] is state


def test_a_hundred_calls_an_arm_is_the_least() -> None:
    assert checked(calls=99)["sample"] is State.WAITING


def shifts(loads: Sequence[int]) -> list[Staffed]:
    return [Staffed(5, 5 * load, load) for load in loads]


@pytest.mark.parametrize(
    ("challenger", "state"),
    [
        # nobody of the arm has worked yet
        ([], State.WAITING),
        # as many calls a day
        ([21, 19, 20, 22, 18, 20, 21, 19], State.OK),
        # surely fewer, by one in fifty
        ([20, 20, 20, 20, 20, 19, 19, 19], State.OK),
        # words that take a third longer
        ([15, 14, 15, 16, 14, 15, 14, 15], State.WARNING),
    ],
)
def test_calls_of_a_staffed_day_are_told_and_compared(challenger: list[int], state: State) -> None:
    arms = {"control": shifts([20, 21, 19, 20, 20, 21, 19, 20]), "b": shifts(challenger)}
    assert floor.per_staffed_day(arms, JOINED.name).state is state


def test_results_of_a_staffed_day_name_their_denominator() -> None:
    found = floor.per_staffed_day({"control": [Staffed(4, 80, 8)], "b": [Staffed(2, 38, 5)]}, JOINED.name)
    assert "Joined per staffed day: control 2.00, b 2.50. Staffed days: control 4, b 2." in str(found.evidence)


@pytest.mark.parametrize(
    ("known", "every_call", "state"),
    [
        # no system tells it
        ([(1000, 0), (1000, 0)], True, State.WAITING),
        # too few calls to count
        ([(90, 90), (90, 80)], True, State.WAITING),
        # alike: it costs calls, and no more
        ([(1000, 900), (1000, 905)], True, State.OK),
        # surely unlike, and by too little to move an effect by a point
        ([(100_000, 99_900), (100_000, 99_700)], True, State.OK),
        # missing from one arm
        ([(1000, 980), (1000, 900)], True, State.BROKEN),
        # a rating that more callers give in one arm
        ([(1000, 200), (1000, 300)], False, State.WARNING),
    ],
)
def test_records_missing_from_one_arm_are_a_finding(
    known: list[tuple[int, int]], every_call: bool, state: State
) -> None:
    arms = {key: Recorded(Counts(*each)) for key, each in zip(("control", "b"), known, strict=True)}
    assert missing.missing(JOINED.name, arms, every_call=every_call).state is state


@pytest.mark.parametrize(
    ("lost", "state"),
    [
        # one broken desktop of eight is one agent's, and not the arm's
        ([90, 2, 1, 2, 3, 2, 1, 2], State.OK),
        # every agent of the arm loses records
        ([20, 22, 19, 21, 20, 18, 22, 20, 21, 19], State.BROKEN),
    ],
)
def test_records_of_agents_are_missing_by_agent(lost: list[int], state: State) -> None:
    units: dict[str, list[tuple[float, float]]] = {
        "control": [(98 - i % 3, 100.0) for i in range(10)],
        "b": [(100.0 - n, 100.0) for n in lost],
    }
    arms = {key: Recorded(Counts(100 * len(each), int(sum(y for y, _ in each))), each) for key, each in units.items()}
    assert missing.missing(JOINED.name, arms, every_call=True).state is state


@pytest.mark.parametrize(("closed", "state"), [(60, State.WAITING), (100, State.OK)])
def test_how_much_of_the_window_is_open_is_told(closed: int, state: State) -> None:
    found = missing.maturing(JOINED, closed, 100, "2026-11-08")
    assert found.state is state
    assert str(found.evidence).startswith("Joined is read as of 2026-11-08: of 100 calls")


FLOOR = {f"agent-{i}": Counts(100, 4 + i % 4) for i in range(20)}


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        # no report is old enough
        ({"accepted": {}}, State.WAITING),
        # agents differ by nature
        ({"accepted": FLOOR}, State.OK),
        # one reports what nobody finds
        ({"accepted": FLOOR | {"wang": Counts(100, 45)}}, State.WARNING),
        # the telephone system loses records for all alike
        ({"spoken": {agent: Counts(50, 25) for agent in FLOOR}}, State.OK),
    ],
)
def test_an_agent_who_reports_what_has_no_record_stands_out(
    kinds: Mapping[str, Mapping[str, Counts]], state: State
) -> None:
    assert reports.self_reports(kinds).state is state


def test_the_agent_who_stands_out_is_named() -> None:
    found = reports.self_reports({"accepted": FLOOR | {"wang": Counts(100, 45)}})
    assert str(found.evidence).startswith("wang has 45 of 100 reports without a record (accepted, and it did not last)")


FREE = [[(deal >> unit) & 1 for unit in range(8)] for deal in range(256) if 2 <= deal.bit_count() <= 6]


@pytest.mark.parametrize(
    ("deals", "state"),
    [
        # dealt freely, often enough
        (FREE, State.OK),
        # too few to ever be sure
        (FREE[:99], State.WARNING),
        # two units that are never apart
        ([deal for deal in FREE if deal[0] == deal[1]], State.WARNING),
    ],
)
def test_a_list_of_deals_that_leaves_no_chance_is_a_finding(deals: list[list[int]], state: State) -> None:
    assert registered.registered_deals(len(deals), review_deals(deals)).state is state
