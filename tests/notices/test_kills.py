"""kill -9 at random moments of delivering: nothing is lost, and a repetition carries the id that it had."""

import random
import subprocess
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from experiments.notices import delivering, outbox
from experiments.store import Store
from tests.notices.receiving import Receiver, Wall, a_post, a_webhook, told, with_status

_ROOT = Path(__file__).parents[2]
_KILLS = 8
_MANY = 120


def slowly(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.01)  # a kill hits the sending as well as the marking
    with_status(204)(handler)


def test_kills_lose_nothing_and_double_nothing_for_who_reads_the_ids(store: Store, receiver: Receiver) -> None:
    receiver.answer = slowly
    told(store, _MANY)
    chance = random.Random(8)
    clock = Wall()
    for _ in range(_KILLS):
        before = len(receiver.taken)
        _deliver_and_be_killed(store, receiver, clock, chance)
        assert len(receiver.taken) > before
        clock.pass_(seconds=61)
    post = a_post(a_webhook(receiver.port), clock=clock)
    while delivering.deliver(store, post, now=clock()) != "nothing waits":
        continue
    told_often = Counter(receiver.ids)
    assert len(told_often) == _MANY
    assert sum(told_often.values()) - _MANY <= _KILLS  # at most what was under way
    with store.read() as session:
        assert outbox.piles(session) == []


def _deliver_and_be_killed(store: Store, receiver: Receiver, clock: Wall, chance: random.Random) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    ahead = str(clock.ahead.total_seconds())
    module = [sys.executable, "-m", "tests.notices.deliverer"]
    before = len(receiver.taken)
    with subprocess.Popen([*module, url, str(receiver.port), ahead], cwd=_ROOT) as process:
        try:
            deadline = time.monotonic() + 60
            while len(receiver.taken) == before and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.2))
        finally:
            process.kill()
