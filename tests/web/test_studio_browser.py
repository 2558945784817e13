"""A lead drafts from a template in a real browser, watches what follows while typing, and hands the plan in."""

from collections.abc import Iterator

import pytest
from apiflask import APIFlask
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, expect

from experiments.board import cards
from experiments.do.assignments import Floor
from tests.builders import a_week_of_calls
from tests.web.conftest import Clock
from tests.web.serving import served
from tests.web.test_browser import WIDER_THAN_THE_SCREEN, Visit
from tests.web.visitors import NOW, somebody_with_a_password


@pytest.fixture
def home(app: APIFlask, floor: Floor, clock: Clock) -> Iterator[str]:
    """A week of policy changes under the standard, and a lead."""
    clock.now = NOW
    a_week_of_calls(floor, 60, lambda _answer, number: number % 10 < 4)
    somebody_with_a_password(floor, "lin", "lead")
    with served(app) as address:
        yield address


def settled(page: Page) -> None:
    """Wait until what was typed has been worked out and drawn."""
    expect(page.locator("#studio-status")).to_be_empty()
    page.locator("figure[data-chart]").scroll_into_view_if_needed()  # it is fetched when it is near
    expect(page.locator("figure[data-chart]")).to_have_attribute("data-chart", "drawn")


@pytest.mark.parametrize(
    ("locale", "width", "scheme", "told"),
    [
        ("zh-CN", 1440, "light", ("从模板开始", "挑战组 “which number”", "方案已提交")),
        ("en", 390, "dark", ("Begin with a template", "Challenger “which number”", "The plan is handed in")),
    ],
    ids=["chinese on a wall", "english on a telephone at night"],
)
def test_a_lead_drafts_from_a_template_and_submits(
    browser: Browser, home: str, floor: Floor, locale: str, width: int, scheme: str, told: tuple[str, str, str]
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale) as context:  # type: ignore[arg-type]
        visit = Visit(context.new_page(), home)
        page = visit.page
        visit.watch()
        visit.sign_in("lin")
        page.click(f'button[value="{locale}"]') if locale == "zh-CN" else None
        visit.open("/board")
        page.click('main a[href="/studio"]')
        page.click('a[href="/studio?scenario=policy_change"]')
        page.click(f"summary:has-text('{told[0]}')")
        page.click('a[href="/studio?scenario=policy_change&template=ask_choice"]')
        settled(page)
        assert not Axe().run(page).response["violations"]
        assert not page.evaluate(WIDER_THAN_THE_SCREEN)

        page.fill("[id='arms.1.value.en']", "Shall I send it now, or later?")
        page.fill("#effect", "20")
        page.select_option("[name='audience.1.fact']", "region")
        page.fill("[name='audience.1.values']", "hangzhou")
        expect(page.locator("[id='arms.1-differs']")).to_contain_text("Shall I send it now, or later?")
        expect(page.locator("#studio-heard")).to_contain_text("Shall I send it now, or later?")
        expect(page.locator("#studio-heard")).to_contain_text(told[1])
        expect(page.locator("#audience-count")).to_contain_text("60")
        settled(page)
        assert page.is_checked("[name='audience.mode'][value='rows']")
        assert page.evaluate("document.activeElement.name") == "audience.1.values"

        page.fill("#effect", "none")
        expect(page.locator("#effect")).to_have_attribute("aria-invalid", "true")
        page.fill("#effect", "20")
        expect(page.locator("#effect")).not_to_have_attribute("aria-invalid", "true")
        assert not Axe().run(page).response["violations"]
        page.click('button[value="submit"]')
        assert told[2] in page.inner_text(".flashes")
        assert page.url == f"{home}/experiments/policy_change_ask"
        assert (visit.errors, visit.foreign) == ([], [])
    with floor.store.read() as session:
        card = cards.card_of(session, "policy_change_ask")
        assert (card.stage, card.review) == ("plan", "in_review")
        assert card.experiment.audience["region"] == {"$in": ["hangzhou"]}


def test_what_is_not_kept_is_not_left_by_accident(browser: Browser, home: str) -> None:
    with browser.new_context(locale="en") as context:
        visit = Visit(context.new_page(), home)
        page = visit.page
        asked: list[str] = []
        visit.sign_in("lin")
        visit.open("/studio?scenario=policy_change")

        def agree(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.accept()

        page.on("dialog", agree)
        page.focus("#variable")
        page.select_option("#variable", "objection")
        expect(page.locator("#key")).to_have_value("policy_change_objection")
        assert page.evaluate("document.activeElement.id") == "variable"
        page.fill("[id='title.en']", "Mine")
        page.goto(home + "/board")
        assert asked == ["beforeunload"]
