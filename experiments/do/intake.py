"""How much is taken in at the same time: beyond that a sender is asked to try again, before anything is read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from experiments.errors import Busy


class Intake:
    """Counts the bytes that the threads of a process work on.

    Args:
        most: bytes at the same time. A single body is taken however large, when nothing else is being worked on.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._lock = threading.Lock()

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Hold room for a body of so many bytes.

        Raises:
            Busy: there is none at the moment.
        """
        with self._lock:
            if self._bytes and self._bytes + size > self._most:
                raise Busy("So many outcomes are coming in that these have to wait. Try again.")
            self._bytes += size
        try:
            yield
        finally:
            with self._lock:
                self._bytes -= size
