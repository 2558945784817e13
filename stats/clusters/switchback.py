"""Shifts of agents as units: an agent changes arm from shift to shift and is its own control.

Each shift (an agent's half-day) is dealt for itself. What differs between weekdays and half-days, and between agents,
is taken off as blocks; what an arm leaves behind for the next shift is looked for, and may be left out as burn-in.
"""

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require, require_share
from stats.clusters.within import compare_within
from stats.comparison import Comparison

__all__ = ["Shift", "ShiftColumns", "after_burn_in", "carry_over", "compare_shifts", "switching_cost"]

_Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shift:
    """What one agent did in one shift.

    Attributes:
        agent: Whose shift it is.
        order: Its place among the agent's shifts: any number that grows with time, different for each.
        block: What it is compared within: weekday and half-day.
        arm: Arm index that was dealt to it; 0 is the control.
        y: Numerator total (conversions).
        x: Denominator total (calls), >= 0; a shift without calls is no observation, but is still somebody's previous.

    Raises:
        ValueError: When a number is not finite, or `arm` or `x` is negative.
    """

    agent: Hashable
    order: float
    block: Hashable
    arm: int
    y: float
    x: float

    def __post_init__(self) -> None:
        require("order", self.order)
        require("arm", self.arm, at_least=0)
        require("y", self.y)
        require("x", self.x, at_least=0)


@dataclass(frozen=True, slots=True)
class ShiftColumns:
    """Thousands of shifts, a column of each thing that `Shift` says of one; without the order, which few ask for.

    Attributes:
        agents: Whose shifts they are.
        blocks: What they are compared within.
        arms: Arm indices.
        y: Numerator totals.
        x: Denominator totals, >= 0.

    Raises:
        ValueError: When columns are not equally long, a total is not finite, or an arm or an `x` is negative.
    """

    agents: Sequence[Hashable]
    blocks: Sequence[Hashable]
    arms: NDArray[np.int64]
    y: _Floats
    x: _Floats

    def __post_init__(self) -> None:
        shifts = len(self.agents)
        for name, column in (("blocks", self.blocks), ("arms", self.arms), ("y", self.y), ("x", self.x)):
            require(f"number of {name}", len(column), at_least=shifts, at_most=shifts)
        require("arms", int(self.arms.min(initial=0)), at_least=0)
        require("y", float(np.abs(self.y).max(initial=0.0)))
        require("x", float(self.x.max(initial=0.0)))
        require("x", float(self.x.min(initial=0.0)), at_least=0)

    @classmethod
    def of(cls, shifts: Sequence[Shift]) -> "ShiftColumns":
        """Write shifts in columns."""
        return cls(
            [shift.agent for shift in shifts],
            [shift.block for shift in shifts],
            np.array([shift.arm for shift in shifts], dtype=np.int64),
            np.array([shift.y for shift in shifts], dtype=np.float64),
            np.array([shift.x for shift in shifts], dtype=np.float64),
        )


def compare_shifts(
    shifts: Sequence[Shift] | ShiftColumns,
    *,
    control: int = 0,
    challenger: int = 1,
    within_agents: bool = True,
    alpha: float = 0.05,
) -> Comparison:
    """Compare two arms within blocks, each call one vote, with the shift as the cluster.

    The regression of a call's outcome on arm, block and (unless told otherwise) agent, by CR2 with Satterthwaite
    degrees of freedom (see `stats.clusters.within`). Assumes that each shift was dealt for itself, and that an arm acts
    in its own shift only (`carry_over` asks). Then the shifts of one agent are as good as independent, given the agent:
    what makes agents differ is taken off, and gains power. An agent who had only one of the arms says nothing then.

    Args:
        shifts: All shifts; those of other arms are left out.
        control: Arm index of the control.
        challenger: Arm index of the challenger.
        within_agents: Whether to take off agents as well as blocks.
        alpha: 1 - confidence, in (0, 1).

    Returns:
        The comparison, with the method "cr2-within", counting shifts; nan when blocks and agents leave nothing to
        compare.

    Raises:
        ValueError: When `alpha` is not in (0, 1) or the arms are the same.
    """
    columns = shifts if isinstance(shifts, ShiftColumns) else ShiftColumns.of(shifts)
    mine = np.isin(columns.arms, (control, challenger))
    arms = (control, challenger)
    return _compare(columns, columns.arms == challenger, columns.blocks, arms, within_agents, alpha, among=mine)


