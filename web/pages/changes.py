"""What a traffic revision changes, as pages show it: sentences, words of before and after, and who is let in."""

from collections.abc import Iterable
from dataclasses import dataclass

from experiments.plan.scripts import Value
from experiments.plan.traffic_changes import Change, TextChange
from web.language import named, say
from web.pages import conditions, words
from web.pages.survey import Survey


@dataclass(frozen=True, slots=True)
class TextView:
    """An element's words before and after, in the reader's language; nothing where it is not said."""

    element: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change: its sentence, the words that differ, and the conditions of before and after in words."""

    text: str
    texts: list[TextView]
    before: list[str]
    after: list[str]


def change_views(survey: Survey, catalogue: str, changes: Iterable[Change]) -> list[ChangeView]:
    """See changes in the reader's language.

    Args:
        survey: knows what elements are called.
        catalogue: whose elements they are.
        changes: what changed.
    """
    return [
        ChangeView(
            text=say(change.what),
            texts=[_text(survey, catalogue, text) for text in change.texts],
            before=conditions.audience(change.audience[0]) if change.audience else [],
            after=conditions.audience(change.audience[1]) if change.audience else [],
        )
        for change in changes
    ]


def _text(survey: Survey, catalogue: str, changed: TextChange) -> TextView:
    name = survey.element(catalogue, changed.element)
    return TextView(name, *(value_text(survey, catalogue, value) for value in (changed.before, changed.after)))


def value_text(survey: Survey, catalogue: str, value: Value) -> str:
    """Say an element's value in the reader's language; '' where nothing is said."""
    if value is None:
        return ""
    return words.position(survey.element(catalogue, value["after"])) if "after" in value else named(value)
