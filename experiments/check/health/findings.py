"""A finding: one check of the data, how it came out, what was seen, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from experiments.wording import Message


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


def is_broken(findings: Sequence[Finding]) -> bool:
    """Say whether any finding forbids reading the effects."""
    return any(finding.state is State.BROKEN for finding in findings)


def p_words(value: float) -> str:
    """Write a p-value as a person reads it."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
