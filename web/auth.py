"""Who is calling: a page's visitor by the sign-in in her cookie, a system by its bearer token."""

from contextlib import suppress

from flask import Flask, g, request, session as cookie

from experiments import people
from experiments.do import in_force
from experiments.errors import NotSignedIn
from experiments.people import Actor
from experiments.store import AWAY
from web.house import house
from web.policy import POLICY, admit

_COOKIE = "sign_in"


def install(app: Flask) -> None:
    """Know the caller, and ask the policy table, before every request."""
    app.before_request(_know_caller)


def actor() -> Actor:
    """Give who is calling.

    Raises:
        NotSignedIn: nobody is known.
    """
    known: Actor | None = g.get("actor")
    if known is None:
        raise NotSignedIn("Please sign in.")
    return known


def is_api() -> bool:
    """Say whether the request is for the API, which knows tokens only, never cookies; its manual is a page."""
    return (request.path.startswith("/api/") and request.endpoint != "docs.api") or is_ofrep()


def is_ofrep() -> bool:
    """Say whether the request speaks OpenFeature's protocol, which has refusals of its own shape."""
    return request.path.startswith("/ofrep/")


def remember(secret: str) -> None:
    """Put a fresh sign-in into the visitor's cookie."""
    cookie.clear()
    cookie[_COOKIE] = secret


def forget() -> None:
    """End the visitor's sign-in, here and in the database."""
    secret = cookie.get(_COOKIE)
    cookie.clear()
    if secret:
        with house().store.write() as session:
            people.sign_out(session, secret)


def _know_caller() -> None:
    g.actor = None
    if request.endpoint is None:  # no such address is nobody's secret; whoever is signed in keeps menu and language
        with suppress(NotSignedIn, *AWAY):
            g.actor = None if is_api() else _visitor()
        return
    try:
        g.actor = _token_bearer() if is_api() else _visitor()
    except NotSignedIn:
        if is_api():
            raise
    admit(g.actor)


def _visitor() -> Actor | None:
    secret = cookie.get(_COOKIE)
    if secret is None or request.endpoint == "static":
        return None
    now = house().clock()
    with house().store.read() as session:
        known = people.signed_in(session, secret, now=now)
    if request.method == "POST":
        with house().store.write() as session:
            people.keep_signed_in(session, secret, now=now)
    return known


def bearer_secret(authorization: str) -> str | None:
    """Read the secret out of an Authorization header; None when it carries no bearer token."""
    scheme, _, secret = authorization.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret else None


def _token_bearer() -> Actor | None:
    secret = bearer_secret(request.headers.get("Authorization", ""))
    if secret is None and is_ofrep():
        secret = request.headers.get("X-API-Key")
    # GrowthBook's SDKs have a place for a key in the address only.
    secret = (request.view_args or {}).get("client_key", secret)
    if not secret:
        return None
    here, access = house(), POLICY.get(request.endpoint or "")
    known = here.bearer(secret) if access is not None and access.scope in in_force.SCOPES else None
    if known is not None:
        return known
    with here.store.read() as session:
        return people.token_bearer(session, secret, now=here.clock())
