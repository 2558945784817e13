"""JSON values as conditions see them: of which kind, when two are the same, and what converts into what."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

Test = Callable[[Any], bool]
"""A question to one value that is prepared: a fact, or for a condition the facts."""


def kind_of(value: Any) -> str:
    """Name a value's JSON type; "unknown" when it has none."""
    return _KINDS.get(type(value)) or next((kind for of, kind in _FAMILIES if isinstance(value, of)), "unknown")


def same(a: Any, b: Any) -> bool:
    """Say whether two values are equal, in kind and all that is in them."""
    kind = kind_of(a)
    if kind != kind_of(b):
        return False
    if kind == "array":
        return len(a) == len(b) and all(map(same, a, b))
    if kind == "object":
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


def text_of(number: float) -> str:
    """Write a number as JavaScript does: 8.0 as "8", and with an exponent from 1e21 on."""
    return str(int(number)) if isinstance(number, int) or (number.is_integer() and abs(number) < 1e21) else str(number)


def number_in(text: str) -> float:
    """Read a number; nan when the text is none.

    An empty answer is unknown, so unlike JavaScript's ``Number("")`` it never becomes a plausible 0.
    """
    return float(text) if _DECIMAL.fullmatch(text) else math.nan


def code_units(text: str) -> bytes:
    """Give what a text sorts by: JavaScript orders by UTF-16 code unit, and big-endian bytes sort in that order."""
    return text.encode("utf-16-be", "surrogatepass")


def version_in(value: Any) -> str:
    """Give a text that sorts as the version does.

    Numeric parts are padded to 5 characters, and ``~`` stands after a release so that it follows its betas.
    """
    text = value if isinstance(value, str) else text_of(value)
    parts = re.split(r"[-.]", re.sub(r"^v|\+.*$", "", text or "0"))
    if len(parts) == 3:
        parts.append("~")
    return "-".join(part.rjust(5) if part.isascii() and part.isdigit() else part for part in parts)


_DECIMAL = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")

_KINDS = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}

_FAMILIES: tuple[tuple[Any, str], ...] = (
    (int | float, "number"),
    (str, "string"),
    (list, "array"),
    (Mapping, "object"),
)
