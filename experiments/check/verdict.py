"""The verdict: what the pre-registered rule says of a look, in words, with its reasons.

Three-valued throughout: passed, failed, not known; what is not known is not passed. Harm outranks health: a
failing guardrail is said even when the sample ratio is broken.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from experiments.check.health.findings import Finding, State, is_broken
from experiments.check.metrics import MetricSpec
from experiments.wording import Message, sentence
from stats.comparison import Comparison, non_inferior


class Conclusion(StrEnum):
    """What the rule says."""

    #: the planned calls are not there yet, and nothing crossed a boundary
    KEEP_RUNNING = "keep_running"
    #: a challenger wins, and every guardrail that must be cleared is
    WINNER = "winner"
    #: a challenger wins, but a guardrail is not cleared yet
    WINNER_NOT_CLEARED = "winner_not_cleared"
    #: every challenger is worse
    LOSER = "loser"
    #: any difference is smaller than is worth having
    NO_DIFFERENCE = "no_difference"
    #: the planned calls are in, and the question is still open
    INCONCLUSIVE = "inconclusive"
    #: a guardrail is harmed: stop
    HARM = "harm"
    #: the data cannot be trusted
    UNTRUSTWORTHY = "untrustworthy"


class Guard(StrEnum):
    """What is known of a guardrail."""

    #: shown to be within its margin
    CLEARED = "cleared"
    #: shown to be worse, at any time of looking
    HARMED = "harmed"
    #: worse by less than the margin: neither shown yet
    OPEN = "open"
    #: no data
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GuardrailReading:
    """A guardrail of one challenger: its always-valid interval, and what that says.

    `scale` says of what the interval is: of the `difference`, or for rare ones that are watched event by event of the
    `ratio` of the rates, challenger per control.
    """

    metric: str
    name: Mapping[str, str]
    challenger: str
    margin: float
    watch: bool
    scale: Literal["difference", "ratio"]
    watched_low: float
    watched_high: float
    guard: Guard


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule says, which challenger it names, and why."""

    conclusion: Conclusion
    challenger: str | None
    reasons: tuple[Message, ...]


def harms(spec: MetricSpec, low: float, high: float, none: float) -> bool:
    """Say whether a watched interval lies wholly on the harmful side of no difference (0, or of ratios 1)."""
    return high < none if spec.better == "higher" else low > none


def read_guard(spec: MetricSpec, comparison: Comparison, margin: float, *, harmed: bool) -> Guard:
    """Say what is known of a guardrail: harm by what is watched, clearance by the planned comparison."""
    if harmed:
        return Guard.HARMED
    cleared = non_inferior(comparison, margin, spec.better)
    if cleared is None:
        return Guard.UNKNOWN
    return Guard.CLEARED if cleared else Guard.OPEN


def conclude(
    primary: MetricSpec,
    comparisons: Mapping[str, Comparison],
    guards: Sequence[GuardrailReading],
    findings: Sequence[Finding],
    *,
    decided: Collection[str],
    doubts: Sequence[Finding] = (),
    threshold: float,
    effect: float,
    final: bool,
) -> Verdict:
    """Apply the rule to a look.

    Args:
        primary: the plan's primary metric.
        comparisons: of each challenger with the control on it.
        guards: every guardrail of every challenger.
        findings: the data's health.
        decided: the challengers whose effect is beyond this look's boundary, either way.
        doubts: findings about the effect itself, which are read with it when they warn.
        threshold: this look's two-sided nominal alpha, from the spending plan.
        effect: the smallest difference worth having, as a share.
        final: whether this is the last planned look.
    """
    reasons = [_reading(primary, key, c, threshold) for key, c in comparisons.items()]
    reasons += [_guard_reason(g) for g in guards]
    reasons += [finding.evidence for finding in doubts if finding.state is State.WARNING]
    harmed = [g for g in guards if g.guard is Guard.HARMED]
    if harmed:
        return Verdict(Conclusion.HARM, harmed[0].challenger, tuple(reasons))
    if is_broken(findings):
        return Verdict(Conclusion.UNTRUSTWORTHY, None, (*_faults(findings), *reasons))
    sign = 1 if primary.better == "higher" else -1
    winners = {key: size for key in decided if (size := comparisons[key].difference * sign) > 0}
    if winners:
        best = max(winners, key=lambda key: winners[key])
        return Verdict(_won(best, guards), best, tuple(reasons))
    if decided and len(decided) == len(comparisons):
        return Verdict(Conclusion.LOSER, None, tuple(reasons))
    if not final:
        return Verdict(Conclusion.KEEP_RUNNING, None, tuple(reasons))
    small = all(-effect < c.low and c.high < effect for c in comparisons.values())
    return Verdict(Conclusion.NO_DIFFERENCE if small else Conclusion.INCONCLUSIVE, None, tuple(reasons))


def _won(challenger: str, guards: Sequence[GuardrailReading]) -> Conclusion:
    to_clear = [g for g in guards if g.challenger == challenger and not g.watch]
    cleared = all(g.guard is Guard.CLEARED for g in to_clear)
    return Conclusion.WINNER if cleared else Conclusion.WINNER_NOT_CLEARED


def _reading(spec: MetricSpec, challenger: str, c: Comparison, threshold: float) -> Message:
    return Message(
        "%(challenger)s: %(difference)s points on %(metric)s, between %(low)s and %(high)s "
        "(p %(p)s, this look decides at %(threshold)s).",
        {
            "challenger": challenger,
            "metric": spec.name,
            "difference": _points(c.difference),
            "low": _points(c.low),
            "high": _points(c.high),
            "p": _p(c.p_value),
            "threshold": f"{threshold:.4f}",
        },
    )


def _guard_reason(guard: GuardrailReading) -> Message:
    return Message(_GUARD_WORDS[guard.guard], {"metric": guard.name, "challenger": guard.challenger})


_GUARD_WORDS = {
    Guard.CLEARED: sentence("Guardrail %(metric)s of %(challenger)s: cleared, within its margin."),
    Guard.HARMED: sentence("Guardrail %(metric)s of %(challenger)s: worse, whenever one looks."),
    Guard.OPEN: sentence("Guardrail %(metric)s of %(challenger)s: not shown to be within its margin."),
    Guard.UNKNOWN: sentence("Guardrail %(metric)s of %(challenger)s: not known, which is not a pass."),
}


def _faults(findings: Sequence[Finding]) -> list[Message]:
    return [f.evidence for f in findings if f.state == "broken"]


def _points(share: float) -> str:
    return "?" if math.isnan(share) else f"{100 * share:+.2f}"


def _p(value: float) -> str:
    if math.isnan(value):
        return "?"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
