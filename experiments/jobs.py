"""What the schedule does by itself: one table of jobs, and a ledger in which each tick of a job is run once.

Two schedulers started by mistake meet at the ledger's UNIQUE(job, tick): one runs the tick, the other passes. A
job that runs after another starts when that one has finished a tick within its own well, and never before.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments import people
from experiments.act import rollouts
from experiments.act.control import charts, signals
from experiments.act.live import live_standards
from experiments.board import cards, tending
from experiments.calendar import SiteCalendar
from experiments.check import kept, rollup
from experiments.errors import Conflict
from experiments.notices import delivering, outbox
from experiments.notices.targets import Post
from experiments.store import KEY, Base, Store, UtcDateTime, insert_new

_LEDGER_KEPT = timedelta(days=30)
_log = logging.getLogger(__name__)

Work = Callable[..., str]
"""What a job does with the store, the site's calendar and the moment, and with a `post` where its row says that it
tells people outside; it opens its own transactions and gives a short report."""


class JobRun(Base):
    """One tick of one job, taken by whoever came first; unfinished when its process died."""

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("job", "tick"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(KEY)
    #: the moment the schedule meant, whenever it was really run
    tick: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    report: Mapped[str | None]
    #: the kind of error only: its words may hold what a person said
    error: Mapped[str | None] = mapped_column(KEY)


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the table: ticks every so many seconds; with `after`, once that job has finished a tick in it."""

    name: str
    work: Work
    every_seconds: int
    after: str | None
    why: str
    posts: bool = False


def roll_up(store: Store, _calendar: SiteCalendar, _now: datetime) -> str:
    """Build the days again whose facts changed."""
    report = rollup.rebuild_dirty(store)
    return f"{report.days} days built, {report.attached} waiting outcomes attached"


def take_looks(store: Store, calendar: SiteCalendar, now: datetime) -> str:
    """Take the look of every running test whose look is due; the final one ends the test."""
    running = _running(store)
    taken = [words for key in running if (words := _take_look(store, key, calendar, now)) is not None]
    return "; ".join(taken) or f"none due of {len(running)} running"


def watch(store: Store, calendar: SiteCalendar, now: datetime) -> str:
    """Keep what is seen of every started test, and pause every running one that harms a guardrail.

    Running tests come first, and nobody who writes waits while a test is read.
    """
    running, today = _running(store), calendar.day(now)
    kept.keep(store, running.values(), today=today, now=now)
    halted = [words for key in running if (words := _halt(store, key, calendar, now)) is not None]
    kept.keep_all(store, today=today, now=now)
    return "; ".join(halted) or f"no harm in {len(running)} running"


def tend_rollouts(store: Store, calendar: SiteCalendar, now: datetime) -> str:
    """Take the next step of every rollout, hold it, or take it back; end holdbacks."""
    with store.read() as session:
        keys = [rollout.experiment.key for rollout in rollouts.live(session)]
    done = [f"{key}: {words}" for key in keys if (words := _tend(store, key, calendar, now)) is not None]
    return "; ".join(done) or f"nothing due of {len(keys)} rollouts"


def control(store: Store, calendar: SiteCalendar, now: datetime) -> str:
    """Hold the rates of every live standard against its baseline, and write down what is no chance."""
    with store.read() as session:
        lives = live_standards(session)
    charted = noted = 0
    for live in lives:
        with store.read() as session:
            drawn = charts.charts_of(session, live, calendar=calendar, today=calendar.day(now))
        found, charted = signals.found_in(drawn), charted + len(drawn)
        if found:
            with store.write() as session:
                actor = people.system("jobs")
                noted += len(signals.note_signals(session, live.scenario, found, actor=actor, now=now))
    return f"{noted} new signals in {charted} charts of {len(lives)} standards"


def tidy(store: Store, _calendar: SiteCalendar, now: datetime) -> str:
    """Forget sign-ins that have ended, failed attempts that no longer count, old notices and rows of the ledger."""
    with store.write() as session:
        forgotten = people.forget_expired(session, now=now)
        session.execute(delete(JobRun).where(JobRun.tick < now - _LEDGER_KEPT))
        notices = outbox.forget(session, now=now)
    return f"{forgotten} sign-ins and attempts forgotten, {notices} notices"


def tell_people(store: Store, _calendar: SiteCalendar, now: datetime, *, post: Post | None) -> str:
    """Send the notices that wait; without a post they go on waiting."""
    return delivering.deliver(store, post, now=now) if post is not None else "nobody to send by"


