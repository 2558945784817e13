"""The reader's language: hers if she chose one, else the browser's, else Chinese."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, g, has_request_context, request, session as cookie
from flask_babel import Babel, gettext

from experiments.wording import Message
from web.auth import is_api
from web.saying import LOCALES, with_arms_named

DEFAULT = "zh-CN"


def install(app: Flask) -> None:
    """Set the languages up."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    app.config["BABEL_DEFAULT_LOCALE"] = LOCALES[DEFAULT]
    Babel(app, locale_selector=lambda: LOCALES[locale()])  # type: ignore[no-untyped-call]  # its one bare signature
    app.context_processor(lambda: {"locale": locale(), "named": named, "say": say})


def locale() -> str:
    """Give the reader's language, `zh-CN` or `en`."""
    if not has_request_context():
        return DEFAULT
    actor = g.get("actor")
    asked = is_api() and bool(request.accept_languages)  # a program says which language it wants each time
    for chosen in (cookie.get("locale"), actor.locale if actor and not asked else None):
        if chosen in LOCALES:
            return str(chosen)
    best = request.accept_languages.best_match(["zh-CN", "zh", "en"], DEFAULT)
    return "en" if best == "en" else "zh-CN"


def choose(chosen: str) -> None:
    """Remember a language in the visitor's cookie; one we do not speak changes nothing."""
    if chosen in LOCALES:
        cookie["locale"] = chosen


def named(names: Mapping[str, str]) -> str:
    """Pick the reader's name out of `{locale: text}`."""
    return names.get(locale()) or next(iter(names.values()), "")


def say(message: Message | Mapping[str, Any]) -> str:
    """Say a sentence from below in the reader's language; stored ones come as their plain JSON.

    People read the names of arms, programs their keys.
    """
    told = message if isinstance(message, Message) else Message.from_json(message)
    values = told.values if has_request_context() and is_api() else with_arms_named(told.values)
    return gettext(told.text) % {name: _said(value) for name, value in values.items()}


def _said(value: Any) -> str:
    if isinstance(value, Message):
        return say(value)
    return named(value) if isinstance(value, Mapping) else str(value)
