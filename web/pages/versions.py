"""The versions of a scenario's script: where each comes from, and in which words it differs."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from experiments.plan.scripts import ScriptVersion, lines_of
from experiments.plan.traffic_changes import Change, texts_between
from experiments.wording import Message, sentence
from web.pages import words
from web.pages.changes import ChangeView, change_views
from web.pages.survey import Survey
from web.saying import arm_in_sentence

_COMPARED = 12
"""So many versions, the newest, are compared word by word; older ones are listed."""

_WORDS = sentence("In these words:")


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version. `against` is the number of the one that `changes` are told against; None where there is none."""

    number: int
    written_by: str
    origin: str
    experiment: str | None
    written_at: str
    in_force: bool
    against: int | None
    changes: list[ChangeView]


def version_rows(
    survey: Survey, catalogue: str, versions: Sequence[ScriptVersion], standard: ScriptVersion | None
) -> list[VersionRow]:
    """See versions, the newest first: each against the standard in force, and that against the one before it."""
    before = _before(versions, standard)
    return [
        _row(survey, catalogue, version, standard, (before if version is standard else standard) if near else None)
        for place, version in enumerate(versions)
        for near in [place < _COMPARED]
    ]


def _before(versions: Sequence[ScriptVersion], standard: ScriptVersion | None) -> ScriptVersion | None:
    older = [version for version in versions if standard and version.number < standard.number]
    return older[0] if older else None


def _row(
    survey: Survey,
    catalogue: str,
    version: ScriptVersion,
    standard: ScriptVersion | None,
    other: ScriptVersion | None,
) -> VersionRow:
    experiment, _slash, arm = version.origin.partition("/")
    return VersionRow(
        number=version.number,
        written_by=survey.name(version.written_by),
        origin=_origin(experiment, arm),
        experiment=experiment if arm else None,
        written_at=words.moment(version.written_at),
        in_force=version is standard,
        against=other.number if other else None,
        changes=_changes(survey, catalogue, version, other) if other else [],
    )


def _changes(survey: Survey, catalogue: str, version: ScriptVersion, other: ScriptVersion) -> list[ChangeView]:
    texts = texts_between(lines_of(other.lines), lines_of(version.lines))
    return change_views(survey, catalogue, [Change(Message(_WORDS, {}), texts)]) if texts else []


def _origin(experiment: str, arm: str) -> str:
    if arm:
        return _("Arm %(arm)s", arm=arm_in_sentence(arm))
    return _("The catalogue") if experiment == "catalogue" else experiment
