"""An agent takes calls in a real browser: by keys alone, over a network that breaks, and everything arrives once."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from apiflask import APIFlask
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from configs.settings import catalogue_documents
from experiments.do.assignments import Floor
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.plan import catalogue
from tests.builders import MONDAY, a_running_experiment
from tests.histories import after
from tests.web.conftest import OPERATOR
from tests.web.serving import served
from tests.web.test_browser import WIDER_THAN_THE_SCREEN, Visit
from tests.web.visitors import somebody_with_a_password

CALL = "/desk?scenario=policy_change&call_id=first&caller_relation=self&customer_id=C-80231&{place}=13800001111"
PERSONAL = "C-80231|1380000"
OF_THE_FIRST = {"displayed", "resolved", "exposed", "invited", "declined", "spoken", "complaint", "handled"}
OF_THE_SECOND = {"served", "displayed", "resolved", "complaint", "handled"}
OF_THE_THIRD = {"served", "displayed", "resolved"}
STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}])"
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
def home(app: APIFlask, floor: Floor) -> Iterator[str]:
    for locale in ("en", "zh-CN"):
        somebody_with_a_password(floor, f"agent_{locale[:2]}", "agent", locale=locale)
    somebody_with_a_password(floor, "qin", "supervisor")
    with floor.store.write() as session:
        bank = catalogue.parse(catalogue_documents()["bank"])
        catalogue.load(session, bank, actor=OPERATOR, now=MONDAY)
    with served(app) as address:
        yield address


def facts(floor: Floor) -> list[tuple[str, str]]:
    with floor.store.read() as session:
        return [(row.call_id or "", row.type) for row in session.scalars(select(Outcome).order_by(Outcome.id))]


def barriers(page: Page) -> list[object]:
    assert not page.evaluate(WIDER_THAN_THE_SCREEN)
    return list(Axe().run(page).response["violations"])


def pressed(page: Page) -> list[str]:
    keys = page.locator(".desk-key[aria-pressed=true]:visible")
    return list(keys.evaluate_all("keys => keys.map(key => key.dataset.type)"))


def phases(page: Page) -> set[str]:
    return set(page.locator(".desk-part:visible").evaluate_all("parts => parts.map(part => part.dataset.phase)"))


def forgets(page: Page) -> bool:
    return bool(page.wait_for_function("localStorage.getItem('scriptbench.desk.shell') === null"))


class Shift:
    """An agent at the desk, and the sentences by which she is told what goes on there."""

    def __init__(self, page: Page, told: tuple[str, ...]) -> None:
        self.page = page
        self.not_yet, self.waiting, self.no_answer, self.undone, self.all_sent, self.offline = told
        self.badge, self.said = page.locator("#desk-waiting"), page.locator("#desk-said")
        self.lost = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def lose(self, route: Route) -> None:
        """Let the server hear what is told, and lose its answer on the way back."""
        self.lost += 1
        route.fetch()
        route.abort()

    def waits_for(self, seconds: float, badge: str) -> None:
        self.page.clock.fast_forward(int(seconds * 1000))
        expect(self.badge).to_contain_text(badge)

    def opens_a_call(self, agent: str) -> None:
        """Large words, the service first, and nothing of the customer in the address."""
        expect(self.page.locator(".desk-words").first).to_be_visible()
        assert self.page.evaluate(_READABLE) == [True, True, True]
        assert phases(self.page) == {"service"}
        assert agent in self.page.locator(".desk-words").first.inner_text()
        assert not re.search(PERSONAL, self.page.url)
        assert not barriers(self.page)
        expect(self.badge).to_have_text(self.all_sent)
        expect(self.page.locator("#desk")).to_have_attribute("data-shell", "kept")

    def tells_by_keys(self) -> None:
        """No invitation before the service is done; the same key again undoes."""
        self.press("3")
        expect(self.said).to_contain_text(self.not_yet)
        self.press("1")
        assert phases(self.page) == {"service", "invitation", "objection", "end"}
        self.press("1")
        expect(self.said).to_contain_text(self.undone)
        assert (phases(self.page), pressed(self.page)) == ({"service"}, [])
        self.press("1", "2")
        self.waits_for(8, self.all_sent)

    def goes_on_while_answers_get_lost(self) -> None:
        self.page.route("**/desk/outcomes", self.lose)
        self.press("4", "7")
        assert not barriers(self.page)
        self.waits_for(5.1, f"2 {self.waiting}")
        expect(self.said).to_contain_text(self.offline)
        assert self.lost
        self.page.unroute_all()

    def goes_on_without_a_network(self) -> None:
        """The desk is loaded again by itself, with the same words, and knows what waits."""
        self.page.context.set_offline(True)
        self.press("6", "4")
        assert "declined" in pressed(self.page), "too late to undo"
        self.waits_for(60, f"3 {self.waiting}")
        kept = self.page.evaluate(STORED)
        assert "declined" in kept
        assert not re.search(PERSONAL, kept)
        assert not re.search(r"change_benefit|quicker|\b(arm|experiment|version)\b", kept)
        for offline in (True, False):
            self.page.context.set_offline(offline)
            self.page.reload()
            expect(self.page.locator(".desk-key[aria-pressed=true]:visible")).to_have_count(5)
            assert set(pressed(self.page)) == {"resolved", "invited", "declined", "complaint", "spoken"}
            expect(self.page.locator("#desk-standby")).to_be_hidden()
            expect(self.badge).to_contain_text(f"3 {self.waiting}" if offline else self.all_sent)

    def begins_the_next_in_two(self) -> None:
        """Over, and begin. Digits that are typed into a field are digits. Without a server known words stand in."""
        self.press("0")
        assert self.page.evaluate("document.activeElement.id") == "desk-begin"
        assert not barriers(self.page)
        self.page.focus("#call_id")
        self.page.keyboard.type("10")
        assert self.page.input_value("#call_id") == "10"
        self.page.fill("#call_id", "")
        self.page.focus("#desk-begin")
        self.page.context.set_offline(True)
        self.press("Enter")
        expect(self.page.locator("#desk-standby")).to_be_visible()
        expect(self.page.locator("#desk-standby")).to_contain_text(self.no_answer)

    def takes_it_with_the_standard(self) -> str:
        """There is no invitation then. Keys can be turned off. The call is told of when the server is back."""
        self.press("7", "1")
        assert phases(self.page) == {"service", "end"}
        assert not barriers(self.page)
        self.press("?")
        self.page.uncheck("#shortcuts")
        self.press("5")
        assert pressed(self.page) == ["resolved"]
        call = self.page.inner_text("#desk-call-id")
        assert UUID7.fullmatch(call)
        self.page.context.set_offline(False)
        self.waits_for(60, self.all_sent)
        return call

    def is_signed_out_and_in_again(self, home: str, agent: str) -> None:
        """What is told meanwhile waits, and goes out once the same person has signed in in another window.

        There the next person could sign in as well: the kept desk is gone.
        """
        self.page.context.clear_cookies()
        self.page.click('[data-type="complaint"]:visible')
        self.waits_for(8, f"1 {self.waiting}")
        expect(self.page.locator("#sign-in a")).to_be_visible()
        assert not barriers(self.page)
        with self.page.context.expect_page() as opened:
            self.page.click("#sign-in a")
        expect(opened.value.locator("#password")).to_be_visible()
        assert forgets(opened.value)
        Visit(opened.value, home).sign_in(agent)
        opened.value.close()
        self.waits_for(60, self.all_sent)
        expect(self.page.locator("#sign-in")).to_be_hidden()

    def goes_on_while_the_clock_is_set_back(self) -> None:
        """Nothing waits for the time to come round again, and no time below nothing is told."""
        self.page.check("#shortcuts")
        self.page.locator("#shortcuts").blur()
        self.press("0")
        self.page.fill("#call_id", "  third ")
        self.page.focus("#desk-begin")
        self.page.context.set_offline(True)
        self.press("Enter")
        expect(self.page.locator("#desk-call-id")).to_have_text("third")
        self.press("1")
        self.page.clock.set_system_time(self.page.evaluate("Date.now() / 1000 - 3600"))
        self.press("1", "0")
        self.page.context.set_offline(False)
        self.waits_for(60, self.all_sent)
        expect(self.page.locator("#desk-refused")).to_be_hidden()

    def signs_out(self) -> None:
        """On any page; what was kept is dropped before the server hears of it."""
        form = self.page.locator("form[action$='/sign-out']")
        form.evaluate("form => form.dispatchEvent(new SubmitEvent('submit'))")
        assert forgets(self.page)


@after(a_running_experiment)
@pytest.mark.parametrize(
    ("locale", "width", "scheme", "told"),
    [
        (
            "zh-CN",
            1440,
            "light",
            ("先完成服务", "条待上传", "服务器没有应答", "已撤销", "全部已上传", "网络已断开"),
        ),
        (
            "en",
            390,
            "dark",
            ("First the service", "waiting to be sent", "does not answer", "undone", "All sent", "No connection"),
        ),
    ],
    ids=["chinese at a desk", "english on a telephone at night"],
)
def test_a_shift_of_calls_by_keys_alone_over_a_broken_network(
    browser: Browser, home: str, floor: Floor, locale: str, width: int, scheme: str, told: tuple[str, ...]
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale) as context:  # type: ignore[arg-type]
        visit, agent = Visit(context.new_page(), home), f"agent_{locale[:2]}"
        visit.watch()
        visit.sign_in(agent)
        visit.page.clock.install()
        visit.open(CALL.format(place="金额" if locale == "zh-CN" else "amount"))
        shift = Shift(visit.page, told)
        shift.opens_a_call(agent)
        shift.tells_by_keys()
        shift.goes_on_while_answers_get_lost()
        shift.goes_on_without_a_network()
        shift.begins_the_next_in_two()
        second = shift.takes_it_with_the_standard()
        shift.is_signed_out_and_in_again(home, agent)
        shift.goes_on_while_the_clock_is_set_back()
        visit.open("/")
        shift.signs_out()
        assert (visit.foreign, [said for said in visit.errors if "Failed to load resource" not in said]) == ([], [])
    heard = Counter(facts(floor))
    assert set(heard.values()) == {1}
    assert {kind for call, kind in heard if call == "first"} == OF_THE_FIRST
    assert {kind for call, kind in heard if call == second} == OF_THE_SECOND
    assert {kind for call, kind in heard if call == "third"} == OF_THE_THIRD
    with floor.store.read() as session:
        assert set(session.scalars(select(Assignment.call_id))) == {"first", second, "third"}
        seconds = session.scalars(select(Outcome.value).where(Outcome.type == "declined")).one()
    assert seconds is not None
    assert 8 <= seconds <= 30, "from the invitation to the no, by the clock"


_READABLE = """() => {
  const words = document.querySelector(".desk-words"), style = getComputedStyle(words);
  const size = parseFloat(style.fontSize);
  const keys = [...document.querySelectorAll(".desk-key")].filter((key) => key.offsetParent);
  return [
    size >= 22 && parseFloat(style.maxWidth) <= 32 * size + 0.5,
    Math.abs(parseFloat(style.lineHeight) / size - 1.7) < 0.01,
    keys.length === 8 && keys.every((key) => key.offsetHeight >= 48),
  ];
}"""


@after(a_running_experiment)
def test_a_supervisor_sees_what_agents_see_and_leaves_nothing_behind(browser: Browser, home: str, floor: Floor) -> None:
    with browser.new_context(locale="en") as context:
        visit = Visit(context.new_page(), home)
        page = visit.page
        visit.watch()
        visit.sign_in("qin")
        visit.open("/scenarios/policy_change")
        page.click("text=As an agent sees it")
        expect(page.locator(".desk-words").first).to_be_visible()
        page.keyboard.press("1")
        page.keyboard.press("2")
        assert pressed(page) == ["resolved", "invited"]
        assert not barriers(page)
        # The closing words answer a yes and a no: where nobody may be asked, the desk says to leave those out.
        nobody_asked = page.get_by_text("Nobody was invited in this call")
        expect(nobody_asked).to_have_count(0)
        visit.open("/desk?scenario=policy_change&caller_relation=self&do_not_invite=true&preview=1")
        expect(page.locator(".desk-words").first).to_be_visible()
        page.keyboard.press("1")
        expect(nobody_asked).to_be_visible()
        assert phases(page) == {"service", "end"}
        # Outbound: whoever says no before any offer says it within so many seconds of answering.
        visit.open("/desk?scenario=deposit_campaign&preview=1")
        expect(page.locator(".desk-words").first).to_be_visible()
        page.keyboard.press("3")
        page.keyboard.press("1")
        page.keyboard.press("4")
        assert pressed(page) == ["connected", "declined"]
        expect(page.locator('[data-type="declined"]:visible .under')).to_contain_text("within the first 30")
        assert not barriers(page)
        page.keyboard.press("0")
        assert json.loads(page.evaluate("JSON.stringify({...localStorage})")) == {}
        assert (visit.foreign, visit.errors) == ([], [])
    assert facts(floor) == []
    with floor.store.read() as session:
        assert session.scalars(select(Assignment.id)).all() == []