JOBS: tuple[Job, ...] = (
    Job("rollup", roll_up, 60, None, "pages, health and looks read the rollup, which outcomes make stale"),
    Job("watch", watch, 60, "rollup", "what is seen of tests is kept for pages, and harm is paused, whoever is awake"),
    Job("looks", take_looks, 60, "rollup", "a planned look is taken when its calls are in, not when somebody asks"),
    Job("rollouts", tend_rollouts, 60, "rollup", "a winner on its way that harms a guardrail is taken back at once"),
    Job("control", control, 86_400, "rollup", "a standard that no longer does what it was promoted for is noticed"),
    Job("tidy", tidy, 86_400, None, "what is no longer needed of people is not kept"),
    Job("notices", tell_people, 15, None, "whoever has to act hears of it at once, and again until it was taken", True),
)
"""Everything the schedule does."""


def tick_of(job: Job, now: datetime) -> datetime:
    """Give the tick that a moment falls into: the newest multiple of the job's interval since 1970, UTC."""
    return datetime.fromtimestamp(int(now.timestamp()) // job.every_seconds * job.every_seconds, UTC)


def do(store: Store, job: Job, calendar: SiteCalendar, now: datetime, post: Post | None = None) -> str:
    """Do a job's work, whatever its schedule says, and give its report.

    Args:
        store: the database.
        job: the row of the table.
        calendar: the site's.
        now: when, UTC.
        post: what tells people outside; without it nobody is told.
    """
    return job.work(store, calendar, now, **({"post": post} if job.posts else {}))


def run(
    store: Store, job: Job, tick: datetime, calendar: SiteCalendar, now: datetime, post: Post | None = None
) -> bool:
    """Run one tick of a job and then the jobs that come after it; False when it is not ours to run.

    Somebody else may have the tick, or the job it comes after has not finished it. An error of the job is logged and
    written into the ledger; the next tick tries again.
    """
    with store.write() as session:
        claimed = _claim(session, job, tick, now)
    if claimed is None:
        return False
    report, error = _done(store, job, calendar, now, post)
    with store.write() as session:
        ended = update(JobRun).where(JobRun.id == claimed)
        session.execute(ended.values(finished_at=now, report=report, error=error))
    for follower in JOBS:
        if follower.after == job.name and error is None:
            run(store, follower, tick_of(follower, tick), calendar, now, post)
    return True


def _done(
    store: Store, job: Job, calendar: SiteCalendar, now: datetime, post: Post | None
) -> tuple[str | None, str | None]:
    """Do the work; give its report, or the kind of error it ended with."""
    try:
        return do(store, job, calendar, now, post), None
    except Exception as failure:  # noqa: BLE001 - whatever a job does wrong, the schedule goes on
        _log.exception("job %s failed", job.name)
        return None, type(failure).__name__


def _claim(session: Session, job: Job, tick: datetime, now: datetime) -> int | None:
    if job.after is not None and not _finished(session, job.after, tick, tick + timedelta(seconds=job.every_seconds)):
        return None
    claim = insert_new(session, JobRun, ("job", "tick")).returning(JobRun.id)
    taken: int | None = session.scalar(claim, {"job": job.name, "tick": tick, "started_at": now})
    return taken


def _finished(session: Session, name: str, first: datetime, until: datetime) -> bool:
    within = JobRun.tick >= first, JobRun.tick < until
    well = select(JobRun.id).where(JobRun.job == name, *within, JobRun.report.is_not(None)).limit(1)
    return session.scalar(well) is not None


def _running(store: Store) -> dict[str, int]:
    """Give the ids of the tests that run, by their keys, in the keys' order."""
    with store.read() as session:
        found = [card.experiment for card in cards.every_card(session) if card.review == cards.Review.RUNNING]
    return {each.key: each.id for each in sorted(found, key=lambda each: each.key)}


def _halt(store: Store, key: str, calendar: SiteCalendar, now: datetime) -> str | None:
    with store.read() as session:
        if tending.harmed(session, cards.card_of(session, key), calendar=calendar, now=now) is None:
            return None
    with store.write() as session:
        harmed = tending.halt_harmed(session, key, actor=people.system("jobs"), calendar=calendar, now=now)
    return f"{key}: paused, harm to {harmed}" if harmed is not None else None


def _tend(store: Store, key: str, calendar: SiteCalendar, now: datetime) -> str | None:
    try:
        with store.write() as session:
            return tending.tend_rollout(session, key, actor=people.system("jobs"), calendar=calendar, now=now)
    except Conflict as conflict:  # somebody moved the card or the traffic meanwhile: no reason to let the others wait
        return str(conflict)


def _take_look(store: Store, key: str, calendar: SiteCalendar, now: datetime) -> str | None:
    try:
        with store.write() as session:
            look = tending.take_due_look(session, key, actor=people.system("jobs"), calendar=calendar, now=now)
    except Conflict as conflict:  # somebody moved the card meanwhile, or nothing has matured since the last look
        return str(conflict)
    return f"{key}: look {look.number}, {look.conclusion}" if look is not None else None
