from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from experiments import audit
from experiments.store import Store

NOON = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def three_acts(store: Store) -> Store:
    with store.write() as session:
        for verb in ("write_plan", "approve", "start"):
            audit.record(session, actor="lead", verb=verb, subject="experiment:e", now=NOON, note="因为")
    return store


def test_an_untouched_chain_holds(three_acts: Store) -> None:
    with three_acts.read() as session:
        assert audit.verify(session).broken_at is None


def test_the_database_itself_refuses_to_edit_the_log(three_acts: Store) -> None:
    with pytest.raises(DBAPIError, match="append-only"), three_acts.write() as session:
        session.execute(text("UPDATE audit_entry SET actor = 'nobody'"))


def test_the_database_itself_refuses_to_shorten_the_log(three_acts: Store) -> None:
    with pytest.raises(DBAPIError, match="append-only"), three_acts.write() as session:
        session.execute(text("DELETE FROM audit_entry"))


@pytest.mark.parametrize(
    "tampering",
    [
        # somebody else is said to have done it
        "UPDATE audit_entry SET actor = 'nobody' WHERE id = 2",
        # it is said to have been about something else
        "UPDATE audit_entry SET detail = '{}' WHERE id = 2",
        # it never happened
        "DELETE FROM audit_entry WHERE id = 2",
    ],
)
def test_whoever_gets_past_the_triggers_is_found_out(three_acts: Store, tampering: str) -> None:
    with three_acts.write() as session:
        _lift_triggers(session.get_bind().dialect.name, session)
        session.execute(text(tampering))
    with three_acts.read() as session:
        assert audit.verify(session).broken_at in (2, 3)


def _lift_triggers(dialect: str, session: Session) -> None:
    if dialect == "postgresql":
        session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
        return
    for change in ("update", "delete"):
        session.execute(text(f"DROP TRIGGER audit_entry_refuses_{change}"))
