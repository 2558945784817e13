"""The short way: the address that every call waits at, answered without the framework's machinery when all is well.

It stands in front of the application (`app.wsgi_app`). What it does not answer itself it hands on untouched: whatever
is missing, wrong or refused is told by the long way, in one place and one shape. Both ways use the same model, the
same table of who may, the same verb and the same writer of the answer; what the long way adds for every request (its
id, the headers that protect, the count) is added here by the same names. A good answer writes no line of log.
"""

import time
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask
from pydantic import ValidationError

from experiments.errors import Busy
from experiments.people import Actor
from experiments.store import AWAY
from web import health, logs, security
from web.api.routes import assigned
from web.api.schemas.calls import AssignmentRequest
from web.auth import bearer_secret
from web.house import House
from web.policy import POLICY
from web.refusals import REFUSED

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ASSIGN = "/api/v1/assignments"
_REPORT = "/api/v1/outcomes"
_MOST = 65_536
"""Bytes of a body that is read here: a call's is some hundred."""


class _LongWay(Exception):
    """This request is for the long way to answer."""


class ShortWay:
    """Answers assignments; hands everything else on.

    Args:
        app: the application, whose `wsgi_app` this is to take the place of.
        here: its house.
    """

    def __init__(self, app: Flask, here: House) -> None:
        self._app = app
        self.long: WSGIApplication = app.wsgi_app
        self._here = here
        self._scope = POLICY["api.assign"].scope
        self._headers = [("Content-Type", "application/json"), *security.HEADERS.items()]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        path = environ.get("PATH_INFO")
        if path == _REPORT:
            return self._with_room(environ, start_response)
        if path != _ASSIGN or environ["REQUEST_METHOD"] != "POST":
            return self.long(environ, start_response)
        began = time.perf_counter()
        try:
            answer = self._answered(environ)
        except _LongWay:
            return self.long(environ, start_response)
        headers = [
            *self._headers,
            ("Content-Length", str(len(answer))),
            ("X-Request-Id", logs.request_id(environ.get("HTTP_X_REQUEST_ID"))),
        ]
        if environ["wsgi.url_scheme"] == "https":
            headers.append(security.ONLY_TLS)
        start_response("200 OK", headers)
        health.count("api.assign", 200, time.perf_counter() - began)
        return [answer]

    def _answered(self, environ: "WSGIEnvironment") -> bytes:
        if not self._may_assign(self._bearer(environ)) or not _is_json(environ):
            raise _LongWay
        body = _body(environ)
        try:
            asked = AssignmentRequest.model_validate(self._app.json.loads(body))
        except (ValueError, ValidationError) as fault:
            raise _LongWay from fault
        try:
            return assigned(self._here, asked)
        except Exception as met:
            environ[REFUSED] = met
            raise _LongWay from met

    def _bearer(self, environ: "WSGIEnvironment") -> Actor | None:
        secret = bearer_secret(environ.get("HTTP_AUTHORIZATION", ""))
        try:
            return self._here.bearer(secret) if secret is not None else None
        except AWAY:
            return None

    def _may_assign(self, actor: Actor | None) -> bool:
        return actor is not None and self._scope in actor.scopes

    def _with_room(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Let the long way take outcomes in, when there is room to work on them."""
        try:
            with self._here.intake.room(_length(environ) or self._here.settings.max_body):
                return self.long(environ, start_response)
        except Busy as busy:
            environ[REFUSED] = busy
            return self.long(environ, start_response)


def _is_json(environ: "WSGIEnvironment") -> bool:
    kind: str = environ.get("CONTENT_TYPE", "")
    return kind == "application/json" or kind.partition(";")[0].strip().lower() == "application/json"


def _length(environ: "WSGIEnvironment") -> int:
    """Give how many bytes a body has; 0 when it does not say so."""
    told = environ.get("CONTENT_LENGTH") or ""
    return int(told) if told.isascii() and told.isdigit() else 0


def _body(environ: "WSGIEnvironment") -> bytes:
    """Read a small body, and leave it to be read again."""
    length = _length(environ)
    if not 0 < length <= _MOST:
        raise _LongWay
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    if len(body) != length:
        raise _LongWay
    return body
