"""When to call a difference found: five rules, each a limit for |z| at every checkpoint.

All spend 5 %, two-sided, on one series. They know nothing of its outcomes, only how many users came: information is
users so far per users at the last checkpoint, as if that number had been the plan.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from stats.looking.always_valid import confidence_sequence
from stats.looking.spending import spending_boundaries
from stats.tails import normal_quantile
from tests.evidence.series import Floats, Readable

ALPHA = 0.05
ONCE = normal_quantile(ALPHA / 2)

STEP = 0.001
"""Information that a planned look adds at least: what `spending_boundaries` asks for. Closer checkpoints are passed."""

Spending: TypeAlias = Literal["obrien-fleming", "pocock"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A name, and the limits for |z| at the checkpoints with these numbers of users; inf where nothing is looked at."""

    name: str
    limits: Callable[[Floats, Readable], Floats]


def peeking(users: Floats, _readable: Readable) -> Floats:
    """Read the fixed-horizon test at every checkpoint, and stop when it says p <= 0.05."""
    return np.full(users.shape, ONCE)


def fixed(users: Floats, _readable: Readable) -> Floats:
    """Look once, at the last checkpoint."""
    limits = np.full(users.shape, np.inf)
    limits[-1] = ONCE
    return limits


def group_sequential(spending: Spending, users: Floats, readable: Readable) -> Floats:
    """Look at every checkpoint, as planned: alpha is spent by the share of information."""
    looks = planned_looks(users / users[-1], readable)
    limits = np.full(users.shape, np.inf)
    limits[looks] = _boundaries(spending, tuple(float(users[look] / users[-1]) for look in looks))
    return limits


def always_valid(users: Floats, readable: Readable) -> Floats:
    """Watch without a plan of looks: the confidence sequence, sharpest at the last checkpoint's users, excludes 0."""
    planned = int(users[-1])
    limits = np.full(users.shape, np.inf)
    for place in np.flatnonzero(readable):
        limits[place] = confidence_sequence(0.0, 1.0, int(users[place]), alpha=ALPHA, planned_n=planned)[1]
    return limits


def planned_looks(share: Floats, readable: Readable) -> list[int]:
    """Choose the checkpoints that are looks: the last, and each before it that adds a step of information."""
    looks, before = [], 0.0
    for place in np.flatnonzero(readable[:-1] & (share[:-1] <= 1 - STEP)):
        if share[place] >= before + STEP:
            looks.append(int(place))
            before = float(share[place])
    return [*looks, len(share) - 1]


@functools.cache
def _boundaries(spending: Spending, fractions: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(boundary.z for boundary in spending_boundaries(fractions, alpha=ALPHA, spending=spending))


RULES = (
    Rule("peeking", peeking),
    Rule("fixed", fixed),
    Rule("obrien-fleming", functools.partial(group_sequential, "obrien-fleming")),
    Rule("pocock", functools.partial(group_sequential, "pocock")),
    Rule("always-valid", always_valid),
)


def first_crossing(z: Floats, limits: Floats) -> int | None:
    """Give the first checkpoint at which |z| reaches its limit, if any."""
    reached = np.flatnonzero(np.abs(z) >= limits)
    return int(reached[0]) if len(reached) else None
