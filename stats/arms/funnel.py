"""A funnel of nested steps, from the calls assigned down to the last success: which step moved?

Two readings, not to be mixed up. The *effect* at a step is over all calls assigned, hence causal: what the challenger
did to everyone who was dealt to it. The *part* of a step is in the rate from the step before: descriptive, because who
reaches a step may differ between arms. The parts explain the effect exactly: the logarithm of the ratio of the last
rates over all assigned is the sum over steps of the logarithms of the ratios of step rates,

    log(p1 / p0) = sum_i log(q1_i / q0_i),  p = q_1 q_2 ... q_k.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from stats.arms.intervals import wilson
from stats.arms.log_ratios import LogRate, LogRatio, log_ratio
from stats.arms.proportions import compare_proportions
from stats.checks import require, require_share
from stats.comparison import Comparison
from stats.families.adjusting import holm
from stats.moments import Counts

__all__ = ["ArmFunnel", "Funnel", "Step", "StepRate", "compare_arms", "compare_funnels", "require_nested"]


@dataclass(frozen=True, slots=True)
class StepRate:
    """A share of an arm, with its denominator by name.

    Attributes:
        reached: Calls that reached the step.
        out_of: Calls of the denominator: those that reached the step before, or all assigned.
        rate: Share in [0, 1]; nan when the denominator is 0.
        low: Lower end of its interval, Wilson's; nan when unknown.
        high: Upper end of it.
    """

    reached: float
    out_of: float
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ArmFunnel:
    """One arm's funnel, step by step after assignment.

    Attributes:
        of_previous: Rates from the step before: descriptive.
        of_assigned: Rates over all calls assigned.
        logs: Of the rates in `of_previous`.
        last_log: Of the last rate in `of_assigned`.
    """

    of_previous: tuple[StepRate, ...]
    of_assigned: tuple[StepRate, ...]
    logs: tuple[LogRate, ...]
    last_log: LogRate


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel, compared.

    Attributes:
        effect: On the rate over all calls assigned: causal.
        part: Of the total log lift, what the rate from the step before adds: descriptive. None, withheld, when that
            rate is zero or unknown in an arm.
        adjusted_p: Of `part`, by Holm for all steps of the funnel; nan when unknown.
    """

    effect: Comparison
    part: LogRatio | None
    adjusted_p: float


@dataclass(frozen=True, slots=True)
class Funnel:
    """Two funnels compared step by step.

    Attributes:
        control: The control's rates.
        challenger: The challenger's rates.
        steps: From the first after assignment to the last.
        total: The log lift of the last step over all assigned: the sum of the parts; None when a count of it is zero.
        moved: Places in `steps` (from 0) whose adjusted p is below alpha.
        confidence: Share in (0, 1): 1 - alpha. Of each interval by itself, not of all at once.
    """

    control: ArmFunnel
    challenger: ArmFunnel
    steps: tuple[Step, ...]
    total: LogRatio | None
    moved: tuple[int, ...]
    confidence: float


def compare_funnels(control: Sequence[int], challenger: Sequence[int], *, alpha: float = 0.05) -> Funnel:
    """Compare two funnels of independent calls.

    The variance of a log step rate is (1 - q) / (n q), with n the calls that reached the step before (the delta
    method: Agresti, Categorical Data Analysis, 2nd ed. 2002, section 3.1). That is 1 / reached - 1 / n, and steps are
    uncorrelated in the limit, so that the variances of the parts sum to that of the total, exactly. Parts and total
    are normal, and want ten calls reaching and, unless none is lost, ten lost at each step of each arm; the effects
    choose their own method (`compare_proportions`).

    Args:
        control: Calls of the control: assigned, then those that reached each step, none of them more than before.
        challenger: The same of the challenger.
        alpha: 1 - confidence, in (0, 1).

    Raises:
        ValueError: When `alpha` is not in (0, 1), there is no step, the funnels differ in length, or a count is
            negative or more than the count before it.
    """
    require_share("alpha", alpha)
    require_nested("control", control, steps=len(control) - 1)
    require_nested("challenger", challenger, steps=len(control) - 1)
    effects = [
        compare_proportions(Counts(control[0], a), Counts(challenger[0], b), alpha=alpha)
        for a, b in zip(control[1:], challenger[1:], strict=True)
    ]
    return compare_arms(_arm(control, alpha), _arm(challenger, alpha), effects, alpha)


def compare_arms(control: ArmFunnel, challenger: ArmFunnel, effects: Sequence[Comparison], alpha: float) -> Funnel:
    """Compare two arms' funnels whose rates and errors are known, the parts of the steps being one family."""
    parts = [log_ratio(a, b, alpha) for a, b in zip(control.logs, challenger.logs, strict=True)]
    adjusted = holm([part.p_value if part else math.nan for part in parts])
    return Funnel(
        control=control,
        challenger=challenger,
        steps=tuple(Step(*of) for of in zip(effects, parts, adjusted, strict=True)),
        total=log_ratio(control.last_log, challenger.last_log, alpha),
        moved=tuple(place for place, p in enumerate(adjusted) if p < alpha),
        confidence=1 - alpha,
    )


def require_nested(name: str, counts: Sequence[float], *, steps: int) -> None:
    """Refuse a funnel without a step, of another number of steps, or in which a count is negative or grows.

    Raises:
        ValueError: Names the first such count by its place.
    """
    require(f"number of steps of {name}", len(counts) - 1, at_least=max(steps, 1), at_most=max(steps, 1))
    for place, count in enumerate(counts):
        require(f"{name}[{place}]", count, at_least=0, at_most=counts[place - 1] if place else None)


def _arm(counts: Sequence[int], alpha: float) -> ArmFunnel:
    return ArmFunnel(
        of_previous=tuple(_rate(reached, before, alpha) for before, reached in pairwise(counts)),
        of_assigned=tuple(_rate(reached, counts[0], alpha) for reached in counts[1:]),
        logs=tuple(_log_rate(reached, before) for before, reached in pairwise(counts)),
        last_log=_log_rate(counts[-1], counts[0]),
    )


def _rate(reached: int, out_of: int, alpha: float) -> StepRate:
    counts = Counts(out_of, reached)
    ends = wilson(counts, alpha=alpha)
    return StepRate(reached, out_of, counts.rate, ends.low, ends.high)


def _log_rate(reached: int, out_of: int) -> LogRate:
    if not reached:
        return LogRate(math.nan, math.nan)
    return LogRate(math.log(reached / out_of), (out_of - reached) / (out_of * reached))
