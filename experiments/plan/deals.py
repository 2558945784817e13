"""Deals: units that are few (agents, teams, shifts) are not left to a fair coin.

A plan registers a list of numbered salts under which its arms are alike in what was known beforehand; the start draws
one of them; and the randomisation test deals again by exactly that list. Everything follows from the plan's own salt
and the numbers kept, so that anybody can deal every one of them again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.plan import bucketing
from stats.clusters.balance import choose_deals

CANDIDATES = 4000
"""How many salts are tried at most; the quarter with the most even arms is kept."""

_DEALT_AT_MOST = 1_000_000  # units times candidates: a second's tenth, since whoever submits holds the board meanwhile
_FEWEST_CANDIDATES = 400
KEPT = 1000
_BEST = 0.25


@dataclass(frozen=True, slots=True)
class Deals:
    """The registered list: the numbers of the salts kept, what they are balanced on, and over how many units."""

    kept: tuple[int, ...]
    balanced_on: tuple[str, ...]
    units: int

    def as_json(self) -> dict[str, Any]:
        """Give the value as it is stored."""
        return asdict(self)


def salt_of(root: str, number: int) -> str:
    """Name a deal's salt."""
    return f"{root}:{number}"


def dealt(root: str, numbers: Sequence[int], units: Sequence[str], weights: Sequence[int]) -> NDArray[np.int64]:
    """Deal units into arms by several salts.

    Args:
        root: the plan's own salt.
        numbers: of the deals.
        units: raw values of the units.
        weights: of the arms, out of 10,000.

    Returns:
        The position of the arm: a row for each deal, a column for each unit.
    """
    edges = np.array([right for _, right in bucketing.arm_ranges(weights)])
    drawn = bucketing.buckets([salt_of(root, number) for number in numbers], units)
    return np.searchsorted(edges, drawn, side="right")


def register(root: str, units: Mapping[str, Mapping[str, float]], weights: Sequence[int]) -> Deals | None:
    """Choose the deals under which the arms are most alike in what was known beforehand.

    Args:
        root: the plan's own salt.
        units: what is known of each unit, by its raw value: numbers by name, a name that is missing being 0.
        weights: of the arms, out of 10,000.

    Returns:
        The list to draw from; None when hardly any deal gives every arm two units.
    """
    names = sorted({name for known in units.values() for name in known})
    covariates = np.array([[known.get(name, 0.0) for name in names] for known in units.values()])
    tried = min(CANDIDATES, max(_DEALT_AT_MOST // len(units), _FEWEST_CANDIDATES))
    candidates = dealt(root, range(tried), list(units), weights)
    chosen = choose_deals(candidates, covariates, weights, share=_BEST, keep=KEPT)
    return Deals(chosen.kept, tuple(names), len(units)) if chosen.kept else None
