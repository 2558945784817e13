"""Who is told what, where, and in which language: frozen values that the settings make."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from experiments.notices import chats, signing
from experiments.notices.events import Event
from experiments.notices.reach import Reach
from experiments.people import ROLES
from experiments.wording import Message

LANGUAGES = ("zh-CN", "en")

Kind = Literal["apprise", "webhook"]


@dataclass(frozen=True, slots=True)
class Target:
    """One place that is told. Its address and keys are secrets: they stand in no text that is made of it."""

    name: str
    kind: Kind
    url: str = field(repr=False)
    keys: tuple[bytes, ...] = field(repr=False)
    events: frozenset[Event]
    #: told of what concerns one of them; what concerns nobody in particular is told to everyone
    roles: frozenset[str]
    language: str

    def wants(self, event: str, roles: Collection[str]) -> bool:
        """Say whether a notice is for this target."""
        return event in self.events and (not roles or not self.roles.isdisjoint(roles))


@dataclass(frozen=True, slots=True)
class Post:
    """What the door hands in: the targets, how sentences are said, and where things are found."""

    targets: tuple[Target, ...]
    reach: Reach
    #: says a sentence in a language
    say: Callable[[Message | Mapping[str, Any], str], str]
    #: gives the page of a subject; empty when nobody said where this house is found
    link: Callable[[str], str]
    clock: Callable[[], datetime]


def target(
    name: str,
    *,
    kind: Kind,
    url: str,
    secrets: Sequence[str],
    events: Collection[str],
    roles: Collection[str],
    language: str,
    reach: Reach,
) -> Target:
    """Make a target of what the settings say.

    Args:
        name: how people call it.
        kind: a chat or mailbox that Apprise knows, or a signed webhook.
        url: the address.
        secrets: of a webhook: what it is signed with, `whsec_…`; several while the receiver changes over.
        events: what it is told; none means everything.
        roles: of whose concerns it is told; none means everyone's.
        language: of the text.
        reach: where webhooks may go.

    Raises:
        ValueError: something is wrong; the message names the field and never its value if that is secret.
    """
    _known(name, "events", events, list(Event))
    _known(name, "roles", roles, ROLES)
    _known(name, "language", [language], LANGUAGES)
    try:
        if kind == "webhook":
            _check_webhook(url, reach)
            keys = tuple(signing.key_of(secret) for secret in secrets)
        else:
            chats.check(url)
            keys = ()
    except ValueError as fault:
        raise ValueError(f"notices.{name}: {fault}") from None
    if bool(secrets) != (kind == "webhook"):
        raise ValueError(f"notices.{name}: webhooks have secrets, chats and mailboxes have none.")
    concerned = frozenset(roles or ROLES)
    return Target(name, kind, url, keys, frozenset(map(Event, events or Event)), concerned, language)


def _known(name: str, field_name: str, given: Collection[str], known: Collection[str]) -> None:
    strange = sorted(set(given) - set(known))
    if strange:
        raise ValueError(f"notices.{name}.{field_name}: {', '.join(strange)} is none of {', '.join(known)}.")


def _check_webhook(url: str, reach: Reach) -> None:
    try:
        parts = urlsplit(url)
        complete = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise ValueError("its url is none.") from None
    if not complete or not url.isascii() or not url.isprintable() or " " in url or "@" in parts.netloc:
        raise ValueError("its url needs a host, has no password, and is written in ASCII.")
    here = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    open_here = any(reach.may(address, plain=True) for address in ("127.0.0.1", "::1"))
    if parts.scheme != "https" and not (here and open_here):
        raise ValueError("its url begins with https:// (http:// only to this machine, when notices_reach has it).")
