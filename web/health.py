"""What machines ask of the process: alive, ready, and counted (Prometheus)."""

import time

from apiflask import APIBlueprint
from flask import Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from experiments.errors import Unavailable
from web.house import house

health = APIBlueprint("health", __name__, enable_openapi=False)

_registry = CollectorRegistry()
_requests = Counter("scriptbench_requests", "Requests answered", ["endpoint", "status"], registry=_registry)
_seconds = Histogram("scriptbench_request_seconds", "Time to answer", ["endpoint"], registry=_registry)


@health.before_app_request
def _start() -> None:
    g.started = time.perf_counter()


@health.after_app_request
def _count(response: Response) -> Response:
    count(request.endpoint or "none", response.status_code, time.perf_counter() - g.get("started", time.perf_counter()))
    return response


def count(endpoint: str, status: int, seconds: float) -> None:
    """Count an answer."""
    _requests.labels(endpoint, status).inc()
    _seconds.labels(endpoint).observe(seconds)


@health.get("/healthz")
def alive() -> dict[str, str]:
    """Say that the process is there."""
    return {"status": "alive"}


@health.get("/readyz")
def ready() -> dict[str, str | int]:
    """Say whether calls can be answered: the database is there and the snapshot is read."""
    try:
        return {"status": "ready", "snapshot": house().snapshot().version}
    except SQLAlchemyError as error:
        raise Unavailable("The database does not answer.") from error


@health.get("/metrics")
def metrics() -> Response:
    """Give the counters in Prometheus's text format."""
    return Response(generate_latest(_registry), content_type=CONTENT_TYPE_LATEST)
