"""The background's work: facts go out in batches until the server has answered for each, however long that takes."""

import random
import threading
import time
from http.client import HTTPException
from typing import Any

from web.client.queue import Queue
from web.client.wire import RETRY, Answer, Wire

BATCH = 1_000
_LATER = RETRY | {401, 403}  # a token can be issued anew while facts wait
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0  # seconds


class Sender:
    """Delivers what a queue holds, by a thread of its own."""

    def __init__(self, wire: Wire, queue: Queue) -> None:
        self._wire = wire
        self._queue = queue
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
            facts = self._queue.oldest(BATCH)
            if facts:
                pause = self._next_pause(self._deliver(facts), pause)
            else:
                self._told.wait(1.0)

    def _deliver(self, facts: list[dict[str, Any]]) -> Answer | None:
        """Send a batch and act on what was answered; None when nothing came back."""
        try:
            answer = self._wire.post("/api/v1/outcomes", {"outcomes": facts})
        except (OSError, HTTPException):
            return None
        ids = [str(fact["id"]) for fact in facts]
        if answer.status == 200 and isinstance(answer.body, dict):
            refused = {row["id"]: f"{row['code']}: {row['message']}" for row in answer.body["rejected"]}
            self._queue.refuse(refused)
            self._queue.delivered(ids)
        elif answer.status not in _LATER:
            # Nothing of a batch that cannot be read will ever go through, and the rest must not wait for it.
            self._queue.refuse(dict.fromkeys(ids, f"the server answered {answer.status}"))
        return answer

    def _next_pause(self, answer: Answer | None, pause: float) -> float:
        """Give how long to wait before the next try: none after a success, else twice as long as before."""
        if answer is not None and answer.status not in _LATER:
            return 0.0
        longer = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, 2 * pause))
        asked = answer.retry_after if answer is not None else None
        return max(asked or 0.0, longer * random.uniform(0.5, 1.0))  # noqa: S311 - spreads desktops, hides nothing
