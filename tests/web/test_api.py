"""The agent API as desktops and people use it: each test is one thing they rely on."""

import threading
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest
from apiflask import APIFlask
from flask import g

from experiments.check import looks
from experiments.do.assignments import Floor
from experiments.people import Actor, system
from experiments.plan.designs import experiment_named
from experiments.plan.scenarios import scenario_named
from experiments.plan.scripts import lines_of, value_in, version_by_id
from experiments.plan.traffic import in_force
from tests.builders import a_running_experiment, a_week_of_calls, moved
from tests.histories import after
from tests.web.conftest import Caller, Callers, Clock
from web.api.examples import ASSIGNMENT, OUTCOMES, PLAN
from web.language import locale

CALL = {**ASSIGNMENT, "call_id": "c-1"}


def control_elements(floor: Floor) -> dict[str, Any]:
    """Give the whole standard script of policy changes, as a map of elements."""
    with floor.store.read() as session:
        standard = in_force(session, scenario_named(session, "policy_change")).value.standard_id
        lines = lines_of(version_by_id(session, standard).lines)
        return {line.element: value_in(lines, line.element) for line in lines}


def a_plan_body(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(PLAN), **changes}


class TestAssigning:
    def test_answers_in_the_shape_that_desktops_know(self, caller_on_both: Callers) -> None:
        answer = caller_on_both("assign").post("/assignments", CALL)
        assert answer.status_code == 200
        body = answer.get_json()
        assert set(body) == {
            *("assignment_id", "call_id", "scenario", "experiment", "arm", "reason", "reason_detail", "invite"),
            *("script", "agent_shift", "traffic_revision", "assigned_at"),
        }
        assert set(body["script"]) == {"key", "version", "locale", "steps"}
        assert set(body["script"]["steps"][0]) == {"element", "text"}
        assert (body["reason"], body["invite"], body["agent_shift"]) == ("standard", True, "1024|2026-11-02|am")

    def test_writes_chinese_as_it_is(self, caller: Callers) -> None:
        assert "安衡财险" in caller("assign").post("/assignments", CALL).get_data(as_text=True)

    def test_the_first_answer_is_the_answer_for_ever(self, caller_on_both: Callers, clock: Clock) -> None:
        desk = caller_on_both("assign")
        first = desk.post("/assignments", CALL).get_json()
        clock.pass_(hours=5)
        other = {**CALL, "agent_id": "2048", "locale": "en", "attributes": {"caller_relation": "stranger"}}
        assert desk.post("/assignments", other).get_json() == first

    @after(a_running_experiment)
    def test_deals_the_arms_of_a_running_experiment(self, caller: Callers, clock: Clock) -> None:
        key = "change_benefit"
        clock.pass_(minutes=1)
        desk = caller("assign")
        answers = [desk.post("/assignments", {**CALL, "call_id": f"c-{i}"}).get_json() for i in range(40)]
        assert {a["experiment"] for a in answers} == {key}
        assert {a["arm"] for a in answers} == {"control", "quicker"}

    def test_takes_ids_of_255_characters_of_any_script(self, caller_on_both: Callers) -> None:
        ids = dict.fromkeys(("call_id", "agent_id", "customer_id", "team", "region", "channel"), "保" * 255)
        answer = caller_on_both("assign").post("/assignments", {**CALL, **ids})
        assert answer.status_code == 200
        assert answer.get_json()["agent_shift"] == "保" * 255 + "|2026-11-02|am"

    def test_speaks_chinese_unless_told_otherwise(self, caller: Callers) -> None:
        without = {name: value for name, value in CALL.items() if name != "locale"}
        assert caller("assign").post("/assignments", without).get_json()["script"]["locale"] == "zh-CN"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            # ids
            ({"call_id": ""}, "call_id"),
            ({"call_id": "x" * 256}, "call_id"),
            ({"call_id": 7}, "call_id"),
            ({"agent_id": "a\x00b"}, "agent_id"),
            ({"agent_id": "a\nb"}, "agent_id"),
            ({"customer_id": "\x7f"}, "customer_id"),
            # words we do not know
            ({"locale": "fr"}, "locale"),
            ({"colour": "red"}, "colour"),
            # attributes: one flat map of plain values, which names no field again
            ({"attributes": {"region": "hangzhou"}}, "attributes"),
            ({"attributes": {"scenario": "x"}}, "attributes"),
            ({"attributes": {"a": {"b": 1}}}, "attributes.a"),
            ({"attributes": {"a": [[1]]}}, "attributes.a"),
            ({"attributes": {"a": 10**400}}, "attributes.a"),
            ({"attributes": {"a": "x" * 1001}}, "attributes.a"),
            ({"attributes": {"a": list(range(101))}}, "attributes.a"),
            ({"attributes": {f"a{i}": i for i in range(101)}}, "attributes"),
            ({"attributes": [1]}, "attributes"),
        ],
    )
    def test_refuses_what_it_cannot_keep_and_names_the_field(
        self, caller: Callers, changes: dict[str, Any], field: str
    ) -> None:
        answer = caller("assign").post("/assignments", {**CALL, **changes})
        assert answer.status_code == 422
        assert field in {problem["field"] for problem in answer.get_json()["errors"]}

    def test_knows_no_call_in_a_scenario_that_is_not_there(self, caller: Callers) -> None:
        answer = caller("assign").post("/assignments", {**CALL, "scenario": "moon_travel"})
        assert answer.status_code == 404
        assert "moon_travel" in answer.get_json()["detail"]

    def test_two_desktops_asking_at_once_are_told_the_same(
        self, app_on_both: APIFlask, caller_on_both: Callers
    ) -> None:
        desks = [caller_on_both("assign", language=language) for language in ("en", "zh-CN")]
        answers = at_once([lambda desk=desk: desk.post("/assignments", CALL).get_json() for desk in desks])
        assert answers[0] == answers[1]


