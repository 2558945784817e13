"""Delivers what the outbox holds: claims in a transaction, sends outside of any, marks in another.

Two that deliver at once meet at the claim, a conditional UPDATE with a lease, and only one sends. Who dies after the
target took a notice and before that is marked leaves a lease that ends, and the notice is sent again: nothing is lost.
A webhook then carries the same `webhook-id`, and a receiver that keeps to the standard drops the repetition. A chat
has no such id and hears it twice. To mark before sending would turn that round: a chat would never hear it twice, and
now and then not at all. People shrug at a sentence that comes twice; they cannot see one that never came, and it may
be the one that says a guardrail is harmed.
"""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from experiments.notices import chats, outbox, texts, webhooks
from experiments.notices.events import Event
from experiments.notices.faults import NotSent
from experiments.notices.outbox import Letter
from experiments.notices.targets import Post, Target
from experiments.store import Store, new_id
from experiments.wording import Message

_MOST_AT_ONCE = 10
"""Notices in one text to a chat; a chat gets one text a turn, since robots take some twenty a minute."""

_TURN = timedelta(seconds=4)
"""How long a target is served at a tick; with the longest attempt on top it ends before the next tick."""

_THREADS = 16


def deliver(store: Store, post: Post, *, now: datetime) -> str:
    """Send everything that is due, to every target at the same time: a slow one holds up nobody else.

    Args:
        store: the database.
        post: the targets. Of what happens while there are none, none that is set up later is told.
        now: when, UTC.
    """
    with store.read() as session:
        new = outbox.unspread(session)
    if new:
        with store.write() as session:
            outbox.spread(session, post.targets, now=now)
    with store.read() as session:
        names = outbox.targets_due(session, now=now)
    if not names:
        return "nothing waits"
    with ThreadPoolExecutor(max_workers=min(len(names), _THREADS)) as threads:
        counted = list(threads.map(lambda name: _serve(store, post, name), names))
    return f"{sum(sent for sent, _ in counted)} sent, {sum(failed for _, failed in counted)} not taken"


def try_out(post: Post, target: Target) -> None:
    """Send a test to a target, past the outbox.

    Raises:
        NotSent: it was not taken.
    """
    now = post.clock()
    words = Message("This is a test: %(target)s is told what happens.", {"target": target.name})
    _send(post, target, [Letter(0, new_id(now), Event.TEST, "notice:test", words, (), {}, now, 0)])


def _serve(store: Store, post: Post, name: str) -> tuple[int, int]:
    """Give one target its turn; a failure ends it. Give how many notices were sent, and how many were not taken."""
    target = next((each for each in post.targets if each.name == name), None)
    ends, sent = post.clock() + _TURN, 0
    while post.clock() < ends and (letters := _claimed(store, post, name, target)):
        try:
            _send(post, target, letters)
        except NotSent as why:
            with store.write() as session:
                outbox.failed(session, letters, why, now=post.clock(), chance=random.random())  # noqa: S311 - no secret
            return sent, len(letters)
        with store.write() as session:
            outbox.delivered(session, letters, now=post.clock())
        sent += len(letters)
        if target is not None and target.kind == "apprise":
            break
    return sent, 0


def _claimed(store: Store, post: Post, name: str, target: Target | None) -> list[Letter]:
    """Take what is sent next: one webhook, or as many notices as fit into one text."""
    one = target is None or target.kind == "webhook"
    with store.read() as session:
        letters = outbox.due(session, name, most=1 if one else _MOST_AT_ONCE, now=post.clock())
    if target is not None and not one:
        letters = texts.that_fit(post, letters, target.language)
    if not letters:
        return []
    with store.write() as session:
        ours = outbox.claim(session, letters, now=post.clock())
    return [letter for letter in letters if letter.delivery_id in ours]


def _send(post: Post, target: Target | None, letters: Sequence[Letter]) -> None:
    if target is None:
        raise NotSent("no such target is set up")
    if target.kind == "apprise":
        title, text = texts.title(post, letters, target.language), texts.text(post, letters, target.language)
        chats.send(target.url, title, text, seconds=post.reach.seconds)
        return
    for letter in letters:
        body, message_id = texts.body(post, letter, target.language), f"notice_{letter.message_id.hex}"
        webhooks.send(target, post.reach, body, message_id=message_id, at=post.clock())
