"""Whether the floor has given enough, for whole weeks, and as the test was meant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.check.health.findings import RED, Check, Finding, State
from experiments.check.metrics import Totals
from experiments.wording import Message, sentence
from stats.arms.intervals import clopper_pearson
from stats.clusters.cr2 import compare_clusters
from stats.clusters.randomisation import permutation_test
from stats.moments import Counts

STANDARD = Check("standard", sentence("Is the control what everyone else is served?"))
SAMPLE = Check("sample", sentence("Has every arm calls enough to say anything?"))
WEEK = Check("whole_week", sentence("Was every weekday there?"))
PROTOCOL = Check("protocol", sentence("Do agents resolve the request before they invite?"))
STAFFED = Check("per_staffed_day", sentence("Does a staffed day give as many calls in one arm as in the other?"))

LEAST_LOAD = 0.05
"""Calls a staffed day that differ by less than a twentieth change no reading."""

_FEW_PER_ARM = 100
_DEVIATION_SHARE = 0.05
_FEW_UNITS = 200
_DRAWS = 9999


@dataclass(frozen=True, slots=True)
class Staffed:
    """One dealt unit: the days it worked (a shift works one), its calls, and its results on the primary metric."""

    days: int
    calls: int
    results: int


def standard_changed() -> Finding:
    """Say that the control is no longer what everyone else is served."""
    evidence = Message("The standard changed after this test was written; its arms keep the old one.")
    advice = Message("What wins here won against the old standard: test it against the new one before it goes out.")
    return STANDARD.found(State.WARNING, evidence, advice)


def enough(totals: Mapping[str, Totals]) -> Finding:
    """Check that every arm has calls enough to say anything."""
    least = min((t["calls"] for t in totals.values()), default=0)
    evidence = Message("The smallest arm has %(n)s eligible calls.", {"n": least})
    advice = Message("Wait until every arm has %(least)s calls.", {"least": _FEW_PER_ARM})
    return SAMPLE.found(State.WAITING if least < _FEW_PER_ARM else State.OK, evidence, advice)


def whole_weeks(days: Sequence[int]) -> Finding:
    """Check that every weekday was there; `days` as YYYYMMDD."""
    evidence = Message("Calls on %(n)s days.", {"n": len(days)})
    advice = Message("Weekdays differ: let a whole week pass before deciding.")
    return WEEK.found(State.WAITING if len(days) < 7 else State.OK, evidence, advice)


def protocol(totals: Mapping[str, Totals]) -> Finding:
    """Check that agents served before they invited: more than one in twenty early, surely, is a finding."""
    invited = sum(t["invited"] for t in totals.values())
    early = min(sum(t["deviation"] for t in totals.values()), invited)
    evidence = Message(
        "%(early)s of %(invited)s invitations came before the request was resolved.",
        {"early": early, "invited": invited},
    )
    if not invited:
        return PROTOCOL.found(State.WAITING, evidence)
    sure = clopper_pearson(Counts(invited, early), alpha=2 * RED).low > _DEVIATION_SHARE
    advice = Message("Service first: train the teams; the calls stay counted.")
    return PROTOCOL.found(State.WARNING if sure else State.OK, evidence, advice)


def per_staffed_day(arms: Mapping[str, Sequence[Staffed]], result: Mapping[str, str]) -> Finding:
    """Tell calls and results of a staffed day in each arm, and check that the calls do not differ.

    Where agents, teams or shifts are dealt, how many calls they take is an outcome: words that take longer let fewer
    callers through, and what is read per call does not show it.

    Args:
        arms: each arm's units by its key, the control first.
        result: the name of the primary metric.
    """
    days = {key: sum(unit.days for unit in units) for key, units in arms.items()}
    if not all(days.values()):
        return STAFFED.found(State.WAITING, Message("No staffed day in some arm so far."))
    values = {
        "result": result,
        "days": ", ".join(f"{key} {n}" for key, n in days.items()),
        "calls": ", ".join(f"{key} {sum(u.calls for u in us) / days[key]:.1f}" for key, us in arms.items()),
        "results": ", ".join(f"{key} {sum(u.results for u in us) / days[key]:.2f}" for key, us in arms.items()),
    }
    evidence = Message(
        "Calls per staffed day: %(calls)s. %(result)s per staffed day: %(results)s. Staffed days: %(days)s.", values
    )
    control, *challengers = arms.values()
    differs = any(_load_differs(control, challenger) for challenger in challengers)
    advice = Message("Look at handling time: the words may cost calls, which no rate per call shows.")
    return STAFFED.found(State.WARNING if differs else State.OK, evidence, advice)


def _load_differs(control: Sequence[Staffed], challenger: Sequence[Staffed]) -> bool:
    arms = [[(float(unit.calls), float(unit.days)) for unit in arm] for arm in (control, challenger)]
    found = compare_clusters(*arms)
    if not (found.p_value < RED and abs(found.difference) >= LEAST_LOAD * found.control):
        return False
    few = len(control) + len(challenger) < _FEW_UNITS
    return not few or permutation_test(*arms, draws=_DRAWS) < RED
