"""What reaches a view as a body: JSON that every reader of it understands alike, or a clear 400 or 415."""

import json
import re
from typing import Any, NoReturn

from flask import request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from experiments.wording import sentence

_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


class StrictJson(DefaultJSONProvider):
    """JSON as RFC 8259 has it. Python's reader also takes NaN, infinities, half characters and any encoding.

    Answers are UTF-8 with Chinese as it is, which whoever reads them at a terminal can read.
    """

    ensure_ascii = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read a document.

        Raises:
            ValueError: it is not JSON, not UTF-8, nested too deeply, or cannot be written down again.
        """
        text = s if isinstance(s, str) else s.decode()
        try:
            value = json.loads(text, parse_constant=_refuse, parse_float=_finite, **kwargs)
            if _HALF_CHARACTER.search(text):
                json.dumps(value, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        return value


def expect_json() -> None:
    """Refuse a body that is not JSON before anything else is read of it."""
    if request.method not in ("POST", "PUT"):
        return
    if not request.is_json:
        raise UnsupportedMediaType
    if request.get_json() is None:
        raise BadRequest(sentence("The body is null: send an object."))


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large a number")
    return number
