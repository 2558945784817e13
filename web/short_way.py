"""The short way: the two addresses that every call waits at, answered without the framework when all is well.

It stands in front of the application (`app.wsgi_app`). What it does not answer itself it hands on untouched: whatever
is missing, wrong or refused is told by the long way, in one place and one shape. Both ways use the same models, the
same table of who may, the same verbs and the same writers of answers; what the long way adds for every request (its
id, the headers that protect, the count) is added here by the same names. A good answer writes no line of log.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Flask
from pydantic import BaseModel

from experiments.errors import Busy
from experiments.people import Actor
from experiments.store import AWAY
from web import health, logs, security
from web.api import answers
from web.api.routes import RECEIPT, assigned, reported
from web.api.schemas.calls import AssignmentRequest, OutcomeEnvelope
from web.auth import bearer_secret
from web.house import House
from web.policy import POLICY
from web.refusals import REFUSED

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class _LongWay(Exception):
    """This request is for the long way to answer."""


@dataclass(frozen=True, slots=True)
class _Road:
    """One address: who may, how its body is read, and what answers it.

    `read` makes of a body what the long way would make of it, or raises ValueError; `answer` is given the house, who
    asks, what is asked, and the request's environment.
    """

    endpoint: str
    read: Callable[[Flask, bytes], BaseModel]
    answer: Callable[[House, Actor, Any, "WSGIEnvironment"], bytes]

    @property
    def scope(self) -> str:
        """Give the scope that a token needs."""
        return POLICY[self.endpoint].scope


def _assign(here: House, _actor: Actor, asked: AssignmentRequest, _environ: "WSGIEnvironment") -> bytes:
    return assigned(here, asked)


def _report(here: House, actor: Actor, batch: OutcomeEnvelope, environ: "WSGIEnvironment") -> bytes:
    receipt = reported(here, actor, batch)
    if receipt.rejected:
        environ[RECEIPT] = receipt
        raise _LongWay
    return answers.receipt(receipt)


def read_call(_app: Flask, sent: bytes) -> AssignmentRequest:
    """Read JSON and judge it in one go. What its reader takes and ours does not (NaN) the model refuses anyway."""
    return AssignmentRequest.model_validate_json(sent)


def _read_facts(app: Flask, sent: bytes) -> OutcomeEnvelope:
    return OutcomeEnvelope.model_validate(app.json.loads(sent))


_ASSIGN = _Road("api.assign", read_call, _assign)
_REPORT = _Road("api.report", _read_facts, _report)
_ROADS = {"/api/v1/assignments": _ASSIGN, "/api/v1/outcomes": _REPORT}


class ShortWay:
    """Answers assignments and outcomes; hands everything else on.

    Args:
        app: the application, whose `wsgi_app` this is to take the place of.
        here: its house.
    """

    def __init__(self, app: Flask, here: House) -> None:
        self._app = app
        #: what answers everything else
        self.long: WSGIApplication = app.wsgi_app
        self._here = here
        self._headers = [("Content-Type", "application/json"), *security.HEADERS.items()]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        road = _ROADS.get(environ.get("PATH_INFO", ""))
        if road is None or environ["REQUEST_METHOD"] != "POST":
            return self.long(environ, start_response)
        if road is not _REPORT:
            return self._answer(road, environ, start_response)
        try:
            with self._here.intake.room(_length(environ) or self._here.settings.max_body):
                return self._answer(road, environ, start_response)
        except Busy as busy:
            environ[REFUSED] = busy
            return self.long(environ, start_response)

    def _answer(self, road: _Road, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        began = time.perf_counter()
        try:
            body = self._body(road, environ)
        except _LongWay:
            return self.long(environ, start_response)
        headers = [
            *self._headers,
            ("Content-Length", str(len(body))),
            ("X-Request-Id", logs.request_id(environ.get("HTTP_X_REQUEST_ID"))),
        ]
        if environ["wsgi.url_scheme"] == "https":
            headers.append(security.ONLY_TLS)
        start_response("200 OK", headers)
        health.count(road.endpoint, 200, time.perf_counter() - began)
        return [body]

    def _body(self, road: _Road, environ: "WSGIEnvironment") -> bytes:
        actor = self._bearer(environ)
        if actor is None or road.scope not in actor.scopes or not _is_json(environ):
            raise _LongWay
        sent = _sent(environ, self._here.settings.max_body)
        try:
            asked = road.read(self._app, sent)
        except ValueError as fault:  # no JSON, or not of this shape
            raise _LongWay from fault
        try:
            return road.answer(self._here, actor, asked, environ)
        except _LongWay:
            raise
        except Exception as met:
            environ[REFUSED] = met
            raise _LongWay from met

    def _bearer(self, environ: "WSGIEnvironment") -> Actor | None:
        secret = bearer_secret(environ.get("HTTP_AUTHORIZATION", ""))
        try:
            return self._here.bearer(secret) if secret is not None else None
        except AWAY:
            return None


def _is_json(environ: "WSGIEnvironment") -> bool:
    kind: str = environ.get("CONTENT_TYPE", "")
    return kind == "application/json" or kind.partition(";")[0].strip().lower() == "application/json"


def _length(environ: "WSGIEnvironment") -> int:
    """Give how many bytes a body has; 0 when it does not say so."""
    told = environ.get("CONTENT_LENGTH") or ""
    return int(told) if told.isascii() and told.isdigit() else 0


def _sent(environ: "WSGIEnvironment", most: int) -> bytes:
    """Read a body, and leave it to be read again."""
    length = _length(environ)
    if not 0 < length <= most:
        raise _LongWay
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    if len(body) != length:
        raise _LongWay
    return body
