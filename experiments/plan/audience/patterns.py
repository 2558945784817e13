"""Regular expressions that a condition may use: a small language, so that none of them can hold a call up.

Python's engine tries every way to lay a pattern over a text. Admitted is a language without look-around,
back-reference and inline flag, in which no group repeats that itself repeats or chooses, and in which the product of
all remaining choices is bounded. With texts of at most 256 characters the worst admitted pattern takes milliseconds.
"""

import re
from collections.abc import Iterator
from typing import Any

from experiments.wording import Message, sentence

MAX_PATTERN = 200
"""Characters of a regular expression."""
MAX_SUBJECT = 256
"""Characters of a text that a regular expression reads."""
MAX_WAYS = 65_536
"""Ways a regular expression may be laid out from one starting point; two unbounded repetitions reach it."""


Place = str | Message
"""Where something stands in a condition: a path, or an operator at one."""


class BadCondition(ValueError):
    """A condition that cannot be evaluated as written; the sentence names the operator or the path."""

    def __init__(self, text: str, **values: Any) -> None:
        self.message = Message(text, values)
        super().__init__(str(self.message))


_TOKEN = re.compile(
    r"""(?P<escape>\\[^0-9])
      | (?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])
      | (?P<open>\((?:\?:|(?!\?)))
      | (?P<close>\))
      | (?P<bar>\|)
      | (?P<repeat>[*+?]|\{[0-9]*,?[0-9]*\})[?+]?
      | (?P<plain>[^\\\[(])""",
    re.VERBOSE | re.DOTALL,
)


def check_pattern(where: Place, pattern: str) -> None:
    """Refuse a regular expression that is not one, or that could take long.

    Args:
        where: The place that the sentence names.
        pattern: The expression.

    Raises:
        BadCondition: It is too long, invalid, repeats what repeats, or may be laid out in too many ways.
    """
    if len(pattern) > MAX_PATTERN:
        text = sentence("%(where)s may have at most %(most)s characters, got %(many)s.")
        raise BadCondition(text, where=where, most=MAX_PATTERN, many=len(pattern))
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadCondition(
            "%(where)s is not a valid regular expression: %(why)s.", where=where, why=str(error)
        ) from error
    ways = _ways(where, pattern)
    if ways > MAX_WAYS:
        text = sentence("%(where)s has too many repetitions and choices (%(ways)s ways, at most %(most)s).")
        raise BadCondition(text, where=where, ways=ways, most=MAX_WAYS)


def _ways(where: Place, pattern: str) -> int:
    # The ways and the branches of each group still open, and whether the atom just read repeats or chooses inside.
    ways, branches, plain, atom_plain = [1], [1], [True], True
    for kind, text in _tokens(where, pattern):
        if kind == "repeat" and text != "?" and not atom_plain:
            raise BadCondition("%(where)s repeats a group that itself holds a repetition or a choice.", where=where)
        atom_plain = True
        if kind == "open":
            ways, branches, plain = [*ways, 1], [*branches, 1], [*plain, True]
        elif kind == "bar":
            branches[-1], plain[-1] = branches[-1] + 1, False
        elif kind == "repeat":
            ways[-1], plain[-1] = ways[-1] * _choices(where, text), False
        elif kind == "close":
            inner, atom_plain = ways.pop() * branches.pop(), plain.pop()
            ways[-1], plain[-1] = ways[-1] * inner, plain[-1] and atom_plain
    return ways[0] * branches[0]


def _tokens(where: Place, pattern: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None or token.lastgroup is None:
            text = sentence("%(where)s uses a look-around, back-reference or flag, which is not allowed.")
            raise BadCondition(text, where=where)
        yield token.lastgroup, token[token.lastgroup]
        at = token.end()


def _choices(where: Place, repeat: str) -> int:
    if repeat == "?":
        return 2
    if repeat in "*+":
        return MAX_SUBJECT
    least, comma, most = repeat[1:-1].partition(",")
    if max(int(least or 0), int(most or 0)) > MAX_SUBJECT:
        text = sentence("%(where)s may repeat at most %(most)s times, got %(repeat)s.")
        raise BadCondition(text, where=where, most=MAX_SUBJECT, repeat=repeat)
    return max(1, int(most or MAX_SUBJECT) - int(least or 0) + 1) if comma else 1
