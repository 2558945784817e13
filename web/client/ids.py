"""Ids that sort by the time they were made: UUID version 7 (RFC 9562, section 5.7, method 1 of section 6.2)."""

import os
import threading
import time


class Ids:
    """Makes ids, each greater than the one before it within a process, even when the clock is set back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = 0
        self._counter = 0

    def __call__(self) -> str:
        """Make an id."""
        chance = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
        with self._lock:
            now = time.time_ns() // 1_000_000
            if now > self._millisecond:
                self._millisecond, self._counter = now, 0
            else:
                self._counter += 1
                if self._counter > 0xFFF:  # more than 4,096 in a millisecond: borrow the next one
                    self._millisecond, self._counter = self._millisecond + 1, 0
            number = (self._millisecond << 80) | (7 << 76) | (self._counter << 64) | (2 << 62) | chance
        digits = f"{number:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


new_id = Ids()