class TestReporting:
    def test_keeps_every_fact_once_however_often_it_is_told(self, caller_on_both: Callers) -> None:
        source = caller_on_both("report")
        assert source.post("/outcomes", OUTCOMES).get_json() == {"accepted": 4, "duplicates": 0, "rejected": []}
        assert source.post("/outcomes", OUTCOMES).get_json() == {"accepted": 0, "duplicates": 4, "rejected": []}

    def test_ids_are_each_sources_own(self, caller: Callers) -> None:
        caller("report").post("/outcomes", OUTCOMES)
        assert caller("report read").post("/outcomes", OUTCOMES).get_json()["accepted"] == 4

    def test_keeps_the_good_beside_the_bad(self, caller_on_both: Callers) -> None:
        good = OUTCOMES["outcomes"][0]
        bad: list[Any] = [
            {**good, "id": "2", "type": "sneezed"},
            {**good, "id": "3", "at": "2026-11-21T09:33:10"},
            {**good, "id": "4", "at": 0},
            {**good, "id": "5", "at": "0"},
            {**good, "id": "6", "at": "-5"},
            {**good, "id": "7", "at": "0001-01-01T00:00:00+14:00"},
            {**good, "id": "8", "value": 10**400},
            {**good, "id": "9", "value": 1.5},
            {**good, "id": "\x00"},
            {**good, "id": "10", "target_channel": "a\x00b"},
            {**good, "id": "11", "scenario": "moon_travel"},
            {**good, "id": "12", "detail": {"deep": [[[]]]}},
            {**good, "id": "13", "customer_id": "both"},
            {**good, "id": 14},
            None,
            [[[[]]]],
            "text",
        ]
        answer = caller_on_both("report").post("/outcomes", {"outcomes": [*bad, good]})
        assert answer.status_code == 200
        body = answer.get_json()
        assert (body["accepted"], body["duplicates"]) == (1, 0)
        assert [row["index"] for row in body["rejected"]] == list(range(len(bad)))
        assert set(body["rejected"][0]) == {"index", "id", "code", "message"}

    def test_an_id_with_another_payload_is_said_to_be_reused(self, caller_on_both: Callers) -> None:
        first = OUTCOMES["outcomes"][0]
        source = caller_on_both("report")
        source.post("/outcomes", {"outcomes": [first]})
        body = source.post("/outcomes", {"outcomes": [{**first, "type": "declined"}]}).get_json()
        assert [(row["id"], row["code"]) for row in body["rejected"]] == [("1", "id_reused")]

    def test_says_in_the_callers_language_what_was_wrong(self, caller: Callers) -> None:
        row = {**OUTCOMES["outcomes"][0], "type": "sneezed"}
        body = caller("report").post("/outcomes", {"outcomes": [row]}).get_json()
        assert body["rejected"][0]["message"].startswith("type: Give one of")

    @pytest.mark.parametrize(
        "envelope",
        [{}, {"outcomes": []}, {"outcomes": {}}, {"outcomes": [{}] * 10_001}, {"outcomes": [{}], "more": 1}, []],
    )
    def test_an_envelope_that_is_none_is_refused(self, caller: Callers, envelope: Any) -> None:
        assert caller("report").post("/outcomes", envelope).status_code == 422

    def test_a_large_batch_is_counted_across_its_parts(self, caller_on_both: Callers) -> None:
        rows = [{**OUTCOMES["outcomes"][0], "id": str(i)} for i in range(1_200)]
        rows += [{**rows[0]}, {**rows[1], "type": "declined"}, {**rows[2], "type": "?"}]
        body = caller_on_both("report").post("/outcomes", {"outcomes": rows}).get_json()
        assert (body["accepted"], body["duplicates"]) == (1_200, 1)
        assert [(r["index"], r["code"]) for r in body["rejected"]] == [(1_201, "id_reused"), (1_202, "invalid")]


