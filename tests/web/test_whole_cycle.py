"""One turn of the wheel in a real browser, in both languages: from a template to everyone's words, and on."""

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from apiflask import APIFlask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from experiments import jobs
from experiments.board import cards
from experiments.do.assignments import Answer, Floor, assign
from tests.act.signals import a_signal
from tests.builders import MONDAY, a_call, a_week_of_calls, rolled_up, snapshot_of, told
from tests.web.conftest import Clock
from tests.web.serving import served
from tests.web.test_browser import Visit
from tests.web.visitors import NOW, somebody_with_a_password

KEY = "policy_change_ask"
PEOPLE = {"lin": "lead", "wang": "manager", "chen": "compliance", "zhao": "trainer", "sun": "quality"}
BETTER = "Shall I send it now, or later?"
PILOT, ELSEWHERE = "hangzhou", "ningbo"


@pytest.fixture
def home(app: APIFlask, floor: Floor, clock: Clock) -> Iterator[str]:
    """A week of policy changes under the standard, and one person of each role."""
    clock.now = NOW
    a_week_of_calls(floor, 60, lambda _answer, number: number % 10 < 4)
    for login, role in PEOPLE.items():
        somebody_with_a_password(floor, login, role)
    with served(app) as address:
        yield address


class Company:
    """Everybody at a browser of their own."""

    def __init__(self, browser: Browser, home: str, locale: str) -> None:
        self._browser, self._home, self.locale = browser, home, locale
        self._visits: dict[str, Visit] = {}
        self._contexts: list[BrowserContext] = []

    def at(self, login: str, path: str = f"/experiments/{KEY}") -> Page:
        """Have somebody open a page, signed in and in the language of the story."""
        if login not in self._visits:
            context = self._browser.new_context(locale=self.locale, viewport={"width": 1280, "height": 900})
            self._contexts.append(context)
            self._visits[login] = Visit(context.new_page(), self._home)
            self._visits[login].watch()
        visit = self._visits[login]
        visit.open(path)
        if "/sign-in" in visit.page.url:  # the first time, and whenever days have gone by
            visit.sign_in(login)
            choice = visit.page.locator(f'button[value="{self.locale}"]')
            if choice.count():
                choice.click()
            visit.open(path)
        return visit.page

    def ask(self, login: str, verb: str, reason: str = "") -> None:
        """Have somebody press a move's button on the card's page, and give a reason where there is one."""
        page = self.at(login)
        form = page.locator(f"form:has(input[name='verb'][value='{verb}'])").first
        box = form.locator("xpath=ancestor::details[1]")
        if box.count():
            box.locator("summary").first.click()
        if reason:
            form.locator("textarea[name='reason']").fill(reason)
        form.locator("button").last.click()
        expect(page.locator(".flashes")).to_be_visible()

    def vouch(self, login: str) -> None:
        """Have somebody vouch for all that the gate's checklist leaves to people."""
        while (left := self.at(login).locator(".checklist button")).count():
            left.first.click()

    def picture(self, login: str, name: str) -> None:
        if folder := os.environ.get("SCRIPTBENCH_PICTURES"):
            self._visits[login].page.screenshot(path=f"{folder}/cycle-{name}-{self.locale}.png", full_page=True)

    def leave(self) -> None:
        """Close every browser; nobody's console said an error, and nothing was asked of another machine."""
        for context in self._contexts:
            context.close()
        assert [(visit.errors, visit.foreign) for visit in self._visits.values()] == [([], [])] * len(self._visits)


def standing(floor: Floor, key: str = KEY) -> tuple[str, str]:
    with floor.store.read() as session:
        card = cards.card_of(session, key)
        return card.stage, card.review


def a_day_passes(floor: Floor, clock: Clock, each: int) -> None:
    """Let a day's calls come, half of them from the pilot's region, and the jobs of its night run."""
    calls = [
        a_call(
            number := (clock.now - MONDAY).days * 10_000 + i,
            agent_id=f"agent-{number % 97}",
            region=PILOT if i % 2 else ELSEWHERE,
            at=clock.now + timedelta(seconds=i),
        )
        for i in range(each)
    ]
    assign(floor, snapshot_of(floor), calls)
    clock.pass_(days=1)
    rolled_up(floor)
    morning = floor.calendar.start_of(floor.calendar.day(clock.now)) + timedelta(minutes=1)
    jobs.tend_rollouts(floor.store, floor.calendar, morning)


def as_good_as_ever(answer: Answer, number: int) -> list[dict[str, object]]:
    """Tell of a call that it took as long and pleased as much as the others."""
    at = (answer.assigned_at + timedelta(minutes=9)).isoformat()
    values = {"handled": 180 + number % 30, "satisfaction": 4 + number % 2}
    return [
        {"id": f"{answer.call_id}/{kind}", "call_id": answer.call_id, "type": kind, "at": at, "value": value}
        for kind, value in values.items()
    ]


