"""What a notice looks like where it arrives."""

from collections.abc import Sequence
from datetime import datetime

from experiments.notices.events import HEADINGS, Event
from experiments.notices.outbox import Letter
from experiments.notices.targets import Post
from experiments.store import canonical
from experiments.wording import Message

_BYTES = 1800
"""A text that every robot takes: WeCom's allows 2,048 bytes of UTF-8, and Apprise puts the title above it."""


def title(post: Post, letters: Sequence[Letter], language: str) -> str:
    """Give the heading of one notice, or say how many there are."""
    if len(letters) == 1:
        return post.say(Message(HEADINGS[Event(letters[0].event)]), language)
    return post.say(Message("Scriptbench: %(many)s notices", {"many": len(letters)}), language)


def text(post: Post, letters: Sequence[Letter], language: str) -> str:
    """Write notices one below the other, each with the page it is about."""
    return "\n".join(_paragraph(post, letter, language) for letter in letters)


def that_fit(post: Post, letters: Sequence[Letter], language: str) -> list[Letter]:
    """Give the first notices that fit into one text, and one at least.

    What could not be sent before goes by itself, so that it takes no other with it.
    """
    size, fit = 0, 0
    for letter in letters:
        size += len(_paragraph(post, letter, language).encode()) + 1
        if fit and (size > _BYTES or letter.tries or letters[0].tries):
            break
        fit += 1
    return list(letters[:fit])


def body(post: Post, letter: Letter, language: str) -> bytes:
    """Write a notice as a webhook's body: type, when it happened, and its facts."""
    kind, _, key = letter.subject.partition(":")
    data = {
        "subject": key,
        "text": post.say(letter.words, language),
        "link": post.link(letter.subject),
        "roles": list(letter.roles),
        "facts": dict(letter.facts),
    }
    return canonical({"type": f"{kind}.{letter.event}", "timestamp": _written(letter.at), "data": data}).encode()


def _paragraph(post: Post, letter: Letter, language: str) -> str:
    said, link = post.say(letter.words, language), post.link(letter.subject)
    return f"{said} {link}" if link else said


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
