"""What randomising whole units does to the variance of an arm's mean.

Calls of one unit are alike (the intraclass correlation ICC) and units are of unequal size (the coefficient of variation
cv, standard deviation per mean of calls per unit).

The switchback: every agent speaks every script, but keeps to one for the length of a shift. The model of an outcome is
level + agent + shift within agent + call, independent parts whose variances add up to the variance v of one call. Two
calls of one shift are correlated by `shift_icc` (agent and shift in common), two calls of one agent in different shifts
by `agent_icc` (the agent in common). Shifts are dealt to arms within each agent, and the analysis compares within
agents: the agent's part cancels, only the shift's part clusters. Assumed is that nothing carries over to the next
shift.
"""

from dataclasses import dataclass

from stats.checks import require

__all__ = ["Spread", "spread_of_agents", "spread_of_shifts", "spread_of_units"]


@dataclass(frozen=True, slots=True)
class Spread:
    """Variance of an arm's mean, per variance of one call and for one unit: `between + within / calls`.

    Attributes:
        between: What stays however many calls a unit has, >= 0.
        within: What many calls average away, >= 0.
        strata: Groups of units whose own levels the analysis takes out; 1 when it compares plain arms.

    Raises:
        ValueError: When `between` or `within` is negative or `strata` is under 1.
    """

    between: float
    within: float
    strata: int = 1

    def __post_init__(self) -> None:
        require("between", self.between, at_least=0)
        require("within", self.within, at_least=0)
        require("strata", self.strata, at_least=1)

    def per_unit(self, calls: float) -> float:
        """Return the variance that one unit of so many calls on average stands for, per variance of one call."""
        return self.between + self.within / calls

    def design_effect(self, calls: float) -> float:
        """Return the variance over that of as many independent calls, with so many calls a unit on average."""
        return self.between * calls + self.within

    def degrees_of_freedom(self, units: float) -> float:
        """Return the units less the strata and the difference itself: units less arms when there is one stratum."""
        return units - self.strata - 1


def spread_of_units(icc: float, *, cv: float = 0.0) -> Spread:
    """Return the spread of whole units dealt to arms, each call one vote.

    Its design effect is 1 + ((cv^2 + 1) m - 1) ICC (Eldridge, Ashby & Kerry 2006, International Journal of Epidemiology
    35:1292; with equal units that of Donner, Birkett & Buck 1981, American Journal of Epidemiology 114:906).

    Args:
        icc: Correlation of two calls of one unit, a share in [0, 1].
        cv: Standard deviation per mean of calls per unit, over the units that have calls, >= 0.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("icc", icc, at_least=0, at_most=1)
    require("cv", cv, at_least=0)
    return Spread(between=(cv**2 + 1) * icc, within=1 - icc)


def spread_of_shifts(shift_icc: float, agent_icc: float, *, agents: int, cv: float = 0.0) -> Spread:
    """Return the spread of shifts dealt to arms within their agents, each call one vote.

    The variance of the mean of k shifts of m calls on average is v / k [(cv^2 + 1) (shift_icc - agent_icc) +
    (1 - shift_icc) / m]; of equal shifts the design effect is 1 + (m - 1) shift_icc - m agent_icc, that of the
    cluster-crossover trial by its correlations within and between periods (Giraudeau, Ravaud & Donner 2008, Statistics
    in Medicine 27:5578).

    Args:
        shift_icc: Correlation of two calls of one shift, a share in [agent_icc, 1].
        agent_icc: Correlation of two calls of one agent in different shifts, a share in [0, 1].
        agents: How many agents take part, each with shifts in both arms, >= 1; each costs a degree of freedom.
        cv: Standard deviation per mean of calls per shift, >= 0.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    _require(shift_icc, agent_icc)
    require("cv", cv, at_least=0)
    return Spread(between=(cv**2 + 1) * (shift_icc - agent_icc), within=1 - shift_icc, strata=agents)


def spread_of_agents(
    shift_icc: float, agent_icc: float, calls: float, *, cv: float = 0.0, shift_cv: float = 0.0
) -> Spread:
    """Return the spread of whole agents under the switchback's model: what a switchback is to be held against.

    An agent of M calls in shifts of m has M / m shifts, whose parts average away with the calls:
    v / k [(cv^2 + 1) agent_icc + ((shift_cv^2 + 1) (shift_icc - agent_icc) m + 1 - shift_icc) / M].

    Args:
        shift_icc: As `spread_of_shifts`.
        agent_icc: As `spread_of_shifts`.
        calls: Per shift, on average, >= 1.
        cv: Standard deviation per mean of calls per agent, >= 0.
        shift_cv: Standard deviation per mean of calls per shift, >= 0.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    _require(shift_icc, agent_icc)
    require("calls", calls, at_least=1)
    require("cv", cv, at_least=0)
    require("shift_cv", shift_cv, at_least=0)
    shifts = (shift_cv**2 + 1) * (shift_icc - agent_icc) * calls
    return Spread(between=(cv**2 + 1) * agent_icc, within=shifts + 1 - shift_icc)


def _require(shift_icc: float, agent_icc: float) -> None:
    require("agent_icc", agent_icc, at_least=0, at_most=1)
    require("shift_icc", shift_icc, at_least=agent_icc, at_most=1)
