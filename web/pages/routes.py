"""The pages' doors: parse, one verb, render."""

import importlib.util
import tomllib
from functools import cache
from importlib.metadata import version as installed
from itertools import chain
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import abort, flash, g, jsonify, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from configs.settings import ROOT
from experiments.board.cards import Move
from web import auth
from web.downloads import note_download
from web.house import house
from web.pages import control, door, moves, words
from web.pages.amended import AMENDING
from web.pages.board import board_mark, board_page
from web.pages.experiment import experiment_page
from web.pages.experiments import listing
from web.pages.home import drawn_funnel, home as home_page, is_blind
from web.pages.knowledge.entry import entry_page, note
from web.pages.knowledge.found import found_page
from web.pages.listening import listening_page, write_down
from web.pages.manual import manual_page
from web.pages.moved import moved_since
from web.pages.pictures.agents import AGENTS
from web.pages.pictures.gallery import drawn_picture, picture_numbers as numbers_of
from web.pages.scenarios import drawn_of_scenario, drawn_shares, scenario_page, tree
from web.pages.sieve import Sieve
from web.pages.standing import standing_page
from web.pages.survey import freshness
from web.pages.variables.page import drawn_variable, variables_page
from web.policy import DESIGNERS

pages = APIBlueprint("pages", __name__, enable_openapi=False)
pages.add_app_template_filter(words.moment, "moment")
pages.add_app_template_filter(words.day, "day")
pages.add_app_template_filter(words.role, "role")


@pages.before_request
def refuse_nul() -> None:
    """Refuse the one character that not every database keeps in a text."""
    lists = (*request.form.listvalues(), *request.args.listvalues(), (request.view_args or {}).values())
    if any("\x00" in str(each) for each in chain.from_iterable(lists)):
        abort(400)


@pages.app_context_processor
def _frame() -> dict[str, Any]:
    """Give every page what its frame shows."""
    visitor = g.get("actor")
    designs = visitor is not None and visitor.has(DESIGNERS)
    return {"visitor": visitor, "blind": is_blind(visitor), "designs": designs, "version": _version(), "words": words}


@pages.get("/")
def home() -> str:
    """Show what matters today, or to an agent why she sees no tests."""
    if is_blind(auth.actor()):
        return render_template("home_agent.html")
    with house().store.read() as session:
        return render_template("home.html", page=home_page(session, auth.actor(), request.args.get("span", "")))


@pages.get("/pictures/<span>.json")
def home_picture(span: str) -> Response:
    """Give what the home page's chart is drawn from."""
    with house().store.read() as session:
        return _packed(drawn_funnel(session, span))


@pages.get("/scenarios")
def scenarios() -> str:
    """Show the tree of call types."""
    with house().store.read() as session:
        late = control.overdue_reviews(session, auth.actor())
        return render_template("scenarios.html", catalogues=tree(session), fresh=freshness(session), overdue=late)


@pages.get("/scenarios/pictures/<name>.json")
def shares_picture(name: str) -> Response:
    """Give what the chart of a catalogue's call types is drawn from."""
    with house().store.read() as session:
        return _packed(drawn_shares(session, name))


@pages.get("/scenarios/<key>/pictures/<name>.json")
def scenario_picture(key: str, name: str) -> Response:
    """Give what a chart of a scenario's page is drawn from."""
    with house().store.read() as session:
        return _packed(drawn_of_scenario(session, key, name, request.args.get("region")))


@pages.get("/scenarios/standing")
def standing() -> str:
    """Rank the call types: where should we invite at all?"""
    with house().store.read() as session:
        return render_template("standing.html", page=standing_page(session, request.args.get("by", "value")))


@pages.get("/scenarios/<key>")
def scenario(key: str) -> str:
    """Show one call type."""
    with house().store.read() as session:
        return render_template(
            "scenario.html", page=scenario_page(session, key, auth.actor(), request.args.get("region"))
        )


@pages.post("/scenarios/<key>/review")
def review(key: str) -> Response:
    """Confirm a scenario's standard, and say who looks at it again and by when."""
    form = request.form
    asked = (form.get("owner", ""), form.get("review_by", ""), form.get("note", ""))
    category, text = control.confirm(key, *asked, auth.actor())
    flash(text, category)
    return redirect(url_for("pages.scenario", key=key, _anchor="control"), 303)


