"""A standard under control, on its page: charts, signals, the plan that one proposes, and the next review."""

import gzip
import json
import os
from datetime import timedelta

import pytest
from apiflask import APIFlask
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from experiments import jobs
from experiments.do.assignments import Floor
from tests.act.floors import weeks_of_calls
from tests.builders import MONDAY, a_centre, another_standard
from tests.histories import after
from tests.web.conftest import Clock
from tests.web.serving import served
from tests.web.test_browser import WIDER_THAN_THE_SCREEN, Visit
from tests.web.visitors import Visitor, a_visitor, somebody_with_a_password

PAGE = "/scenarios/policy_change"
DROPPED = [0.4] * 42 + [0.28] * 21
LATER = MONDAY + timedelta(days=64)
just_opened = after(a_centre)


def a_drop(floor: Floor) -> None:
    """Let a standard do worse for three weeks, in one of two regions the more."""
    weeks_of_calls(floor, DROPPED, complaints=0.02)
    weeks_of_calls(floor, [0.4] * 63, region="ningbo", seed=5)
    jobs.control(floor.store, floor.calendar, LATER)


pytestmark = after(a_drop)


@pytest.fixture
def dropped(floor: Floor, clock: Clock) -> Floor:
    clock.now = LATER
    return floor


@pytest.fixture
def lead(app: APIFlask, dropped: Floor) -> Visitor:
    return a_visitor(app, dropped, "lead")


def drawn(lead: Visitor, name: str, arguments: str = "") -> str:
    return gzip.decompress(lead.get(f"{PAGE}/pictures/{name}.json{arguments}").data).decode()


def test_the_page_charts_the_key_rates_and_tells_what_was_found(lead: Visitor) -> None:
    page = lead.get(PAGE).text
    assert 'id="control-accepted"' in page
    assert 'id="control-complaint"' in page
    assert "Has fallen (cumulative sum)" in page
    assert "hangzhou: Accepted" in page
    assert "Data as of 4 Jan 2027" in page
    assert '"item"' not in page, "the page carries no chart"
    assert "Has fallen (cumulative sum)" in drawn(lead, "control-accepted")


def test_one_region_is_charted_alone(lead: Visitor) -> None:
    page = lead.get(f"{PAGE}?region=ningbo").text
    assert "Accepted, ningbo: as usual" in page
    assert f"{PAGE}/pictures/control-accepted.json?region=ningbo" in page
    assert drawn(lead, "control-accepted", "?region=ningbo") != drawn(lead, "control-accepted")
    assert lead.get(f"{PAGE}/pictures/control-weather.json").status_code == 404
    assert "all regions" in lead.get(f"{PAGE}?region=nowhere").text


def test_a_signal_offers_its_plan_as_a_file(lead: Visitor) -> None:
    page = lead.get(PAGE).text
    path = page.split("/signals/")[1].split("/plan.json")[0]
    answer = lead.get(f"{PAGE}/signals/{path}/plan.json")
    plan = json.loads(answer.text)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert plan["scenario"] == "policy_change"
    assert [arm["key"] for arm in plan["arms"]] == ["control", "new"]
    assert lead.get(f"{PAGE}/signals/9999/plan.json").status_code == 404
    assert f'href="/studio?from_signal={path}"' in page
    opened = lead.get(f"/studio?from_signal={path}").text
    assert f'value="after_signal_{path}"' in opened


@just_opened
def test_before_the_first_weeks_are_over_it_says_from_when_on(app: APIFlask, floor: Floor) -> None:
    page = a_visitor(app, floor, "lead").get(PAGE).text
    assert "the charts begin on 2 Dec 2026" in page
    assert "31 Jan 2027" in page


@just_opened
def test_where_nobody_called_it_says_that_too_little_is_known(app: APIFlask, floor: Floor, clock: Clock) -> None:
    clock.now = LATER
    assert "Too few calls heard this standard" in a_visitor(app, floor, "lead").get(PAGE).text


def test_a_lead_confirms_the_standard_and_sets_the_next_review(lead: Visitor) -> None:
    answer = lead.post(f"{PAGE}/review", owner="manager", review_by="2027-03-01", note="Heard 20 calls.")
    assert answer.status_code == 303
    page = lead.get(PAGE).text
    assert "The manager" in page
    assert "1 Mar 2027" in page
    assert "Heard 20 calls." in page
    assert "Earlier reviews (1)" in page
    assert "Next review by 1 Mar 2027" in page


@pytest.mark.parametrize(
    ("owner", "day", "said"),
    [
        # nobody of that name
        ("nobody", "2027-03-01", "nobody"),
        # not a day
        ("lead", "soon", "is no day"),
        # long past
        ("lead", "2020-01-01", "Choose a day after today"),
    ],
)
def test_a_review_that_will_not_do_comes_back_as_words(lead: Visitor, owner: str, day: str, said: str) -> None:
    lead.post(f"{PAGE}/review", owner=owner, review_by=day, note="")
    page = lead.get(PAGE).text
    assert said in page
    assert "Nobody has confirmed it yet" in page


def test_others_see_when_but_may_not_confirm(app: APIFlask, dropped: Floor) -> None:
    trainer = a_visitor(app, dropped, "trainer")
    assert "Confirm the standard" not in trainer.get(PAGE).text
    assert trainer.post(f"{PAGE}/review", owner="lead", review_by="2027-03-01", note="").status_code == 403


@just_opened
def test_an_overdue_review_is_marked(app: APIFlask, floor: Floor, clock: Clock) -> None:
    clock.now = MONDAY + timedelta(days=91)
    lead = a_visitor(app, floor, "lead")
    assert "Review overdue" in lead.get(PAGE).text
    assert "due by 31 Jan 2027, The system" in lead.get("/scenarios").text


def test_a_new_standard_begins_anew(app: APIFlask, dropped: Floor) -> None:
    another_standard(dropped)
    assert "control-accepted" not in a_visitor(app, dropped, "lead").get(PAGE).text


@pytest.mark.parametrize(("locale", "width"), [("en", 1440), ("zh-CN", 1440), ("en", 390), ("zh-CN", 390)])
def test_it_is_drawn_in_a_browser_without_an_error_or_a_barrier(
    app: APIFlask, dropped: Floor, browser: Browser, locale: str, width: int
) -> None:
    somebody_with_a_password(dropped, "wang", "lead", locale=locale)
    with served(app) as home, browser.new_context(locale=locale, viewport={"width": width, "height": 900}) as context:
        visit = Visit(context.new_page(), home)
        visit.watch()
        visit.sign_in("wang")
        visit.open(PAGE)
        expect(visit.page.locator("#control-accepted .chart-canvas canvas").first).to_be_visible()
        assert not visit.page.evaluate(WIDER_THAN_THE_SCREEN)
        assert not Axe().run(visit.page).response["violations"]
        if folder := os.environ.get("SCRIPTBENCH_PICTURES"):
            visit.page.screenshot(path=f"{folder}/control-{locale}-{width}.png", full_page=True)
        assert (visit.errors, visit.foreign) == ([], [])
