"""The board: what waits for whom and since when, filters that are addresses, and a refresh that loses nothing."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from apiflask import APIFlask
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from experiments.calendar import weekdays_after
from experiments.do.assignments import Floor
from tests.act.signals import a_signal
from tests.builders import a_draft, a_running_experiment, a_submitted_plan, moved
from tests.web.conftest import Clock
from tests.web.serving import served
from tests.web.test_browser import Visit
from tests.web.visitors import NOW, Visitor, a_visitor, somebody_with_a_password


@pytest.fixture(autouse=True)
def _a_week_later(clock: Clock) -> None:
    clock.now = NOW


@pytest.fixture
def cards(floor: Floor) -> Floor:
    """A plan in review for a week, a draft of the lead's, and a standard whose rate has fallen."""
    a_submitted_plan(floor)
    a_draft(floor, key="another", salt="another")
    a_signal(floor, NOW - timedelta(hours=5), "policy_enquiry")
    return floor


def keys(page: str) -> list[str]:
    return [key for key in re.findall(r'data-key="([^"]+)"', page) if not key.startswith("standard:")]


@pytest.mark.parametrize(
    ("day", "until", "days"),
    # Monday to Thursday; over a weekend; a whole week; the day itself; and nothing backwards
    [
        (20261123, 20261126, 3),
        (20261127, 20261130, 1),
        (20261120, 20261127, 5),
        (20261120, 20261120, 0),
        (20261126, 20261120, 0),
    ],
)
def test_working_days_leave_the_weekend_out(day: int, until: int, days: int) -> None:
    assert weekdays_after(day, until) == days


class TestACard:
    def test_says_who_must_act_since_when_and_that_it_is_late(self, app: APIFlask, cards: Floor) -> None:
        moved(cards, "change_benefit", "approve", "manager", at=NOW)  # one approval does not begin the wait anew
        page = re.sub(r"\s+", " ", a_visitor(app, cards, "compliance").get("/board").text)
        assert 'datetime="2026-11-02T01:00:00+00:00"' in page
        assert "Late: waits for 7 days" in page
        assert "Waits for you" in page
        assert keys(page)[0] == "change_benefit"

    def test_of_a_standard_tells_its_cycle_and_comes_to_check_by_a_signal(self, app: APIFlask, cards: Floor) -> None:
        page = a_visitor(app, cards, "lead").get("/board?kind=standard").text
        check = page.split('data-list="check"')[1].split("</section>")[0]
        assert re.findall(r'data-key="([^"]+)"', check) == ["standard:policy_enquiry"]
        assert ("Not as usual" in check, "Signals: 1" in check, "Waits for 5 h" in check) == (True, True, True)
        assert "/studio?from_signal=" in check
        assert page.count('data-key="standard:') > 6

    def test_of_a_standard_waits_at_home_for_its_owner(self, app: APIFlask, cards: Floor) -> None:
        home = a_visitor(app, cards, "lead").get("/").text
        assert "Confirm it, or open the next plan" in home
        assert "Confirm it" not in a_visitor(app, cards, "quality").get("/").text

    def test_is_moved_from_the_board_and_leads_back_to_it(self, app: APIFlask, cards: Floor) -> None:
        visitor = a_visitor(app, cards, "manager")
        answer = visitor.post("/experiments/change_benefit", verb="approve", next="/board?me=1")
        assert (answer.status_code, answer.location) == (303, "/board?me=1")
        assert visitor.post("/experiments/change_benefit", verb="approve", next="//elsewhere.example").location == "/"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("kind=script", {"change_benefit", "another"}),
        ("role=trainer", {"change_benefit"}),
        ("me=1", {"change_benefit"}),
        ("alarm=1", {"standard:policy_enquiry"}),
        ("scenario=policy_enquiry", {"standard:policy_enquiry"}),
        # title, key and hypothesis, in both languages
        ("q=ANOTHER", {"change_benefit", "another"}),
        ("q=更快的办理+benefit", {"change_benefit", "another"}),
        ("q=nothing+like+it", set()),
        ("owner=lead&role=lead", {"another"}),
        ("owner=nobody&colour=blue", set()),
    ],
)
def test_a_filter_is_an_address(app: APIFlask, cards: Floor, asked: str, found: set[str]) -> None:
    page = a_visitor(app, cards, "trainer").get(f"/board?{asked}").text
    assert set(re.findall(r'data-key="([^"]+)"', page)) == found
    if not found:
        assert "Clear the filters" in page


def test_the_fragment_is_answered_304_until_something_moves(app: APIFlask, cards: Floor) -> None:
    visitor = a_visitor(app, cards, "lead")
    first = visitor.get("/board/cards")
    known = {"If-None-Match": first.headers["ETag"]}
    assert first.headers["ETag"] in visitor.get("/board").text.replace("&#34;", '"')
    again = visitor.client.get("/board/cards", headers=known)
    assert (again.status_code, again.data) == (304, b"")
    assert visitor.client.get("/board/cards?me=1", headers=known).status_code == 200
    moved(cards, "another", "submit", "lead", at=NOW)
    assert visitor.client.get("/board/cards", headers=known).status_code == 200


