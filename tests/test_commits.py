"""Who waits at the same time shares one commit, gets its own result, and hears of every fault."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import pytest

from experiments.commits import GroupCommit


class Writer:
    """Writes slowly, and remembers what it wrote together."""

    def __init__(self) -> None:
        self.together: list[list[int]] = []

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.together.append(list(items))
        time.sleep(0.005)
        if -1 in items:
            raise OSError("no room")
        return [item * item for item in items]


def all_put(group: GroupCommit[int, int], items: Sequence[int]) -> list[int]:
    with ThreadPoolExecutor(len(items)) as threads:
        return list(threads.map(group.put, items))


def test_each_gets_its_own_result() -> None:
    assert all_put(GroupCommit(Writer()), range(50)) == [n * n for n in range(50)]


def test_who_waits_at_the_same_time_is_written_together() -> None:
    writer = Writer()
    all_put(GroupCommit(writer), range(40))
    assert sorted(item for together in writer.together for item in together) == list(range(40))
    assert len(writer.together) < 20


def test_who_is_alone_waits_for_nobody() -> None:
    writer = Writer()
    group: GroupCommit[int, int] = GroupCommit(writer)
    assert [group.put(n) for n in range(3)] == [0, 1, 4]
    assert writer.together == [[0], [1], [2]]


def test_no_more_are_written_at_once_than_was_said() -> None:
    writer = Writer()
    all_put(GroupCommit(writer, most=5), range(30))
    assert max(map(len, writer.together)) <= 5


def test_a_fault_is_heard_by_all_who_were_written_together_and_by_nobody_else() -> None:
    writer = Writer()
    group: GroupCommit[int, int] = GroupCommit(writer)

    def put(item: int) -> int | OSError:
        try:
            return group.put(item)
        except OSError as fault:
            return fault

    with ThreadPoolExecutor(20) as threads:
        results = dict(zip(range(-1, 19), threads.map(put, range(-1, 19)), strict=True))
    (failed,) = (together for together in writer.together if -1 in together)
    assert {item for item, result in results.items() if isinstance(result, OSError)} == set(failed)
    assert group.put(7) == 49


def test_who_comes_while_the_leader_waits_for_its_turn_is_written_along() -> None:
    writer, turn = Writer(), threading.Lock()
    turn.acquire()
    group: GroupCommit[int, int] = GroupCommit(writer, turn=lambda: turn)
    with ThreadPoolExecutor(8) as threads:
        results = threads.map(group.put, range(8))
        while len(group._queue) < 8:
            time.sleep(0.001)
        turn.release()
        assert list(results) == [n * n for n in range(8)]
    assert len(writer.together) == 1


def test_a_turn_that_cannot_be_had_is_heard_and_the_next_goes_on() -> None:
    turns = iter([True, False])

    def turn() -> AbstractContextManager[object]:
        if next(turns):
            raise OSError("no lock")
        return nullcontext()

    group: GroupCommit[int, int] = GroupCommit(Writer(), turn=turn)
    with pytest.raises(OSError, match="no lock"):
        group.put(1)
    assert group.put(2) == 4
