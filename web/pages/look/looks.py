"""The looks of a plan: those made, each with its boundary, and those still to come."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from experiments.check.looks import Look
from experiments.check.verdict import Conclusion
from experiments.plan.designs import Experiment
from web.formats import UNKNOWN, percent
from web.pages import words
from web.pages.look.content import calls_read

_NO_TONE = ("plain", "clock")


@dataclass(frozen=True, slots=True)
class LookRow:
    """One planned look, made or still to come; `calls` counts those that were there when it was made."""

    number: int
    share: str
    decides_at: str
    made: str
    calls: str
    by: str
    conclusion: str
    tone: tuple[str, str]


def look_rows(experiment: Experiment, made: Sequence[Look], name: Callable[[str], str]) -> list[LookRow]:
    """List the looks made with their boundaries, then those still planned."""
    rows = [
        LookRow(
            look.number,
            percent(look.fraction, 0),
            _threshold(look.content["boundary"]["nominal_alpha"]),
            words.moment(look.made_at),
            words.calls(calls_read(look)),
            name(look.made_by),
            words.conclusion(look.conclusion),
            words.TONES[Conclusion(look.conclusion)],
        )
        for look in made
    ]
    if experiment.ended_at is not None or any(look.final for look in made):
        return rows
    return rows + [
        LookRow(
            number,
            percent(share, 0),
            UNKNOWN,
            _("at %(calls)s", calls=words.calls(_calls_at(experiment, share))) if experiment.awaited_calls else UNKNOWN,
            "",
            "",
            "",
            _NO_TONE,
        )
        for number, share in enumerate(experiment.looks[len(made) :], len(made) + 1)
    ]


def _threshold(nominal: float | None) -> str:
    return f"p ≤ {nominal:.4f}" if nominal else _("decides nothing")


def _calls_at(experiment: Experiment, share: float) -> int:
    return math.ceil((experiment.awaited_calls or 0) * share)
