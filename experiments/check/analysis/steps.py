"""Which step of the funnel moved: the effect at each step over all assigned calls, and the lift taken apart.

The steps are read over calls whose windows have all closed, as far down the funnel as every arm has such calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from experiments.check.analysis.arms import ArmData
from experiments.check.metrics import Totals
from stats.arms.clustered_funnel import compare_clustered_funnels
from stats.arms.funnel import Funnel, compare_funnels

LEAST_CALLS = 100
"""An arm with fewer matured calls shows nothing of a step."""


@dataclass(frozen=True, slots=True)
class StepsReading:
    """The funnel of one challenger against the control's.

    `facts` names the steps after assignment, `until` is the last day of assignment (YYYYMMDD) that counts: the windows
    of all of them have closed.
    """

    challenger: str
    until: int
    facts: tuple[str, ...]
    funnel: Funnel


def read_steps(
    facts: Sequence[str], until: int, control: ArmData, challenger: ArmData, *, alpha: float
) -> StepsReading | None:
    """Compare two arms' funnels; None when there is no step to compare.

    Args:
        facts: the steps after assignment, in order.
        until: the last day of assignment that the arms' data hold.
        control: what the control did.
        challenger: what the challenger did.
        alpha: 1 - confidence of each interval.
    """
    nested = _nested(facts, (control.totals, challenger.totals))
    if not nested or min(control.totals["calls"], challenger.totals["calls"]) < LEAST_CALLS:
        return None
    if control.units is None or challenger.units is None:
        counts = [_counts(nested, arm.totals) for arm in (control, challenger)]
        return StepsReading(challenger.key, until, nested, compare_funnels(counts[0], counts[1], alpha=alpha))
    units = [[_counts(nested, unit.totals) for unit in arm.units or ()] for arm in (control, challenger)]
    nested_in_all = all(a >= b for arm in units for unit in arm for a, b in pairwise(unit))
    if not nested_in_all:
        return None
    return StepsReading(challenger.key, until, nested, compare_clustered_funnels(units[0], units[1], alpha=alpha))


def _nested(facts: Sequence[str], arms: Sequence[Totals]) -> tuple[str, ...]:
    """Leave out the steps that were told more often than the step before: what agents forgot to report is no loss."""
    kept: list[str] = []
    for fact in facts:
        if all(totals[fact] <= totals[kept[-1] if kept else "calls"] for totals in arms):
            kept.append(fact)
    return tuple(kept)


def _counts(facts: Sequence[str], totals: Totals) -> list[int]:
    return [totals["calls"], *(totals[fact] for fact in facts)]