@pages.get("/scenarios/<key>/signals/<int:number>/plan.json")
def proposed_plan(key: str, number: int) -> Response:
    """Give the body of the plan that a signal proposes, to be completed and sent to the API."""
    with house().store.read() as session:
        found = control.proposal(session, key, number)
    if found is None:
        abort(404)
    answer = jsonify(found.plan)
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.plan["key"]}.json"'
    return answer


@pages.get("/board")
def board() -> str:
    """Show the board, or what a filter leaves of it."""
    sieve = Sieve.of(request.args)
    with house().store.read() as session:
        mark = board_mark(session, auth.actor(), sieve, _version())
        return render_template("board.html", page=board_page(session, auth.actor(), sieve), mark=mark)


@pages.get("/board/cards")
def board_cards() -> Response:
    """Show the board's cards alone, or that they are the same as before."""
    sieve, answer = Sieve.of(request.args), Response(mimetype="text/html")
    with house().store.read() as session:
        answer.set_etag(board_mark(session, auth.actor(), sieve, _version()), weak=True)
        if not request.if_none_match.contains_weak(answer.get_etag()[0] or ""):
            answer.set_data(render_template("_board.html", page=board_page(session, auth.actor(), sieve)))
    return answer.make_conditional(request)


@pages.get("/experiments")
def experiments() -> str:
    """List the experiments."""
    with house().store.read() as session:
        return render_template("experiments.html", page=listing(session, auth.actor(), request.args.get("show", "all")))


@pages.get("/experiments/<key>")
def experiment(key: str) -> str:
    """Show one experiment."""
    with house().store.read() as session:
        return render_template("experiment.html", page=experiment_page(session, key, auth.actor()))


@pages.get("/experiments/<key>/pictures/<name>.json")
def picture(key: str, name: str) -> Response:
    """Give what one chart of an experiment's page is drawn from."""
    with house().store.read() as session:
        return _packed(drawn_picture(session, key, name))


@pages.get("/experiments/<key>/pictures/<name>.csv")
def picture_numbers(key: str, name: str) -> Response:
    """Give the numbers of one chart as CSV."""
    with house().store.read() as session:
        answer = Response(numbers_of(session, key, name), content_type="text/csv; charset=utf-8")
    if name == AGENTS:
        note_download(f"chart:{key}/{name}", kind="csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{key}-{name}.csv")
    return answer


@pages.get("/experiments/<key>/moved")
def moved(key: str) -> str | tuple[str, int]:
    """Tell a page that is open whether its card has moved since."""
    with house().store.read() as session:
        found = moved_since(session, key, request.args.get("since", 0, int), auth.actor())
        return render_template("_moved.html", moved=found, key=key) if found else ("", 204)


@pages.get("/variables")
def variables() -> str:
    """Show what finished tests say of every variable, and what to test next."""
    with house().store.read() as session:
        return render_template("variables.html", page=variables_page(session))


@pages.get("/variables/pictures/<name>.json")
def variable_picture(name: str) -> Response:
    """Give what the chart of one variable is drawn from."""
    with house().store.read() as session:
        return _packed(drawn_variable(session, name))


@pages.get("/knowledge")
def knowledge() -> str | tuple[str, int]:
    """Find what finished cycles left behind."""
    with house().store.read() as session:
        page = found_page(session, request.args)
        return render_template("knowledge.html", page=page), 422 if page.problem else 200


@pages.get("/knowledge/<key>")
def knowledge_entry(key: str) -> str:
    """Show what one cycle left behind."""
    with house().store.read() as session:
        return render_template("knowledge_entry.html", page=entry_page(session, key, auth.actor()))


@pages.post("/knowledge/<key>/notes")
def knowledge_note(key: str) -> Response:
    """Add evidence for an entry, or against it."""
    form = request.form
    asked = (form.get("speaks", ""), form.get("text", ""), form.get("url", ""))
    category, text = note(key, *asked, auth.actor())
    flash(text, category)
    return redirect(url_for("pages.knowledge_entry", key=key, _anchor="evidence-title"), 303)


