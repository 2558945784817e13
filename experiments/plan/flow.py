"""The flow of a script: what is said in which part of the call, and what only to some callers.

The parts follow from the catalogue: what comes before the request is resolved, the invitation with all that needs it,
what answers somebody who hesitates, and what is said to everyone at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from experiments.plan.scenarios import Part
from experiments.plan.scripts import ASK, Line, Lines, spoken


class Phase(StrEnum):
    """A part of a call."""

    #: until the request is resolved: to everyone
    SERVICE = "service"
    #: afterwards, to those who are invited at all
    INVITATION = "invitation"
    #: to those who hesitate or object
    OBJECTION = "objection"
    #: at the end, to everyone
    END = "end"


@dataclass(frozen=True, slots=True)
class Said:
    """A numbered step: an element's words in one part of the call."""

    number: int
    phase: Phase
    line: Line
    locked: bool


def flow_of(lines: Lines, parts: Mapping[str, Part]) -> tuple[Said, ...]:
    """Number what a script says, in spoken order, each step in its part of the call."""
    said = spoken(lines, parts)
    asked = next((place for place, line in enumerate(said) if line.element == ASK), None)
    return tuple(
        Said(place + 1, _phase(line, place, asked, parts), line, line.element in parts and parts[line.element].locked)
        for place, line in enumerate(said)
    )


def _phase(line: Line, place: int, asked: int | None, parts: Mapping[str, Part]) -> Phase:
    part = parts.get(line.element)
    if part is not None and (line.element == ASK or part.needs == ASK):
        return Phase.OBJECTION if asked is not None and place > asked else Phase.INVITATION
    return Phase.END if part is not None and part.after_request else Phase.SERVICE