class TestPlanning:
    def test_a_plan_becomes_a_card(self, caller_on_both: Callers) -> None:
        answer = caller_on_both("design", "lead").post("/experiments", PLAN)
        assert answer.status_code == 201
        body = answer.get_json()
        assert (body["key"], body["stage"], body["review"]) == ("change_benefit", "plan", "draft")

    def test_an_arm_may_be_its_whole_script_if_one_element_differs(self, floor: Floor, caller: Callers) -> None:
        control = control_elements(floor)
        arms = [
            {"key": "control", "weight": 5000, "elements": control},
            {"key": "no_queue", "weight": 5000, "elements": {**control, "benefit": PLAN["arms"][1]["value"]}},
        ]
        assert caller("design", "lead").post("/experiments", a_plan_body(arms=arms)).status_code == 201
        read = caller("read").get("/experiments/change_benefit").get_json()
        assert [arm["value"] for arm in read["arms"]] == [control["benefit"], PLAN["arms"][1]["value"]]

    def test_two_differences_are_refused_by_name(self, floor: Floor, caller: Callers) -> None:
        words = PLAN["arms"][1]["value"]
        elements = {**control_elements(floor), "benefit": words, "ask": words}
        arms = [PLAN["arms"][0], {"key": "b", "weight": 5000, "elements": elements}]
        answer = caller("design", "lead").post("/experiments", a_plan_body(arms=arms))
        assert answer.status_code == 422
        found = {(e["field"], e["code"]) for e in answer.get_json()["errors"]}
        assert found == {("arms.1.elements.benefit", "single_variable"), ("arms.1.elements.ask", "single_variable")}

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            # compliance owns the disclosure
            ({"variable": "disclosure"}, "locked"),
            # a centre speaks both languages
            (
                {"arms": [PLAN["arms"][0], {"key": "b", "weight": 5000, "value": {"en": "Only English."}}]},
                "missing_locale",
            ),
            # a value is words or a position, not both
            (
                {"arms": [PLAN["arms"][0], {"key": "b", "weight": 5000, "value": {"after": "ask", "en": "x"}}]},
                "value_error",
            ),
            ({"arms": [PLAN["arms"][0], {**PLAN["arms"][1], "elements": {}}]}, "value_error"),
            ({"arms": [PLAN["arms"][0], {**PLAN["arms"][1], "weight": 4000}]}, "weights"),
            ({"title": {"en": "Only English"}}, "missing_locale"),
            ({"audience": {"$where": "1"}}, "bad_condition"),
            (
                {"audience": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": {"k": 1}}}}}}}}}}}},
                "bad_condition",
            ),
            ({"effect": "0.1"}, "float_type"),
            ({"alpha": 0.7}, "less_than_equal"),
            ({"key": "a/b"}, "string_pattern_mismatch"),
            ({"looks": [0.5, 0.4, 1.0]}, "fractions"),
        ],
    )
    def test_a_plan_that_breaks_a_rule_is_refused_with_its_code(
        self, caller: Callers, changes: dict[str, Any], code: str
    ) -> None:
        answer = caller("design", "lead").post("/experiments", a_plan_body(**changes))
        assert answer.status_code == 422
        assert code in {problem["code"] for problem in answer.get_json()["errors"]}

    def test_a_locked_element_is_not_changed_by_a_whole_script_either(self, floor: Floor, caller: Callers) -> None:
        elements = {**control_elements(floor), "disclosure": PLAN["arms"][1]["value"]}
        arms = [PLAN["arms"][0], {"key": "b", "weight": 5000, "elements": elements}]
        answer = caller("design", "lead").post("/experiments", a_plan_body(arms=arms))
        assert [e["code"] for e in answer.get_json()["errors"]] == ["locked"]

    def test_a_key_is_taken_once(self, caller_on_both: Callers) -> None:
        designer = caller_on_both("design", "lead")
        statuses = at_once([lambda: designer.post("/experiments", PLAN).status_code for _ in range(2)])
        assert sorted(statuses) == [201, 409]

    def test_a_draft_is_revised_and_nothing_else_is(self, caller_on_both: Callers) -> None:
        lead = caller_on_both("design act", login="lead")
        lead.post("/experiments", PLAN)
        assert lead.put("/experiments/change_benefit", a_plan_body(effect=0.05)).status_code == 200
        assert lead.put("/experiments/other", PLAN).status_code == 422
        lead.post("/experiments/change_benefit/submit")
        assert lead.put("/experiments/change_benefit", PLAN).status_code == 409

    def test_a_draft_does_not_become_another_kind_of_card(self, floor: Floor, caller: Callers) -> None:
        designer = caller("design", "lead")
        designer.post("/experiments", PLAN)
        arms = [
            {"key": "service_only", "weight": 5000},
            {"key": "invite", "weight": 5000, "value": control_elements(floor)["ask"]},
        ]
        body = a_plan_body(kind="scenario", variable="ask", arms=arms)
        assert designer.post("/experiments", {**body, "key": "another"}).status_code == 201
        answer = designer.put("/experiments/change_benefit", body)
        assert [problem["field"] for problem in answer.get_json()["errors"]] == ["kind"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"effect": 0.9, "base_rate": 0.3},
            {"effect": 0.00002, "base_rate": 0.3, "alpha": 0.0001},
            {"effect": 1e-300, "base_rate": 0.3},
        ],
    )
    def test_a_plan_that_no_number_of_calls_can_answer_is_not_handed_in(
        self, caller_on_both: Callers, changes: dict[str, Any]
    ) -> None:
        lead = caller_on_both("design act", login="lead")
        assert lead.post("/experiments", a_plan_body(**changes)).status_code in (201, 422)
        assert lead.post("/experiments/change_benefit/submit").status_code in (404, 409, 422)


