"""Refusals, said once: RFC 9457 problem details for machines, a page in the reader's language for people."""

from collections.abc import Callable
from typing import Any

import structlog
from apiflask import HTTPError
from flask import Flask, Response, current_app, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from pydantic import ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from experiments import errors
from experiments.wording import sentence
from web.auth import is_api
from web.language import say
from web.pages import words

STATUS: dict[type[errors.Refusal], int] = {
    errors.Invalid: 422,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.Unknown: 404,
    errors.Conflict: 409,
    errors.Unavailable: 503,
    errors.Busy: 429,
}

REFUSED = "scriptbench.refused"
"""Where the short way leaves, in a request's environment, what it met on the way: it is told here like any other."""

_log = structlog.get_logger()


def install(app: Flask) -> None:
    """Answer every refusal and every fault in one shape."""
    app.before_request(_refuse_again)
    app.register_error_handler(errors.Refusal, _refused)
    app.register_error_handler(HTTPError, _misread)
    for away in (OperationalError, InterfaceError):
        app.register_error_handler(away, _away)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


Shape = Callable[[int, str, list[str], str], tuple[int, dict[str, Any]]]
"""From status, words, codes of wrong fields and path to the status and body that are answered."""


def shape(app: Flask, under: str, told: Shape) -> None:
    """Let the refusals under one path be told in a protocol's own shape."""
    app.extensions.setdefault("refusals", {})[under] = told


def _shape() -> Shape | None:
    shapes: dict[str, Shape] = current_app.extensions.get("refusals", {})
    return next((told for under, told in shapes.items() if request.path.startswith(under)), None)


def problem(status: int, code: str, detail: str, found: list[dict[str, str]] | None = None) -> Response:
    """Write problem details (RFC 9457), with our stable `code` and, for fields, `errors`."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": g.get("request_id", ""),
    }
    response = jsonify({**body, "errors": found} if found else body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


TITLES = {
    400: sentence("Bad request"),
    401: sentence("Not signed in"),
    403: sentence("Not allowed"),
    404: sentence("Not found"),
    405: sentence("Method not allowed"),
    409: sentence("Conflict"),
    413: sentence("Too large"),
    415: sentence("Unsupported media type"),
    422: sentence("Invalid"),
    429: sentence("Too many requests"),
    500: sentence("Fault"),
    503: sentence("Unavailable"),
}
"""What a status is called."""

_WHY = {
    400: sentence("The request cannot be read. A body has to be JSON in UTF-8."),
    404: sentence("There is nothing at this address."),
    405: sentence("This address is asked in another way."),
    413: sentence("What was sent is too large."),
    415: sentence("Send the body as application/json."),
}


def _refuse_again() -> None:
    met = request.environ.pop(REFUSED, None)
    if met is not None:
        raise met


def _refused(refusal: errors.Refusal) -> AnyResponse:
    status = STATUS[type(refusal)]
    if isinstance(refusal, errors.NotSignedIn) and not is_api():
        return redirect(url_for("pages.sign_in", next=request.full_path if request.query_string else request.path))
    found = None
    if isinstance(refusal, errors.Invalid):
        found = [{"field": p.field, "code": p.code, "message": say(p.message)} for p in refusal.problems]
    told = refusal.message if is_api() else words.in_words(refusal.message)
    answer = _answer(status, refusal.code, say(told), found)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refusal, errors.Unavailable | errors.Busy):
        answer.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return answer


def _misread(error: HTTPError) -> AnyResponse:
    """Say in our words what pydantic found in a body."""
    if isinstance(error.__cause__, ValidationError):
        return _refused(errors.Invalid(*errors.problems_in(error.__cause__)))
    return _answer(error.status_code, "refused", error.message or "")


def _away(error: OperationalError | InterfaceError) -> AnyResponse:
    _log.error("database_away", endpoint=request.endpoint, exc_info=error)
    return _refused(errors.Unavailable("The database does not answer. Try again."))


def _stale_form(_error: CSRFError) -> AnyResponse:
    return _answer(400, "stale_form", gettext("The form is out of date: go back, reload the page and send it again."))


def _http(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:
        return error.get_response()  # a redirect is an answer, not a fault
    own_words = error.description if error.description != type(error).description else None
    why = own_words or _WHY.get(error.code) or error.description or error.name
    answer = _answer(error.code, error.name.lower().replace(" ", "_"), gettext(why))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def _fault(error: Exception) -> AnyResponse:
    _log.error("fault", path=str(request.url_rule or request.path), method=request.method, exc_info=error)
    return _answer(500, "fault", gettext("Something failed on our side. Quote the request id to whoever runs this."))


def _answer(status: int, code: str, detail: str, found: list[dict[str, str]] | None = None) -> Response:
    told = _shape()
    if told is not None:
        detail = "; ".join(f"{each['field']}: {each['message']}" for each in found or ()) or detail
        status, body = told(status, detail, [each["code"] for each in found or ()], request.path)
        response = jsonify(body)
        response.status_code = status
        return response
    if is_api():
        return problem(status, code, detail, found)
    headline = gettext(TITLES.get(status, "Error"))
    page = render_template(
        "error.html", status=status, headline=headline, text=detail, request_id=g.get("request_id", "")
    )
    return Response(page, status=status, mimetype="text/html")
