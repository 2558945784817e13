"""What a desk is promised: asked twice is asked once, and what was reported is delivered once, whatever happens."""

import re
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import given, strategies as st
from sqlalchemy import select

import web.client
from configs.settings import ROOT
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.store import Store
from tests.builders import a_running_experiment
from tests.histories import after
from tests.web.client.bad_server import Heard, answer, serving
from tests.web.conftest import a_token, store_of
from web.client.desk import Desk
from web.client.errors import QueueFull, Refused, Unreachable
from web.client.ids import Ids
from web.client.wire import Wire

pytestmark = after(a_running_experiment)

ALL_ACCEPTED = answer(200, {"accepted": 1, "duplicates": 0, "rejected": []})


def a_desk(heard: Heard, **more: Any) -> Desk:
    return Desk(heard.address, "a token", **{"timeout": 0.5, "patience": 2.0, **more})


def facts_in(store: Store) -> list[str]:
    with store.read() as session:
        return sorted(session.scalars(select(Outcome.outside_id)))


class TestWithOurServer:
    def test_a_call_is_served_and_its_facts_arrive(self, app: APIFlask, address: str) -> None:
        with Desk(address, a_token(store_of(app), "assign report")) as desk:
            script = desk.assign("call-1", "policy_change", "agent-1", attributes={"caller_relation": "self"})
            ids = [desk.report(kind, call_id="call-1", at=script.assigned_at) for kind in ("resolved", "invited")]
            assert desk.flush()
        with store_of(app).read() as session:
            (row,) = session.scalars(select(Assignment))
        assert (script.assignment_id, script.arm, script.reason) == (str(row.id), row.arm, "split")
        assert dict(script.steps)["greeting"]
        assert facts_in(store_of(app)) == sorted(ids)

    def test_asked_twice_is_answered_alike(self, app: APIFlask, address: str) -> None:
        with Desk(address, a_token(store_of(app), "assign report")) as desk:
            assert desk.assign("1", "policy_change", "a") == desk.assign("1", "policy_change", "b")

    def test_what_is_refused_says_why(self, app: APIFlask, address: str) -> None:
        with Desk(address, a_token(store_of(app), "assign report")) as desk:
            with pytest.raises(Refused) as refused:
                desk.assign("1", "weather", "a")
            with pytest.raises(Refused) as misread:
                desk.assign("1", "policy_change", "")
        assert (refused.value.status, refused.value.code) == (404, "unknown")
        assert misread.value.errors[0]["field"] == "agent_id"

    def test_a_fact_that_is_refused_is_put_aside_and_the_others_arrive(self, app: APIFlask, address: str) -> None:
        with Desk(address, a_token(store_of(app), "report")) as desk:
            desk.report("resolved", call_id="1", id="good")
            desk.report("danced", call_id="1", id="bad")
            assert desk.flush()
            assert [(r.fact["id"], r.why.split(":")[0]) for r in desk.refused()] == [("bad", "invalid")]
        assert facts_in(store_of(app)) == ["good"]

    def test_a_fact_whose_id_is_refused_is_put_aside_too(self, app: APIFlask, address: str) -> None:
        with Desk(address, a_token(store_of(app), "report")) as desk:
            desk.report("resolved", call_id="1", id="x" * 300)
            assert desk.flush()
            assert [refusal.fact["id"] for refusal in desk.refused()] == ["x" * 300]

    def test_a_desk_that_was_killed_has_told_what_it_reported(
        self, app: APIFlask, address: str, tmp_path: Path
    ) -> None:
        told = f"""
import os, signal
from pathlib import Path
from web.client.desk import Desk
desk = Desk("http://127.0.0.1:9", "nobody", queue=Path({str(tmp_path / "facts.db")!r}))
for number in range(50):
    desk.report("resolved", call_id="call-1", id=f"fact-{{number}}")
os.kill(os.getpid(), signal.SIGKILL)
"""
        killed = subprocess.run([sys.executable, "-c", told], cwd=ROOT, check=False, timeout=60)
        assert killed.returncode == -9
        token = a_token(store_of(app), "report")
        for _ in range(2):
            with Desk(address, token, queue=tmp_path / "facts.db") as desk:
                assert desk.flush()
        assert facts_in(store_of(app)) == sorted(f"fact-{n}" for n in range(50))


BADLY = {
    "hangs up": b"",
    "breaks off": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
    "is no HTTP": b"hello\r\n\r\n",
    "is busy": answer(429, Retry_After="0"),
    "is away": answer(503, Retry_After="0"),
    "fails": answer(500),
    "is somebody else": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",  # a hotel's page, a proxy's
    "breaks off its JSON": b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"acc',
    "is no receipt": answer(200),
    "has moved": answer(302, Location="/elsewhere"),
    "knows no such address": answer(404),  # not deployed yet, or a wrong path before it
    "tells an old date": answer(503, Retry_After="Sun Nov  6 08:49:37 1994"),
    "tells a date": answer(503, Retry_After="Sun, 06 Nov 1994 08:49:37 GMT"),
    "tells nonsense": answer(503, Retry_After="soon"),
}


@pytest.mark.parametrize("how", BADLY)
def test_after_a_bad_answer_the_same_fact_is_sent_again(how: str) -> None:
    with serving([BADLY[how]], ALL_ACCEPTED) as heard, a_desk(heard) as desk:
        desk.report("resolved", call_id="1", id="one")
        assert desk.flush(5)
    assert len(heard.bodies) >= 2
    assert {fact["id"] for body in heard.bodies for fact in body["outcomes"]} == {"one"}


