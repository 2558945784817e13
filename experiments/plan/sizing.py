"""How many calls a plan needs, and how many days, from numbers alone: rates and volumes are handed in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from stats.looking.spending import inflation_factor
from stats.looking.spending_functions import Spending
from stats.sizing import clusters as whole_units, proportions
from stats.sizing.outcomes import Share
from stats.sizing.spreads import Spread, spread_of_agents, spread_of_shifts, spread_of_units
from stats.sizing.weights import divided

ASSUMED_ICC = 0.02
"""How alike the calls of one agent are, until the centre's own history says so: the field's usual size."""

FEW_UNITS = 40
"""Below so many agents, teams or shifts one final look decides, so that looking early costs nothing."""

WINDOW = 28
"""Days in which a design should answer, unless somebody has longer."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """What a design asks of the floor.

    `total` is eligible calls at the last look, None when no number of calls would do with so few clusters; `days`
    is None when that is so, or when the scenario has no volume yet.
    """

    base_rate: float
    effect: float
    total: int | None
    daily_calls: float
    days: int | None


class Hindrance(StrEnum):
    """Why a design cannot answer the question in time."""

    NO_VOLUME = "no_volume"  # the scenario has no calls, or nobody who takes them
    TOO_FEW_UNITS = "too_few_units"  # an arm would get fewer units than a randomisation test needs to reach alpha
    TOO_ALIKE = "too_alike"  # calls of one agent are so alike that no number of them makes up for so few agents
    TOO_SLOW = "too_slow"  # it can, in more days than the window has


@dataclass(frozen=True, slots=True)
class Goal:
    """What a test of a rate must be able to find.

    Attributes:
        base_rate: the primary metric's share per eligible call today.
        effect: the smallest difference worth having, as a share.
        alpha: two-sided, of each challenger alone: what its family leaves it, for all looks together.
        power: to find `effect`.
        weights: of the arms, control first.
        looks: fractions of the planned calls at which the plan looks.
        spending: how alpha is spent over the looks.
    """

    base_rate: float
    effect: float
    alpha: float
    power: float
    weights: Sequence[int]
    looks: Sequence[float]
    spending: Spending = "obrien-fleming"

    def inflation(self, units: float = math.inf) -> float:
        """Give how much larger the largest sample is for the looks; one look decides among few units."""
        return 1.0 if units < FEW_UNITS else _inflated(tuple(self.looks), self.alpha, self.power, self.spending)


@lru_cache(maxsize=1024)
def _inflated(looks: tuple[float, ...], alpha: float, power: float, spending: Spending) -> float:
    """Remember what looks cost: a page asks for the same plan at several effects, on which it does not depend."""
    return inflation_factor(looks, alpha, power, spending)


@dataclass(frozen=True, slots=True)
class Floor:
    """Who takes the scenario's calls.

    Attributes:
        daily_calls: eligible calls a day.
        agents: who take them.
        daily_shifts: shifts that these agents work in a day, all together.
        agent_icc: correlation of two calls of one agent in different shifts, a share.
        shift_icc: correlation of two calls of one shift, a share, at least `agent_icc`.
        cv: standard deviation per mean of calls per agent.
        shift_cv: the same per shift.
    """

    daily_calls: float
    agents: int
    daily_shifts: float
    agent_icc: float = ASSUMED_ICC
    shift_icc: float = ASSUMED_ICC
    cv: float = 0.0
    shift_cv: float = 0.0

    @property
    def calls_a_shift(self) -> float:
        """Give the calls of a shift, of those in which there are any."""
        return max(self.daily_calls / self.daily_shifts, 1.0)


@dataclass(frozen=True, slots=True)
class Design:
    """What one way to randomise asks of the floor, and what it can find.

    Attributes:
        unit: "call", "agent" or "agent_shift".
        units: how many are randomised by the end; None when there is no end.
        total: eligible calls at the last look; None as `units`.
        days: until then; None as `units`.
        design_effect: variance over that of as many independent calls, at the end; nan as `units`.
        smallest_effect: the smallest rise it finds with the power within the window, a share; nan when there is none.
        hindrance: why it cannot answer within the window; None when it can.
    """

    unit: str
    units: int | None
    total: int | None
    days: int | None
    design_effect: float
    smallest_effect: float
    hindrance: Hindrance | None


def size_calls(goal: Goal, *, daily_calls: float, design_effect: float = 1.0) -> Sizing:
    """Size a plan whose calls (or customers, of a call or two each) are dealt one by one.

    Args:
        goal: what must be found.
        daily_calls: eligible calls a day that the test takes.
        design_effect: variance over that of independent calls: 1 - ICC where they are compared within agents.

    Raises:
        ValueError: a number is out of its bounds.
    """
    return _sized(goal, _calls(goal, design_effect), daily_calls)


def size_units(goal: Goal, units: int, *, daily_calls: float, icc: float = ASSUMED_ICC, cv: float = 0.0) -> Sizing:
    """Size a plan that deals so many whole agents or teams.

    Args:
        goal: what must be found.
        units: how many there are to deal.
        daily_calls: eligible calls a day that they take.
        icc: correlation of two calls of one unit, a share.
        cv: standard deviation per mean of calls per unit.

    Raises:
        ValueError: a number is out of its bounds.
    """
    return _sized(goal, _calls_of(goal, units, spread_of_units(icc, cv=cv)), daily_calls)


def _sized(goal: Goal, total: int | None, daily_calls: float) -> Sizing:
    days = None if total is None or daily_calls <= 0 else math.ceil(total / daily_calls)
    return Sizing(goal.base_rate, goal.effect, total, daily_calls, days)


def compare_designs(goal: Goal, floor: Floor, *, window: int = WINDOW) -> tuple[Design, ...]:
    """Put the three ways to randomise side by side: calls within agents, whole agents, and shifts within agents.

    Calls are compared within their agent, which takes the agents' differences out of the variance.

    Args:
        goal: what must be found.
        floor: who takes the calls.
        window: days in which the answer is wanted, >= 1.

    Raises:
        ValueError: a number is out of its bounds.
    """
    if not (floor.daily_calls > 0 and floor.agents > 0 and floor.daily_shifts > 0):
        return tuple(_hindered(unit, Hindrance.NO_VOLUME, math.nan) for unit in ("call", "agent", "agent_shift"))
    return _by_call(goal, floor, window), _by_agent(goal, floor, window), _by_shift(goal, floor, window)


def _by_call(goal: Goal, floor: Floor, window: int) -> Design:
    within = 1 - floor.agent_icc
    total = _calls(goal, within)
    found = proportions.smallest_effect(
        goal.base_rate,
        [floor.daily_calls * window * weight / sum(goal.weights) for weight in goal.weights],
        alpha=goal.alpha,
        power=goal.power,
        design_effect=within,
        inflation=goal.inflation(),
    )
    return _timed("call", total, total, math.ceil(total / floor.daily_calls), within, found, window)


def _by_agent(goal: Goal, floor: Floor, window: int) -> Design:
    spread = spread_of_agents(
        floor.shift_icc, floor.agent_icc, floor.calls_a_shift, cv=floor.cv, shift_cv=floor.shift_cv
    )
    arms = divided(floor.agents, goal.weights)
    if min(arms) < whole_units.fewest_units(goal.alpha):
        return _hindered("agent", Hindrance.TOO_FEW_UNITS, math.nan)
    found = _smallest(goal, spread, arms, max(floor.daily_calls * window / floor.agents, 1.0))
    total = _calls_of(goal, floor.agents, spread)
    if total is None:
        return _hindered("agent", Hindrance.TOO_ALIKE, found)
    effect = spread.design_effect(total / floor.agents)
    return _timed("agent", floor.agents, total, math.ceil(total / floor.daily_calls), effect, found, window)


def _by_shift(goal: Goal, floor: Floor, window: int) -> Design:
    spread, calls = _shifts(floor), floor.calls_a_shift
    arms = whole_units.units_per_arm(
        Share(goal.base_rate),
        goal.effect,
        spread,
        calls,
        alpha=goal.alpha,
        power=goal.power,
        weights=goal.weights,
        inflation=goal.inflation(),
    )
    units = max(sum(arms), floor.agents * len(arms))  # every agent speaks every script
    found = _smallest(goal, spread, divided(int(floor.daily_shifts * window), goal.weights), calls)
    days = math.ceil(units / floor.daily_shifts)
    return _timed("agent_shift", units, math.ceil(units * calls), days, spread.design_effect(calls), found, window)


def _shifts(floor: Floor) -> Spread:
    return spread_of_shifts(floor.shift_icc, floor.agent_icc, agents=floor.agents, cv=floor.shift_cv)


def _calls(goal: Goal, design_effect: float = 1.0) -> int:
    """Give the calls of all arms when calls are randomised."""
    return sum(
        proportions.calls_per_arm(
            goal.base_rate,
            goal.effect,
            alpha=goal.alpha,
            power=goal.power,
            weights=goal.weights,
            design_effect=design_effect,
            inflation=goal.inflation(),
        )
    )


def _calls_of(goal: Goal, units: int, spread: Spread) -> int | None:
    """Give the calls of all units when so many are randomised whole; None when no number does."""
    arms = divided(units, goal.weights)
    if not min(arms):
        return None
    calls = whole_units.calls_per_unit(
        Share(goal.base_rate),
        goal.effect,
        spread,
        arms,
        alpha=goal.alpha,
        power=goal.power,
        inflation=goal.inflation(units),
    )
    return None if calls is None else calls * units


def _smallest(goal: Goal, spread: Spread, arms: Sequence[int], calls: float) -> float:
    if not min(arms):
        return math.nan
    return whole_units.smallest_effect(
        Share(goal.base_rate),
        spread,
        arms,
        calls,
        alpha=goal.alpha,
        power=goal.power,
        inflation=goal.inflation(sum(arms)),
    )


def _timed(unit: str, units: int, total: int, days: int, effect: float, found: float, window: int) -> Design:
    return Design(unit, units, total, days, effect, found, Hindrance.TOO_SLOW if days > window else None)


def _hindered(unit: str, hindrance: Hindrance, found: float) -> Design:
    return Design(unit, None, None, None, math.nan, found, hindrance)
