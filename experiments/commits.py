"""Group commit: requests that wait at the same time share one transaction.

Durability costs a wait for the disk however little is written. Whoever comes while nobody writes leads: it writes
all that waits by then, in one go, and hands the lead on to the first who came meanwhile. There is no thread of its
own to start, to stop or to lose (D. J. DeWitt et al., "Implementation Techniques for Main Memory Database Systems",
SIGMOD 1984, section 5.2, call it group commit).
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Waiting(Generic[Item, Result]):
    """One request: what it wants written, the lock it sleeps on until it is told what came of it, and whom it wakes."""

    __slots__ = ("error", "item", "leads", "result", "sleep", "wakes")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.leads = False
        self.wakes: _Waiting[Item, Result] | None = None
        self.sleep = threading.Lock()
        self.sleep.acquire()


class GroupCommit(Generic[Item, Result]):
    """Gathers what several threads want written and lets one of them write it for all.

    Args:
        write: makes all items durable at once and gives the result of each, in order. What it raises is raised in
            every thread whose item was among them: none of them may take its item for written.
        turn: what a writer has to hold, where writers of other processes queue too; who comes while the leader waits
            for it is written along.
        most: how many items are written at once at the most.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        turn: Callable[[], AbstractContextManager[object]] = nullcontext,
        most: int = 500,
    ) -> None:
        self._write = write
        self._turn = turn
        self._most = most
        self._mutex = threading.Lock()
        self._queue: list[_Waiting[Item, Result]] = []
        self._led = False

    def put(self, item: Item) -> Result:
        """Wait until an item is durable; give its result.

        Raises:
            BaseException: whatever `write` raised for the items written together.
        """
        mine: _Waiting[Item, Result] = _Waiting(item)
        with self._mutex:
            self._queue.append(mine)
            mine.leads = not self._led
            self._led = True
        if not mine.leads:
            mine.sleep.acquire()
        if mine.leads:
            self._lead(mine)
        elif mine.wakes is not None:
            mine.wakes.sleep.release()
        if mine.error is not None:
            raise mine.error
        return mine.result  # type: ignore[return-value]  # without an error there is one

    def _lead(self, leader: _Waiting[Item, Result]) -> None:
        together: list[_Waiting[Item, Result]] = []
        try:
            with self._turn():
                together = self._gathered()
                for each, result in zip(together, self._write([e.item for e in together]), strict=True):
                    each.result = result
        except BaseException as error:  # noqa: BLE001 - every thread that waits has to hear of it
            together = together or self._gathered()
            for each in together:
                each.error = error
        self._hand_on()
        # Each wakes the next: all at once they would only queue for the interpreter.
        others = [each for each in together if each is not leader]
        for one, another in pairwise(others):
            one.wakes = another
        if others:
            others[0].sleep.release()

    def _gathered(self) -> list[_Waiting[Item, Result]]:
        with self._mutex:
            together, self._queue = self._queue[: self._most], self._queue[self._most :]
        return together

    def _hand_on(self) -> None:
        """Wake the first of those who came meanwhile, who leads next; or leave the lead to the next to come."""
        with self._mutex:
            if not self._queue:
                self._led = False
                return
            successor = self._queue[0]
        successor.leads = True
        successor.sleep.release()