def test_an_answer_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    with serving([], b"HTTP/1.1 200 OK\r\n") as heard, a_desk(heard, timeout=0.2, patience=0.5) as desk:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            desk.assign("1", "policy_change", "a")
    assert time.monotonic() - began < 3


def test_the_server_is_left_alone_as_long_as_it_asks() -> None:
    with serving([answer(503, Retry_After="1")], ALL_ACCEPTED) as heard, a_desk(heard) as desk:
        began = time.monotonic()
        desk.report("resolved", call_id="1")
        assert desk.flush(5)
    assert time.monotonic() - began >= 1


def test_a_batch_that_will_never_be_taken_does_not_stand_in_the_way() -> None:
    with serving([answer(422)], ALL_ACCEPTED) as heard, a_desk(heard) as desk:
        desk.report("resolved", call_id="1", id="bad")
        assert desk.flush(5)
        desk.report("resolved", call_id="1", id="good")
        assert desk.flush(5)
        assert [refusal.fact["id"] for refusal in desk.refused()] == ["bad"]


def test_one_bad_fact_does_not_take_its_batch_along(tmp_path: Path) -> None:
    away = Desk("http://127.0.0.1:9", "a token", queue=tmp_path / "facts.db")
    for number in range(4):
        away.report("resolved", call_id="1", id=str(number))
    away.close()
    no = answer(422, {"code": "invalid", "detail": "no"})
    script = [no, ALL_ACCEPTED, no, no]  # all four, the first two, the last two, the third
    with serving(script, ALL_ACCEPTED) as heard, a_desk(heard, queue=tmp_path / "facts.db") as desk:
        assert desk.flush(5)
        assert [(refusal.fact["id"], refusal.why) for refusal in desk.refused()] == [("2", "422 invalid: no")]
    assert ["".join(fact["id"] for fact in body["outcomes"]) for body in heard.bodies] == ["0123", "01", "23", "2", "3"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": datetime(2026, 11, 2)},  # noqa: DTZ001 - no zone: no moment
        {"detail": {"rate": float("nan")}},  # no JSON
        {"detail": {"rate": object()}},
        {"detail": {"note": "\ud83d"}},  # half a character
    ],
)
def test_what_could_never_be_sent_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with serving([], ALL_ACCEPTED) as heard, a_desk(heard) as desk:
        with pytest.raises((TypeError, ValueError)):
            desk.report("resolved", call_id="1", **wrong)
        assert desk.waiting() == 0


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("3", 3),
        ("-3", 0),
        ("inf", 3600),  # at most an hour
        ("nan", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),  # the past
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("soon", None),
        (None, None),
    ],
)
def test_how_long_to_leave_a_server_alone(told: str | None, seconds: float | None) -> None:
    with serving([answer(503, **({"Retry_After": told} if told else {}))], ALL_ACCEPTED) as heard:
        wire = Wire(heard.address, "a token", 1.0)
        assert wire.post("/", {}).retry_after == seconds
        wire.close()


def test_a_token_that_is_not_good_keeps_facts_waiting() -> None:
    with serving([], answer(401)) as heard:
        desk = a_desk(heard)
        desk.report("resolved", call_id="1")
        assert not desk.flush(0.5)
        assert desk.waiting() == 1
        desk.close()


def test_when_too_many_wait_no_more_are_taken_and_none_is_dropped() -> None:
    with serving([], answer(503)) as heard:
        desk = a_desk(heard, most=3)
        for number in range(3):
            desk.report("resolved", call_id=str(number))
        with pytest.raises(QueueFull):
            desk.report("resolved", call_id="3")
        assert desk.waiting() == 3
        desk.close()


def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="address"):
        Desk("desk.example", "a token")


class TestIds:
    def test_sort_by_when_they_were_made_however_fast(self) -> None:
        new_id = Ids()
        made = [new_id() for _ in range(20_000)]
        assert made == sorted(set(made))

    def test_are_uuids_of_version_7(self) -> None:
        made = Ids()()
        assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made)
        told = int(made.replace("-", "")[:12], 16) / 1000
        assert timedelta(seconds=abs(told - time.time())) < timedelta(seconds=60)

    @given(st.lists(st.integers(-5_000, 5_000), min_size=2, max_size=50))
    def test_go_on_when_the_clock_is_set_back(self, steps: list[int]) -> None:
        clock = iter([2_000_000_000_000 + sum(steps[: i + 1]) for i in range(len(steps))])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("web.client.ids.time.time_ns", lambda: next(clock) * 1_000_000)
            new_id = Ids()
            made = [new_id() for _ in steps]
        assert made == sorted(set(made))


def test_the_example_of_its_own_page_runs(app: APIFlask, address: str, tmp_path: Path) -> None:
    example = "\n".join(line[4:] for line in (web.client.__doc__ or "").splitlines() if line.startswith("    "))
    example = example.replace("http://127.0.0.1:8000", address).replace('"facts.db"', repr(str(tmp_path / "facts.db")))
    token = a_token(store_of(app), "assign report")
    done = subprocess.run(
        [sys.executable, "-c", f"token = {token!r}\n{example}"], cwd=ROOT, check=False, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    assert len(facts_in(store_of(app))) == 2
