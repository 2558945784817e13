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


def say_in(message: Message | Mapping[str, Any], language: str) -> str:
    """Say a sentence from below in a language, to somebody who is at no window."""
    told = message if isinstance(message, Message) else Message.from_json(message)
    return _spoken(language).gettext(told.text) % {name: _put(value, language) for name, value in told.values.items()}


@lru_cache
def _spoken(language: str) -> NullTranslations:
    return Translations.load(str(Path(__file__).parent / "translations"), [LOCALES[language]])


def _put(value: Any, language: str) -> str:
    if isinstance(value, Message):
        return say_in(value, language)
    return str(value.get(language) or next(iter(value.values()), "")) if isinstance(value, Mapping) else str(value)
