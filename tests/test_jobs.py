"""The schedule's jobs: each tick once, in their order, and an error does not stop the rest."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from experiments import jobs, people
from experiments.calendar import SiteCalendar
from experiments.jobs import Job, JobRun
from experiments.people import SignIn, SignInFailure
from experiments.store import Store

NOW = datetime(2026, 11, 21, 6, 30, 12, tzinfo=UTC)
CALENDAR = SiteCalendar(ZoneInfo("Asia/Shanghai"))
BY_NAME = {job.name: job for job in jobs.JOBS}


def runs_of(store: Store) -> dict[str, JobRun]:
    with store.read() as session:
        return {run.job: run for run in session.scalars(select(JobRun).order_by(JobRun.tick))}


def run_due(store: Store, at: datetime) -> list[str]:
    """Do what the scheduler does at a moment; name the jobs that were begun."""
    first = [job for job in jobs.JOBS if job.after is None]
    return [job.name for job in first if jobs.run(store, job, jobs.tick_of(job, at), CALENDAR, at)]


def a_job(works: bool = True) -> Job:
    def work(_store: Store, _calendar: SiteCalendar, _now: datetime) -> str:
        if not works:
            raise ValueError("a caller said something private")
        return "done"

    return Job("job", work, 60, None, "for the test")


def test_a_tick_is_run_once_however_many_schedulers_there_are(store: Store) -> None:
    tick = jobs.tick_of(BY_NAME["tidy"], NOW)
    assert [jobs.run(store, BY_NAME["tidy"], tick, CALENDAR, NOW) for _ in range(2)] == [True, False]
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(JobRun)) == 1


def test_the_looks_run_when_the_rollup_has_finished_the_tick(store: Store) -> None:
    tick = jobs.tick_of(BY_NAME["rollup"], NOW)
    assert not jobs.run(store, BY_NAME["looks"], tick, CALENDAR, NOW)
    assert jobs.run(store, BY_NAME["rollup"], tick, CALENDAR, NOW)
    assert {name: run.report for name, run in runs_of(store).items()} == {
        "rollup": "0 days built, 0 waiting outcomes attached",
        "watch": "no harm in 0 running",
        "looks": "none due of 0 running",
        "rollouts": "nothing due of 0 rollouts",
        "control": "0 new signals in 0 charts of 0 standards",
    }


def test_what_is_due_is_run_and_then_no_longer_due(store: Store) -> None:
    assert run_due(store, NOW) == ["rollup", "tidy", "notices"]
    assert run_due(store, NOW) == []
    assert run_due(store, NOW + timedelta(minutes=1)) == ["rollup", "notices"]


def test_an_error_stands_in_the_ledger_without_its_words(sqlite_store: Store, caplog: pytest.LogCaptureFixture) -> None:
    assert jobs.run(sqlite_store, a_job(works=False), NOW, CALENDAR, NOW)
    run = runs_of(sqlite_store)["job"]
    assert (run.error, run.report, run.finished_at) == ("ValueError", None, NOW)
    assert "job job failed" in caplog.text


def test_after_an_error_the_next_tick_runs(sqlite_store: Store) -> None:
    jobs.run(sqlite_store, a_job(works=False), NOW, CALENDAR, NOW)
    jobs.run(sqlite_store, a_job(), NOW + timedelta(minutes=1), CALENDAR, NOW + timedelta(minutes=1))
    assert runs_of(sqlite_store)["job"].report == "done"


def test_ticks_are_multiples_of_the_interval() -> None:
    assert jobs.tick_of(BY_NAME["rollup"], NOW) == datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
    assert jobs.tick_of(BY_NAME["tidy"], NOW) == datetime(2026, 11, 21, tzinfo=UTC)


def test_tidying_forgets_what_no_longer_holds_and_keeps_what_does(store: Store) -> None:
    with store.write() as session:
        people.load_roles(session)
        boss = people.system("test")
        people.add_person(session, "lin", "林悦", "a long enough password", ["lead"], actor=boss, now=NOW)
        for ago in (timedelta(minutes=5), timedelta(hours=1)):
            people.sign_in(session, "lin", "a long enough password", now=NOW - ago)
            people.sign_in(session, "nobody", "wrong", now=NOW - ago)
    with store.read() as session:
        before = session.scalar(select(func.count()).select_from(SignIn))
    run_due(store, NOW)
    assert runs_of(store)["tidy"].report == "2 sign-ins and attempts forgotten, 0 notices"
    with store.read() as session:
        assert (before, session.scalar(select(func.count()).select_from(SignIn))) == (2, 1)
        assert session.scalar(select(func.count()).select_from(SignInFailure)) == 1


def test_every_job_says_why_and_comes_after_one_that_exists() -> None:
    assert all(job.why and job.after in (None, *BY_NAME) for job in jobs.JOBS)
