"""The short form: a few strikes of each kind under load, and everything acknowledged is there once."""

import random

from tests.faults.kills import Scene, struck


def away_for_some_seconds(scene: Scene) -> None:
    scene.take_postgresql_away(3.0)


def test_on_sqlite_a_killed_worker_and_a_killed_server_lose_nothing() -> None:
    report = struck("sqlite", [Scene.kill_worker, Scene.kill_server, Scene.kill_worker], random.Random(1))
    assert report.lost == []
    assert report.ledger.facts


def test_on_postgresql_they_do_not_either() -> None:
    report = struck("postgresql", [Scene.kill_worker, Scene.kill_server], random.Random(2))
    assert report.lost == []
    assert report.ledger.facts


def test_while_postgresql_is_killed_or_away_no_request_fails_and_nothing_is_missing_afterwards() -> None:
    strikes = [Scene.kill_postgresql, away_for_some_seconds, Scene.kill_postgresql]
    report = struck("postgresql", strikes, random.Random(3))
    assert report.lost == []
    assert (dict(report.ledger.failed), report.ledger.broken) == ({}, 0)
    assert report.ledger.fallback > 0
