"""The catalogues that are shipped come in as they are, and coming in again changes nothing."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

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


def with_audiences(**audiences: Any) -> Catalogue:
    """Read the insurer's catalogue with other audiences, by scenario."""
    document = shipped("insurance").model_dump()
    for scenario in document["scenario"]:
        scenario["audience"] = audiences.get(scenario["key"], scenario["audience"])
    return catalogue.parse(document)


def load_into(store: Store, document: Catalogue) -> LoadReport:
    with store.write() as session:
        return catalogue.load(session, document, actor=people.system("test"), now=NOW)


@pytest.mark.parametrize(
    ("audience", "code"),
    [
        # an operator that there is not
        ({"region": {"$near": 3}}, "bad_condition"),
        # likewise, with a sign in it that our sentences give a meaning
        ({"region": {"$5%": 3}}, "bad_condition"),
        # an operator beside the paths that belongs after one
        ({"$in": ["self"]}, "bad_condition"),
        # a list that is none
        ({"caller_relation": {"$in": "self"}}, "bad_condition"),
        # an object that names neither operator nor field
        ({"caller_relation": {}}, "bad_condition"),
        # operators and fields in one object
        ({"account": {"$exists": True, "plan": "team"}}, "bad_condition"),
        # a pattern that holds a call up
        ({"region": {"$regex": "(a+)+$"}}, "bad_condition"),
        # TOML has dates, what a desktop sends has none
        ({"since": date(2026, 11, 2)}, "bad_condition"),
        # and numbers that are none
        ({"balance": {"$gt": float("nan")}}, "bad_condition"),
        # a bad condition within a good one
        ({"$or": [{"region": "hangzhou"}, {"region": {"$similar": "hangzhou"}}]}, "bad_condition"),
        # a raw customer id would have to be stored to derive the choice again
        ({"customer_id": {"$exists": True}}, "personal"),
    ],
)
def test_an_audience_that_would_fail_a_call_is_refused_when_it_comes_in(
    sqlite_store: Store, audience: Any, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        load_into(sqlite_store, with_audiences(policy_change=audience))
    assert [(p.field, p.code) for p in refused.value.problems] == [("scenario.policy_change.audience", code)]
    with sqlite_store.read() as session:
        assert rows_of(session) == (0, 0, 0, 0)


def test_every_bad_audience_is_named(sqlite_store: Store) -> None:
    bad = {"region": {"$near": 3}}
    with pytest.raises(Invalid) as refused:
        load_into(sqlite_store, with_audiences(policy_change=bad, policy_download=bad))
    assert [f"{p.field}: {p.message}" for p in refused.value.problems] == [
        "scenario.policy_change.audience: Unknown operator $near at region.",
        "scenario.policy_download.audience: Unknown operator $near at region.",
    ]


def test_a_bad_audience_does_not_replace_a_good_one(sqlite_store: Store) -> None:
    load_all(sqlite_store)
    with pytest.raises(Invalid):
        load_into(sqlite_store, with_audiences(policy_change={"region": {"$near": 3}}))
    assert load_all(sqlite_store) == [LoadReport(0, 0)] * len(SHIPPED)


@pytest.mark.parametrize("audience", [{}, {"account.plan": "team"}, {"$or": [{"tier": {"$gte": 2}}, {"tags": "vip"}]}])
def test_a_good_audience_comes_in_as_it_is(sqlite_store: Store, audience: Any) -> None:
    load_into(sqlite_store, with_audiences(policy_change=audience))
    with sqlite_store.read() as session:
        scenario = scenario_named(session, "policy_change")
        assert (scenario.audience, traffic.in_force(session, scenario).value.audience) == (audience, audience)