def likes_the_better(answer: Answer, number: int) -> bool:
    return number % 10 < (4 if answer.arm == "control" else 8)


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_from_a_template_to_the_next_cycle(
    browser: Browser, home: str, floor: Floor, clock: Clock, locale: str
) -> None:
    everybody = Company(browser, home, locale)
    is_planned(everybody, floor)
    is_run_and_read(everybody, floor, clock)
    goes_out(everybody, floor, clock)
    comes_round(everybody, floor, clock)
    everybody.leave()


def words_of(everybody: Company) -> str:
    return f"[id='arms.1.value.{everybody.locale}']"


def is_planned(everybody: Company, floor: Floor) -> None:
    """The lead drafts from a template, the manager refuses, the lead amends, and three approve."""
    page = everybody.at("lin", "/studio?scenario=policy_change&template=ask_choice")
    page.fill(words_of(everybody), "One moment.")
    page.fill("#effect", "20")
    expect(page.locator("#studio-heard")).to_contain_text("One moment.")
    everybody.picture("lin", "1-studio")
    page.click('button[value="submit"]')
    assert standing(floor) == ("plan", "in_review")
    everybody.ask("chen", "approve")
    everybody.ask("wang", "refuse", reason="That is no question.")
    assert standing(floor) == ("plan", "draft")
    page = everybody.at("lin")
    expect(page.locator("main")).to_contain_text("That is no question.")
    page.click(f"a[href='/studio/{KEY}']")
    page.fill(words_of(everybody), BETTER)
    page.click('button[value="submit"]')
    page.wait_for_url(f"**/experiments/{KEY}")
    expect(page.locator(".approvals li")).to_have_count(3)
    expect(page.locator(".approvals .tone-good")).to_have_count(0)  # what chen approved were other words
    everybody.vouch("chen")
    for login in ("chen", "wang", "zhao"):
        assert standing(floor) == ("plan", "in_review")
        everybody.ask(login, "approve")
    assert standing(floor) == ("plan", "approved")


def is_run_and_read(everybody: Company, floor: Floor, clock: Clock) -> None:
    """It runs, its final look arrives, and quality and the manager approve what the verdict says."""
    everybody.ask("lin", "start")
    assert standing(floor) == ("do", "running")
    clock.pass_(days=1)
    answers = a_week_of_calls(floor, 60, likes_the_better, start=clock.now)
    told(floor, [fact for i, answer in enumerate(answers) for fact in as_good_as_ever(answer, i)])
    rolled_up(floor)
    clock.pass_(days=9)
    jobs.take_looks(floor.store, floor.calendar, clock.now)
    assert standing(floor) == ("check", "open")
    everybody.at("lin", "/board")
    everybody.picture("lin", "2-board-at-check")
    everybody.ask("lin", "submit")
    everybody.picture("lin", "3-submitted")
    everybody.vouch("sun")
    everybody.ask("sun", "approve")
    assert standing(floor) == ("act", "in_review")
    everybody.vouch("sun")
    everybody.ask("wang", "approve")
    everybody.ask("sun", "approve")
    assert standing(floor) == ("act", "approved")


def goes_out(everybody: Company, floor: Floor, clock: Clock) -> None:
    """A pilot region says it first, then everyone."""
    page = everybody.at("lin")
    page.locator("summary:has(+ form input[value='roll_out'])").click()
    page.check(f"input[name='region'][value='{PILOT}']")
    page.fill("#pilot-days", "1")
    everybody.picture("lin", "4-rollout-asked")
    page.locator("form:has(input[value='roll_out']) button").click()
    assert standing(floor) == ("act", "rolling_out")
    expect(everybody.at("lin").locator("[aria-current='step']")).to_have_count(0)
    everybody.picture("lin", "4-scheduled")
    a_day_passes(floor, clock, 400)
    expect(everybody.at("wang").locator("[aria-current='step']")).to_contain_text(PILOT)
    a_day_passes(floor, clock, 400)
    page = everybody.at("wang")
    expect(page.locator("[aria-current='step']")).to_contain_text("10")
    everybody.picture("wang", "5-on-its-way")
    for _day in range(16):
        a_day_passes(floor, clock, 400)
    assert standing(floor) == ("act", "standard")
    expect(everybody.at("wang", "/scenarios/policy_change").locator("main")).to_contain_text(BETTER)


def comes_round(everybody: Company, floor: Floor, clock: Clock) -> None:
    """The new standard is found to do worse, and that opens the next cycle."""
    a_signal(floor, clock.now)
    page = everybody.at("lin", "/board")
    everybody.picture("lin", "6-signal-on-the-board")
    card = page.locator("[data-key='standard:policy_change']")
    card.locator("summary").first.click()
    card.locator("a[href*='from_signal']").click()
    page.fill(words_of(everybody), "Now or later, as you like.")
    page.click('button[value="submit"]')
    expect(page.locator(".flashes")).to_be_visible()
    everybody.picture("lin", "7-next-cycle")
    with floor.store.read() as session:
        newest = max((card.experiment for card in cards.every_card(session)), key=lambda test: test.id)
        assert newest.parent is not None
        assert newest.parent.key == KEY
