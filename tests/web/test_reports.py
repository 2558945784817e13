"""Reports and review packs: at the page, over the API, and as files that run nothing."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from openpyxl import load_workbook
from sqlalchemy import select

from experiments import audit
from experiments.audit import AuditEntry
from experiments.do.assignments import Floor
from tests.builders import MONDAY, a_call, a_draft, assigned, outcome, rolled_up, told
from tests.histories import after
from tests.web.conftest import Callers, Clock
from tests.web.visitors import NOW, Visitor, a_decided_test, a_visitor
from web.reports.files import as_csv, as_xlsx, harmless
from web.reports.tables import Column, Table

DANGEROUS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "  =1", "＝1+1"]

WRONG = [
    ("since=2026-13-01", "Give a day as 2026-11-21."),
    ("since=2026-W01-1", "Give a day as 2026-11-21."),
    ("since=0000-00-00", "Give a day as 2026-11-21."),
    ("until=20261109", "Give a day as 2026-11-21."),
    ("since=2026-11-09&until=2026-11-01", "The last day lies before the first."),
    ("since=2024-01-01", "Ask for at most 366 days."),
    ("by=weather", "Give one of agent, team"),
    ("per=hour", "Give one of all, day, month"),
]


@pytest.fixture(autouse=True)
def _a_week_later(clock: Clock) -> None:
    clock.now = NOW


def a_told_week(floor: Floor) -> None:
    """Let two teams take calls, one of them with a name that a spreadsheet would run."""
    teams = ("team-1", '=HYPERLINK("https://evil.example")')
    calls = [
        a_call(n, team=teams[n % 2], agent_id=f"agent-{n % 3}", at=MONDAY + timedelta(days=n % 2, seconds=n))
        for n in range(60)
    ]
    assigned(floor, calls)
    facts = [outcome(f"call-{n}", "invited", 5000 + n, target_channel="app") for n in range(0, 60, 5)]
    told(floor, [*facts, outcome("call-0", "accepted", 6000, target_channel="app")], at=NOW)
    rolled_up(floor)


@after(a_told_week)
class TestThePage:
    @pytest.fixture
    def supervisor(self, app: APIFlask, floor: Floor) -> Visitor:
        return a_visitor(app, floor, "supervisor")

    def test_says_counts_shares_their_denominators_and_the_target_they_reach(self, supervisor: Visitor) -> None:
        page = supervisor.get("/reports").text
        assert '<th scope="row">All</th><td class="num">60</td>' in page
        assert '12<span class="under">20.0%</span></td><td>20%</td>' in page
        assert "telephone switch" in page
        assert "11 Oct 2026 to 9 Nov 2026" in page

    def test_tells_agents_apart_to_those_who_lead_them_only(self, app: APIFlask, floor: Floor) -> None:
        assert "agent-2" in a_visitor(app, floor, "supervisor").get("/reports?by=agent").text
        lead = a_visitor(app, floor, "lead")
        assert 'value="agent"' not in lead.get("/reports").text
        refused = lead.get("/reports/calls.csv?by=agent")
        assert (refused.status_code, "agent-2" in refused.text) == (403, False)
        assert a_visitor(app, floor, "agent").get("/reports").status_code == 403

    def test_says_beside_a_field_what_is_wrong_with_it(self, supervisor: Visitor) -> None:
        for arguments, said in WRONG:
            refused = supervisor.get(f"/reports?{arguments}")
            assert refused.status_code == 422
            assert said in refused.text.split('class="error"')[1]
            assert supervisor.get(f"/reports/calls.csv?{arguments}").status_code == 422

    def test_gives_every_table_as_a_file_that_runs_nothing(self, supervisor: Visitor) -> None:
        answer = supervisor.get("/reports/calls.csv?per=day")
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=calls_team_2026-10-11")
        head, first, second, foot = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
        assert head[:5] == ["Day", "Team", "Calls", "Could be invited", "Recommended"]
        assert (first[:3], second[1][:12]) == (["2026-11-02", "team-1", "30"], "'=HYPERLINK(")
        assert float(first[5]) == int(first[4]) / 30
        assert foot[0] == "All"
        book = load_workbook(io.BytesIO(supervisor.get("/reports/channels.xlsx").data))
        rows = list(book.worksheets[0].iter_rows(values_only=True))
        assert rows[-1][2:4] == (12, None)
        assert supervisor.get("/reports/nothing.csv").status_code == 404


def taken_out(floor: Floor) -> list[tuple[str, str, str]]:
    """Give the downloads that the audit log tells of, as (who, what, kind), once its chain holds."""
    with floor.store.read() as session:
        assert audit.verify(session).broken_at is None
        entries = session.scalars(select(AuditEntry).where(AuditEntry.verb == "download").order_by(AuditEntry.id))
        return [(each.actor, each.subject, each.detail["kind"]) for each in entries]


@after(a_told_week)
def test_who_takes_agents_names_out_is_written_down(app_on_both: APIFlask, floor_on_both: Floor) -> None:
    supervisor = a_visitor(app_on_both, floor_on_both, "supervisor")
    supervisor.get("/reports?by=agent")  # a page stays in the house
    supervisor.get("/reports/calls.csv?by=team")  # names no agent
    supervisor.client.head("/reports/calls.csv?by=agent")  # takes nothing
    assert taken_out(floor_on_both) == []
    for name in ("calls.csv", "channels.xlsx"):
        assert supervisor.get(f"/reports/{name}?by=agent").status_code == 200
    who = "new_supervisor"
    assert taken_out(floor_on_both) == [(who, "report:calls", "csv"), (who, "report:channels", "xlsx")]


@after(a_told_week)
class TestTheApi:
    def test_tells_the_rows_of_the_page(self, caller: Callers) -> None:
        told = caller("read").get("/reports?per=month&by=scenario").get_json()
        (row,) = told["calls"]
        assert (row["step"], row["label"], row["calls"], row["invited"]) == (202611, "policy_change", 60, 12)
        (app,) = told["channels"]
        assert (app["label"], app["target"], app["recommended"], app["succeeded"]) == ("policy_change", "app", 12, 1)
        assert (told["since"], told["until"], told["as_of"]) == (20261011, 20261109, 20261103)

    def test_tells_agents_apart_to_people_who_lead_them_and_to_no_service(self, caller: Callers) -> None:
        assert caller("read").get("/reports?by=agent").get_json()["code"] == "not_allowed"
        told = caller("read", login="supervisor").get("/reports?by=agent").get_json()
        assert [row["label"] for row in told["calls"]] == ["agent-0", "agent-1", "agent-2"]

    def test_refuses_days_by_name(self, caller: Callers) -> None:
        reader = caller("read")
        for asked, field in (("since=20261301", "since"), ("since=20261109&until=20261101", "until")):
            refused = reader.get(f"/reports?{asked}")
            assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, field)


class TestFiles:
    @pytest.mark.parametrize("text", DANGEROUS)
    def test_no_text_is_a_formula(self, text: str) -> None:
        table = Table("t", "A/table: with [signs]", [Column(text), Column("n", "count")], [[text, -1.5], [None, None]])
        assert str(harmless(text)).startswith("'")
        rows = list(csv.reader(io.StringIO(as_csv(table).decode("utf-8-sig"), newline="")))
        assert [row[0] for row in rows] == [f"'{text}", f"'{text}", ""]
        assert rows[1][1] == "-1.5"
        sheet = self.opened(table)
        assert {cell.data_type for cell in sheet["A"]} <= {"s", "n"}
        assert sheet["A2"].quotePrefix
        assert sheet["B2"].value == -1.5

    def test_a_signed_number_in_words_stays_as_it_is_in_a_workbook_and_is_a_text(self) -> None:
        sheet = self.opened(Table("t", "t", [Column("difference")], [["+8.0 pp"]]))
        assert (sheet["A2"].value, sheet["A2"].data_type) == ("+8.0 pp", "s")

    def test_what_a_workbook_has_no_place_for_is_left_out_of_it(self) -> None:
        sheet = self.opened(Table("t", "t", [Column("team")], [["north\x0b\ufffe\uffff 1"]]))
        assert sheet["A2"].value == "north 1"

    def opened(self, table: Table) -> Any:
        return load_workbook(io.BytesIO(as_xlsx([table]))).active


class TestThePack:
    def test_holds_plan_texts_verdict_health_and_what_was_said(self, app: APIFlask, floor: Floor) -> None:
        key, manager = a_decided_test(floor), a_visitor(app, floor, "manager")
        manager.post(f"/experiments/{key}/comments", text="=Is this what we want?")
        page = manager.get(f"/experiments/{key}/pack").text
        for said in ("“quicker” wins", "The plan, as registered", "Seal of the last look", "What was seen", "English"):
            assert said in page
        assert 'class="under-test"' in page
        assert "<form" not in page.split("<main")[1]
        assert "<figure" not in page
        answer = manager.get(f"/experiments/{key}/pack.xlsx")
        assert taken_out(floor) == [("new_manager", f"pack:{key}", "xlsx")]
        book = load_workbook(io.BytesIO(answer.data))
        assert {"Plan", "Texts", "Metrics", "Effects", "Looks", "Health", "Decisions", "Comments"} <= set(
            book.sheetnames
        )
        assert book["Comments"]["C2"].value == "'=Is this what we want?"
        assert book["Texts"]["C3"].value

    @after(a_draft)
    def test_of_a_draft_has_what_there_is(self, app: APIFlask, floor: Floor) -> None:
        lead = a_visitor(app, floor, "lead")
        page = lead.get("/experiments/change_benefit/pack").text
        assert "Calls and days needed" in page
        assert "What was seen" not in page
        names = load_workbook(io.BytesIO(lead.get("/experiments/change_benefit/pack.xlsx").data)).sheetnames
        assert "Effects" not in names
        assert lead.get("/experiments/none/pack").status_code == 404
        assert a_visitor(app, floor, "agent").get("/experiments/change_benefit/pack").status_code == 403