def test_a_page_that_is_open_learns_that_its_card_moved(app: APIFlask, cards: Floor) -> None:
    visitor = a_visitor(app, cards, "manager")
    (watch,) = re.findall(r'data-watch="([^"]+)"', visitor.get("/experiments/another").text)
    assert visitor.get(watch).status_code == 204
    moved(cards, "another", "submit", "lead", at=NOW)
    told = visitor.get(watch)
    assert (told.status_code, "The lead submitted it" in told.text) == (200, True)
    assert "Plan · In review" in told.text


class TestInABrowser:
    @pytest.fixture
    def page(self, app: APIFlask, cards: Floor, browser: Browser) -> Iterator[Page]:
        somebody_with_a_password(cards, "wang", "manager")
        with served(app) as home, browser.new_context(locale="en", viewport={"width": 1440, "height": 900}) as context:
            visit = Visit(context.new_page(), home)
            visit.watch()
            visit.sign_in("wang")
            visit.open("/board")
            yield visit.page
            assert (visit.errors, visit.foreign) == ([], [])

    def test_it_is_walked_by_keyboard(self, page: Page) -> None:
        page.keyboard.press("c")
        here = page.locator("[data-key]:has(:focus)")
        expect(here).to_have_attribute("data-key", "change_benefit")
        page.keyboard.press("ArrowDown")
        expect(here).to_have_attribute("data-key", "another")
        page.keyboard.press("ArrowRight")
        expect(here).to_have_attribute("data-key", "standard:policy_enquiry")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("m")
        expect(page.locator('[data-key="change_benefit"] details.moves')).to_have_attribute("open", "")
        assert not Axe().run(page).response["violations"]
        page.keyboard.press("Escape")
        expect(page.locator('[data-key="change_benefit"] [data-part=title]')).to_be_focused()
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()
        page.locator("#shortcuts").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        expect(page.locator("#q")).not_to_be_focused()
        page.locator('[data-key="another"] [data-part=title]').focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/experiments/another")

    def test_a_filter_keeps_the_focus_and_the_address_in_step(self, page: Page) -> None:
        page.keyboard.press("/")
        page.keyboard.type("mc?/ quick")  # no shortcut while one types
        expect(page.locator("#q")).to_be_focused()
        expect(page.locator("[data-live=nothing]")).to_be_visible()
        page.locator("#q").fill("benefit")
        expect(page.locator("#said")).to_have_text(re.compile(r"^2 of \d+ cards$"))
        expect(page).to_have_url(re.compile(r"/board\?q=benefit$"))
        page.locator("#clear").click()
        expect(page).to_have_url(re.compile(r"/board$"))

    def test_a_half_typed_reason_survives_what_others_move(self, page: Page, cards: Floor) -> None:
        card = page.locator('[data-key="change_benefit"]')
        card.locator("summary").first.click()
        card.locator("summary:has-text('Send back')").click()
        reason = card.locator("#change_benefit-refuse-reason")
        reason.press_sequentially("The words are")
        moved(cards, "change_benefit", "refuse", "trainer", reason="Nobody can say it.", at=NOW)
        moved(cards, "another", "submit", "lead", at=NOW)
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("#said")).to_contain_text("moved: Plan · In review")
        expect(page.locator('[data-key="another"]')).to_contain_text("In review")
        reason.press_sequentially(" too long.")
        expect(reason).to_have_value("The words are too long.")
        expect(card.locator(".kept")).to_contain_text("What you typed is kept")

    def test_the_page_of_a_card_tells_beside_what_is_typed_that_it_moved(self, page: Page, cards: Floor) -> None:
        page.goto(page.url.replace("/board", "/experiments/change_benefit"))
        page.fill("#comment", "Half a sent")
        moved(cards, "change_benefit", "approve", "trainer", at=NOW)
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("#moved")).to_contain_text("This card has moved: The trainer approved it")
        expect(page.locator("#comment")).to_have_value("Half a sent")


def test_a_running_test_that_is_only_approved_by_the_schedule_is_never_late(app: APIFlask, floor: Floor) -> None:
    a_running_experiment(floor)
    page = a_visitor(app, floor, "lead").get("/board").text
    assert ("Late:" in page, "Here for 7 days" in page) == (False, True)


def test_agents_have_no_board(app: APIFlask, floor: Floor) -> None:
    visitor: Visitor = a_visitor(app, floor, "agent")
    assert [visitor.get(path).status_code for path in ("/board", "/board/cards", "/experiments/x/moved")] == [403] * 3
