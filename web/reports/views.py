"""The reports' doors: the page, its tables as files, and a card's review pack with its workbook."""

from apiflask import APIBlueprint
from flask import Response, abort, render_template, request

from web import auth
from web.downloads import note_download
from web.house import house
from web.pages.routes import refuse_nul
from web.reports.asked import asked_in, form_of, iso
from web.reports.files import CSV, XLSX, as_csv, as_xlsx
from web.reports.pack import pack_page, pack_tables
from web.reports.page import SHOWN, report_tables, reports_page

reports = APIBlueprint("reports", __name__, enable_openapi=False)
reports.before_request(refuse_nul)


@reports.get("/reports")
def overview() -> str | tuple[str, int]:
    """Show who recommended how often, and with what success."""
    form = form_of(request.args, _today())
    with house().store.read() as session:
        page = reports_page(session, form, auth.actor())
        return render_template("reports.html", page=page, most=SHOWN), 422 if page.problem else 200


@reports.get("/reports/<key>.<any(csv, xlsx):kind>")
def table_file(key: str, kind: str) -> Response:
    """Give one of the page's tables as a file, with every row."""
    form = form_of(request.args, _today())
    with house().store.read() as session:
        asked = asked_in(form, auth.actor())
        table = next((each for each in report_tables(session, asked) if each.key == key), None)
    if table is None:
        abort(404)
    if asked.by == "agent":
        note_download(f"report:{key}", kind=kind, **form.arguments)
    name = f"{key}_{asked.by}_{iso(asked.since)}_{iso(asked.until)}.{kind}"
    return _file(as_csv(table) if kind == "csv" else as_xlsx([table]), name, CSV if kind == "csv" else XLSX)


@reports.get("/experiments/<key>/pack")
def pack(key: str) -> str:
    """Show all that reviewers of a card need, as one page to print."""
    with house().store.read() as session:
        return render_template("pack.html", pack=pack_page(session, key, auth.actor()))


@reports.get("/experiments/<key>/pack.xlsx")
def pack_file(key: str) -> Response:
    """Give the tables of a card's review pack as one workbook."""
    with house().store.read() as session:
        content = as_xlsx(pack_tables(pack_page(session, key, auth.actor())))
    note_download(f"pack:{key}", kind="xlsx")
    return _file(content, f"{key}.xlsx", XLSX)


def _today() -> int:
    return house().calendar.day(house().clock())


def _file(content: bytes, name: str, kind: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
