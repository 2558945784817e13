"""What machines ask of the process: alive, ready, and counted (Prometheus).

Where several workers answer, each counts into files of a folder that all share (`PROMETHEUS_MULTIPROC_DIR`, which
`up` sets), and whichever is asked tells the sum.
"""

import os
import time
from collections.abc import Iterator
from functools import lru_cache
from itertools import product

from apiflask import APIBlueprint
from flask import Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import ProgrammingError

from experiments.errors import Unavailable
from experiments.notices import outbox
from experiments.notices.tables import State
from experiments.store import AWAY
from web.house import House, house

health = APIBlueprint("health", __name__, enable_openapi=False)

_registry = CollectorRegistry()
_requests = Counter("scriptbench_requests", "Requests answered", ["endpoint", "status"], registry=_registry)
_seconds = Histogram("scriptbench_request_seconds", "Time to answer", ["endpoint"], registry=_registry)


class _Spool(Collector):
    """What waits on this machine for the database."""

    def __init__(self, here: House) -> None:
        self._here = here

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Count it."""
        waiting = self._here.floor.journal.waiting()
        yield GaugeMetricFamily("scriptbench_spooled", "Answers and facts that wait for the database", waiting)


class _Notices(Collector):
    """What waits to be told outside, and what nobody could be told."""

    def __init__(self, here: House) -> None:
        self._here = here

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Count it; nothing is said while there is no database to ask."""
        gauge = GaugeMetricFamily("scriptbench_notices", "Notices on their way to a target", labels=["target", "state"])
        try:
            with self._here.store.read() as session:
                piles = {(pile.target, pile.state): pile.many for pile in outbox.piles(session)}
        except (*AWAY, ProgrammingError):  # the tables may not be there yet
            return
        names = {target.name for target in self._here.post.targets} | {name for name, _ in piles}
        for name, state in product(sorted(names), (State.WAITING, State.GIVEN_UP)):
            gauge.add_metric([name, state], piles.get((name, state), 0))
        yield gauge


@health.before_app_request
def _start() -> None:
    g.started = time.perf_counter()


@health.after_app_request
def _count(response: Response) -> Response:
    count(request.endpoint or "none", response.status_code, time.perf_counter() - g.get("started", time.perf_counter()))
    return response


def count(endpoint: str, status: int, seconds: float) -> None:
    """Count an answer."""
    requests, times = _counters(endpoint, status)
    requests.inc()
    times.observe(seconds)


@lru_cache(maxsize=1024)
def _counters(endpoint: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(endpoint, status), _seconds.labels(endpoint)


@health.get("/healthz")
def alive() -> dict[str, str]:
    """Say that the process is there."""
    return {"status": "alive"}


@health.get("/readyz")
def ready() -> dict[str, str | int]:
    """Say whether calls can be answered: by the database, or as `fallback` from the last snapshot without it."""
    here = house()
    try:
        version = here.snapshot().version
    except AWAY as error:
        raise Unavailable("The database does not answer.") from error
    here.floor.journal.wake()
    status = "fallback" if here.floor.journal.away else "ready"
    return {"status": status, "snapshot": version, "spooled": here.floor.journal.waiting()}


@health.get("/metrics")
def metrics() -> Response:
    """Give the counters in Prometheus's text format."""
    told = CollectorRegistry()
    told.register(_Spool(house()))
    told.register(_Notices(house()))
    counted = _registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(counted := CollectorRegistry())  # type: ignore[no-untyped-call]  # it registers itself
    return Response(generate_latest(counted) + generate_latest(told), content_type=CONTENT_TYPE_LATEST)
