"""The desk's doors: open it, ask for a call's words, look at them, tell what happened."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, render_template, request, url_for

from experiments.do import assignments, previewing
from experiments.errors import Invalid, NotAllowed
from experiments.plan.rules import LOCALES
from web import auth
from web.api.bodies import expect_json
from web.api.schemas.calls import AssignmentRequest
from web.desk import blind, telling
from web.desk.asked import Opened, read
from web.desk.page import desk_page, is_wrong
from web.house import house
from web.language import locale
from web.pages.home import is_blind
from web.pages.routes import refuse_nul

desk = APIBlueprint("desk", __name__, url_prefix="/desk", enable_openapi=False)
desk.before_request(refuse_nul)


@desk.get("")
def page() -> tuple[str, int]:
    """Open the desk, by hand or with a call that the desktop's software tells."""
    here, opened = house(), _opened(request.args)
    if opened.preview and is_blind(auth.actor()):
        raise NotAllowed("Agents see what they say in their own calls.")
    with here.store.read() as session:
        told = desk_page(session, here.snapshot(), opened, auth.actor(), locale())
    return render_template("desk.html", page=told), 422 if is_wrong(opened) else 200


@desk.post("/script")
def script() -> Response:
    """Assign a call, and give the words that are said in it."""
    here = house()
    snapshot = here.snapshot()
    (answer,) = assignments.assign(here.floor, snapshot, [_call().as_call(here.clock())])
    return jsonify(blind.words_of(here.store, snapshot, answer))


@desk.post("/preview")
def preview() -> Response:
    """Give the words that would be said in a call; nothing is assigned, and nothing is kept."""
    here = house()
    snapshot, call = here.snapshot(), _call().as_call(here.clock())
    known = previewing.assigned_already(here.floor, snapshot, call)
    seen = previewing.preview_one(here.floor, snapshot, call, known)
    return jsonify(blind.words_of(here.store, snapshot, seen.answer))


@desk.get("/standby")
def standby() -> Response:
    """Give the words that are said when the server does not answer."""
    here, asked = house(), request.args.get("locale")
    said = asked if asked in LOCALES else locale()
    return jsonify(blind.standby_of(here.store, here.snapshot(), request.args.get("scenario", ""), said))


@desk.get("/worker.js")
def worker() -> Response:
    """Give the script by which the desk opens while the server does not answer; it is for the desk's address alone."""
    answer = current_app.send_static_file("desk_worker.js")
    answer.headers["Service-Worker-Allowed"] = url_for("desk.page")
    return answer


@desk.post("/outcomes")
def tell() -> dict[str, Any]:
    """Keep what happened in calls."""
    expect_json()
    return telling.tell(house(), auth.actor(), request.get_json())


def _opened(told: Any) -> Opened:
    here = house()
    return read(told, here.snapshot(), agent=auth.actor().name, locale=locale(), now=here.clock())


def _call() -> AssignmentRequest:
    """Read the call that a form tells.

    Raises:
        Invalid: something is missing or wrong; each problem names its field.
    """
    opened = _opened(request.form)
    if opened.request is None:
        raise Invalid(*opened.problems)
    return opened.request