@pages.get("/scenarios/<key>/manual")
def manual(key: str) -> str:
    """Show a standard script as one page to print, with its flow."""
    with house().store.read() as session:
        return render_template("manual.html", page=manual_page(session, key, request.args.get("language", "")))


@pages.post("/experiments/<key>")
def move(key: str) -> Response:
    """Make a move of a card, and show where it stands then."""
    form = request.form
    verb, reason = form.get("verb", ""), form.get("reason", "").strip() or None
    if verb in AMENDING:
        category, text = moves.amend(key, verb, reason, form, auth.actor())
    elif verb == "roll_out":
        category, text = moves.let_out(key, form, auth.actor())
    else:
        category, text = moves.ask(key, Move(verb, reason, form.get("proposal") or None), auth.actor())
    flash(text, category)
    onward = form.get("next")
    return redirect(door.safe_next(onward) if onward else url_for("pages.experiment", key=key), 303)


@pages.post("/experiments/<key>/confirmation")
def confirm(key: str) -> Response:
    """Draft the larger test of the same variable, and show its card."""
    category, text, drafted = moves.confirm(key, auth.actor())
    flash(text, category)
    return redirect(url_for("pages.experiment", key=drafted), 303)


@pages.post("/experiments/<key>/checklist")
def tick(key: str) -> Response:
    """Vouch for an item of a card's checklist."""
    category, text = moves.vouch(key, request.form.get("item", ""), auth.actor())
    flash(text, category)
    return redirect(url_for("pages.experiment", key=key, _anchor="next-title"), 303)


@pages.post("/experiments/<key>/comments")
def comment(key: str) -> Response:
    """Say something beside a card."""
    reply_to = request.form.get("reply_to", type=int)
    category, text = moves.comment(key, request.form.get("text", ""), reply_to, auth.actor())
    flash(text, category)
    return redirect(url_for("pages.experiment", key=key, _anchor="comments-title"), 303)


@pages.get("/experiments/<key>/listening")
def listening(key: str) -> str:
    """Put a call of the sample before a listener."""
    with house().store.read() as session:
        page = listening_page(session, key, auth.actor(), request.args.get("call"))
        return render_template("listening.html", page=page)


@pages.post("/experiments/<key>/listening")
def hear(key: str) -> Response:
    """Write down what was heard in a call, and go on to the next."""
    category, text = write_down(key, request.form.get("call_id", ""), request.form.get("heard"), auth.actor())
    flash(text, category)
    return redirect(url_for("pages.listening", key=key, _anchor="call" if category == "success" else None), 303)


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response | str | tuple[str, int]:
    """Let a person in."""
    name, onward = request.form.get("name", "").strip(), request.values.get("next")
    problem = door.try_password(name, request.form.get("password", "")) if request.method == "POST" else None
    if request.method == "POST" and problem is None:
        return redirect(door.safe_next(onward), 303)
    page = render_template("sign_in.html", problem=problem, name=name, next=onward)
    return page, {None: 200, door.WRONG: 422, door.THROTTLED: 429}[problem]


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the visitor's sign-in."""
    auth.forget()
    return redirect(url_for("pages.sign_in"), 303)


@pages.post("/language")
def language() -> Response:
    """Change the language one reads in."""
    door.read_in(request.form.get("locale", ""))
    return redirect(door.safe_next(request.form.get("next")), 303)


@pages.get("/assets/bokeh-<version>.min.js")
def bokeh_js(version: str) -> Response:
    """Serve BokehJS from the installed wheel, for ever the same under its version."""
    if version != installed("bokeh"):
        abort(404)
    response = send_file(_bokeh_file(), mimetype="text/javascript")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _packed(drawn: bytes) -> Response:
    answer = Response(drawn, mimetype="application/json")
    answer.headers["Content-Encoding"] = "gzip"
    return answer


@cache
def _bokeh_file() -> Path:
    # Found without importing it: that takes a second, and a page needs only the file.
    spec = importlib.util.find_spec("bokeh")
    assert spec is not None  # noqa: S101 - a locked dependency
    assert spec.submodule_search_locations  # noqa: S101
    return Path(next(iter(spec.submodule_search_locations))) / "server" / "static" / "js" / "bokeh.min.js"


@cache
def _version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
