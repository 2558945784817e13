"""The pages: what each says, whom the door lets in, and how a move is asked for and refused."""

import re
from importlib.metadata import version as installed

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from configs.settings import catalogue_documents
from experiments.board import cards
from experiments.board.cards import Card, Review, Stage
from experiments.board.transitions import TRANSITIONS
from experiments.do.assignments import Floor
from experiments.imports.ledger import ImportFile
from experiments.plan import catalogue
from experiments.plan.rules import ArmPlan, Kind, MetricPlan
from tests.builders import (
    PASSWORD,
    a_call,
    a_draft,
    a_running_experiment,
    a_submitted_plan,
    a_week_of_calls,
    assigned,
    moved,
    rolled_up,
    standard_value,
)
from tests.histories import after
from tests.web.conftest import OPERATOR, Clock
from tests.web.visitors import NOW, Visitor, a_decided_test, a_test_under_way, a_visitor, somebody_with_a_password
from web.pages.words import FORWARD, badge

FOREIGN = [
    "https://evil.example/",
    "//evil.example/x",
    "/\\evil.example",
    "javascript:alert(1)",
    "\thttps://evil.example",
]


@pytest.fixture(autouse=True)
def _a_week_later(clock: Clock) -> None:
    clock.now = NOW


def state_of(floor: Floor, key: str) -> tuple[str, str]:
    with floor.store.read() as session:
        card = cards.card_of(session, key)
        return card.stage, card.review


class TestDoor:
    def test_a_stranger_is_sent_to_sign_in_and_comes_back_to_what_she_asked_for(
        self, floor: Floor, client: FlaskClient
    ) -> None:
        visitor = Visitor(client)
        asked = visitor.get("/experiments?show=mine")
        assert asked.location == "/sign-in?next=/experiments?show%3Dmine"
        name = somebody_with_a_password(floor, "wang", "lead")
        assert visitor.sign_in(name, next="/experiments?show=mine").location == "/experiments?show=mine"

    @pytest.mark.parametrize("onward", [*FOREIGN, "/sign-in", "/sign-out", "/api/v1/openapi.json", "/no/such/page"])
    def test_signing_in_leads_to_pages_of_ours_only(self, floor: Floor, client: FlaskClient, onward: str) -> None:
        name = somebody_with_a_password(floor, "wang", "lead")
        assert Visitor(client).sign_in(name, next=onward).location == "/"

    def test_a_wrong_password_keeps_the_name_and_says_so(self, floor: Floor, client: FlaskClient) -> None:
        name = somebody_with_a_password(floor, "wang", "lead")
        refused = Visitor(client).sign_in(name, "not the password")
        assert refused.status_code == 422
        assert 'value="wang"' in refused.text

    def test_guessing_is_slowed_whether_or_not_the_name_exists(self, floor: Floor, client: FlaskClient) -> None:
        somebody_with_a_password(floor, "wang", "lead")
        visitor = Visitor(client)
        for name in ("wang", "nobody"):
            answers = [visitor.sign_in(name, "a guess").status_code for _ in range(6)]
            assert answers == [422] * 5 + [429]
        assert visitor.sign_in("wang", PASSWORD).status_code == 429

    def test_a_language_chosen_before_signing_in_stays_and_becomes_the_persons(
        self, app: APIFlask, floor: Floor
    ) -> None:
        name = somebody_with_a_password(floor, "wang", "lead", locale="en")
        visitor = Visitor(app.test_client())
        visitor.post("/language", locale="zh-CN", next="/sign-in")
        visitor.sign_in(name)
        assert '<html lang="zh-CN">' in visitor.get("/").text
        visitor.post("/language", locale="zh-CN", next="/")
        elsewhere = Visitor(app.test_client())
        elsewhere.sign_in(name)
        assert '<html lang="zh-CN">' in elsewhere.get("/").text

    @pytest.mark.parametrize("onward", FOREIGN)
    def test_changing_the_language_leads_to_no_other_host(self, client: FlaskClient, onward: str) -> None:
        assert Visitor(client).post("/language", locale="en", next=onward).location == "/"

    def test_changing_the_language_keeps_to_the_page(self, client: FlaskClient) -> None:
        assert Visitor(client).post("/language", locale="en", next="/api/v1/docs").location == "/api/v1/docs"

    def test_signing_out_ends_the_sign_in(self, app: APIFlask, floor: Floor) -> None:
        visitor = a_visitor(app, floor, "lead")
        visitor.post("/sign-out")
        assert visitor.get("/board").status_code == 302

    def test_a_form_without_its_token_is_refused_kindly(self, app: APIFlask, floor: Floor) -> None:
        visitor = a_visitor(app, floor, "lead")
        refused = visitor.client.post("/sign-out")
        assert refused.status_code == 400
        assert "reload the page" in refused.text


