"""What was learned, on pages and over the API; and each standard script as a manual."""

import pytest
from apiflask import APIFlask

from experiments.do.assignments import Floor
from experiments.plan.flow import Phase, flow_of
from experiments.plan.scenarios import parts_of, scenario_named
from experiments.plan.scripts import lines_of, version_by_id, with_value
from experiments.plan.traffic import in_force
from tests.act.floors import LATER, three_ended_cycles
from tests.builders import SCENARIO
from tests.histories import after
from tests.web.conftest import Callers, Clock, callers_of
from tests.web.visitors import a_visitor


@pytest.fixture(autouse=True)
def _later(clock: Clock) -> None:
    clock.now = LATER


def test_before_the_first_cycle_has_ended_the_page_teaches_what_will_stand_there(app: APIFlask, floor: Floor) -> None:
    lead = a_visitor(app, floor, "lead")
    page = lead.get("/knowledge?q=wecom&year=2026").text
    assert "No cycle has ended yet" in page
    assert "<select" not in page
    assert lead.get("/knowledge/change_benefit").status_code == 404
    assert a_visitor(app, floor, "agent").get("/knowledge").status_code == 403


@after(three_ended_cycles)
class TestAfterThreeCycles:
    def test_people_find_an_entry_read_it_and_add_what_they_know(self, app: APIFlask, floor: Floor) -> None:
        lead, trainer = a_visitor(app, floor, "lead"), a_visitor(app, floor, "trainer")
        page = lead.get("/knowledge?q=%EF%BD%88%EF%BD%95%EF%BD%92%EF%BD%92+赶时间").text  # full-width letters
        assert "Entries found: 1" in page
        assert "<mark>赶时间</mark>，不再邀请 (in a <mark>hurr</mark>y)." in page
        for address, count in (
            ("?verdict=winner", 1),
            ("?decision=kept&scenario=policy_change", 2),
            ("?variable=none&page=x", 3),  # what no filter knows filters nothing
            ("?q=%25", 0),
            ("?q=_", 0),
            ("?page=99999", 3),
        ):
            told = f"Entries found: {count}" if count else "Nothing found"
            assert told in lead.get(f"/knowledge{address}").text, address
        assert lead.get("/knowledge?year=%00").status_code == 400
        assert "Nothing found" in lead.get("/knowledge?q=%F0%9F%99%82").text
        refused = lead.get(f"/knowledge?q={'保' * 10_000}")
        assert (refused.status_code, "Search for at most 200 characters." in refused.text) == (422, True)
        assert len(refused.text) < 20_000

        entry = lead.get("/knowledge/change_benefit").text
        for told in ("A quicker way makes more callers agree.", "“quicker” became the standard", "Add evidence",
                     "Next time one message is enough", "The manager", "Carried out by", "Says neither"):  # fmt: skip
            assert told in entry
        assert 'href="/knowledge/change_benefit"' in lead.get("/experiments/change_benefit").text
        assert 'href="/knowledge?variable=benefit"' in lead.get("/variables").text
        note = {"speaks": "against", "text": "<b>In Ningbo</b> nobody minded.", "url": "https://example.com/?a=1&b=2"}
        assert lead.post("/knowledge/change_benefit/notes", **note).status_code == 303
        entry = trainer.get("/knowledge/change_benefit").text
        assert "&lt;b&gt;In Ningbo&lt;/b&gt;" in entry
        assert 'href="https://example.com/?a=1&amp;b=2"' in entry
        assert "Add evidence" not in entry
        assert trainer.post("/knowledge/change_benefit/notes", **note).status_code == 403
        lead.post("/knowledge/change_benefit/notes", **(note | {"url": "javascript:alert(1)"}))
        assert "begins with https://" in lead.get("/knowledge/change_benefit").text

    def test_a_program_finds_entries_reads_them_and_adds_evidence(self, app: APIFlask) -> None:
        make = callers_of(app)
        reader, quality = make("read"), make("act read", login="quality")
        told = reader.get("/knowledge?q=policy").get_json()
        assert (told["total"], told["page"], told["pages"]) == (3, 1, 1)
        (winner,) = reader.get("/knowledge?verdict=winner").get_json()["entries"]
        assert (winner["experiment"], winner["decision"], winner["counts"]) == ("change_benefit", "adopted", True)
        assert reader.get("/knowledge?page=2").get_json()["entries"] == []
        for wrong in (f"q={'x' * 201}", "verdict=good", "year=x", "page=0", f"scenario={'x' * 65}", "what=1"):
            refused = reader.get(f"/knowledge?{wrong}")
            assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, wrong.split("=")[0])
        note = {"speaks": "for", "text": "The same in Ningbo.", "url": None}
        assert quality.post("/knowledge/change_benefit/notes", note).status_code == 201
        assert quality.post("/knowledge/change_benefit/notes", note | {"url": "http://x"}).status_code == 422
        assert make("act", login="trainer").post("/knowledge/change_benefit/notes", note).status_code == 403
        entry = reader.get("/knowledge/change_benefit").get_json()
        assert entry["content"]["decision"]["by"] == "manager"
        assert [(n["speaks"], n["author"]) for n in entry["notes"]] == [("for", "quality")]
        assert entry["evidence"] == [
            {"speaks": "neither", "entry": reader.get("/knowledge?q=sooner").get_json()["entries"][0]}
        ]

    def test_the_manual_is_the_standard_in_force_with_its_flow(self, app: APIFlask, floor: Floor) -> None:
        lead = a_visitor(app, floor, "lead")
        page = lead.get("/scenarios/policy_change/manual").text
        for told in ("policy_change_standard v2", "Next time one message is enough", "policyholder, spouse",
                     "locked: word for word", "The manager", "Answer it once (step 6)", "the standard"):  # fmt: skip
            assert told in page
        order = [
            "Service first",
            "Then, and only then",
            "If the caller hesitates",
            "To everyone, before",
            "What we know",
        ]
        assert sorted(order, key=page.index) == order
        chinese = lead.get("/scenarios/policy_change/manual?language=zh-CN").text
        assert "不用再排队" in chinese
        assert 'class="script steps" lang="zh-CN"' in chinese
        assert "Service first" in chinese  # only the words of the script are in the other language
        assert 'href="/scenarios/policy_change/manual"' in lead.get("/scenarios/policy_change").text


