"""Importing twice, and again after the import was killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from experiments.check import history, rollup
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.errors import Conflict, Invalid, Unknown
from experiments.imports.ledger import ImportFile
from experiments.plan.designs import experiment_named
from experiments.store import Store
from tests.imports import logs
from tests.imports.rehearsal import CARD, Centre, open_centre, start_card

MAPPING = logs.mapping_named("bank_marketing")


@pytest.fixture
def centre(store: Store) -> Centre:
    return open_centre(store)


class TestTheSameFile:
    def test_changes_nothing_the_second_time_and_says_so(self, centre: Centre, tmp_path: Path) -> None:
        path = logs.write_log(tmp_path / "log.csv", 600)
        first = centre.bring(path, MAPPING)
        before = everything(centre)

        second = centre.bring(path, MAPPING)

        assert (first.finished_before, second.finished_before) == (False, True)
        assert (second.tally.read, second.tally.imported, second.tally.already_there) == (600, 0, 600)
        assert everything(centre) == before

    def test_by_another_mapping_tells_nothing_twice(self, centre: Centre, tmp_path: Path) -> None:
        path = logs.write_log(tmp_path / "log.csv", 600)
        centre.bring(path, MAPPING)
        before = everything(centre)

        report = centre.bring(path, MAPPING.model_copy(update={"attribute": []}))

        assert (report.tally.already_there, report.outcomes, report.outcomes_known) == (600, 0, 1_800)
        assert everything(centre) == before

    def test_that_is_not_all_there_yet_is_completed(self, centre: Centre, tmp_path: Path) -> None:
        path = logs.write_log(tmp_path / "log.csv", 1_200)

        def pull_the_plug(done: int, _total: int) -> None:
            if done >= 500:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            centre.bring(path, MAPPING, progress=pull_the_plug)
        report = centre.bring(path, MAPPING)

        assert (report.tally.already_there, report.tally.imported) == (500, 700)
        assert everything(centre) == (1_200, 3_600)


class TestAKilledReplay:
    def test_can_be_run_again_and_comes_to_the_same_totals(self, sqlite_store: Store, tmp_path: Path) -> None:
        centre = open_centre(sqlite_store)
        start_card(centre)
        path = logs.write_log(tmp_path / "log.csv", 6_000)

        killed_at = replay_and_kill(sqlite_store, path)
        report = centre.bring(path, MAPPING, replay=CARD)
        rollup.rebuild_dirty(centre.store)

        assert 0 < killed_at < 6_000
        assert report.tally.already_there >= killed_at
        assert report.tally.already_there + report.tally.imported == 6_000
        assert everything(centre) == (6_000, 18_000)
        with centre.store.read() as session:
            totals = history.arm_totals(session, experiment_named(session, CARD)).values()
            assert session.scalars(select(ImportFile.rows_imported)).one() == 6_000
        assert sum(arm["calls"] for arm in totals) == 6_000
        assert sum(arm["converted"] for arm in totals) == logs.conversions_in(path)
        uninterrupted = arms_without_a_kill(tmp_path, path, sqlite_store)
        assert arms(centre) == uninterrupted


class TestAReplay:
    def test_needs_an_experiment_that_runs(self, centre: Centre, tmp_path: Path) -> None:
        path = logs.write_log(tmp_path / "log.csv", 20)
        with pytest.raises(Unknown, match="no experiment"):
            centre.bring(path, MAPPING, replay="nobody_wrote_this")

        start_card(centre)
        centre.move("manager", "pause", reason="lunch")
        with pytest.raises(Conflict, match="not running"):
            centre.bring(path, MAPPING, replay=CARD)

        assert everything(centre) == (0, 0)

    def test_is_refused_for_calls_that_were_assigned_elsewhere(self, centre: Centre, tmp_path: Path) -> None:
        mapping = logs.mapping_named("experiment_example")
        columns = ",".join(mapping.columns())
        path = tmp_path / "log.csv"
        path.write_text(f"{columns}\n")

        with pytest.raises(Invalid, match="assigned elsewhere"):
            centre.bring(path, mapping, replay=CARD)


def replay_and_kill(store: Store, path: Path) -> int:
    """Replay in another process, kill it without warning once some calls are in; say how many were."""
    program = [sys.executable, "-m", "tests.imports.replay_alone", str(store.engine.url), str(path)]
    running = subprocess.Popen(program, cwd=logs.ROOT, stdout=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + 60
        while (there := count_of(store)) < 1_000:
            assert running.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.01)
    finally:
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
    return there


def arms_without_a_kill(folder: Path, path: Path, like: Store) -> list[tuple[str, int]]:
    """Replay the same file into a store of its own, undisturbed."""
    copy = Store(f"sqlite:///{folder / 'undisturbed.db'}")
    like_tables = like.engine.raw_connection()
    try:
        like_tables.execute(f"VACUUM INTO '{folder / 'undisturbed.db'}'")
    finally:
        like_tables.close()
    with copy.write() as session:
        for table in ("outcome", "assignment", "dirty_day", "rollup_call", "import_file"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
    floor = open_floor(copy)
    floor.bring(path, MAPPING, replay=CARD)
    found = arms(floor)
    copy.dispose()
    return found


def open_floor(store: Store) -> Centre:
    """Open a centre whose people and catalogue are there already."""
    return open_centre(store, hire=False)


def everything(centre: Centre) -> tuple[int, int]:
    with centre.store.read() as session:
        calls = session.scalar(select(func.count()).select_from(Assignment)) or 0
        return calls, session.scalar(select(func.count()).select_from(Outcome)) or 0


def arms(centre: Centre) -> list[tuple[str, int]]:
    with centre.store.read() as session:
        query = select(Assignment.arm, func.count()).group_by(Assignment.arm).order_by(Assignment.arm)
        return [(arm, calls) for arm, calls in session.execute(query)]


def count_of(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(Assignment)) or 0
