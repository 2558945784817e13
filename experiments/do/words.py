"""The words of one script version, ready to be read out: by language, with the invitation and without it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any

from experiments.plan import scripts
from experiments.plan.scenarios import Part
from experiments.plan.scripts import ASK

Steps = tuple[tuple[str, str], ...]
"""(element, text) in spoken order."""


@dataclass(frozen=True, slots=True)
class ServedScript:
    """One version's words by locale. `asks` says whether they invite, when they are said with the invitation."""

    key: str
    version: int
    asks: bool
    inviting: Mapping[str, Steps]
    service_only: Mapping[str, Steps]

    def steps(self, locale: str, *, inviting: bool) -> Steps:
        """Give what is read out.

        Raises:
            KeyError: the script is not written in this language.
        """
        said = self.inviting if inviting else self.service_only
        return said[locale] if said else ()

    def as_json(self) -> dict[str, Any]:
        """Give the script as plain data, each text once."""
        written = next(iter(self.inviting.values()), ())
        alone = {element for element, _ in next(iter(self.service_only.values()), ())}
        return {
            "key": self.key,
            "version": self.version,
            "elements": [element for element, _ in written],
            "alone": sorted(alone),
            "texts": {locale: [text for _, text in steps] for locale, steps in self.inviting.items()},
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "ServedScript":
        """Read plain data."""
        return _script(plain["key"], plain["version"], plain["elements"], plain["texts"], frozenset(plain["alone"]))


def serve_script(key: str, number: int, stored: Sequence[Mapping[str, Any]], parts: Mapping[str, Part]) -> ServedScript:
    """Make a version's words ready to be said.

    Args:
        key: of the script.
        number: of the version.
        stored: its lines, as they are kept.
        parts: the catalogue's elements.
    """
    lines = scripts.lines_of(stored)
    said = scripts.spoken(lines, parts)
    alone = {line.element for line in scripts.spoken(lines, parts, invite=False)}
    locales = set.intersection(*(set(line.text) for line in said)) if said else set()
    texts = {locale: [line.text[locale] for line in said] for locale in sorted(locales)}
    return _script(key, number, [line.element for line in said], texts, alone)


def _script(
    key: str, number: int, elements: Sequence[str], texts: Mapping[str, Sequence[str]], alone: Collection[str]
) -> ServedScript:
    """Put the words together; `alone` are the elements that are said without the invitation too."""
    names = [intern(element) for element in elements]  # thousands of scripts are made of a dozen elements
    inviting = {intern(locale): tuple(zip(names, written, strict=True)) for locale, written in texts.items()}
    service_only = {locale: tuple(step for step in steps if step[0] in alone) for locale, steps in inviting.items()}
    return ServedScript(key, number, ASK in names, inviting, service_only)
