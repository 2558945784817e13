"""The post: who the settings say is told what, and how; what is wrong with them is said when the house opens."""

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from configs.settings import Settings
from experiments.notices.events import Event
from experiments.notices.outbox import Pile
from experiments.notices.reach import Reach
from experiments.notices.tables import State
from experiments.notices.targets import Post, Target, target
from experiments.people import ROLES
from web.saying import say_in

_PAGES = {"experiment": "experiments"}
"""Where the subjects of notices have their pages."""


def open_post(settings: Settings, clock: Callable[[], datetime]) -> Post:
    """Make the targets that the settings name.

    Raises:
        ValueError: one is wrong; the message names it and the field, and no secret.
    """
    reach = Reach(settings.notices_reach)
    targets = tuple(
        target(
            name,
            kind=told.kind,
            url=told.url.get_secret_value(),
            secrets=[secret.get_secret_value() for secret in told.secrets],
            events=told.events,
            roles=told.roles,
            language=told.language,
            reach=reach,
        )
        for name, told in settings.notices.items()
    )

    def link(subject: str) -> str:
        kind, _, key = subject.partition(":")
        if not settings.public_url or kind not in _PAGES:
            return ""
        return f"{settings.public_url.rstrip('/')}/{_PAGES[kind]}/{key}"

    return Post(targets, reach, say_in, link, clock)


def listing(targets: Sequence[Target], piles: Sequence[Pile]) -> list[str]:
    """Write the targets for a terminal, with what waits for them and what was given up; no address, no key."""
    names = {target.name: _described(target) for target in targets}
    names |= {pile.target: "not set up any more" for pile in piles if pile.target not in names}
    lines = []
    for name, described in names.items():
        lines.append(f"{name}: {described}")
        lines += [_counted(pile) for pile in piles if pile.target == name]
    return lines or ["Nobody is told: no target is set up."]


def _described(target: Target) -> str:
    url = urlsplit(target.url)
    where = f"webhook at {url.hostname}" if target.kind == "webhook" else url.scheme  # the rest of a chat's is its key
    events = "everything" if len(target.events) == len(Event) else ", ".join(sorted(target.events))
    roles = "everyone" if len(target.roles) == len(ROLES) else ", ".join(sorted(target.roles))
    return f"{where}, in {target.language}; {events}; for {roles}"


def _counted(pile: Pile) -> str:
    state = "waiting" if pile.state is State.WAITING else "given up"
    fault = f", last: {pile.fault}" if pile.fault else ""
    return f"  {pile.many} {state}, the oldest of {pile.oldest:%Y-%m-%d %H:%M} UTC{fault}"
