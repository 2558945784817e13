"""Whether the floor has given enough, for whole weeks, and as the test was meant."""

from collections.abc import Mapping, Sequence

from experiments.check.health.findings import Finding, State
from experiments.check.metrics import Totals
from experiments.wording import Message

_FEW_PER_ARM = 100
_DEVIATION_SHARE = 0.05


def standard_changed() -> Finding:
    """Say that the control is no longer what everyone else is served."""
    evidence = Message("The standard changed after this test was written; its arms keep the old one.")
    advice = Message("What wins here won against the old standard: test it against the new one before it goes out.")
    return Finding("standard", State.WARNING, evidence, advice)


def enough(totals: Mapping[str, Totals]) -> Finding:
    """Check that every arm has calls enough to say anything."""
    least = min((t["calls"] for t in totals.values()), default=0)
    evidence = Message("The smallest arm has %(n)s eligible calls.", {"n": least})
    if least < _FEW_PER_ARM:
        advice = Message("Wait until every arm has %(least)s calls.", {"least": _FEW_PER_ARM})
        return Finding("sample", State.WAITING, evidence, advice)
    return Finding("sample", State.OK, evidence)


def whole_weeks(days: Sequence[int]) -> Finding:
    """Check that every weekday was there; `days` as YYYYMMDD."""
    evidence = Message("Calls on %(n)s days.", {"n": len(days)})
    if len(days) < 7:
        advice = Message("Weekdays differ: let a whole week pass before deciding.")
        return Finding("whole_week", State.WAITING, evidence, advice)
    return Finding("whole_week", State.OK, evidence)


def protocol(totals: Mapping[str, Totals]) -> Finding:
    """Check that agents served before they invited."""
    invited = sum(t["invited"] for t in totals.values())
    early = sum(t["deviation"] for t in totals.values())
    evidence = Message(
        "%(early)s of %(invited)s invitations came before the request was resolved.",
        {"early": early, "invited": invited},
    )
    if invited and early / invited > _DEVIATION_SHARE:
        advice = Message("Service first: train the teams; the calls stay counted.")
        return Finding("protocol", State.WARNING, evidence, advice)
    return Finding("protocol", State.OK if invited else State.WAITING, evidence)
