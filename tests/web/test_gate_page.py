"""The gate, the checklist, the comments and the history of a card, as its page and the API tell of them."""

import re
from datetime import timedelta

import pytest
from apiflask import APIFlask

from experiments.board import cards
from experiments.board.comments import Comment
from experiments.do.assignments import Floor
from tests.builders import a_draft, a_submitted_plan, approved, moved, ticked
from tests.histories import after
from tests.web.conftest import Caller, Clock
from tests.web.visitors import NOW, Visitor, a_decided_test, a_visitor

HERE = "/experiments/change_benefit"


@pytest.fixture(autouse=True)
def _a_week_later(clock: Clock) -> None:
    clock.now = NOW


def page_of(visitor: Visitor) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", visitor.get(HERE).text))


class TestTheGate:
    @after(a_submitted_plan)
    def test_shows_each_seat_with_who_when_and_until_when(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        moved(floor, key, "approve", "manager", at=NOW)
        page = page_of(a_visitor(app, floor, "lead"))
        assert "Manager The manager 9 Nov 2026, 11:00 · counts until 23 Nov 2026, 11:00" in page
        assert "Compliance awaited" in page

    @after(a_submitted_plan)
    def test_shows_what_has_expired_until_a_fresh_one_is_given(self, app: APIFlask, floor: Floor, clock: Clock) -> None:
        key = "change_benefit"
        moved(floor, key, "approve", "manager", at=NOW - timedelta(days=15))
        visitor = a_visitor(app, floor, "manager")
        assert "Manager The manager expired 8 Nov 2026, 11:00: a fresh one is needed" in page_of(visitor)
        visitor.post(HERE, verb="approve")
        assert "Manager New_Manager Wang 9 Nov 2026, 11:00 · counts until 23 Nov 2026, 11:00" in page_of(visitor)

    @after(a_decided_test)
    def test_asks_for_a_second_approver_where_the_verdict_says_otherwise(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        moved(floor, key, "submit", "lead", at=NOW, reason="Too pushy.")
        page = page_of(a_visitor(app, floor, "quality"))
        assert "A second approver awaited" in page
        assert "Who: Quality, A second approver" in page

    @after(a_submitted_plan)
    def test_says_to_whom_it_offers_no_approval_what_is_open(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        for role in ("compliance", "manager"):
            moved(floor, key, "approve", role, at=NOW)
        trainer = a_visitor(app, floor, "trainer")
        assert 'value="approve"' not in trainer.get(HERE).text
        assert "Before the last approval this is open: What is offered may be offered" in page_of(trainer)


class TestTheChecklist:
    @after(a_submitted_plan)
    def test_is_ticked_by_a_button_and_names_who_did(self, app: APIFlask, floor: Floor) -> None:
        visitor = a_visitor(app, floor, "compliance")
        assert visitor.get(HERE).text.count('name="item"') == 2
        answer = visitor.post(f"{HERE}/checklist", item="offer_review")
        assert (answer.status_code, answer.location) == (303, f"{HERE}#next-title")
        page = page_of(visitor)
        assert "Done: you vouched that what is offered may be offered." in page
        assert "to these callers. New_Compliance Wang, 9 Nov 2026, 11:00" in page

    @after(a_submitted_plan)
    def test_offers_nothing_to_tick_to_whoever_may_not(self, app: APIFlask, floor: Floor) -> None:
        lead = a_visitor(app, floor, "lead")
        assert 'name="item"' not in lead.get(HERE).text
        lead.post(f"{HERE}/checklist", item="offer_review")
        assert "This needs one of the roles Compliance, Manager, Trainer." in page_of(lead)

    @after(a_submitted_plan)
    def test_of_an_item_that_is_none_is_not_found(self, app: APIFlask, floor: Floor) -> None:
        assert a_visitor(app, floor, "manager").post(f"{HERE}/checklist", item="smile").status_code == 404


class TestComments:
    @after(a_draft)
    def test_are_said_and_answered_below_each_other(self, app: APIFlask, floor: Floor) -> None:
        supervisor = a_visitor(app, floor, "supervisor")
        supervisor.post(f"{HERE}/comments", text="Is it true on Mondays?")
        number = re.findall(r'id="comment-(\d+)"', supervisor.get(HERE).text)[0]
        answer = a_visitor(app, floor, "lead").post(f"{HERE}/comments", text="Yes.", reply_to=number)
        assert answer.location == f"{HERE}#comments-title"
        page = page_of(supervisor)
        assert page.index("Is it true on Mondays?") < page.index("New_Lead Wang 9 Nov 2026, 11:00 Yes.")

    @after(a_draft)
    def test_are_shown_as_they_were_typed_and_never_as_markup(self, app: APIFlask, floor: Floor) -> None:
        visitor = a_visitor(app, floor, "trainer")
        visitor.post(f"{HERE}/comments", text="<script>alert(1)</script> & '\"")
        text = visitor.get(HERE).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#39;&#34;" in text

    @after(a_draft)
    def test_that_are_empty_or_answer_nothing_are_refused_with_words(self, app: APIFlask, floor: Floor) -> None:
        visitor = a_visitor(app, floor, "trainer")
        visitor.post(f"{HERE}/comments", text="  ")
        assert "A comment has 1 to 4000 characters." in page_of(visitor)
        visitor.post(f"{HERE}/comments", text="Hello.", reply_to="77")
        assert "There is no comment 77 on this card." in page_of(visitor)

    def test_of_answers_to_answers_are_one_conversation_however_long(self, app: APIFlask, floor: Floor) -> None:
        key, before = a_draft(floor), None
        with floor.store.write() as session:
            card = cards.card_of(session, key)
            for number in range(1_200):
                text = f"And then, for the {number}th time?"
                said = Comment(card_id=card.id, author="lead", text=text, reply_to=before, at=NOW)
                session.add(said)
                session.flush()
                before = said.id
        assert "for the 1199th time?" in page_of(a_visitor(app, floor, "lead"))

    @after(a_draft)
    def test_are_no_place_for_agents(self, app: APIFlask, floor: Floor) -> None:
        assert a_visitor(app, floor, "agent").post(f"{HERE}/comments", text="Hello.").status_code == 403


class TestTheHistory:
    @after(a_submitted_plan)
    def test_tells_moves_approvals_ticks_and_comments_the_newest_first(
        self, app: APIFlask, floor: Floor, clock: Clock
    ) -> None:
        key = "change_benefit"
        ticked(floor, key, "compliance", at=NOW)
        clock.pass_(minutes=1)
        visitor = a_visitor(app, floor, "supervisor")
        visitor.post(f"{HERE}/comments", text="Is it true?")
        clock.pass_(minutes=1)
        moved(floor, key, "approve", "trainer", at=clock.now)
        history = page_of(visitor).partition(" History ")[2]
        told = ["The trainer approved it as Trainer", "New_Supervisor Wang commented Is it true?", "vouched: "]
        places = [history.index(each) for each in (*told, "The lead submitted it")]
        assert places == sorted(places)

    @after(a_submitted_plan)
    def test_is_readable_in_chinese(self, app: APIFlask, floor: Floor) -> None:
        key = "change_benefit"
        approved(floor, key, "compliance", "manager", "trainer", at=NOW)
        page = page_of(a_visitor(app, floor, "supervisor", locale="zh-CN"))
        for told in ("本关卡的审批", "有效至 2026-11-23 11:00", "批准", "评论", "经过"):
            assert told in page


class TestTheApi:
    def test_tells_the_gate_the_checklist_and_the_comments(
        self, floor_on_both: Floor, board: dict[str, Caller]
    ) -> None:
        key = a_submitted_plan(floor_on_both)
        moved(floor_on_both, key, "approve", "manager", at=NOW)
        assert board["compliance"].post(f"{HERE}/checklist", {"item": "offer_review"}).status_code == 200
        first = board["trainer"].post(f"{HERE}/comments", {"text": "Is it true?"})
        assert (first.status_code, first.get_json()["author"]) == (201, "trainer")
        told = board["lead"].get(HERE).get_json()
        assert [(chair["role"], chair["state"], chair["person"]) for chair in told["gate"]] == [
            ("compliance", "awaited", None),
            ("manager", "given", "manager"),
            ("trainer", "awaited", None),
        ]
        ticks = {item["key"]: (item["done"], item["by"]) for item in told["checklist"]}
        assert (ticks["offer_review"], ticks["size"]) == ((True, "compliance"), (False, None))
        assert [(said["text"], said["reply_to"]) for said in told["comments"]] == [("Is it true?", None)]

    def test_says_who_was_first(self, floor_on_both: Floor, board: dict[str, Caller]) -> None:
        key = a_submitted_plan(floor_on_both)
        approved(floor_on_both, key, "compliance", "manager", "trainer", at=NOW)
        refused = board["manager"].post(f"{HERE}/approve")
        assert refused.status_code == 409
        assert refused.get_json()["detail"].startswith("trainer was first, 2026-11-09T03:00:00+00:00: change_benefit")
