from datetime import UTC, datetime, timedelta

import pytest
from argon2 import extract_parameters, profiles

from experiments import people
from experiments.errors import Invalid, NotSignedIn
from experiments.store import Store
from tests.pace import THE_PRODUCTS_HASHER

NINE = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
ADMIN = people.system("test")


@pytest.fixture
def lin(store: Store) -> Store:
    with store.write() as session:
        people.load_roles(session)
        people.add_person(session, "lin", "林晓", "correct horse battery", ["lead"], actor=ADMIN, now=NINE)
    return store


def sign_in(store: Store, password: str, at: datetime = NINE) -> str | None:
    with store.write() as session:
        return people.sign_in(session, "lin", password, now=at)


def test_the_right_password_opens_the_door(lin: Store) -> None:
    secret = sign_in(lin, "correct horse battery")
    assert secret is not None
    with lin.read() as session:
        assert people.signed_in(session, secret, now=NINE).roles == {"lead"}


def test_a_wrong_password_does_not(lin: Store) -> None:
    assert sign_in(lin, "wrong") is None


def test_guessing_is_slow_and_takes_as_long_for_a_name_that_nobody_has(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_hasher", THE_PRODUCTS_HASHER)
    with sqlite_store.write() as session:
        people.load_roles(session)
        people.add_person(session, "lin", "林晓", "correct horse battery", ["lead"], actor=ADMIN, now=NINE)
        kept = people.person_named(session, "lin").password_hash

    assert sign_in(sqlite_store, "wrong") is None
    assert sign_in(sqlite_store, "correct horse battery") is not None
    assert extract_parameters(kept) == extract_parameters(people._decoy()) == profiles.RFC_9106_LOW_MEMORY


def test_after_five_wrong_passwords_even_the_right_one_waits_a_quarter_of_an_hour(lin: Store) -> None:
    for _ in range(5):
        sign_in(lin, "wrong")
    assert sign_in(lin, "correct horse battery") is None
    assert sign_in(lin, "correct horse battery", NINE + timedelta(minutes=16)) is not None


@pytest.mark.parametrize(
    "later",
    [
        # idle for more than half an hour
        timedelta(minutes=31),
        # longer than any shift
        timedelta(hours=13),
    ],
)
def test_a_sign_in_does_not_last(lin: Store, later: timedelta) -> None:
    secret = sign_in(lin, "correct horse battery") or ""
    with lin.read() as session, pytest.raises(NotSignedIn):
        people.signed_in(session, secret, now=NINE + later)


def test_signing_out_ends_it_at_once(lin: Store) -> None:
    secret = sign_in(lin, "correct horse battery") or ""
    with lin.write() as session:
        people.sign_out(session, secret)
    with lin.read() as session, pytest.raises(NotSignedIn):
        people.signed_in(session, secret, now=NINE)


def test_a_short_password_is_refused(lin: Store) -> None:
    with lin.write() as session, pytest.raises(Invalid, match="12"):
        people.add_person(session, "wang", "王", "short", ["agent"], actor=ADMIN, now=NINE)


def test_a_token_is_stored_hashed(lin: Store) -> None:
    with lin.write() as session:
        secret = people.issue_token(session, "desk", ["assign"], actor=ADMIN, now=NINE)
        stored = session.query(people.ApiToken).one()
    assert secret not in (stored.secret_hash, stored.name)


def test_a_service_token_has_no_roles(lin: Store) -> None:
    with lin.write() as session:
        secret = people.issue_token(session, "desk", ["assign"], actor=ADMIN, now=NINE)
        bearer = people.token_bearer(session, secret, now=NINE)
    assert (bearer.person_id, bearer.roles) == (None, frozenset())


@pytest.mark.parametrize("scope", ["act", "design"])
def test_a_service_token_neither_writes_plans_nor_moves_cards(lin: Store, scope: str) -> None:
    with lin.write() as session, pytest.raises(Invalid, match="belongs to a person"):
        people.issue_token(session, "desk", [scope], actor=ADMIN, now=NINE)


def test_a_revoked_token_is_worthless_at_once(lin: Store) -> None:
    with lin.write() as session:
        secret = people.issue_token(session, "desk", ["assign"], actor=ADMIN, now=NINE)
        people.revoke_token(session, "desk", actor=ADMIN, now=NINE)
        with pytest.raises(NotSignedIn):
            people.token_bearer(session, secret, now=NINE)


def test_an_expired_token_is_worthless(lin: Store) -> None:
    with lin.write() as session:
        secret = people.issue_token(session, "desk", ["assign"], expires_at=NINE, actor=ADMIN, now=NINE)
        with pytest.raises(NotSignedIn):
            people.token_bearer(session, secret, now=NINE)
