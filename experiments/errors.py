"""One tree of refusals, in the domain's words. The door translates them once, into one JSON shape or one page."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from experiments.wording import Message, sentence


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


def problems_in(error: ValidationError) -> list[Problem]:
    """Say what pydantic found, in sentences of ours that can be translated; its own words where we have none."""
    found = error.errors(include_url=False, include_input=False)
    return [Problem(".".join(map(str, e["loc"])) or "body", e["type"], _said(e)) for e in found]


def _said(found: Any) -> Message:
    values = {name: value for name, value in found.get("ctx", {}).items() if isinstance(value, str | int | float)}
    if found["type"] == "value_error":
        return Message(str(found["ctx"]["error"]))  # our own validators raise sentences
    text = _PYDANTIC_WORDS.get(found["type"])
    return Message(text, values) if text else Message("%(why)s", {"why": found["msg"]})


_OBJECT = sentence("Give an object.")
_WHOLE = sentence("Give a whole number.")
_MOMENT = sentence("Give the moment as ISO 8601 with a zone, as 2026-11-21T09:30:00+08:00.")
_PYDANTIC_WORDS = {
    "missing": sentence("This field is missing."),
    "extra_forbidden": sentence("There is no such field."),
    "string_type": sentence("Give a text."),
    "string_unicode": sentence("The text is not valid Unicode."),
    "string_too_short": sentence("Give at least %(min_length)s characters."),
    "string_too_long": sentence("Give at most %(max_length)s characters."),
    "string_pattern_mismatch": sentence("The text has characters that are not allowed here."),
    "literal_error": sentence("Give one of %(expected)s."),
    "enum": sentence("Give one of %(expected)s."),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "float_type": sentence("Give a number."),
    "float_parsing": sentence("Give a number."),
    "finite_number": sentence("Give a finite number."),
    "bool_type": sentence("Give true or false."),
    "bool_parsing": sentence("Give true or false."),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "list_type": sentence("Give a list."),
    "tuple_type": sentence("Give a list."),
    "too_short": sentence("Give at least %(min_length)s entries."),
    "too_long": sentence("Give at most %(max_length)s entries."),
    "greater_than": sentence("Give more than %(gt)s."),
    "greater_than_equal": sentence("Give at least %(ge)s."),
    "less_than": sentence("Give less than %(lt)s."),
    "less_than_equal": sentence("Give at most %(le)s."),
    "timezone_aware": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_type": _MOMENT,
}


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
    retry_after_seconds = 5


class Busy(Refusal):
    """Try again: so much is being done already that more would be done badly."""

    code = "busy"
    retry_after_seconds = 1
