"""One tree of refusals, in the domain's words. The door translates them once, into one JSON shape or one page."""

from dataclasses import dataclass
from typing import Any

from experiments.wording import Message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field of what was handed in."""

    field: str
    code: str
    message: Message


class Refusal(Exception):
    """The base of everything this product refuses to do. Never raised itself."""

    code = "refused"

    def __init__(self, text: str, **values: Any) -> None:
        self.message = Message(text, values)
        super().__init__(str(self.message))


class Unknown(Refusal):
    """No such thing, or none that this actor may know of."""

    code = "unknown"


class Invalid(Refusal):
    """What was handed in breaks a rule; each `Problem` names its field."""

    code = "invalid"

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(problems[0].message.text, **problems[0].message.values)


def invalid(field: str, code: str, text: str, **values: Any) -> Invalid:
    """Make the refusal of one field."""
    return Invalid(Problem(field, code, Message(text, values)))


class Conflict(Refusal):
    """True a moment ago, or true elsewhere: the state no longer allows it."""

    code = "conflict"


class NotAllowed(Refusal):
    """This person may not do this, however it is asked."""

    code = "not_allowed"


class NotSignedIn(Refusal):
    """Nobody is known to be asking."""

    code = "not_signed_in"


class Unavailable(Refusal):
    """Try again: a part the answer needs is away for the moment."""

    code = "unavailable"
