"""The job that sends: to real receivers, once each, in their language, and none is held up by another."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from experiments import jobs
from experiments.calendar import SiteCalendar
from experiments.notices import delivering, outbox
from experiments.notices.events import Event
from experiments.notices.faults import NotSent
from experiments.notices.reach import Reach
from experiments.notices.tables import Delivery
from experiments.notices.targets import Post
from experiments.store import Store
from experiments.wording import Message
from tests.notices.receiving import (
    HERE,
    SECRET,
    Receiver,
    Wall,
    a_chat,
    a_post,
    a_receiver,
    a_webhook,
    told,
    with_status,
)

NOTICES = next(job for job in jobs.JOBS if job.name == "notices")


def deliver(store: Store, post: Post) -> str:
    return delivering.deliver(store, post, now=post.clock())


def states(store: Store) -> list[tuple[str, int, str | None]]:
    with store.read() as session:
        rows = session.scalars(select(Delivery).order_by(Delivery.id))
        return [(row.state, row.tries, row.fault) for row in rows]


def test_a_notice_arrives_signed_with_its_facts(store: Store, receiver: Receiver) -> None:
    told(store, roles=("manager",))
    assert deliver(store, a_post(a_webhook(receiver.port))) == "1 sent, 0 not taken"
    (taken,) = receiver.taken
    body = Webhook(SECRET).verify(taken.body, taken.headers)
    assert body["type"] == "experiment.started"
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    assert body["data"] == {
        "subject": "change_benefit",
        "text": "“Another benefit” runs; lead started it.",
        "link": "https://house/experiment:change_benefit",
        "roles": ["manager"],
        "facts": {"number": 0},
    }


def test_each_target_is_told_in_its_language(store: Store, receiver: Receiver) -> None:
    told(store)
    deliver(store, a_post(a_webhook(receiver.port), a_webhook(receiver.port, "zh", language="zh-CN")))
    texts = {taken.json["data"]["text"] for taken in receiver.taken}
    assert texts == {"“Another benefit” runs; lead started it.", "“批改：换一种利益点”已开始运行，由 lead 启动。"}


def test_what_is_delivered_is_not_sent_again(store: Store, receiver: Receiver) -> None:
    told(store, 5)
    post = a_post(a_webhook(receiver.port))
    assert [deliver(store, post) for _ in range(2)] == ["5 sent, 0 not taken", "nothing waits"]
    assert len(set(receiver.ids)) == len(receiver.ids) == 5


def test_a_failure_is_tried_again_with_the_same_id_and_a_new_time(store: Store, receiver: Receiver) -> None:
    told(store)
    clock = Wall()
    post = a_post(a_webhook(receiver.port), clock=clock)
    receiver.answer = with_status(500)
    assert deliver(store, post) == "0 sent, 1 not taken"
    assert deliver(store, post) == "nothing waits"
    receiver.answer = with_status(204)
    clock.pass_(seconds=20)
    assert deliver(store, post) == "1 sent, 0 not taken"
    first, second = receiver.taken
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert states(store) == [("delivered", 2, None)]


def test_a_target_that_is_down_is_asked_once_a_tick(store: Store, receiver: Receiver) -> None:
    told(store, 5)
    receiver.answer = with_status(502)
    deliver(store, a_post(a_webhook(receiver.port)))
    assert len(receiver.taken) == 1


def test_a_slow_target_holds_up_nobody(store: Store, receiver: Receiver) -> None:
    meanwhile: list[int] = []

    def answer_when_the_other_has_everything(handler: BaseHTTPRequestHandler) -> None:
        patience = time.monotonic() + 9
        while len(receiver.taken) < 3 and time.monotonic() < patience:
            time.sleep(0.01)
        meanwhile.append(len(receiver.taken))
        with_status(500)(handler)

    with a_receiver() as slow:
        slow.answer = answer_when_the_other_has_everything
        told(store, 3)
        report = deliver(store, a_post(a_webhook(slow.port, "a_slow_one"), a_webhook(receiver.port)))
    assert (report, meanwhile) == ("3 sent, 1 not taken", [3])


def test_a_target_that_does_not_answer_is_tried_later(store: Store, receiver: Receiver) -> None:
    receiver.answer = lambda _handler: time.sleep(1)
    told(store)
    assert deliver(store, a_post(a_webhook(receiver.port), reach=Reach(HERE.allowed, seconds=0.2))).startswith("0 sent")
    assert states(store) == [("waiting", 1, "too slow")]


def test_who_died_between_claiming_and_marking_is_made_up_for(store: Store, receiver: Receiver) -> None:
    told(store)
    clock = Wall()
    post = a_post(a_webhook(receiver.port), clock=clock)
    with store.write() as session:
        outbox.spread(session, post.targets, now=clock())
    with store.write() as session:
        outbox.claim(session, outbox.due(session, "erp", most=1, now=clock()), now=clock())
    assert deliver(store, post) == "nothing waits"
    clock.pass_(seconds=61)
    assert deliver(store, post) == "1 sent, 0 not taken"


def test_however_many_deliver_at_once_each_delivery_is_sent_once(store: Store, receiver: Receiver) -> None:
    others = [Store(store.engine.url.render_as_string(hide_password=False)) for _ in range(3)]
    told(store, 25)
    post = a_post(a_webhook(receiver.port), a_webhook(receiver.port, "crm", path="/crm"))
    with ThreadPoolExecutor(max_workers=4) as schedulers:
        while "nothing waits" not in set(schedulers.map(lambda each: deliver(each, post), [store, *others])):
            continue
    for other in others:
        other.dispose()
    told_whom = [(taken.path, taken.headers["webhook-id"]) for taken in receiver.taken]
    assert len(told_whom) == len(set(told_whom)) == 50
    assert {state for state, _, _ in states(store)} == {"delivered"}


def test_what_waits_for_a_target_that_was_taken_out_is_seen(store: Store, receiver: Receiver) -> None:
    told(store)
    with store.write() as session:
        outbox.spread(session, [a_webhook(receiver.port)], now=datetime.now(UTC))
    assert deliver(store, a_post()) == "0 sent, 1 not taken"
    assert states(store) == [("waiting", 1, "no such target is set up")]


def test_without_a_target_nothing_is_kept_for_later(store: Store, receiver: Receiver) -> None:
    told(store)
    assert deliver(store, a_post()) == "nothing waits"
    assert deliver(store, a_post(a_webhook(receiver.port))) == "nothing waits"


def test_the_schedule_sends(store: Store, receiver: Receiver) -> None:
    told(store)
    post, calendar = a_post(a_webhook(receiver.port)), SiteCalendar(ZoneInfo("Asia/Shanghai"))
    now = post.clock()
    assert jobs.do(store, NOTICES, calendar, now) == "nobody to send by"
    assert jobs.run(store, NOTICES, jobs.tick_of(NOTICES, now), calendar, now, post)
    assert len(receiver.taken) == 1


class TestAChat:
    def test_is_told_through_apprise_in_its_language(self, store: Store, receiver: Receiver) -> None:
        told(store)
        assert deliver(store, a_post(a_chat(receiver.port))) == "1 sent, 0 not taken"
        (taken,) = receiver.taken
        assert (taken.json["title"], taken.json["message"]) == (
            "试验已启动",
            "“批改：换一种利益点”已开始运行，由 lead 启动。 https://house/experiment:change_benefit",
        )

    def test_hears_several_notices_in_one_text(self, store: Store, receiver: Receiver) -> None:
        told(store, 3)
        assert deliver(store, a_post(a_chat(receiver.port))) == "3 sent, 0 not taken"
        (taken,) = receiver.taken
        assert (taken.json["title"], len(taken.json["message"].splitlines())) == ("话术试验台：3 条通知", 3)

    def test_gets_no_longer_a_text_than_robots_take(self, store: Store, receiver: Receiver) -> None:
        told(store, 30, subject=f"experiment:{'x' * 60}")
        clock = Wall()
        post = a_post(a_chat(receiver.port), clock=clock)
        while deliver(store, post) != "nothing waits":
            clock.pass_(seconds=15)
        sizes = [len(taken.json["message"].encode()) for taken in receiver.taken]
        assert (max(sizes) <= 1800, sum(len(t.json["message"].splitlines()) for t in receiver.taken)) == (True, 30)

    def test_that_refused_a_text_is_sent_its_notices_one_by_one(self, store: Store, receiver: Receiver) -> None:
        told(store, 3)
        clock = Wall()
        post = a_post(a_chat(receiver.port), clock=clock)
        receiver.answer = with_status(400)
        assert deliver(store, post) == "0 sent, 3 not taken"
        receiver.answer = with_status(200)
        clock.pass_(seconds=30)
        assert [deliver(store, post) for _ in range(4)] == ["1 sent, 0 not taken"] * 3 + ["nothing waits"]

    def test_is_not_followed_elsewhere(self, store: Store, receiver: Receiver) -> None:
        told(store)
        receiver.answer = with_status(307, Location="/elsewhere")
        url = f"json://127.0.0.1:{receiver.port}/chat?redirect=yes"
        assert deliver(store, a_post(a_chat(receiver.port, url=url))) == "0 sent, 1 not taken"
        assert [taken.path for taken in receiver.taken] == ["/chat"]
        assert states(store) == [("waiting", 1, "not taken")]

    def test_that_does_not_answer_is_too_slow(self, store: Store, receiver: Receiver) -> None:
        told(store)
        receiver.answer = lambda _handler: time.sleep(1.5)
        reach = Reach(HERE.allowed, seconds=0.3)
        assert deliver(store, a_post(a_chat(receiver.port), reach=reach)) == "0 sent, 1 not taken"
        assert states(store) == [("waiting", 1, "too slow")]

    def test_is_sent_what_people_wrote_as_they_wrote_it(self, store: Store, receiver: Receiver) -> None:
        reason = "{{name}} <b>&amp;</b> ${HOME} \\n *怎么办*"
        told(store, words=Message("%(reason)s", {"reason": reason}))
        deliver(store, a_post(a_chat(receiver.port)))
        assert receiver.taken[0].json["message"].startswith(f"{reason} https://")


def test_a_target_can_be_tried_out(receiver: Receiver) -> None:
    post = a_post(a_webhook(receiver.port), a_chat(receiver.port))
    for target in post.targets:
        delivering.try_out(post, target)
    webhook, chat = receiver.taken
    assert (webhook.json["type"], chat.json["title"]) == ("notice.test", "测试")
    receiver.answer = with_status(403)
    with pytest.raises(NotSent, match="HTTP 403"):
        delivering.try_out(post, post.targets[0])


def test_nothing_that_is_written_down_is_a_test(store: Store, receiver: Receiver) -> None:
    told(store, event=Event.HALTED)
    deliver(store, a_post(a_webhook(receiver.port, events=["halted"])))
    assert receiver.taken[0].json["type"] == "experiment.halted"
