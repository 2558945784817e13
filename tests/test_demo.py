"""The demo call centre, on a small world: a week and a day of sixty calls."""

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from experiments import audit, people
from experiments.board import cards
from experiments.calendar import SiteCalendar
from experiments.check import history, kept
from experiments.check.spoken.heard import listened_calls
from experiments.demo import world as worlds
from experiments.demo.build import DemoReport, build
from experiments.demo.calls import Floor, Served, as_report
from experiments.demo.story import worth_having
from experiments.demo.world import Effect
from experiments.do import assignments
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.do.pseudonyms import Pseudonyms
from experiments.errors import Conflict, Invalid
from experiments.plan import catalogue
from experiments.plan.catalogue import Catalogue
from experiments.plan.designs import Experiment, experiment_named
from experiments.store import Store
from tests.postgres import Databases

CONFIGS = Path(__file__).parents[1] / "configs"
NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
CALENDAR = SiteCalendar(ZoneInfo("Asia/Shanghai"))
PASSWORD = "one password for everybody"
DAYS = {
    "policy_enquiry_opening_reason": (3, 7),
    "value_added_benefit_expiry": (1, 5),
    "download_ask_which_number": (0, 5),
    "change_benefit_quicker": (0, 2),
    "claim_enquiry_invite_or_not": (0, 2),
    "buy_opening_hurry": (0, 2),
    "change_ask_with_endorsement": (7, 7),
}
PLACES = {
    "surrender_invite_or_not": ("plan", "draft"),
    "policy_enquiry_timing": ("plan", "in_review"),
    "buy_objection_privacy": ("plan", "approved"),
    "policy_enquiry_opening_reason": ("do", "running"),
    "change_ask_with_endorsement": ("do", "running"),
    "value_added_benefit_expiry": ("do", "paused"),
    "download_ask_which_number": ("check", "in_review"),
    "change_benefit_quicker": ("act", "standard"),
    "claim_enquiry_invite_or_not": ("act", "standard"),
    "buy_opening_hurry": ("act", "abandoned"),
}


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((CONFIGS / name).read_text(encoding="utf-8"))


def insurance() -> Catalogue:
    return catalogue.parse(read("catalogues/insurance.toml"))


def a_small_world() -> dict[str, Any]:
    world = read("demo.toml") | {"days": 8, "switch_calls_per_day": 115}
    for experiment in world["experiment"]:
        if experiment["key"] in DAYS:
            experiment["start_day"], experiment["end_day"] = DAYS[experiment["key"]]
    return world


def build_small(store: Store, now: datetime = NOW) -> DemoReport:
    return build(
        store,
        a_small_world(),
        insurance(),
        password=PASSWORD,
        calendar=CALENDAR,
        pseudonyms=Pseudonyms(b"a key that only the tests know"),
        now=now,
        progress=lambda done, total, what: None,
    )


@dataclass(frozen=True)
class Built:
    store: Store
    report: DemoReport


@pytest.fixture(scope="module")
def on_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("demo") / "store.db")
    yield from _built(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def on_postgresql(databases: Databases, postgresql_template: str) -> Iterator[Built]:
    with databases.new(postgresql_template) as address:
        yield from _built(address.render_as_string(hide_password=False))


def _built(url: str) -> Iterator[Built]:
    store = Store(url)
    yield Built(store, build_small(store))
    store.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def built(request: pytest.FixtureRequest) -> Built:
    """Give the demo on each database, built once for all tests: nobody takes away what another one reads."""
    on_this_database: Built = request.getfixturevalue(f"on_{request.param}")
    return on_this_database


def test_a_demo_stands_at_every_stage_and_everything_in_it_holds(built: Built) -> None:
    assert {card.key: (card.stage, card.review) for card in built.report.cards} == PLACES
    with built.store.read() as session:
        assert audit.verify(session).broken_at is None
        rows = session.scalars(select(Assignment)).all()
        revisions: dict[int, Any] = {}
        again = [assignments.rederive(session, row, revisions) for row in rows]
        assert len(rows) == built.report.calls > 300
        assert [(c.arm or "", c.reason, c.version_id) for c in again] == [
            (row.arm, row.reason, row.script_version_id) for row in rows
        ]
        assert session.scalar(select(func.count()).where(Outcome.assignment_id.is_(None))) == 0
        assert history.waiting_days(session) == 0


def test_everybody_signs_in_with_the_password_handed_in(built: Built) -> None:
    login, _, roles = built.report.people[0]
    assert roles == ("lead",)
    assert {role for _, _, held in built.report.people for role in held} == people.ROLES.keys()
    with built.store.write() as session:
        assert people.sign_in(session, login, PASSWORD, now=NOW) is not None


def test_quality_has_heard_a_sample_of_what_runs_and_of_what_has_ended(built: Built) -> None:
    with built.store.read() as session:
        heard = {key: listened_calls(session, experiment_named(session, key)) for key in PLACES}
    assert {key for key, calls in heard.items() if calls} == {
        "policy_enquiry_opening_reason",
        "change_ask_with_endorsement",
        "download_ask_which_number",
        "change_benefit_quicker",
    }
    said = [call.heard == call.arm for calls in heard.values() for call in calls if call.heard is not None]
    assert 0.75 < sum(said) / len(said) < 1
    assert any(call.twice for calls in heard.values() for call in calls)


def test_what_is_seen_of_its_tests_is_kept_for_the_first_visitor(built: Built) -> None:
    with built.store.read() as session:
        started = session.scalars(select(Experiment).where(Experiment.started_at.is_not(None))).all()
        marks = kept.marks(session, started, today=CALENDAR.day(NOW))
        assert kept.marks_kept(session, [each.id for each in started]) == marks
    assert len(started) == len(PLACES) - 3


def test_a_second_build_is_refused(built: Built) -> None:
    with pytest.raises(Conflict):
        build_small(built.store)
    with built.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Assignment)) == built.report.calls


