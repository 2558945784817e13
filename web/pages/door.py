"""The door: signing in without being guessed at or led elsewhere, and the language one reads in."""

from flask import current_app, g, request, session as cookie, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from experiments import people
from experiments.people import Actor
from web import auth, language
from web.house import house
from web.saying import LOCALES

WRONG, THROTTLED = "wrong", "throttled"


def try_password(login: str, password: str) -> str | None:
    """Sign a visitor in; say what went wrong, or None."""
    now = house().clock()
    with house().store.write() as session:
        throttled = people.is_throttled(session, login, now=now)
        secret = people.sign_in(session, login, password, now=now)
    if secret is None:
        return THROTTLED if throttled else WRONG
    chosen = cookie.get("locale")
    auth.remember(secret)
    if chosen:
        language.choose(chosen)  # a language picked before signing in stays picked
    return None


def read_in(locale: str) -> None:
    """Remember a language: in the cookie, and with the person if one is signed in."""
    language.choose(locale)
    visitor: Actor | None = g.get("actor")
    if visitor is not None and locale in LOCALES:
        with house().store.write() as session:
            people.choose_locale(session, visitor, locale)


def safe_next(asked: str | None) -> str:
    r"""Give the page to go on to: one of our own that can be opened, else home. Never another host.

    The address is looked up in our own table of routes, so whatever a browser might read into it (`//host`,
    `/\host`, another scheme) is simply not a page of ours.
    """
    if not (asked or "").isprintable():
        return url_for("pages.home")  # no header may carry the end of a line
    path, _, query = (asked or "").partition("?")
    try:
        endpoint, _values = current_app.url_map.bind(request.host).match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return url_for("pages.home")
    if not path.startswith("/") or not str(endpoint).startswith(("pages.", "docs.")) or endpoint == "pages.sign_in":
        return url_for("pages.home")
    return f"{path}?{query}" if query else path