class TestHome:
    @after(a_test_under_way)
    def test_the_share_says_its_denominator_and_where_the_total_would_come_from(
        self, app: APIFlask, floor: Floor
    ) -> None:
        page = a_visitor(app, floor, "manager").get("/").text
        # Monday's sixty calls lie outside the last seven days
        assert "of assigned calls had an invitation: 360 of 360" in page
        assert "telephone switch" in page

    def test_it_says_whether_days_wait_to_be_counted(self, app: APIFlask, floor: Floor) -> None:
        assigned(floor, [a_call(1, at=NOW)])
        visitor = a_visitor(app, floor, "manager")
        assert "1 day waits to be counted again" in visitor.get("/").text
        rolled_up(floor)
        assert "nothing waits to be counted" in visitor.get("/").text

    @after(a_submitted_plan)
    def test_it_names_what_waits_for_this_reader_and_for_nobody_else(self, app: APIFlask, floor: Floor) -> None:
        assert "0 of 3 approvals" in a_visitor(app, floor, "compliance").get("/").text
        assert "Nothing waits for you." in a_visitor(app, floor, "quality").get("/").text

    @after(a_test_under_way)
    def test_agents_learn_why_they_see_no_tests_and_see_none(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        visitor = a_visitor(app, floor, "agent")
        page = visitor.get("/").text
        assert "Why you see no tests here" in page
        assert key not in page
        assert "quicker" not in page
        refused = visitor.get(f"/experiments/{key}")
        assert refused.status_code == 403
        assert "Service-marketing lead, Supervisor" in refused.text


class TestScenarios:
    def test_the_tree_has_every_scenario_with_its_share_and_standing(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "lead").get("/scenarios").text
        assert "41.3%" in page
        assert "Unsuitable" in page
        assert "Claim notification" in page

    def test_a_scenario_shows_its_words_in_both_languages(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "lead").get("/scenarios/policy_change").text
        assert "那我现在给您发一个好友申请" in page
        assert "Shall I send you the contact request now" in page
        assert "The catalogue&#39;s standard script." in page

    def test_a_node_above_the_leaves_has_no_script_of_its_own(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "lead").get("/scenarios/policy_service").text
        assert "Policy change" in page
        assert "The standard script" not in page

    def test_what_an_import_made_up_is_marked_as_synthetic(self, app: APIFlask, floor: Floor) -> None:
        entry = ImportFile(file_sha256="0", name="calls.csv", mapping_hash="0", replay="", experiment="")
        entry.scenario, entry.synthetic = "policy_change", ["agent_id", "at"]
        entry.started_by, entry.started_at = OPERATOR.name, NOW
        with floor.store.write() as session:
            session.add(entry)
        lead = a_visitor(app, floor, "lead")
        assert "their file lacks it: agent, date and time." in lead.get("/scenarios/policy_change").text
        assert "Synthetic" not in lead.get("/scenarios/policy_enquiry").text

    @after(a_running_experiment)
    def test_a_paused_test_is_not_said_to_be_served(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        lead = a_visitor(app, floor, "lead")
        assert "hearing the standard" not in lead.get("/scenarios/policy_change").text
        moved(floor, key, "pause", "lead", reason="The words are unclear.")
        assert lead.get("/scenarios/policy_change").text.count("held, hearing the standard") == 1

    def test_an_unknown_one_is_a_page_that_says_so(self, app: APIFlask, floor: Floor) -> None:
        answer = a_visitor(app, floor, "lead").get("/scenarios/none")
        assert answer.status_code == 404
        assert "There is no scenario none." in answer.text


class TestBoard:
    @after(a_submitted_plan)
    def test_a_card_stands_in_its_column_with_who_must_act(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        moved(floor, key, "approve", "compliance")
        page = a_visitor(app, floor, "manager").get("/board").text
        assert "(1 of 3)" in page
        assert "Manager, Trainer" in page

    def test_every_open_stand_of_a_card_has_a_move_that_carries_it_on(self) -> None:
        open_stands = {(stage, review) for stage, review, _verb in TRANSITIONS}
        assert set(FORWARD) == open_stands
        assert all((*stand, verb) in TRANSITIONS for stand, verb in FORWARD.items())

    def test_a_scenario_card_that_decided_against_inviting_names_no_new_standard(self) -> None:
        settled = [Card(kind=kind, review=Review.STANDARD) for kind in Kind]
        assert [badge(card) for card in settled] == ["standard", "decided"]


class TestList:
    @pytest.mark.parametrize(("show", "rows"), [("all", 1), ("do", 1), ("plan", 0), ("mine", 0), ("nonsense", 1)])
    @after(a_test_under_way)
    def test_the_address_holds_the_filter(self, app: APIFlask, floor: Floor, show: str, rows: int) -> None:
        page = a_visitor(app, floor, "quality").get(f"/experiments?show={show}").text
        assert page.count("<code>change_benefit</code>") == rows


class TestExperiment:
    @after(a_test_under_way)
    def test_an_unfinished_test_shows_counts_but_no_effect_and_no_p_value(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        page = a_visitor(app, floor, "manager").get(f"/experiments/{key}").text
        assert "Collecting: 420 of" in page
        assert 'id="funnel"' in page
        assert 'id="effects"' not in page
        assert not re.search(r"\bp (<|&lt;|0\.)", page.split('id="health-title"')[0])

    @after(a_decided_test)
    def test_a_finished_test_shows_its_verdict_its_effect_and_the_boundary(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        page = a_visitor(app, floor, "quality").get(f"/experiments/{key}").text
        assert "“quicker” wins" in page
        assert 'id="effects"' in page
        assert "p ≤ 0.0500" in page

    def test_a_finished_test_says_its_effect_for_a_hundred_calls_once_and_why(
        self, app: APIFlask, floor: Floor
    ) -> None:
        page = a_visitor(app, floor, "quality").get(f"/experiments/{a_decided_test(floor)}").text
        assert re.search(r"Of 100 eligible calls, \d+\.\d more reach “Accepted” \(between", page)
        assert "Most clearly, the gain comes from more of those asked saying yes" in page
        assert "Tenure: all calls belong to one group" in page
        assert "How sure, in numbers" in page

    def test_p_values_of_the_rule_stand_one_click_deeper(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "quality").get(f"/experiments/{a_decided_test(floor)}").text
        banner = page.split('id="verdict-headline"')[1].split("</section>")[0]
        assert "(p " not in banner.split("<details")[0]
        assert "this look decides at" in banner.split("<details")[1]

    def test_before_the_start_three_ways_to_ask_stand_side_by_side(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "lead").get(f"/experiments/{a_draft(floor)}").text
        assert page.count("The scenario has no calls yet") == 3
        assert page.count("this plan</span>") == 1

    @after(a_running_experiment)
    def test_what_the_watch_paused_names_the_guardrail_in_words(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        moved(floor, key, "halt", "jobs", reason="complaint · quicker")
        page = a_visitor(app, floor, "manager").get(f"/experiments/{key}").text
        assert "paused the test: a guardrail was harmed" in page
        assert "Complaint about the invitation · quicker" in page

    @after(a_submitted_plan)
    def test_only_moves_that_would_be_carried_out_are_offered(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        compliance, lead = a_visitor(app, floor, "compliance"), a_visitor(app, floor, "lead")
        assert 'value="approve"' in compliance.get(f"/experiments/{key}").text
        compliance.post(f"/experiments/{key}", verb="approve")
        again = compliance.get(f"/experiments/{key}").text
        assert 'value="approve"' not in again
        assert "You approved this already; the other roles need other people." in again
        assert 'value="approve"' not in lead.get(f"/experiments/{key}").text

    @after(a_draft)
    def test_the_single_variable_is_shown_in_the_readers_language(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        chinese = a_visitor(app, floor, "lead", locale="zh-CN").get(f"/experiments/{key}").text
        assert "唯一的不同：利益点" in chinese
        assert "不用再排队" in chinese

    def test_a_plan_that_is_a_draft_has_neither_verdict_nor_funnel(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "lead").get(f"/experiments/{a_draft(floor)}").text
        assert "verdict-headline" not in page
        assert "experiment-funnel" not in page
        assert "at 0 calls" not in page


class TestMoves:
    def test_a_move_is_made_and_the_page_says_where_the_card_stands(self, app: APIFlask, floor: Floor) -> None:
        key, lead = a_draft(floor), a_visitor(app, floor, "lead")
        answer = lead.post(f"/experiments/{key}", verb="submit")
        assert (answer.status_code, answer.location) == (303, f"/experiments/{key}")
        assert state_of(floor, key) == (Stage.PLAN, Review.IN_REVIEW)
        assert "Done. The card stands at: Plan · In review." in lead.get(f"/experiments/{key}").text

    def test_a_missing_reason_is_asked_for(self, app: APIFlask, floor: Floor) -> None:
        key, supervisor = a_test_under_way(floor), a_visitor(app, floor, "supervisor")
        supervisor.post(f"/experiments/{key}", verb="stop", reason="  ")
        assert state_of(floor, key) == (Stage.DO, Review.RUNNING)
        assert "Say why: Stop the test now needs a reason." in supervisor.get(f"/experiments/{key}").text

    @after(a_submitted_plan)
    def test_who_comes_second_learns_who_was_first_and_what_is_next(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        moved(floor, key, "approve", "manager", at=NOW)
        second = a_visitor(app, floor, "manager")
        second.post(f"/experiments/{key}", verb="approve")
        page = second.get(f"/experiments/{key}").text
        assert "was given already: The manager gave it, 9 Nov 2026, 11:00." in page
        assert "Who: Compliance, Trainer." in page

    def test_a_proposal_is_carried_to_act(self, app: APIFlask, floor: Floor) -> None:
        key, lead = a_decided_test(floor), a_visitor(app, floor, "lead")
        assert "Make “quicker” the standard" in lead.get(f"/experiments/{key}").text
        lead.post(f"/experiments/{key}", verb="submit", proposal="quicker")
        assert state_of(floor, key) == (Stage.CHECK, Review.IN_REVIEW)

    @pytest.mark.parametrize("verb", ["", "promote", "no_such_verb"])
    def test_a_move_that_is_not_open_changes_nothing_and_says_why(self, app: APIFlask, floor: Floor, verb: str) -> None:
        key, lead = a_draft(floor), a_visitor(app, floor, "lead")
        assert lead.post(f"/experiments/{key}", verb=verb).status_code == 303
        assert state_of(floor, key) == (Stage.PLAN, Review.DRAFT)
        assert "change_benefit is at Plan, Draft" in lead.get(f"/experiments/{key}").text

    @after(a_submitted_plan)
    def test_administrators_move_nothing(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        assert a_visitor(app, floor, "admin").post(f"/experiments/{key}", verb="approve").status_code == 403


class TestOnBothDatabases:
    def test_every_page_opens_with_five_arms_and_with_every_catalogue(
        self, app_on_both: APIFlask, floor_on_both: Floor
    ) -> None:
        floor = floor_on_both
        with floor.store.write() as session:
            for name in ("telecom", "bank"):
                document = catalogue.parse(catalogue_documents()[name])
                catalogue.load(session, document, actor=OPERATOR, now=NOW)
        weights = (2000, *[2000] * 4)
        values = [standard_value(floor, "benefit"), *({"zh-CN": f"第{n}种", "en": f"No. {n}"} for n in range(4))]
        arms = tuple(ArmPlan(f"arm_{n}", w, v) for n, (w, v) in enumerate(zip(weights, values, strict=True)))
        key = a_running_experiment(floor, arms=arms, unit="customer")
        a_week_of_calls(floor, 20, lambda answer, number: number % 2 == 0)
        visitor = a_visitor(app_on_both, floor, "manager")
        paths = ["/", "/scenarios", "/scenarios/policy_change", "/board", "/experiments", f"/experiments/{key}"]
        assert [visitor.get(path).status_code for path in paths] == [200] * len(paths)


class TestAssets:
    def test_bokeh_is_served_from_the_wheel_and_kept_for_ever(self, client: FlaskClient) -> None:
        version = installed("bokeh")
        answer = client.get(f"/assets/bokeh-{version}.min.js")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert version in answer.text
        answer.close()

    def test_another_version_is_not_there(self, client: FlaskClient) -> None:
        assert client.get("/assets/bokeh-1.0.0.min.js").status_code == 404


def test_a_character_that_no_database_keeps_is_refused_and_fails_nowhere(
    app_on_both: APIFlask, floor_on_both: Floor
) -> None:
    visitor = a_visitor(app_on_both, floor_on_both, "lead")
    answers = [visitor.get("/experiments/%00"), visitor.get("/scenarios/%00"), visitor.sign_in("lead\x00")]
    assert [answer.status_code for answer in answers] == [400, 400, 400]


def test_before_the_start_a_plan_says_how_likely_its_calls_are_to_show_it(app: APIFlask, floor: Floor) -> None:
    metrics = (MetricPlan("accepted", "primary"), MetricPlan("joined", "guardrail", 0.05))
    a_week_of_calls(floor, 60, lambda _, i: i % 5 < 2)
    key = a_draft(floor, metrics=metrics)
    page = a_visitor(app, floor, "lead").get(f"/experiments/{key}").text
    assert "Chance that these calls show it" in page
    assert "no worse" in page