def carry_over(
    shifts: Sequence[Shift], *, control: int = 0, challenger: int = 1, within_agents: bool = True, alpha: float = 0.05
) -> Comparison:
    """Compare shifts that follow the challenger with shifts that follow the control, of the same arm in the same block.

    An arm that still acts, or whose habits stay, in the agent's next shift makes a difference here, whatever arm that
    next shift has; without carry-over there is none to expect. It is asked within arm and block, never pooled over
    "changed or not": what the challenger leaves behind helps the control's shifts after it and is missed by its own
    after the control, so that the two cancel (`switching_cost` asks about changing itself). As with every test for
    carry-over (Senn 2002, Cross-over Trials in Clinical Research, section 3.14), not finding one shows little.

    Args:
        shifts: All shifts, in any order.
        control: Arm index of the control.
        challenger: Arm index of the challenger.
        within_agents: Whether to take off agents as well as arm and block.
        alpha: 1 - confidence, in (0, 1).

    Returns:
        Challenger: shifts after the challenger; control: shifts after the control; method "cr2-within".

    Raises:
        ValueError: As `compare_shifts`, or when an agent has two shifts of one order.
    """
    after = [(previous, shift) for previous, shift in _following(shifts) if previous.arm in {control, challenger}]
    kinds = np.array([previous.arm == challenger for previous, _ in after], dtype=np.bool_)
    mine = [shift for _, shift in after]
    strata = [(shift.arm, shift.block) for shift in mine]
    return _compare(ShiftColumns.of(mine), kinds, strata, (control, challenger), within_agents, alpha)


def switching_cost(shifts: Sequence[Shift], *, within_agents: bool = True, alpha: float = 0.05) -> Comparison:
    """Compare shifts whose agent has just changed arm with those whose agent has not, of the same arm and block.

    What changing itself costs, in either direction: the reason for a burn-in.

    Args:
        shifts: All shifts, in any order.
        within_agents: Whether to take off agents as well as arm and block.
        alpha: 1 - confidence, in (0, 1).

    Returns:
        Challenger: shifts after another arm; control: shifts after the same arm; method "cr2-within".

    Raises:
        ValueError: When `alpha` is not in (0, 1) or an agent has two shifts of one order.
    """
    after = _following(shifts)
    kinds = np.array([previous.arm != shift.arm for previous, shift in after], dtype=np.bool_)
    mine = [shift for _, shift in after]
    strata = [(shift.arm, shift.block) for shift in mine]
    return _compare(ShiftColumns.of(mine), kinds, strata, (0, 1), within_agents, alpha)


def after_burn_in(shifts: Sequence[Shift], first: int) -> tuple[Shift, ...]:
    """Return the shifts without the first ones after each change of an agent's arm.

    What is left out depends on the deal alone, never on outcomes, so that the rest compares as before. An agent's first
    shift counts as a change, for before it lay something else. Leaving out before comparing answers for agents who have
    settled; where shifts are dealt one by one and only two in a row remain, the rest is a quarter or less.

    Args:
        shifts: All shifts, in any order.
        first: How many shifts to leave out after a change, >= 0.

    Returns:
        What remains, sorted by each agent's order.

    Raises:
        ValueError: When `first` is negative or an agent has two shifts of one order.
    """
    require("first", first, at_least=0)
    kept: list[Shift] = []
    for own in _by_agent(shifts):
        since = 0
        for place, shift in enumerate(own):
            since = since + 1 if place and own[place - 1].arm == shift.arm else 0
            if since >= first:
                kept.append(shift)
    return tuple(kept)


def _compare(
    shifts: ShiftColumns,
    kinds: NDArray[np.bool_],
    strata: Sequence[Hashable],
    arms: tuple[int, int],
    within_agents: bool,
    alpha: float,
    *,
    among: NDArray[np.bool_] | None = None,
) -> Comparison:
    require_share("alpha", alpha)
    if arms[0] == arms[1]:
        raise ValueError(f"challenger is {arms[1]}, must be another arm than control")
    counted = shifts.x > 0 if among is None else among & (shifts.x > 0)
    factors = [strata, shifts.agents] if within_agents else [strata]
    return compare_within(
        shifts.y[counted],
        shifts.x[counted],
        kinds[counted],
        [list(itertools.compress(labels, counted.tolist())) for labels in factors],
        alpha=alpha,
        method="cr2-within",
    )


def _by_agent(shifts: Sequence[Shift]) -> list[list[Shift]]:
    """Return each agent's shifts in their order."""
    agents: dict[Hashable, list[Shift]] = {}
    for shift in shifts:
        agents.setdefault(shift.agent, []).append(shift)
    ordered = [sorted(own, key=lambda shift: shift.order) for own in agents.values()]
    for own in ordered:
        for previous, shift in itertools.pairwise(own):
            if previous.order == shift.order:
                raise ValueError(f"order is {shift.order} in two shifts of agent {shift.agent!r}, must be different")
    return ordered


def _following(shifts: Sequence[Shift]) -> list[tuple[Shift, Shift]]:
    """Return each shift that has one with the one before it."""
    return [pair for own in _by_agent(shifts) for pair in itertools.pairwise(own)]
