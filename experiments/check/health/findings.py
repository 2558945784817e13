"""A finding: one check of the data, how it came out, what was seen, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from experiments.wording import Message

FINE = 0.01
"""A p-value that doubts an effect, where it is asked at looks alone."""

RED = 0.001
"""A p-value that is a finding, and of what is asked every day anew the bound for a warning."""


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
    """One check: what should hold, how it came out, what was seen, and what to do about it (None: nothing)."""

    check: str
    what: Message
    state: State
    evidence: Message
    advice: Message | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A check by its code, and the sentence that should hold."""

    code: str
    what: str

    def found(self, state: State, evidence: Message, advice: Message | None = None) -> Finding:
        """Say how it came out; advice is kept for what is wrong or still waited for."""
        return Finding(self.code, Message(self.what), state, evidence, None if state is State.OK else advice)


def is_broken(findings: Sequence[Finding]) -> bool:
    """Say whether any finding forbids reading the effects."""
    return any(finding.state is State.BROKEN for finding in findings)


def p_words(value: float) -> str:
    """Write a p-value as a person reads it."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def points(share: float) -> str:
    """Write a difference of shares in percentage points."""
    return f"{100 * share:+.2f}"
