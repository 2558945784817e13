"""What is told, once the transaction is: spread over the targets, tried again, given up, and in the end forgotten."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from experiments.notices import outbox
from experiments.notices.events import HEADINGS, Event
from experiments.notices.faults import NotSent
from experiments.notices.outbox import Letter
from experiments.notices.tables import Delivery, Notice, State
from experiments.notices.targets import Target
from experiments.store import Store
from experiments.wording import Message
from tests.notices.receiving import a_chat, a_webhook, told

NOW = datetime.now(UTC) + timedelta(hours=1)


class Undone(Exception):
    pass


def spread(store: Store, *targets: Target) -> None:
    with store.write() as session:
        outbox.spread(session, targets, now=NOW)


def due(store: Store, name: str = "erp", at: datetime = NOW, most: int = 100) -> list[Letter]:
    with store.read() as session:
        return outbox.due(session, name, most=most, now=at)


def claimed(store: Store, letters: list[Letter], at: datetime = NOW) -> set[int]:
    with store.write() as session:
        return outbox.claim(session, letters, now=at)


def failed_once(store: Store, at: datetime, why: NotSent | None = None) -> None:
    (letter,) = due(store, at=at)
    claimed(store, [letter], at)
    with store.write() as session:
        outbox.failed(session, [letter], why or NotSent("HTTP 500"), now=at, chance=0.5)


def the_delivery(store: Store) -> Delivery:
    with store.read() as session:
        return session.scalars(select(Delivery)).one()


def test_what_is_rolled_back_is_told_to_nobody(store: Store) -> None:
    with suppress(Undone), store.write() as session:
        outbox.tell(session, Event.STARTED, subject="experiment:x", words=Message("Hm."), roles=(), facts={}, now=NOW)
        assert outbox.unspread(session)
        raise Undone
    with store.read() as session:
        assert not outbox.unspread(session)


@pytest.mark.parametrize(
    ("wanted", "roles", "hears"),
    [
        # nothing is narrowed down: everything is heard
        ({}, ("manager",), True),
        # one of the events, or not
        ({"events": ["started", "halted"]}, (), True),
        ({"events": ["halted"]}, (), False),
        # one of the people concerned, or none of them
        ({"roles": ["manager", "quality"]}, ("lead", "manager"), True),
        ({"roles": ["quality"]}, ("lead", "manager"), False),
        # what concerns nobody in particular is for everyone
        ({"roles": ["quality"]}, (), True),
    ],
)
def test_a_target_hears_what_it_asked_for(
    store: Store, wanted: dict[str, Any], roles: tuple[str, ...], hears: bool
) -> None:
    told(store, roles=roles)
    spread(store, a_webhook(1, **wanted))
    assert len(due(store)) == hears


def test_a_notice_is_spread_once_and_not_to_who_comes_later(store: Store) -> None:
    told(store, 2)
    spread(store, a_webhook(1))
    spread(store, a_webhook(1), a_webhook(1, "later"))
    assert (len(due(store)), len(due(store, "later"))) == (2, 0)


def test_whoever_comes_second_claims_nothing(store: Store) -> None:
    told(store, 3)
    spread(store, a_webhook(1))
    letters = due(store)
    assert claimed(store, letters[:2]) == {letter.delivery_id for letter in letters[:2]}
    assert claimed(store, letters) == {letters[2].delivery_id}


def test_a_lease_ends(store: Store) -> None:
    told(store)
    spread(store, a_webhook(1))
    claimed(store, due(store))
    assert due(store) == []
    (again,) = due(store, at=NOW + outbox.LEASE)
    assert again.tries == 1


def test_who_comes_too_late_spoils_nothing(store: Store) -> None:
    told(store)
    spread(store, a_webhook(1))
    slow = due(store)
    claimed(store, slow)
    later = NOW + outbox.LEASE
    claimed(store, due(store, at=later), later)
    with store.write() as session:
        outbox.failed(session, slow, NotSent("HTTP 500"), now=later, chance=0.5)
    assert (the_delivery(store).fault, the_delivery(store).due_at) == (None, later + outbox.LEASE)


def test_waits_double_from_a_quarter_of_a_minute_to_an_hour() -> None:
    waits = [outbox.wait_after(tries, 0.5) for tries in range(1, outbox.MOST_TRIES)]
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert (outbox.wait_after(1, 0.0), outbox.wait_after(1, 1.0)) == (11.25, 18.75)
    assert 4 < sum(waits) / 3600 < 5


def test_after_twelve_tries_it_is_given_up_and_seen(store: Store) -> None:
    told(store)
    spread(store, a_webhook(1))
    at = NOW
    for _ in range(outbox.MOST_TRIES):
        failed_once(store, at)
        at += timedelta(hours=2)
    with store.read() as session:
        (pile,) = outbox.piles(session)
    assert (pile.target, pile.state, pile.many, pile.fault) == ("erp", State.GIVEN_UP, 1, "HTTP 500")
    assert due(store, at=at) == []


def test_what_is_gone_is_given_up_at_once(store: Store) -> None:
    told(store)
    spread(store, a_webhook(1))
    failed_once(store, NOW, NotSent("HTTP 410", for_good=True))
    assert the_delivery(store).state == State.GIVEN_UP


def test_a_target_is_left_alone_for_as_long_as_it_asks(store: Store) -> None:
    told(store)
    spread(store, a_webhook(1))
    failed_once(store, NOW, NotSent("HTTP 429", wait=300))
    assert the_delivery(store).due_at == NOW + timedelta(seconds=300)


def test_what_was_given_up_can_be_sent_once_more(store: Store) -> None:
    told(store)
    spread(store, a_webhook(1))
    failed_once(store, NOW, NotSent("HTTP 410", for_good=True))
    with store.write() as session:
        assert (outbox.try_again(session, "floor", now=NOW), outbox.try_again(session, "erp", now=NOW)) == (0, 1)
    (letter,) = due(store)
    assert letter.tries == 0


def test_after_ninety_days_what_waits_for_nobody_is_forgotten(store: Store) -> None:
    told(store)
    spread(store, a_webhook(1))
    with store.write() as session:
        outbox.delivered(session, due(store), now=NOW)
    told(store)
    spread(store, a_chat(1))
    told(store)
    later = NOW + timedelta(days=91)
    with store.write() as session:
        assert (outbox.forget(session, now=NOW), outbox.forget(session, now=later)) == (0, 1)
        assert session.scalar(select(func.count()).select_from(Notice)) == 2


def test_every_event_has_a_heading() -> None:
    assert HEADINGS.keys() == set(Event)
