"""The kinds of values that bodies and answers are made of."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from experiments.plan.rules import LOCALES
from experiments.wording import sentence

MAX_ATTRIBUTES = 100
_MAX_LIST = 100
_MAX_NUMBER = 2**53  # whole numbers up to here are the same to every reader of JSON

Names = Mapping[str, str]
_Line = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"  # a text of sentences: tabs and line breaks may be there
Words = Annotated[str, StringConstraints(max_length=4000, pattern=_Line)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
NewKey = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


def _plain_value(value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    if len(values) > _MAX_LIST or not all(map(_is_scalar, values)):
        raise ValueError(sentence("An attribute is a text, a number, true, false, null, or a list of up to 100 such."))
    return value


def _is_scalar(value: Any) -> bool:
    match value:
        case None | bool():
            return True
        case int() | float():
            return abs(value) <= _MAX_NUMBER
        case str():
            return len(value) <= 1000 and "\x00" not in value
        case _:
            return False


_SCALAR = [
    {"type": ["null", "boolean", "number"], "minimum": -_MAX_NUMBER, "maximum": _MAX_NUMBER},
    {"type": "string", "maxLength": 1000},
]
Attribute = Annotated[
    Any,
    AfterValidator(_plain_value),
    WithJsonSchema({"anyOf": [*_SCALAR, {"type": "array", "maxItems": _MAX_LIST, "items": {"anyOf": _SCALAR}}]}),
]


def _one_value(value: Mapping[str, str]) -> Mapping[str, str]:
    if not value.keys() <= set(LOCALES) and value.keys() != {"after"}:
        raise ValueError(sentence('A value is {"zh-CN": text, "en": text}, or {"after": element} for a position.'))
    return value


Value = Annotated[
    dict[str, Words],
    AfterValidator(_one_value),
    WithJsonSchema(
        {
            "description": "The words in every locale, or a position in the script.",
            "anyOf": [
                {
                    "type": "object",
                    "properties": {locale: {"type": "string", "maxLength": 4000} for locale in LOCALES},
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"after": {"type": "string", "maxLength": 64}},
                    "required": ["after"],
                    "additionalProperties": False,
                },
            ],
        }
    ),
]


class Body(BaseModel):
    """What a client sends: every field is known, or refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """What the API answers."""

    model_config = ConfigDict(frozen=True)
