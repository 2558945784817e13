"""Every page in a real browser, in both languages: no error, no request that leaves the machine, no barrier."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import pytest
from apiflask import APIFlask
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from experiments.do.assignments import Floor
from experiments.plan.rules import ArmPlan
from tests.builders import PASSWORD, a_draft, a_submitted_plan, moved, standard_value
from tests.web.conftest import Clock
from tests.web.serving import served
from tests.web.visitors import NOW, a_decided_test, somebody_with_a_password

PAGES = [
    "/",
    "/?span=today",
    "/scenarios",
    "/scenarios/standing?by=harm",
    "/scenarios/policy_change",
    "/scenarios/policy_service",
    "/board",
    "/experiments",
    "/experiments/change_benefit",
    "/variables",
    "/experiments/change_benefit/listening",
    "/experiments/enquiry_benefit",
    "/knowledge?q=words",
    "/knowledge/claim_bridge",
    "/scenarios/policy_change/manual",
    "/reports?by=agent&per=day",
    "/experiments/change_benefit/pack",
    "/studio",
    "/studio?scenario=policy_change&template=benefit",
    "/studio/benefit_again",
    "/desk?scenario=policy_change&preview=1",
    "/sign-in",
]
# What answers a GET of the people's rooms and is no page of its own, each with the reason.
NO_PAGE = {
    "desk.standby": "words for the desk's own script, as JSON",
    "desk.worker": "a script",
    "pages.board_cards": "a piece of the board, which is walked with it",
    "pages.bokeh_js": "a script",
    "pages.moved": "a piece of an experiment's page",
    "pages.picture": "what a chart is drawn from, as JSON",
    "pages.picture_numbers": "a file to take along",
    "pages.proposed_plan": "a file to take along",
    "pages.shares_picture": "what a chart is drawn from, as JSON",
    "pages.scenario_picture": "what a chart is drawn from, as JSON",
    "pages.home_picture": "what a chart is drawn from, as JSON",
    "pages.variable_picture": "what a chart is drawn from, as JSON",
    "reports.pack_file": "a file to take along",
    "reports.table_file": "a file to take along",
    "studio.sizes": "what a chart is drawn from, as JSON",
}
ROOMS = ("pages", "studio", "desk", "reports")
NOT_DRAWN = "figure[data-chart]:not([data-chart='drawn'])"
# What one taps, unless it stands within a line of text: below 24 px a side a finger misses it (WCAG 2.2, 2.5.8).
SMALL = """() => [...document.querySelectorAll("a, button, summary, select, textarea, input:not([type=hidden])")]
  .map((each) => (each.matches("[type=checkbox], [type=radio]") && each.closest("label")) || each)
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && getComputedStyle(each).display !== "inline")
  .map((each) => [each.outerHTML.slice(0, 120), each.getBoundingClientRect()])
  .filter(([_html, { width, height }]) => width > 1 && (width < 23.9 || height < 23.9)).map(([html]) => html)"""
WIDER_THAN_THE_SCREEN = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass
class Visit:
    """A page under watch: what its console said, and what it asked of other machines."""

    page: Page
    home: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.route("**/*", self._at_home_only)

    def _at_home_only(self, route: Route) -> None:
        if route.request.url.startswith((f"{self.home}/", "data:", "blob:")):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def open(self, path: str) -> None:
        self.page.goto(self.home + path)
        expect(self.page.locator(NOT_DRAWN)).to_have_count(0, timeout=15_000)

    def sign_in(self, name: str) -> None:
        self.open("/sign-in")
        self.page.fill("#name", name)
        self.page.fill("#password", PASSWORD)
        self.page.click("main button")


@pytest.fixture
def home(app: APIFlask, floor: Floor, clock: Clock) -> Iterator[str]:
    clock.now = NOW
    a_decided_test(floor)
    scenario = "policy_enquiry"
    control = ArmPlan("control", 5000, standard_value(floor, "benefit", scenario))
    other = ArmPlan("shorter", 5000, {"zh-CN": "一句话就能办。", "en": "One line will do."})
    a_submitted_plan(floor, key="enquiry_benefit", scenario=scenario, arms=(control, other), salt="another")
    a_draft(floor, key="claim_bridge", salt="a third")
    a_draft(floor, key="benefit_again", salt="a fourth")
    moved(floor, "claim_bridge", "abandon", "lead", reason="Other words are tested there already.")
    somebody_with_a_password(floor, "wang", "manager", "quality", "lead")
    with served(app) as address:
        yield address


def test_every_page_there_is_is_walked_below_or_named_with_the_reason_why_not(app: APIFlask) -> None:
    doors = app.url_map.bind("")
    walked = {doors.match(path.partition("?")[0])[0] for path in PAGES}
    rooms = (rule for rule in app.url_map.iter_rules() if rule.endpoint.partition(".")[0] in ROOMS)
    assert {rule.endpoint for rule in rooms if "GET" in (rule.methods or ())} == walked | NO_PAGE.keys()
    assert not walked & NO_PAGE.keys()


@pytest.mark.parametrize(
    ("locale", "width", "scheme"),
    [("zh-CN", 1440, "light"), ("en", 390, "dark")],
    ids=["chinese on a wall", "english on a telephone at night"],
)
def test_every_page_opens_without_error_foreign_request_or_barrier(
    browser: Browser, home: str, locale: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale) as context:
        visit = Visit(context.new_page(), home)
        visit.watch()
        visit.sign_in("wang")
        visit.page.click(f'button[value="{locale}"]') if locale == "zh-CN" else None
        for path in PAGES:
            visit.open(path)
            assert visit.page.locator("html").get_attribute("lang") == locale
            assert not Axe().run(visit.page).response["violations"], path
            assert not visit.page.evaluate(WIDER_THAN_THE_SCREEN), path
            assert visit.page.evaluate(SMALL) == [], path
        assert (visit.errors, visit.foreign) == ([], [])
        visit.open("/nowhere")
        assert visit.page.locator("html").get_attribute("lang") == locale
        assert visit.page.locator("nav .menu a").count() > 1
        assert not Axe().run(visit.page).response["violations"]


def test_a_manager_approves_by_a_click_and_sees_it_done(browser: Browser, home: str) -> None:
    with browser.new_context(locale="en") as context:
        visit = Visit(context.new_page(), home)
        visit.watch()
        visit.sign_in("wang")
        visit.page.click("text=Approve")
        visit.page.click("summary:has-text('Approve')")
        visit.page.fill("#approve-reason", "The words are right.")
        visit.page.click("details.ask[open] button")
        assert "Wang Wang" in visit.page.inner_text(".approvals")
        assert "Done." in visit.page.inner_text(".flashes")
        assert (visit.errors, visit.foreign) == ([], [])
