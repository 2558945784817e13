"""Whether outcomes are missing from one arm more than from the other, and how many are still to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from experiments.check.health.findings import RED, Check, Finding, State, p_words
from experiments.check.metrics import MetricSpec
from experiments.wording import Message, sentence
from stats.clusters.cr2 import compare_clusters
from stats.clusters.randomisation import permutation_test
from stats.moments import Counts, Pairs
from stats.soundness.missing import Followed, differential_missingness

MISSING = Check("missing", sentence("Have as many calls their record in one arm as in the other?"))
SILENT = Check("silent", sentence("Is something told of as many calls in one arm as in the other?"))
MATURING = Check("maturing", sentence("Have late outcomes had their time?"))

LEAST_DIFFERENCE = 0.01
"""Records missing from an arm by less than one call in a hundred more can move no effect by a point."""

_LEAST_CALLS = 100
_FEW_UNITS = 200
_DRAWS = 49_999  # so that dealing again can be as sure as BROKEN asks


@dataclass(frozen=True, slots=True)
class Recorded:
    """An arm's calls and how many have the record; of dealt agents, teams, shifts and customers also unit by unit."""

    calls: Counts
    units: Pairs | None = None


def missing(fact: Message | Mapping[str, str], arms: Mapping[str, Recorded], *, every_call: bool) -> Finding:
    """Check that a record is missing from each challenger as often as from the control.

    Args:
        fact: what the record is called.
        arms: by key, the control first.
        every_call: whether every call must have it, so that its lack is a call that went missing; else it is an answer
            that some give (a rating), and its mean is read with care when the arms differ in who gives it.
    """
    control, *challengers = arms.items()
    if not sum(arm.calls.successes for arm in arms.values()):
        unseen = Message(
            "No call has this record: %(fact)s. Whether calls went missing cannot be seen.", {"fact": fact}
        )
        return MISSING.found(State.WAITING, unseen)
    if min(arm.calls.n for arm in arms.values()) < _LEAST_CALLS:
        return MISSING.found(State.WAITING, Message("Too few calls to count missing records."))
    far = {key: each for key, each in challengers if abs(each.calls.rate - control[1].calls.rate) >= LEAST_DIFFERENCE}
    judged = min(((len(challengers) * _p(control[1], each), key) for key, each in far.items()), default=None)
    key = judged[1] if judged else challengers[0][0]
    values = {
        "fact": fact,
        "control": control[0],
        "challenger": key,
        "known": f"{100 * control[1].calls.rate:.1f}%",
        "other": f"{100 * arms[key].calls.rate:.1f}%",
    }
    if judged is None or judged[0] >= RED:
        evidence = Message(
            "%(fact)s is there for %(known)s of the calls of %(control)s and %(other)s of %(challenger)s.", values
        )
        return MISSING.found(State.OK, evidence)
    evidence = Message(
        "%(fact)s is there for %(known)s of the calls of %(control)s and %(other)s of %(challenger)s (p %(p)s).",
        values | {"p": p_words(judged[0])},
    )
    state = State.BROKEN if every_call and judged[0] < RED / 10 else State.WARNING
    advice = Message("The calls that are known are different people in the arms: find out why the others are not told.")
    return MISSING.found(state, evidence, advice)


def silent(arms: Mapping[str, Recorded]) -> Finding:
    """Check that calls of which nothing at all was told are as frequent in each challenger as in the control."""
    return replace(
        missing(Message("Any outcome"), arms, every_call=False), check=SILENT.code, what=Message(SILENT.what)
    )


def maturing(spec: MetricSpec, closed: int, calls: int, as_of: str) -> Finding:
    """Say how much of a metric's window is still open.

    Args:
        spec: the metric.
        closed: assigned calls whose window has closed.
        calls: all assigned calls.
        as_of: the last day of assignment that counts, as it is written.
    """
    values = {"metric": spec.name, "days": spec.window_days, "closed": closed, "calls": calls, "day": as_of}
    evidence = Message(
        "%(metric)s is read as of %(day)s: of %(calls)s calls %(closed)s are older than its %(days)s days.", values
    )
    return MATURING.found(State.OK if closed >= calls else State.WAITING, evidence)


def _p(control: Recorded, challenger: Recorded) -> float:
    """Give p of "as often missing", by the unit that was dealt; of few units two tests must agree."""
    if control.units is None or challenger.units is None:
        arms = [Followed(arm.calls.n, Counts(arm.calls.successes, 0)) for arm in (control, challenger)]
        return _known(differential_missingness(*arms).known.p_value)
    units = [_present(arm.units or ()) for arm in (control, challenger)]
    if not all(units):
        return 1.0
    p_value = _known(compare_clusters(*units).p_value)
    if p_value < RED and len(units[0]) + len(units[1]) < _FEW_UNITS:
        return max(p_value, _known(permutation_test(*units, draws=_DRAWS)))
    return p_value


def _present(units: Pairs) -> Sequence[tuple[float, float]]:
    return [(known, calls) for known, calls in units if calls]


def _known(p_value: float) -> float:
    """Take what cannot be said for no finding."""
    return 1.0 if p_value != p_value else p_value
