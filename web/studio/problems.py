"""What is wrong with a plan, in the studio's own units and beside the field that it is typed in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from experiments.errors import Problem
from web.language import say
from web.pages import words

_UNWRITTEN = ("missing_locale", "same", "unheard")
_ALONE = ("arms", "metrics")
"""Places that show only what is wrong with the whole; each arm and metric has places of its own."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One problem: where it is shown, and its sentence."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Point:
    """One open point: the id of the element beside its field, the field's name, both "" where there is none."""

    target: str
    name: str
    text: str


class Problems:
    """Every problem of a plan, found by the place it is shown at.

    What is only not written yet is open from the beginning, but shown beside its field once the plan was to be kept.
    """

    def __init__(self, found: Sequence[Problem], body: Mapping[str, Any], *, tried: bool) -> None:
        self.open: Sequence[Wrong] = _wrongs(found, body)
        self.all = self.open if tried else _wrongs([each for each in found if each.code not in _UNWRITTEN], body)

    def beside(self, place: str) -> list[str]:
        """Give the sentences to be shown beside a field."""
        return [wrong.text for wrong in self.all if _shows(place, wrong)]

    def points(self, places: Mapping[str, str]) -> list["Point"]:
        """Give everything that is open.

        Args:
            places: by place that shows problems, its name.
        """
        found = [(wrong, next((at for at in places if _shows(at, wrong)), "")) for wrong in self.open]
        return [Point(f"{at}-error" if at else "", places.get(at, ""), wrong.text) for wrong, at in found]


def _wrongs(found: Iterable[Problem], body: Mapping[str, Any]) -> list[Wrong]:
    return list(dict.fromkeys(Wrong(_placed(problem.field, body), _told(problem)) for problem in found))


def _shows(place: str, wrong: Wrong) -> bool:
    within = place not in _ALONE and wrong.place.startswith(f"{place}.")
    return wrong.place == place or within


def _placed(field: str, body: Mapping[str, Any]) -> str:
    """Name the place of a field: a metric stands under its key, whatever its number in the plan."""
    first, _dot, rest = field.partition(".")
    number, _dot, last = rest.partition(".")
    if first == "metrics" and number.isdecimal() and int(number) < len(body["metrics"]):
        return f"metrics.{body['metrics'][int(number)]['metric']}"
    if first == "arms" and last.split(".")[0] == "elements":
        return f"arms.{number}.value"
    return field


def _told(problem: Problem) -> str:
    """Say a problem; numbers are typed here as percentages, which the rules do not know."""
    field, last = problem.field.split(".")[0], problem.field.split(".")[-1]
    if problem.code in ("no_room", "unheard", "missing_locale", "taken", "ask"):
        return _plainly(problem)
    if (field, problem.code) == ("arms", "weights"):
        return _("The weights are above 0 and come to 100 percent together.")
    if (field, last) == ("arms", "weight"):
        return _("Give more than 0 and less than 100 percent.")
    if field == "key" or (field, last) == ("arms", "key"):
        return _("Give 1 to 64 Latin letters, digits, dots, dashes or underscores, beginning with a letter or a digit.")
    return _bounds().get(field) or _plainly(problem)


def _bounds() -> dict[str, str]:
    return {
        "effect": _("Give more than 0.001 and less than 100 points."),
        "alpha": _("Give 0.01 to 20 percent."),
        "power": _("Give 50 to 99 percent."),
        "coverage": _("Give more than 0 and at most 100 percent."),
        "base_rate": _("Give more than 0 and less than 100 percent, or leave it empty."),
        "looks": _("Give rising shares of the planned calls, the last being 100: for example 50, 100."),
    }


def _plainly(problem: Problem) -> str:
    if problem.code == "missing_locale":
        language = {"zh-CN": _("Chinese"), "en": _("English")}
        return _("The %(language)s text is missing.", language=language[problem.message.values["locale"]])
    return say(words.in_words(problem.message))