def test_nothing_is_known_of_an_experiment_that_is_not_there(caller: Callers) -> None:
    refused = caller("read").get("/knowledge/none")
    assert (refused.status_code, refused.get_json()["code"]) == (404, "unknown")


class TestTheManual:
    def test_says_where_nobody_is_invited_and_where_there_is_no_script(self, app: APIFlask, floor: Floor) -> None:
        lead = a_visitor(app, floor, "lead")
        page = lead.get("/scenarios/claim_notification/manual?language=xx").text
        assert "Nobody: in this kind of call we only serve." in page
        assert "What does the caller say?" not in page
        assert lead.get("/scenarios/policy_service/manual").status_code == 404
        assert lead.get("/scenarios/none/manual").status_code == 404

    def test_steps_are_numbered_as_they_are_spoken_wherever_the_invitation_stands(self, floor: Floor) -> None:
        with floor.store.read() as session:
            scenario = scenario_named(session, SCENARIO)
            parts = parts_of(session, scenario.catalogue)
            lines = lines_of(version_by_id(session, in_force(session, scenario).value.standard_id).lines)
        moved = with_value(lines, "timing", {"after": "close"}, parts)
        flow = [(step.number, step.line.element, step.phase) for step in flow_of(moved, parts)]
        assert flow[2:5] == [
            (3, "close", Phase.END),
            (4, "opening", Phase.INVITATION),
            (5, "benefit", Phase.INVITATION),
        ]
        served = flow_of(with_value(lines, "ask", None, parts), parts)
        assert {step.phase for step in served} == {Phase.SERVICE, Phase.END}
        assert [step.line.element for step in served if step.locked] == ["disclosure"]
