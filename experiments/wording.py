"""Sentences for people, made below `web/` without knowing the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def sentence(text: str) -> str:
    """Mark an English sentence for translation where it stands in a table, away from its `Message`."""
    return text


@dataclass(frozen=True, slots=True)
class Message:
    """An English sentence with `%(name)s` places, and what stands in them.

    The door translates `text` and fills it; the pair is also what frozen looks store, so a verdict of last year
    is readable in either language. A value may itself be a `Message`, or a name as `{locale: text}`.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Fill the English sentence (logs and terminals)."""
        return self.text % {name: _english(value) for name, value in self.values.items()}

    def as_json(self) -> dict[str, Any]:
        """Give the pair as plain JSON, for storage."""
        values = {k: v.as_json() if isinstance(v, Message) else v for k, v in self.values.items()}
        return {"text": self.text, "values": values}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Message":
        """Read back what `as_json` gave."""
        values = {
            k: cls.from_json(v) if isinstance(v, Mapping) and "text" in v else v for k, v in stored["values"].items()
        }
        return cls(stored["text"], values)


def _english(value: Any) -> str:
    return str(value["en"]) if isinstance(value, Mapping) else str(value)
