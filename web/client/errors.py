"""What can go wrong for a desktop, in three words."""

from collections.abc import Mapping, Sequence


class Refused(Exception):
    """The server says no, and will say no again."""

    def __init__(self, status: int, code: str, detail: str, errors: Sequence[Mapping[str, str]] = ()) -> None:
        self.status = status
        self.code = code
        self.errors = tuple(errors)
        super().__init__(f"{status} {code}: {detail}")


class Unreachable(Exception):
    """The server did not answer in time; asking again later is safe."""


class QueueFull(Exception):
    """So many facts wait that no more are taken: the server has been away for long."""
