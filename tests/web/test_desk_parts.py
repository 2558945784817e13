"""The desk's scripts in a real browser, where a shift seldom leads: a full store, a clock set back, a slow server."""

from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from playwright.sync_api import Browser, Page

from tests.web.serving import served

WITH_PARTS = """async () => {
  const { Queue, Sender, lastingStore, renewed } = await import("/static/desk_queue.js");
  const { HOLD, Told, isPending } = await import("/static/desk_told.js");
  const fact = (id, type) => ({ id, call_id: "c", scenario: "s", type, at: new Date().toISOString() });
  const queue = new Queue("li", localStorage);
  const filled = (room) => { // up to so many characters
    localStorage.setItem("room", "x".repeat(room));
    for (let size = 2 ** 22, n = 0; size >= 1; n += 1) {
      try { localStorage.setItem(`full${n}`, "x".repeat(size)); } catch { size /= 2; }
    }
    localStorage.removeItem("room");
  };
  const states = [];
  const heard = async (before) => {
    const root = { dataset: { tell: "/desk/outcomes", csrf: "" } };
    const sender = new Sender(queue, root, (state) => states.push(state));
    sender[before]();
    for (let n = 0; n < 100 && !states.length; n += 1) await new Promise((done) => setTimeout(done, 20));
    clearTimeout(sender.timer);
    return states;
  };
  const setBack = (seconds) => {
    const real = Date.now;
    Date.now = () => real() - 1000 * seconds;
  };
  %s
}"""


@pytest.fixture
def page(browser: Browser, app: APIFlask) -> Iterator[Page]:
    with served(app) as address, browser.new_context(bypass_csp=True) as context:
        page = context.new_page()
        page.goto(f"{address}/sign-in")
        yield page


def run(page: Page, script: str) -> Any:
    return page.evaluate(WITH_PARTS % script)


def test_an_undone_fact_is_gone_though_the_store_was_full(page: Page) -> None:
    told = """
      filled(250);
      queue.put(fact("1", "resolved"), Date.now() + HOLD);
      const kept = new Queue("li", localStorage).waiting();
      queue.put(fact("2", "exposed"), Date.now() + HOLD);
      const before = [kept, queue.waiting(), queue.lasting];
      return [...before, queue.take(["1", "2"]), queue.waiting(), new Queue("li", lastingStore()).waiting()];
    """
    assert run(page, told) == [1, 2, False, True, 0, 0]


def test_a_full_store_still_gives_what_waits_in_it(page: Page) -> None:
    told = """
      queue.put(fact("1", "resolved"), 0);
      filled(0);
      const again = new Queue("li", lastingStore());
      return [again.waiting(), again.lasting];
    """
    assert run(page, told) == [1, False]


def test_what_is_refused_is_settled_though_the_store_is_full(page: Page) -> None:
    refusal = {"kept": [], "refused": [{"id": "1", "why": "value: Give at least 0. " * 20}]}
    page.route("**/desk/outcomes", lambda route: route.fulfill(json=refusal))
    told = """
      queue.put(fact("1", "declined"), 0);
      filled(0);
      await heard("nudge");
      const refused = queue.refused().map((each) => each.fact.id);
      return [states, queue.waiting(), refused, new Queue("li", localStorage).waiting()];
    """
    assert run(page, told) == [["sent"], 0, ["1"], 0]


def test_nothing_is_held_longer_because_the_clock_was_set_back(page: Page) -> None:
    page.route("**/desk/outcomes", lambda route: route.fulfill(json={"kept": ["1"], "refused": []}))
    told = """
      const pressed = { pressed: Date.now() };
      queue.put(fact("1", "resolved"), Date.now() + HOLD);
      const held = [isPending(pressed), queue.due(Date.now()).length];
      setBack(3600);
      return [...held, isPending(pressed), queue.due(Date.now()).length, await heard("plan"), queue.waiting()];
    """
    assert run(page, told) == [True, 0, False, 1, ["sent"], 0]


def test_seconds_below_nothing_are_not_told(page: Page) -> None:
    told = """
      const facts = [];
      const call = { direction: "%s", invite: true, told: {} };
      const outcomes = new Told(call, (type, { value }) => facts.push([type, value ?? null]), () => true);
      %s
      return facts.at(-1);
    """
    behind = "outcomes.wasResolved(Date.now() + 600000); outcomes.press('declined');"  # by the server's clock
    back = "outcomes.press('resolved'); outcomes.press('invited'); setBack(60); outcomes.press('declined');"
    hung = "outcomes.press('connected'); setBack(1); outcomes.press('hung_up');"
    assert run(page, told % ("outbound", behind)) == ["declined", None]
    assert run(page, told % ("inbound", back)) == ["declined", None]
    assert run(page, told % ("outbound", hung)) == ["hung_up", None]


def test_a_server_that_never_answers_is_not_waited_for_with_a_new_token(page: Page) -> None:
    told = """
      window.fetch = (url, { signal }) => new Promise((answer, fail) => {
        signal?.addEventListener("abort", () => fail(signal.reason));
      });
      const asked = renewed({ dataset: { desk: "/desk" } }, 20).catch((problem) => problem.name);
      return Promise.race([asked, new Promise((late) => setTimeout(late, 500, "still waiting"))]);
    """
    assert run(page, told) == "TimeoutError"


WORKER = """async ([server, hours]) => {
  const told = {};
  const headers = { Date: new Date(Date.now() - hours * 3600000).toUTCString() };
  const caches = { open: async () => ({ match: async () => new Response("kept", { headers }) }) };
  const self = { location, addEventListener: (name, does) => { told[name] = does; } };
  const servers = {
    slow: () => new Promise((answer) => setTimeout(() => answer(new Response("live")), 20)),
    away: async () => new Response("live", { status: 503 }),
    gone: async () => { throw new TypeError("no network"); },
  };
  const atOnce = (does) => does();
  const written = await (await fetch("/static/desk_worker.js")).text();
  const worker = new Function("self", "caches", "fetch", "setTimeout", written);
  worker(self, caches, servers[server], atOnce);
  let answer;
  told.fetch({
    request: { url: `${location.origin}/desk`, method: "GET", mode: "navigate" },
    respondWith: (given) => { answer = given; },
  });
  return answer.then((given) => given.text(), () => "nothing");
}"""

# how the server does, how many hours ago the page was first kept, and what opens
OPENED = [
    ("slow", 1, "live"),  # who is signed in may be another by now
    ("gone", 1, "kept"),
    ("away", 1, "kept"),
    ("gone", 13, "nothing"),  # longer than any sign-in lasts
    ("away", 13, "live"),
]


def test_the_kept_desk_opens_only_where_no_server_answers(page: Page) -> None:
    opened = [page.evaluate(WORKER, [server, hours]) for server, hours, _ in OPENED]
    assert opened == [opens for _, _, opens in OPENED]
