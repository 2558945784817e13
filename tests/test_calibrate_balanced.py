"""Balanced deals and shifts in `make calibrate`: that it runs, and that its shortcut is the product's."""

import numpy as np
import pytest

from stats.clusters.randomisation import randomisation_test
from stats.clusters.within import Blocks
from tests.calibrate import balanced

FEW = 0.01


def test_the_fast_p_is_the_products() -> None:
    random = np.random.default_rng(1)
    team = balanced.a_team(12, 0.1, random)
    labels = [[agent % 3 for agent in range(12)]]
    for within in ([], labels):
        y, blocks = team.month(random), Blocks(within, team.calls.astype(float))
        asked = randomisation_test(balanced.pairs(y, team.calls), team.deals, 5, within=within)
        assert balanced.p_of(y, team.calls, team.deals, 5, blocks) == pytest.approx(asked.p_value)


def test_a_team_is_as_unequal_as_promised_and_its_list_as_long() -> None:
    team = balanced.a_team(20, 0.1, np.random.default_rng(2))
    assert (team.calls.min(), team.calls.max()) == (15, 4430)
    assert len(team.deals) == balanced.KEPT


def test_every_figure_is_found() -> None:
    rows = [
        *balanced.listed(12, 0.1, FEW),
        *balanced.three_arms(FEW),
        *balanced.intervals(12, FEW),
        *balanced.switched(6, 20, FEW),
    ]
    assert all(row.held for row in rows)
    assert len({row.what for row in rows}) == len(rows)
