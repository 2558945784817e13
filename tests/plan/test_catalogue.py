"""The catalogues that are shipped come in as they are, and coming in again changes nothing."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments import audit, people
from experiments.errors import Invalid
from experiments.plan import catalogue, traffic
from experiments.plan.catalogue import Catalogue, LoadReport
from experiments.plan.scenarios import Scenario, parts_of, scenario_named
from experiments.plan.scripts import ScriptVersion, lines_of, spoken, version_by_id
from experiments.store import Store

CATALOGUES = Path(__file__).parents[2] / "configs" / "catalogues"
SHIPPED = ("insurance", "telecom", "bank")
NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)


def shipped(key: str) -> Catalogue:
    return catalogue.parse(tomllib.loads((CATALOGUES / f"{key}.toml").read_text(encoding="utf-8")))


def load_all(store: Store) -> list[LoadReport]:
    with store.write() as session:
        return [catalogue.load(session, shipped(key), actor=people.system("test"), now=NOW) for key in SHIPPED]


def rows_of(session: Session) -> tuple[int | None, ...]:
    tables = (Scenario, ScriptVersion, traffic.TrafficRevision, audit.AuditEntry)
    return tuple(session.scalar(select(func.count()).select_from(table)) for table in tables)


def test_every_shipped_catalogue_comes_in(store: Store) -> None:
    assert all(report.created and not report.changed for report in load_all(store))


def test_coming_in_twice_changes_nothing(store: Store) -> None:
    load_all(store)
    with store.read() as session:
        before = rows_of(session)

    assert load_all(store) == [LoadReport(0, 0)] * len(SHIPPED)
    with store.read() as session:
        assert rows_of(session) == before


def test_every_leaf_serves_its_standard(store: Store) -> None:
    load_all(store)
    with store.read() as session:
        leaves = session.scalars(select(Scenario).where(Scenario.metric_set.is_not(None))).all()
        assert all(traffic.in_force(session, leaf).number == 1 for leaf in leaves)


def test_without_an_ask_nothing_that_surrounds_it_is_said(sqlite_store: Store) -> None:
    load_all(sqlite_store)
    with sqlite_store.read() as session:
        standard = traffic.in_force(session, scenario_named(session, "policy_change")).value.standard_id
        lines, parts = lines_of(version_by_id(session, standard).lines), parts_of(session, "insurance")

    assert [line.element for line in spoken(lines, parts, invite=False)] == [
        "greeting",
        "service",
        "close",
        "disclosure",
    ]


def test_an_unknown_field_is_named() -> None:
    document = shipped("bank").model_dump() | {"colour": "red"}

    with pytest.raises(Invalid) as refused:
        catalogue.parse(document)

    assert [problem.field for problem in refused.value.problems] == ["colour"]
