"""Health: what must hold before anyone reads an effect. Every finding carries its evidence and what to do."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from experiments.check.metrics import Totals
from experiments.wording import Message
from stats.comparison import Comparison
from stats.looking.sample_ratio import check_sample_ratio, sequential_sample_ratio_p

RED_P = 0.001
YELLOW_P = 0.01
LEAST_DEVIATION = 0.001
"""A split that is off by less than a tenth of a percentage point harms no reading, however sure we are of it."""

_FEW_PER_ARM = 100
_CONCENTRATION = 100  # a test here has hundreds of calls, not millions: large drifts have to be found at once
_DEVIATION_SHARE = 0.05
_MISSING_GAP_P = 0.01


class State(StrEnum):
    """How a check came out."""

    #: too little data to say
    WAITING = "waiting"
    OK = "ok"
    #: read with care
    WARNING = "warning"
    #: do not read the effects
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: how it came out, what was seen, and what to do about it (None when nothing is)."""

    check: str
    state: State
    evidence: Message
    advice: Message | None = None


def check_health(
    totals: Mapping[str, Totals],
    weights: Mapping[str, int],
    days: Mapping[int, Mapping[str, int]],
    *,
    unit_counts: Mapping[str, int],
) -> list[Finding]:
    """Check an experiment's data.

    Args:
        totals: eligible assigned calls of each arm, control first.
        weights: what each arm was promised, out of 10,000.
        days: calls by day (YYYYMMDD) and arm.
        unit_counts: randomisation units of each arm; calls where the unit is the call.
    """
    return [
        sample_ratio([unit_counts.get(arm, 0) for arm in weights], list(weights.values())),
        _enough(totals),
        _whole_weeks(sorted(days)),
        _protocol(totals),
    ]


def standard_changed() -> Finding:
    """Say that the control is no longer what everyone else is served."""
    evidence = Message("The standard changed after this test was written; its arms keep the old one.")
    advice = Message("What wins here won against the old standard: test it against the new one before it goes out.")
    return Finding("standard", State.WARNING, evidence, advice)


def few_agents_carry(challenger: str, by_calls: Comparison, by_units: Comparison) -> Finding:
    """Check that the effect is the same with each call one vote and with each unit one; read at looks alone.

    They disagree when one of them is sure of an effect (its interval excludes 0) and the other points the other way, or
    is sure that it is another. Opposite signs that neither is sure of are noise: without any effect, 12 to 41 of 100
    experiments have them.
    """
    if math.isnan(by_calls.low) or math.isnan(by_units.low):
        units = by_calls.control_n + by_calls.challenger_n
        return Finding("few_agents_carry", State.WAITING, Message("%(n)s units so far.", {"n": units}))
    values = {
        "challenger": challenger,
        "calls": f"{100 * by_calls.difference:+.2f}",
        "units": f"{100 * by_units.difference:+.2f}",
    }
    if not (_denied(by_calls, by_units) or _denied(by_units, by_calls)):
        evidence = Message(
            "%(challenger)s: %(calls)s points with each call one vote, %(units)s with each unit one vote.", values
        )
        return Finding("few_agents_carry", State.OK, evidence)
    evidence = Message(
        "%(challenger)s: %(calls)s points with each call one vote, but %(units)s with each unit one vote: "
        "a few busy units carry the difference.",
        values,
    )
    advice = Message("Compare the busiest units with the others before this goes out to everyone.")
    return Finding("few_agents_carry", State.WARNING, evidence, advice)


def _denied(sure: Comparison, other: Comparison) -> bool:
    """Say whether one comparison is sure of an effect that the other does not have."""
    opposite = sure.difference * other.difference < 0
    return not sure.low <= 0 <= sure.high and (opposite or not other.low <= sure.difference <= other.high)


def is_broken(findings: Sequence[Finding]) -> bool:
    """Say whether any finding forbids reading the effects."""
    return any(finding.state is State.BROKEN for finding in findings)


def sample_ratio(counts: Sequence[int], weights: Sequence[int]) -> Finding:
    """Check that units arrived in the promised proportions.

    It is watched all the time, so an always-valid p-value decides; the plain chi-square stands beside it.
    """
    if sum(counts) < _FEW_PER_ARM * len(counts):
        return Finding("sample_ratio", State.WAITING, Message("%(n)s units so far.", {"n": sum(counts)}))
    once = check_sample_ratio(counts, weights)
    always = sequential_sample_ratio_p(counts, weights, concentration=_CONCENTRATION)
    evidence = Message(
        "%(counts)s units where %(expected)s were promised (chi-square p %(p)s, watched p %(always)s).",
        {
            "counts": " : ".join(map(str, counts)),
            "expected": " : ".join(f"{e:.0f}" for e in once.expected),
            "p": _p(once.p_value),
            "always": _p(always),
        },
    )
    state = State.OK
    if once.deviation >= LEAST_DEVIATION and min(once.p_value, always) < YELLOW_P:
        state = State.BROKEN if always < RED_P or once.p_value < RED_P / 10 else State.WARNING
    advice = Message("Units of one arm are missing or counted twice. Find out where before reading any effect.")
    return Finding("sample_ratio", state, evidence, None if state is State.OK else advice)


def _enough(totals: Mapping[str, Totals]) -> Finding:
    least = min((t["calls"] for t in totals.values()), default=0)
    evidence = Message("The smallest arm has %(n)s eligible calls.", {"n": least})
    if least < _FEW_PER_ARM:
        advice = Message("Wait until every arm has %(least)s calls.", {"least": _FEW_PER_ARM})
        return Finding("sample", State.WAITING, evidence, advice)
    return Finding("sample", State.OK, evidence)


def _whole_weeks(days: Sequence[int]) -> Finding:
    evidence = Message("Calls on %(n)s days.", {"n": len(days)})
    if len(days) < 7:
        advice = Message("Weekdays differ: let a whole week pass before deciding.")
        return Finding("whole_week", State.WAITING, evidence, advice)
    return Finding("whole_week", State.OK, evidence)


def _protocol(totals: Mapping[str, Totals]) -> Finding:
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


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
