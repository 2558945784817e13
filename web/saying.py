"""Sentences for somebody who is at no window: said in a given language, wherever that happens."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations

from experiments.wording import Message

LOCALES = {"zh-CN": "zh_Hans_CN", "en": "en"}
"""The product's languages, and what Babel calls them."""
ENDONYMS = {"zh-CN": "中文", "en": "English"}
"""What each language calls itself."""
_ARM_PLACES = ("arm", "challenger", "control")
"""The places of sentences from below that hold the key of an arm."""


def say_in(message: Message | Mapping[str, Any], language: str) -> str:
    """Say a sentence from below in a language, to somebody who is at no window."""
    told = message if isinstance(message, Message) else Message.from_json(message)
    values = with_arms_named(told.values)
    return _spoken(language).gettext(told.text) % {name: _put(value, language) for name, value in values.items()}


def arm_name(key: str) -> str:
    """Write an arm's key as the name that it is to people; programs are given the key."""
    return key.replace("_", " ")


def arm_in_sentence(key: str) -> str:
    """Write an arm's key as a name within a sentence, where only the quotes tell it from the words around it."""
    return f"“{arm_name(key)}”"


def with_arms_named(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the names of arms where a sentence from below has their keys."""
    named = {place: arm_in_sentence(values[place]) for place in _ARM_PLACES if isinstance(values.get(place), str)}
    return {**values, **named}


@lru_cache
def _spoken(language: str) -> NullTranslations:
    return Translations.load(str(Path(__file__).parent / "translations"), [LOCALES[language]])


def _put(value: Any, language: str) -> str:
    if isinstance(value, Message):
        return say_in(value, language)
    return str(value.get(language) or next(iter(value.values()), "")) if isinstance(value, Mapping) else str(value)
