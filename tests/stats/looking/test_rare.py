"""Rare events: all orders counted out, exact false alarms, laws, and how soon a doubling is found."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.looking.rare import Events, event_p_value, watch_events


def mixture(arms: tuple[int, ...], share: float, harmful: float = 2.0) -> float:
    """Multiply the probability ratios event by event, from the definition."""
    total = 0.0
    for weight, ratio in ((0.1, harmful**0.5), (0.8, harmful), (0.1, harmful**2)):
        q = share * ratio / (share * ratio + 1 - share)
        total += weight * math.prod(q / share if arm else (1 - q) / (1 - share) for arm in arms)
    return total


@pytest.mark.parametrize(("share", "harmful"), [(0.5, 2.0), (0.2, 2.0), (0.7, 3.0)])
def test_p_is_what_counting_out_every_order_of_the_events_gives(share: float, harmful: float) -> None:
    seen = (1, 1, 0, 1, 1, 1, 1, 1, 1, 1)
    bar = mixture(seen, share, harmful) * (1 - 1e-12)
    reached = to_come = 0.0
    for arms in itertools.product((0, 1), repeat=len(seen)):
        chance = math.prod(share if arm else 1 - share for arm in arms)
        ever = any(mixture(arms[:n], share, harmful) >= bar for n in range(1, len(arms) + 1))
        reached += chance * ever
        to_come += chance * (not ever) * mixture(arms, share, harmful) / bar
    found = watch_events([Events(1, 9, share)], harmful_ratio=harmful)
    assert found.p_value == pytest.approx(reached + to_come, rel=1e-9)


def log_mixtures(n: int, share: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Give the log of the mixture for each number of the challenger's among so many events."""
    x, parts = np.arange(n + 1), []
    for weight, ratio in ((0.1, 2**0.5), (0.8, 2.0), (0.1, 4.0)):
        q = share * ratio / (share * ratio + 1 - share)
        parts.append(np.log(weight) + x * np.log(q / share) + (n - x) * np.log((1 - q) / (1 - share)))
    return np.asarray(np.logaddexp.reduce(parts))


@pytest.mark.parametrize(("control", "challenger", "share"), [(660, 760, 0.5), (1010, 300, 0.2), (250, 900, 0.75)])
def test_p_of_many_events_is_what_a_plain_recursion_gives_and_a_hundredth_more_at_most(
    control: int, challenger: int, share: float
) -> None:
    n = control + challenger
    bar = log_mixtures(n, share)[challenger]
    running, reached = np.ones(1), 0.0
    for events in range(1, n + 1):
        running = np.convolve(running, [1 - share, share])
        over = log_mixtures(events, share) >= bar - 1e-9
        reached += running[over].sum()
        running[over] = 0
    exact = reached + running @ np.exp(np.minimum(log_mixtures(n, share) - bar, 0))
    assert exact * (1 - 1e-9) <= event_p_value([Events(control, challenger, share)]) <= exact * 1.01


def bars(share: float, events: int, alpha: float = 0.025) -> list[int]:
    """Ask, for each number of events, from which number in the challenger on it alarms."""
    least, found = 0, []
    for n in range(1, events + 1):
        least = max(least - 1, 0)
        while least <= n and event_p_value([Events(n - least, least, share)]) > alpha:
            least += 1
        found.append(least)
    return found


def alarmed(share: float, least: list[int], ratio: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the chance of an alarm by each number of events, by recursion over the challenger's."""
    q = share * ratio / (share * ratio + 1 - share)
    running, total, by = np.ones(1), 0.0, []
    for bar in least:
        running = np.convolve(running, [1 - q, q])
        total += running[bar:].sum()
        running[bar:] = 0
        by.append(total)
    return np.array(by)


@pytest.mark.parametrize("share", [0.5, 0.2, 0.8])
def test_looking_after_every_event_alarms_falsely_at_most_alpha_exactly(share: float) -> None:
    assert 0.01 < alarmed(share, bars(share, 120), ratio=1.0)[-1] <= 0.025


def test_a_doubling_is_found_by_55_events_half_of_the_time() -> None:
    doubled, tripled = (alarmed(0.5, bars(0.5, 110), ratio) for ratio in (2.0, 3.0))
    assert [np.argmax(found >= 0.5) + 1 for found in (doubled, tripled)] == [55, 30]
    assert doubled[-1] > 0.84


def test_a_change_of_share_keeps_the_false_alarms_below_alpha() -> None:
    random, alarms = np.random.default_rng(3), 0
    early, late = random.binomial(20, 0.2, 400), random.binomial(10, 0.5, (400, 6)).cumsum(axis=1)
    for first, path in zip(early.tolist(), late.tolist(), strict=True):
        looks = ([Events(20 - first, first, 0.2), Events(10 * n - x, x, 0.5)] for n, x in enumerate(path, 1))
        alarms += any(event_p_value(look) <= 0.025 for look in looks)
    assert alarms / 400 <= 0.04


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.1, 0.5, 0.75]))
def test_interval_and_alarm_say_the_same(control: int, challenger: int, share: float) -> None:
    found = watch_events([Events(control, challenger, share)])
    assert found.alarm == (found.p_value <= 0.025) == (found.low >= 1)
    assert found.low <= found.high
    assert math.isnan(found.ratio) or found.low <= found.ratio <= found.high


@given(st.integers(0, 40), st.integers(1, 40))
@settings(max_examples=25, deadline=None)
def test_swapping_the_arms_turns_the_interval_round(control: int, challenger: int) -> None:
    found = watch_events([Events(control, challenger, 0.3)])
    turned = watch_events([Events(challenger, control, 0.7)])
    assert found.low * turned.high == pytest.approx(1) or (found.low, turned.high) == (0, math.inf)


def test_one_more_event_in_the_challenger_is_more_evidence() -> None:
    ps = [watch_events([Events(30, challenger, 0.5)]).p_value for challenger in range(35, 70, 5)]
    assert ps == sorted(ps, reverse=True)


def test_the_most_likely_ratio_allows_for_the_split() -> None:
    assert watch_events([Events(30, 20, 0.2)]).ratio == pytest.approx((20 / 0.2) / (30 / 0.8))
    assert watch_events([Events(4, 1, 0.2), Events(10, 10, 0.5)]).ratio == pytest.approx(1)


def test_periods_of_one_share_are_one_period() -> None:
    parts, whole = [Events(4, 9, 0.5), Events(3, 11, 0.5)], [Events(7, 20, 0.5)]
    assert event_p_value(parts) == pytest.approx(event_p_value(whole))


def test_without_events_nothing_is_known() -> None:
    found = watch_events([Events(0, 0, 0.5)])
    assert (found.alarm, found.p_value, found.low, found.high) == (False, 1, 0, math.inf)
    assert math.isnan(found.ratio)


def test_very_many_events_still_answer() -> None:
    found = watch_events([Events(9000, 11_000, 0.5)])
    assert 0 < found.p_value < 1e-9
    assert 1 < found.low < 11 / 9 < found.high < 1.5


@pytest.mark.parametrize(
    ("share", "harmful", "alpha", "message"),
    [
        (1.0, 2.0, 0.025, "challenger_share is 1.0, must be > 0 and < 1"),
        (0.5, 1.0, 0.025, "harmful_ratio is 1.0, must be > 1"),
        (0.5, 2.0, 0.5, "alpha is 0.5, must be > 0 and < 0.5"),
    ],
)
def test_arguments_have_bounds(share: float, harmful: float, alpha: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        watch_events([Events(1, 1, share)], harmful_ratio=harmful, alpha=alpha)
