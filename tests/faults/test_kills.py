"""The short form: a few strikes of each kind under load, and everything acknowledged is there once."""

import random

import pytest

from tests.faults import kills


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_killed_worker_loses_nothing(database: str) -> None:
    report = kills.workers_killed(database, 3, random.Random(1))
    assert report.lost == []
    assert report.ledger.facts


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_killed_server_loses_nothing(database: str) -> None:
    report = kills.server_killed(database, 2, random.Random(2))
    assert report.lost == []
    assert report.ledger.facts


def test_a_killed_postgresql_loses_nothing_and_refuses_nobody() -> None:
    report = kills.postgresql_killed(3, random.Random(3))
    assert report.lost == []
    assert not report.ledger.failed


def test_while_postgresql_is_away_no_request_fails_and_nothing_is_missing_afterwards() -> None:
    report = kills.postgresql_away(4, random.Random(4))
    assert report.lost == []
    assert not report.ledger.failed
    assert not report.ledger.broken
    assert report.ledger.fallback > 0
