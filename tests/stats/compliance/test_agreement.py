import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from stats.compliance.agreement import listener_of_pairs
from stats.compliance.listening import Stratum, heard_difference, share_heard
from stats.compliance.mishearing import correct_mishearing


@pytest.mark.parametrize("error", [0.0, 0.02, 0.1, 0.3])
def test_two_who_err_alike_disagree_as_often_as_their_error_says(error: float) -> None:
    pairs = 10_000_000
    found = listener_of_pairs(pairs, round(2 * error * (1 - error) * pairs))
    assert found is not None
    assert (1 - found.sensitivity, 1 - found.specificity) == pytest.approx((error, error), abs=1e-6)


@pytest.mark.parametrize(
    ("pairs", "disagreements"),
    [
        # nobody was heard twice
        (0, 0),
        # two coins
        (40, 20),
        # two who hear the opposite
        (40, 40),
    ],
)
def test_listeners_who_show_nothing_are_unknown(pairs: int, disagreements: int) -> None:
    assert listener_of_pairs(pairs, disagreements) is None


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_nobody_never_errs_and_more_agreement_means_a_better_listener(seen: tuple[int, int]) -> None:
    found, better = listener_of_pairs(*seen), listener_of_pairs(seen[0], max(seen[1] - 1, 0))
    if found is not None:
        assert better is not None
        assert 0.5 < found.sensitivity <= better.sensitivity < 1


def test_the_error_enters_a_difference_with_no_less_than_its_variance() -> None:
    # by the delta method: var(e) = d (1 - d) / (4 m (1 - 2 d)), which moves the difference of 1 and 0 by 2 / (1 - 2 e)
    pairs, disagreements = 399, 39.5
    found = listener_of_pairs(pairs, round(disagreements))
    assert found is not None
    rate = (round(disagreements) + 0.5) / (pairs + 1)
    error = rate * (1 - rate) / (4 * pairs * (1 - 2 * rate))
    one_share = found.sensitivity * (1 - found.sensitivity) / found.said_n
    assert 2 * one_share == pytest.approx(4 * error)


@pytest.mark.parametrize("counts", [(-1, 0), (4, 5)])
def test_counts_that_cannot_be_are_refused(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="must be >= 0"):
        listener_of_pairs(*counts)


def test_a_difference_corrected_by_agreement_holds_the_truth() -> None:
    random, held, error, runs = np.random.default_rng(5), 0, 0.05, 600
    for _ in range(runs):
        heard = [random.binomial(120, said * (1 - error) + (1 - said) * error) for said in (0.05, 0.8)]
        listener = listener_of_pairs(50, int(random.binomial(50, 2 * error * (1 - error))))
        assert listener is not None
        shares = [correct_mishearing(share_heard([Stratum(5000, 120, int(n))]), listener) for n in heard]
        found = heard_difference(*shares)
        held += found.low <= 0.75 <= found.high
    assert held / runs >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / runs)
