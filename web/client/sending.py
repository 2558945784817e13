"""The background's work: facts go out in batches until the server has answered for each, however long that takes."""

import random
import sqlite3
import threading
import time
from http.client import HTTPException
from typing import Any

from .queue import Queue
from .wire import Answer, Wire

BATCH = 1_000
_NEVER = frozenset({400, 413, 422})
"""Answers about what was sent. All others are about the server, the way to it or the token, and may pass."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0  # seconds


class Sender:
    """Delivers what a queue holds, by a thread of its own."""

    def __init__(self, wire: Wire, queue: Queue) -> None:
        self._wire = wire
        self._queue = queue
        self._most = BATCH
        self._told = threading.Event()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        """Say that there is something to deliver."""
        self._told.set()

    def flush(self, timeout: float) -> bool:
        """Wait until nothing waits any more; False when so many seconds were not enough."""
        give_up = time.monotonic() + timeout
        while len(self._queue) and time.monotonic() < give_up:
            self._told.set()
            time.sleep(0.01)
        return not len(self._queue)

    def close(self) -> None:
        """Stop after the batch that is under way."""
        self._ends.set()
        self._told.set()
        self._thread.join()

    def _run(self) -> None:
        pause = 0.0
        while not self._ends.wait(pause):
            self._told.clear()
            try:
                facts = self._queue.oldest(self._most)
                answer = self._wire.post("/api/v1/outcomes", {"outcomes": facts}) if facts else None
                settled = not facts or (answer is not None and self._settle(facts, answer))
            except (OSError, HTTPException, sqlite3.Error):  # a disk that is full or locked may pass as well
                facts, answer, settled = [], None, False
            pause = 0.0 if settled else _longer(pause, answer)
            if settled and not facts:
                self._told.wait(1.0)

    def _settle(self, facts: list[dict[str, Any]], answer: Answer) -> bool:
        """Act on what was answered for a batch; False when nothing was, and it has to be sent again."""
        ids = [str(fact["id"]) for fact in facts]
        if answer.status == 200 and isinstance(answer.body, dict) and isinstance(answer.body.get("rejected"), list):
            rejected = {ids[row["index"]]: f"{row['code']}: {row['message']}" for row in answer.body["rejected"]}
            self._queue.settle(ids, rejected)
            self._most = min(BATCH, 2 * self._most)
        elif answer.status in _NEVER and len(ids) > 1:
            self._most = len(ids) // 2  # one of them is at fault: the others must not share its fate
        elif answer.status in _NEVER:
            self._queue.settle(ids, dict.fromkeys(ids, answer.reason))
        else:
            return False
        return True


def _longer(pause: float, answer: Answer | None) -> float:
    """Give how long to wait before the next try: twice as long as before, and as long as the server asks."""
    longer = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, 2 * pause))
    asked = answer.retry_after if answer is not None else None
    return max(asked or 0.0, longer * random.uniform(0.5, 1.0))  # noqa: S311 - spreads desktops, hides nothing