class TestTheBoard:
    def test_people_carry_a_card_through_all_four_rooms(
        self, floor_on_both: Floor, board: dict[str, Caller], caller_on_both: Callers, clock: Clock
    ) -> None:
        def ask(login: str, verb: str, **body: Any) -> tuple[int, str, str]:
            answer = board[login].post(f"/experiments/change_benefit/{verb}", body)
            told = answer.get_json()
            return answer.status_code, told.get("stage", told.get("code")), told.get("review", "")

        def tick(login: str, item: str) -> int:
            return board[login].post("/experiments/change_benefit/checklist", {"item": item}).status_code

        # Plan: the lead writes and submits; three others approve; a manager starts.
        assert board["lead"].post("/experiments", a_plan_body(effect=0.1)).status_code == 201
        assert ask("lead", "submit") == (200, "plan", "in_review")
        assert ask("lead", "approve")[:2] == (403, "not_allowed")
        for item in ("offer_review", "size"):
            assert tick("compliance", item) == 200
        for login in ("compliance", "trainer", "manager"):
            ask(login, "approve")
        assert ask("manager", "start") == (200, "do", "running")

        # Do: pausing needs a reason and gives everyone the standard; the test goes on.
        assert ask("supervisor", "pause")[0] == 422
        assert ask("supervisor", "pause", reason="The phone system is down.") == (200, "do", "paused")
        assert ask("manager", "resume") == (200, "do", "running")
        a_week_of_calls(floor_on_both, 60, lambda answer, i: i % 3 == 0 or (answer.arm == "no_queue" and i % 3 == 1))
        clock.pass_(days=8)

        # Before any look there is none, but what may be watched is there.
        before = board["lead"].get("/experiments/change_benefit/results").get_json()
        assert before["look"] is None
        assert sum(arm["calls"] for arm in before["watch"]["totals"].values()) == 420

        # Check: the schedule looks and ends the test; the results say so in words.
        with floor_on_both.store.write() as session:
            found = experiment_named(session, "change_benefit")
            looks.make_look(session, found, today=20261110, final=True, actor=system("jobs"), now=clock.now)
        moved(floor_on_both, "change_benefit", "end", "jobs", at=clock.now)
        told = board["quality"].get("/experiments/change_benefit/results").get_json()
        assert told["look"]["verdict"]["conclusion"] == "winner"
        assert "points on Accepted" in told["look"]["verdict"]["reasons"][0]
        assert told["look"]["readings"][0]["comparison"]["difference"] > 0.2

        # Act: a winner is proposed, approved by others, and promoted; the next call hears it.
        assert ask("lead", "submit", proposal="moon") == (422, "invalid", "")
        assert ask("lead", "submit", proposal="no_queue") == (200, "check", "in_review")
        assert tick("quality", "verdict_read") == 200
        assert ask("quality", "approve") == (200, "act", "in_review")
        ask("quality", "approve")
        assert ask("manager", "approve") == (200, "act", "approved")
        assert ask("manager", "promote") == (200, "act", "standard")
        clock.pass_(minutes=1)
        steps = (
            caller_on_both("assign").post("/assignments", {**CALL, "call_id": "after"}).get_json()["script"]["steps"]
        )
        assert PLAN["arms"][1]["value"]["zh-CN"] in {step["text"] for step in steps}
        decisions = board["lead"].get("/experiments/change_benefit").get_json()["decisions"]
        assert [d["verb"] for d in decisions][-1] == "promote"

    def test_a_card_says_what_its_reader_may_ask(self, board: dict[str, Caller]) -> None:
        board["lead"].post("/experiments", PLAN)
        board["lead"].post("/experiments/change_benefit/submit")
        card = board["manager"].get("/experiments").get_json()["experiments"][0]
        assert {move["verb"] for move in card["moves"]} == {"approve", "refuse"}
        assert card["missing_approvals"] == ["compliance", "manager", "trainer"]

    def test_two_who_approve_at_once_make_one_decision(self, app_on_both: APIFlask, board: dict[str, Caller]) -> None:
        board["lead"].post("/experiments", PLAN)
        board["lead"].post("/experiments/change_benefit/submit")
        for item in ("offer_review", "size"):
            board["compliance"].post("/experiments/change_benefit/checklist", {"item": item})
        for login in ("compliance", "trainer"):
            board[login].post("/experiments/change_benefit/approve")

        def approve() -> int:
            return board["manager"].post("/experiments/change_benefit/approve").status_code

        assert Counter(at_once([approve] * 6)) == {200: 1, 409: 5}
        decisions = board["lead"].get("/experiments/change_benefit").get_json()["decisions"]
        assert [d["verb"] for d in decisions] == ["submit", "approve", "approve", "approve"]

    def test_starting_and_stopping_at_once_never_fails_on_our_side(self, board: dict[str, Caller]) -> None:
        for i in range(3):
            plan = a_plan_body(key=f"test_{i}", coverage=3000)
            board["lead"].post("/experiments", plan)
            board["lead"].post(f"/experiments/test_{i}/submit")
            for item in ("offer_review", "size"):
                board["compliance"].post(f"/experiments/test_{i}/checklist", {"item": item})
            for login in ("compliance", "trainer", "manager"):
                board[login].post(f"/experiments/test_{i}/approve")
        starts = [lambda i=i: board["manager"].post(f"/experiments/test_{i}/start").status_code for i in range(3)]
        assert at_once(starts) == [200, 200, 200]
        stop = {"reason": "Enough."}
        stops = [lambda i=i: board["manager"].post(f"/experiments/test_{i}/stop", stop).status_code for i in range(3)]
        assert at_once(stops) == [200, 200, 200]

    def test_only_people_move_cards(self, caller: Callers) -> None:
        caller("design", "lead").post("/experiments", PLAN)
        answer = caller("read report assign").post("/experiments/change_benefit/submit")
        assert (answer.status_code, answer.get_json()["code"]) == (403, "not_allowed")

    def test_the_schedules_move_is_no_address(self, board: dict[str, Caller]) -> None:
        assert board["manager"].post("/experiments/change_benefit/end").status_code == 404

    @pytest.mark.parametrize(
        "path", ["/experiments/none", "/experiments/none/results", "/experiments/%00", f"/experiments/{'x' * 65}"]
    )
    def test_what_is_not_there_is_not_found(self, caller_on_both: Callers, path: str) -> None:
        assert caller_on_both("read").get(path).status_code == 404


class TestLanguages:
    def test_a_program_says_which_language_it_wants_whoever_it_acts_for(self, app: APIFlask) -> None:
        for wanted in ("zh-CN", "en"):
            with app.test_request_context("/api/v1/experiments", headers={"Accept-Language": wanted}):
                g.actor = Actor("lead", 1, locale="en" if wanted == "zh-CN" else "zh-CN")
                assert locale() == wanted


def at_once(calls: list[Any]) -> list[Any]:
    """Do everything at the same moment, each in its own thread, and give the results in order."""
    gate, results = threading.Barrier(len(calls)), {}

    def run(index: int) -> None:
        gate.wait()
        results[index] = calls[index]()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[i] for i in range(len(calls))]
