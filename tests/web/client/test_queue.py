"""A queue's file: several processes may share it, and one that is killed leaves it whole."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from configs.settings import ROOT
from tests.web.client.bad_server import answer, serving
from web.client.desk import Desk
from web.client.errors import QueueFull
from web.client.queue import Queue

ACCEPTED = answer(200, {"accepted": 1, "duplicates": 0, "rejected": []})
WORKS = """
import sys
from pathlib import Path
from web.client.desk import Desk
address, file, name = sys.argv[1:]
with Desk(address, "a token", queue=Path(file)) as desk:
    for number in range(30):
        desk.report("resolved", call_id="1", id=f"{name}-{number}")
    assert desk.flush(30)
"""


def facts(path: Path, *ids: str) -> Queue:
    queue = Queue(path, 100)
    for id_ in ids:
        queue.put({"id": id_})
    return queue


def test_desks_that_share_a_file_deliver_what_all_of_them_reported(tmp_path: Path) -> None:
    with serving([], ACCEPTED) as heard:
        desks = [
            subprocess.Popen([sys.executable, "-c", WORKS, heard.address, tmp_path / "facts.db", str(n)], cwd=ROOT)
            for n in range(4)
        ]
        assert [desk.wait(60) for desk in desks] == [0] * 4
    sent = {fact["id"] for body in heard.bodies for fact in body["outcomes"]}
    assert sent == {f"{name}-{number}" for name in range(4) for number in range(30)}


def test_what_another_desk_delivered_is_not_waited_for(tmp_path: Path) -> None:
    with serving([], ACCEPTED) as heard:
        idle = Desk("http://127.0.0.1:9", "a token", queue=tmp_path / "facts.db")
        idle.report("resolved", call_id="1")
        with Desk(heard.address, "a token", queue=tmp_path / "facts.db") as desk:
            assert desk.flush(5)
        assert idle.flush(5)
        idle.close()


def test_what_another_process_delivered_makes_room(tmp_path: Path) -> None:
    mine, others = Queue(tmp_path / "facts.db", 1), Queue(tmp_path / "facts.db", 1)
    mine.put({"id": "1"})
    with pytest.raises(QueueFull):
        mine.put({"id": "2"})
    others.settle(["1"], {})
    mine.put({"id": "2"})
    assert [fact["id"] for fact in mine.oldest(9)] == ["2"]
    mine.close()
    others.close()


def test_facts_are_forgotten_and_put_aside_at_once_or_not_at_all(tmp_path: Path) -> None:
    queue = facts(tmp_path / "facts.db", "good", "bad")
    with sqlite3.connect(tmp_path / "facts.db") as other:
        other.execute("CREATE TRIGGER full BEFORE DELETE ON waiting BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    other.close()
    with pytest.raises(sqlite3.Error, match="full"):
        queue.settle(["good", "bad"], {"bad": "invalid"})
    assert (len(queue.oldest(9)), queue.refused()) == (2, [])
    queue.close()


def test_a_disk_that_is_full_for_a_while_stops_no_desk(tmp_path: Path) -> None:
    with serving([], ACCEPTED) as heard, Desk(heard.address, "a token", queue=tmp_path / "facts.db") as desk:
        other = sqlite3.connect(tmp_path / "facts.db", isolation_level=None)
        other.execute("CREATE TRIGGER full BEFORE DELETE ON waiting BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        desk.report("resolved", call_id="1")
        assert not desk.flush(0.5)
        other.execute("DROP TRIGGER full")
        other.close()
        assert desk.flush(5)


def test_what_was_put_aside_can_be_read_by_the_next(tmp_path: Path) -> None:
    queue = facts(tmp_path / "facts.db", "bad")
    queue.settle(["bad"], {"bad": "invalid"})
    queue.close()
    again = Queue(tmp_path / "facts.db", 100)
    assert [(json.dumps(r.fact), r.why) for r in again.refused()] == [('{"id": "bad"}', "invalid")]
    again.close()
