"""What agents will read: every arm's whole script in both languages, in the order in which a desktop shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.plan.rules import LOCALES
from experiments.plan.scenarios import Part, element_names
from experiments.plan.scripts import Lines, Texts
from experiments.plan.sketches import spoken_by_arm
from web.language import locale
from web.pages import words
from web.saying import ENDONYMS
from web.studio.judging import Judged


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `resolved` marks the first that is shown only once the request is resolved."""

    label: str
    text: str
    locked: bool
    resolved: bool


@dataclass(frozen=True, slots=True)
class ArmHeard:
    """One arm's script by language: (locale, what the language calls itself, the steps)."""

    name: str
    control: bool
    scripts: Sequence[tuple[str, str, Sequence[Step]]]


def arms_heard(session: Session, judged: Judged) -> list[ArmHeard]:
    """Show what is said in every arm; nothing while there is no such variable."""
    experiment = judged.sketch.experiment
    if judged.variable is None:
        return []
    names, lines = element_names(session, judged.scenario.catalogue), spoken_by_arm(session, experiment)
    mine_first = sorted(LOCALES, key=lambda language: language != locale())
    return [
        ArmHeard(
            words.arm(arm.key or "?", control=arm.position == 0),
            arm.position == 0,
            [
                (language, ENDONYMS[language], _steps(lines[arm.key], language, names, judged.parts))
                for language in mine_first
            ],
        )
        for arm in experiment.arms
    ]


def _steps(lines: Lines, language: str, names: Mapping[str, Texts], parts: Mapping[str, Part]) -> list[Step]:
    after = [parts[line.element].after_request for line in lines]
    first = after.index(True) if True in after else -1
    return [
        Step(
            names[line.element].get(language, line.element),
            line.text.get(language, ""),
            parts[line.element].locked,
            place == first,
        )
        for place, line in enumerate(lines)
    ]
