"""The whole loop on a call log: import, replay of an A/A card, roll up, look, verdict, board, decision."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select

from experiments.check import history, looks, rollup
from experiments.check.metrics import Totals
from experiments.do.assignments import rederive
from experiments.do.journal import Assignment
from experiments.imports import ledger
from experiments.plan.designs import experiment_named
from experiments.plan.scenarios import scenario_named
from experiments.store import Store
from tests.imports import logs
from tests.imports.rehearsal import CARD, SCENARIO, Centre, open_centre, start_card

GENERATED = 3_000


@pytest.fixture
def centre(store: Store) -> Centre:
    return open_centre(store)


class TestALogOfTheSameShape:
    def test_goes_through_the_whole_loop(self, centre: Centre, tmp_path: Path) -> None:
        path = logs.write_log(tmp_path / "log.csv.gz", GENERATED)

        walk_through(centre, path, GENERATED, logs.conversions_in(path))

    def test_comes_in_as_history_of_its_scenario(self, centre: Centre, tmp_path: Path) -> None:
        path = logs.write_log(tmp_path / "log.csv.gz", GENERATED)

        report = centre.bring(path, logs.mapping_named("bank_marketing"))
        rollup.rebuild_dirty(centre.store)

        assert (report.tally.imported, report.tally.rejected, report.rejects) == (GENERATED, 0, None)
        totals = history_of(centre)
        assert (totals["calls"], totals["connected"]) == (GENERATED, GENERATED)
        assert totals["converted"] == logs.conversions_in(path)

    def test_has_its_repeated_lines_kept_as_calls(self, centre: Centre, tmp_path: Path) -> None:
        path = logs.write_log(tmp_path / "log.csv", GENERATED)

        assert GENERATED - len(set(path.read_text().splitlines()[1:])) == logs.REAL_REPEATED
        assert centre.bring(path, logs.mapping_named("bank_marketing")).tally.imported == GENERATED

    def test_says_what_of_it_is_made_up(self, centre: Centre, tmp_path: Path) -> None:
        centre.bring(logs.write_log(tmp_path / "log.csv", 100), logs.mapping_named("bank_marketing"))

        with centre.store.read() as session:
            assert ledger.synthetic_fields(session, scenario=SCENARIO) == ["agent_id", "at", "call_id"]
            assert ledger.synthetic_fields(session, scenario="another") == []


@pytest.mark.skipif(not logs.REAL.exists(), reason=f"the real call log is not at {logs.REAL} (CALL_DATA says where)")
class TestTheRealLog:
    def test_goes_through_the_whole_loop(self, centre: Centre, tmp_path: Path) -> None:
        path = Path(shutil.copy(logs.REAL, tmp_path))

        look = walk_through(centre, path, logs.REAL_CALLS, logs.REAL_CONVERSIONS)

        assert look.conclusion == "no_difference"

    def test_begins_in_may_2008_and_ends_in_november_2010(self, sqlite_store: Store, tmp_path: Path) -> None:
        centre = open_centre(sqlite_store)
        report = centre.bring(Path(shutil.copy(logs.REAL, tmp_path)), logs.mapping_named("bank_marketing"))
        rollup.rebuild_dirty(centre.store)

        with centre.store.read() as session:
            past = history.scenario_history(session, [scenario_named(session, SCENARIO).id])
        assert (past.first_day, past.days) == (20080505, 488)
        assert 20101101 <= (past.last_day or 0) <= 20101130
        assert (past.all["calls"], past.all["converted"]) == (logs.REAL_CALLS, logs.REAL_CONVERSIONS)
        assert report.outcomes == 3 * logs.REAL_CALLS  # connected, handled, and either hung up or converted


def walk_through(centre: Centre, path: Path, calls: int, conversions: int) -> looks.Look:
    """Replay a log through the A/A card and take the card to its decision; give the final look."""
    start_card(centre)
    report = centre.bring(path, logs.mapping_named("bank_marketing"), replay=CARD)
    assert (report.tally.imported, report.tally.rejected) == (calls, 0)

    look = centre.final_look()
    assert look.conclusion in ("no_difference", "inconclusive")
    assert sum(arm["calls"] for arm in look.content["watch"]["totals"].values()) == calls
    assert sum(arm["converted"] for arm in look.content["watch"]["totals"].values()) == conversions
    assert_every_assignment_can_be_derived_again(centre, calls)

    centre.move("system", "end")
    card = centre.decide()
    assert (card.stage, card.review) == ("act", "abandoned")
    return look


def assert_every_assignment_can_be_derived_again(centre: Centre, calls: int) -> None:
    """Derive each assignment from its record and its traffic revision alone."""
    revisions: dict[int, object] = {}
    with centre.store.read() as session:
        query = select(Assignment).execution_options(yield_per=2_000)
        differing, seen = [], 0
        for row in session.scalars(query):
            again = rederive(session, row, revisions)
            seen += 1
            if (again.arm or "", again.version_id, again.reason, again.eligible, again.invites) != (
                *(row.arm, row.script_version_id, row.reason, row.eligible, row.invite),
            ):
                differing.append(row.call_id)
    assert (seen, differing) == (calls, [])


def history_of(centre: Centre) -> Totals:
    with centre.store.read() as session:
        return history.scenario_history(session, [scenario_named(session, SCENARIO).id]).all


def test_a_replay_counts_as_calls_of_its_own(sqlite_store: Store, tmp_path: Path) -> None:
    centre = open_centre(sqlite_store)
    path, mapping = logs.write_log(tmp_path / "log.csv", 200), logs.mapping_named("bank_marketing")
    start_card(centre)

    centre.bring(path, mapping)
    centre.bring(path, mapping, replay=CARD)

    with centre.store.read() as session:
        origins = session.execute(select(Assignment.origin, func.count()).group_by(Assignment.origin)).all()
        test = experiment_named(session, CARD)
        dealt = session.scalar(select(func.count()).where(Assignment.experiment_id == test.id))
    assert (dict(origins), dealt) == ({"imported": 200, "replayed": 200}, 200)