def test_the_same_seed_gives_the_same_totals(on_sqlite: Built, on_postgresql: Built) -> None:
    assert on_sqlite.report == on_postgresql.report
    assert funnels(on_sqlite.store) == funnels(on_postgresql.store)


def test_nothing_is_told_before_it_has_happened(sqlite_store: Store) -> None:
    morning = NOW.replace(hour=2)
    build_small(sqlite_store, morning)
    with sqlite_store.read() as session:
        newest = [
            session.scalar(select(func.max(column))) for column in (Assignment.at, Outcome.at, audit.AuditEntry.at)
        ]
    assert max(moment for moment in newest if moment is not None) <= morning


@pytest.mark.parametrize("days", [1, 3, 5])
def test_it_is_built_on_any_day_of_the_week(sqlite_store: Store, days: int) -> None:
    """Another weekday has other calls: a region may have those of one arm alone, and a test its calls sooner."""
    report = build_small(sqlite_store, NOW + timedelta(days=days))
    assert report.calls > 0


def test_nobody_approves_what_they_wrote(built: Built) -> None:
    with built.store.read() as session:
        approvals = session.scalars(select(cards.Approval)).all()
        assert {people_of(session, approval.person_id) for approval in approvals}.isdisjoint({"lead.lin"})
        assert len(approvals) > 20


def test_a_field_that_the_world_does_not_know_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        worlds.parse(a_small_world() | {"weather": "fine"})
    assert [problem.field for problem in refused.value.problems] == ["weather"]


class TestACall:
    def test_is_the_same_whenever_it_is_played(self) -> None:
        floor = Floor(worlds.parse(a_small_world()), insurance())
        served = Served(eligible=True, invite=True, effect=Effect())
        first, second = (floor.calls_of(20261116, 2, CALENDAR) for _ in range(2))
        assert first == second
        assert [floor.facts_of(call, served) for call in first] == [floor.facts_of(call, served) for call in second]

    def test_without_an_invitation_has_none(self) -> None:
        floor = Floor(worlds.parse(a_small_world()), insurance())
        served = Served(eligible=True, invite=False, effect=Effect())
        told = {f.type for call in floor.calls_of(20261116, 2, CALENDAR) for f in floor.facts_of(call, served)}
        assert told.isdisjoint({"invited", "accepted", "declined", "cancelled"})

    def test_gives_each_fact_an_id_of_its_own(self) -> None:
        floor = Floor(worlds.parse(a_small_world()), insurance())
        served = Served(eligible=True, invite=True, effect=Effect())
        calls = floor.calls_of(20261116, 2, CALENDAR)
        ids = [as_report(call, fact)[1]["id"] for call in calls for fact in floor.facts_of(call, served)]
        assert len(ids) == len(set(ids)) > len(calls)


def test_the_smallest_effect_worth_having_falls_as_calls_grow() -> None:
    effects = [worth_having(0.4, calls, [5000, 5000]) for calls in (100, 1000, 10_000)]
    assert effects == sorted(effects, reverse=True)
    assert effects[2] == pytest.approx(0.03, abs=0.005)


def funnels(store: Store) -> list[dict[str, Any]]:
    with store.read() as session:
        return [dict(history.arm_totals(session, experiment_named(session, key))) for key in PLACES]


def people_of(session: Any, person_id: int) -> str:
    login: str = session.get_one(people.Person, person_id).login
    return login
