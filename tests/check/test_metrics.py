from dataclasses import replace

import pytest

from experiments.check.counting.tables import MEASURES
from experiments.check.metrics import MetricSpec, counts_of, moments_of_calls, pair_of

CALLS = dict.fromkeys(MEASURES, 0) | {
    "calls": 100,
    "accepted": 30,
    "connected": 80,
    "value_n": 10,
    "value": 5_000,
    "value_squares": 3_000_000,
    "handled_seconds_n": 90,
    "handled_seconds": 27_000,
}
SHARE = MetricSpec("accepted", "proportion", "accepted", "eligible", "higher", 0, {})


def test_a_share_is_over_every_eligible_call() -> None:
    assert (counts_of(SHARE, CALLS).n, counts_of(SHARE, CALLS).successes) == (100, 30)


def test_a_key_rate_is_over_the_step_before() -> None:
    assert pair_of(replace(SHARE, denominator="connected"), CALLS) == (30, 80)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        # a call without a sale brought in nothing
        ("value", "eligible", 50.0),
        # a call nobody timed took no 0 seconds
        ("handled_seconds", "reported", 300.0),
    ],
)
def test_a_mean_says_over_which_calls(numerator: str, denominator: str, expected: float) -> None:
    spec = MetricSpec(numerator, "mean", numerator, denominator, "higher", 0, {})
    assert moments_of_calls(spec, CALLS).ratio == expected
