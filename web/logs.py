"""Logs: one JSON line a request, with an id to ask after, and nobody's data."""

import logging
import random
import re
import time

import structlog
from flask import Flask, Response, g, request

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def install(app: Flask) -> None:
    """Give every request an id, and log it when it is answered."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    app.before_request(_begin)
    app.after_request(_end)


def request_id(given: str | None) -> str:
    """Give the id of a request: the one it came with, or a new one."""
    return given if given and _GIVEN_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"


def _begin() -> None:
    g.request_id = request_id(request.headers.get("X-Request-Id"))
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.endpoint not in ("static", "health.alive", "health.ready", "health.metrics"):
        structlog.get_logger().info(
            "request",
            id=g.get("request_id"),
            method=request.method,
            endpoint=request.endpoint,
            status=response.status_code,
            milliseconds=round(1000 * (time.perf_counter() - g.get("began", time.perf_counter())), 1),
        )
    return response
