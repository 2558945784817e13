from collections import Counter

import numpy as np
import pytest

from experiments.plan import bucketing, deals
from experiments.plan.deals import CANDIDATES, KEPT

AGENTS = {
    f"hz{i:02}": {"baseline": 0.1 + 0.02 * (i % 7), "calls": 30.0 * (1 + i % 5), "region:north": float(i % 2)}
    for i in range(20)
}
WEIGHTS = (5000, 5000)


def spread(root: str, numbers: tuple[int, ...]) -> float:
    """Give how far apart the arms are in their baselines, on average over deals."""
    arms = deals.dealt(root, numbers, list(AGENTS), WEIGHTS)
    base = np.array([known["baseline"] for known in AGENTS.values()])
    return float(np.mean([abs(base[row == 1].mean() - base[row == 0].mean()) for row in arms]))


@pytest.mark.parametrize("unit", ["hz01", "A7|2026-11-02|am", "客服七号", "📞42", ""])
def test_many_buckets_are_the_buckets_one_by_one(unit: str) -> None:
    seeds = ["", "plan:3", "批改:17", *(f"plan:{i}" for i in range(50))]
    found = bucketing.buckets(seeds, [unit, "another"])
    assert found[:, 0].tolist() == [bucketing.bucket(seed, unit) for seed in seeds]


def test_registered_deals_are_more_even_than_a_free_coin() -> None:
    found = deals.register("plan", AGENTS, WEIGHTS)
    assert found is not None
    assert 0.9 * KEPT < len(found.kept) <= KEPT
    assert spread("plan", found.kept) < 0.6 * spread("plan", tuple(range(CANDIDATES)))


def test_every_agent_can_still_come_into_every_arm() -> None:
    found = deals.register("plan", AGENTS, WEIGHTS)
    assert found is not None
    shares = deals.dealt("plan", found.kept, list(AGENTS), WEIGHTS).mean(axis=0)
    assert 0.3 < shares.min() <= shares.max() < 0.7


def test_three_arms_are_dealt_by_their_weights() -> None:
    weights = (5000, 2500, 2500)
    counted = Counter(deals.dealt("plan", range(200), list(AGENTS), weights).ravel().tolist())
    assert [counted[arm] / 4000 for arm in range(3)] == pytest.approx([0.5, 0.25, 0.25], abs=0.03)


def test_two_agents_cannot_be_dealt_evenly() -> None:
    assert deals.register("plan", dict(list(AGENTS.items())[:2]), WEIGHTS) is None
