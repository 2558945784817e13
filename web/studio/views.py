"""The studio's doors: open a form, work out what follows from it, keep it."""

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web import auth
from web.house import house
from web.pages.routes import refuse_nul
from web.pages.survey import freshness
from web.studio import following, read, start
from web.studio.curves import drawn_curves
from web.studio.page import studio_page
from web.studio.saving import Kept, keep
from web.studio.typed import Typed

studio = APIBlueprint("studio", __name__, url_prefix="/studio", enable_openapi=False)
studio.before_request(refuse_nul)


@studio.get("")
def begin() -> str:
    """Open a form for a new test: a scenario's, a template's, a signal's; or ask where to test."""
    with house().store.read() as session:
        typed = start.begun(session, request.args)
        if typed is None:
            page = start.start_page(session, request.args.get("template", ""))
            return render_template("studio_start.html", page=page, fresh=freshness(session))
        return render_template("studio.html", page=studio_page(session, typed))


@studio.post("")
def write() -> Response | str | tuple[str, int]:
    """Work a new plan out, or keep it."""
    return _answered("")


@studio.get("/pictures/sizes.json")
def sizes() -> Response:
    """Give what the chart of sizes is drawn from."""
    answer = Response(drawn_curves(request.args), mimetype="application/json")
    answer.headers["Content-Encoding"] = "gzip"
    return answer


@studio.get("/<key>")
def amend(key: str) -> str:
    """Open the form of a draft."""
    with house().store.read() as session:
        return render_template("studio.html", page=studio_page(session, start.amended(session, key), amending=key))


@studio.post("/<key>")
def rewrite(key: str) -> Response | str | tuple[str, int]:
    """Work an amended plan out, or keep it."""
    return _answered(key)


def _answered(amending: str) -> Response | str | tuple[str, int]:
    asked, _dot, place = request.form.get("action", "").partition(".")
    typed = read.typed_form(request.form)
    if asked in ("draft", "submit"):
        kept = keep(typed, amending=amending, submit=asked == "submit", visitor=auth.actor())
        if isinstance(kept, Kept):
            flash(kept.text, "success")
            return redirect(url_for("pages.experiment", key=kept.key), 303)
        return _shown(typed.once_tried(), amending, refused=kept), 422
    typed = _followed(typed)
    if asked == "arm":
        typed = typed.with_arm()
    if asked == "drop" and place in map(str, range(len(typed.arms))):
        typed = typed.without_arm(int(place))
    return _shown(typed, amending)


def _followed(typed: Typed) -> Typed:
    """Let what nobody wrote follow another scenario, variable or kind."""
    before = (request.form.get("scenario_before", ""), request.form.get("variable_before", ""))
    with house().store.read() as session:
        return following.follow(session, typed, *before)


def _shown(typed: Typed, amending: str, refused: str = "") -> str:
    with house().store.read() as session:
        return render_template("studio.html", page=studio_page(session, typed, amending=amending, refused=refused))
