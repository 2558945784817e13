"""What is wrong with one row of a file, so that it is rejected and its neighbours are kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A row's first mistake: in which column ('' for the whole row), its code, and the reason in words."""

    column: str
    code: str
    reason: str


class BadRow(Exception):
    """Carries a fault to where rows are sorted out; it never leaves this package."""

    def __init__(self, column: str, code: str, reason: str) -> None:
        self.fault = Fault(column, code, reason)
        super().__init__(reason)
