"""The processes of a running house: a server with its workers, and the scheduler in a process of its own."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.interval import IntervalTrigger

from configs.settings import ROOT, Settings
from experiments import jobs
from web.house import House


def serve(settings: Settings) -> None:
    """Run the server and the scheduler until Ctrl-C or until one of them ends, then end both."""
    counts = settings.instance / "counts"
    shutil.rmtree(counts, ignore_errors=True)  # of workers that are gone
    counts.mkdir(mode=0o700, parents=True)
    told = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(counts)}
    children = [subprocess.Popen(command, cwd=ROOT, env=told) for command in (server(settings), _scheduler())]  # noqa: S603 - our own programs
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    while not ended.wait(0.5):
        if any(child.poll() is not None for child in children):
            break
    for child in children:
        child.terminate()
    for child in children:
        child.wait(timeout=20)


def schedule(house: House) -> None:
    """Run the table of jobs for ever. A second scheduler started by mistake finds every tick taken."""
    scheduler = BlockingScheduler(timezone=UTC)
    for job in jobs.JOBS:
        if job.after is None:  # the others follow the job they come after
            scheduler.add_job(
                _tick,
                IntervalTrigger(seconds=job.every_seconds, timezone=UTC),
                args=(house, job),
                id=job.name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=job.every_seconds,
                next_run_time=house.clock(),
            )
    signal.signal(signal.SIGTERM, lambda _number, _frame: _end(scheduler))
    try:
        scheduler.start()
    except KeyboardInterrupt:
        return


def _tick(house: House, job: jobs.Job) -> None:
    now = house.clock()
    jobs.run(house.store, job, jobs.tick_of(job, now), house.calendar, now, house.post)


def _end(scheduler: BlockingScheduler) -> None:
    # Waiting for a running job must not happen inside the signal handler; being told twice is being told once.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=scheduler.shutdown, kwargs={"wait": True}).start()


def server(settings: Settings) -> list[str]:
    """Give the command that serves: each worker a process, each of its threads a request at a time."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "wsgi:app"),
        *("--host", settings.host, "--port", str(settings.port)),
        *("--workers", str(settings.workers), "--blocking-threads", str(settings.threads)),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10"),
        *("--no-access-log", "--log-level", "error"),
    ]


def _scheduler() -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", "scheduler"]
