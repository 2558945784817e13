"""Takes a test's database away as the world does: PostgreSQL turns everybody out, a stranger locks SQLite's file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import Engine, make_url


@contextmanager
def away(engine: Engine) -> Iterator[None]:
    """Let nobody write to a database for as long as this lasts."""
    if engine.dialect.name == "sqlite":
        stranger = sqlite3.connect(str(engine.url.database), isolation_level=None)
        stranger.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            stranger.execute("ROLLBACK")
            stranger.close()
        return
    assert engine.url.database
    name = engine.url.database
    admin = make_url(engine.url.set(database="postgres", drivername="postgresql")).render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        door = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        connection.execute(door.format(sql.Identifier(name), sql.Literal(False)))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            connection.execute(door.format(sql.Identifier(name), sql.Literal(True)))
