"""How a winner goes out: the steps it takes, what each must have seen, and who keeps the former script meanwhile."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from experiments.errors import Invalid, Problem
from experiments.plan.bucketing import BUCKETS
from experiments.wording import Message

_MOST_STEPS, _MOST_DAYS, _MOST_REGIONS = 12, 90, 200
_MOST_HELD_BACK = BUCKETS // 4


@dataclass(frozen=True, slots=True)
class Step:
    """How far the new script has come.

    Attributes:
        share: Of the agent-weeks outside the holdback everywhere, out of 10,000.
        days: Site-local days it lasts at least.
        calls: Calls served the new script, since the rollout began, that it needs before the next step.
        regions: Where all outside the holdback say it, beside those of the steps before.
        gate: Whether the next step waits for the gate's approvals.
    """

    share: int
    days: int
    calls: int = 0
    regions: tuple[str, ...] = ()
    gate: bool = False


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """The steps, and the holdback: so many agent-weeks of 10,000 keep the former script for so many days."""

    steps: tuple[Step, ...] = (Step(1000, 2, 200), Step(2500, 2, 500), Step(5000, 3, 1000), Step(BUCKETS, 7, 2000))
    holdback: int = 500
    holdback_days: int = 56

    def as_json(self) -> list[dict[str, Any]]:
        """Give the steps as they are stored."""
        return [asdict(step) | {"regions": list(step.regions)} for step in self.steps]


def steps_from_json(stored: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Read stored steps, each with the regions of those before it."""
    reached: dict[str, None] = {}
    steps = []
    for each in stored:
        reached |= dict.fromkeys(each["regions"])
        steps.append(Step(**{**each, "regions": tuple(reached)}))
    return tuple(steps)


def require_sound(plan: RolloutPlan) -> None:
    """Refuse a plan that does not go from few to all.

    Raises:
        Invalid: it breaks a rule; every problem is named.
    """
    problems = [*_problems(plan)]
    if problems:
        raise Invalid(*problems)


def _problems(plan: RolloutPlan) -> Iterator[Problem]:
    if not 1 <= len(plan.steps) <= _MOST_STEPS:
        words = Message("A rollout has 1 to %(most)s steps.", {"most": _MOST_STEPS})
        yield Problem("steps", "number", words)
        return
    if not 0 <= plan.holdback <= _MOST_HELD_BACK:
        words = Message("The holdback is 0 to %(most)s of 10000 agent-weeks.", {"most": _MOST_HELD_BACK})
        yield Problem("holdback", "out_of_bounds", words)
    if not 1 <= plan.holdback_days <= 4 * _MOST_DAYS:
        words = Message("The holdback lasts 1 to %(most)s days.", {"most": 4 * _MOST_DAYS})
        yield Problem("holdback_days", "out_of_bounds", words)
    for place, step in enumerate(plan.steps):
        yield from _problems_of_step(place, step)
    if plan.steps[-1].share != BUCKETS:
        yield Problem("steps", "does_not_end", Message("The last step is everyone, everywhere."))
    if not _widens(plan.steps):
        words = Message("Each step reaches more than the one before: pilot regions first, then rising shares.")
        yield Problem("steps", "does_not_widen", words)


def _problems_of_step(place: int, step: Step) -> Iterator[Problem]:
    named = f"steps.{place}"
    if not 0 <= step.share <= BUCKETS:
        yield Problem(f"{named}.share", "out_of_bounds", Message("A step's share is 0 to 10000."))
    if not 1 <= step.days <= _MOST_DAYS:
        words = Message("A step lasts 1 to %(most)s days.", {"most": _MOST_DAYS})
        yield Problem(f"{named}.days", "out_of_bounds", words)
    if step.calls < 0:
        yield Problem(f"{named}.calls", "out_of_bounds", Message("A step's calls are not fewer than 0."))
    if len(step.regions) > _MOST_REGIONS or not all(1 <= len(region) <= 255 for region in step.regions):
        words = Message("Regions are up to %(most)s names of 1 to 255 characters.", {"most": _MOST_REGIONS})
        yield Problem(f"{named}.regions", "out_of_bounds", words)


def _widens(steps: Sequence[Step]) -> bool:
    share, regions = 0, set[str]()
    for step in steps:
        if step.share < share or not (step.share > share or set(step.regions) - regions):
            return False
        share, regions = step.share, regions | set(step.regions)
    return True
