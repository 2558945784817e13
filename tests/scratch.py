"""Where tests keep their databases and folders: in memory where there is room, else where the system has them."""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - whose files are made by `tempfile`, with names that nobody can guess
_ROOM = 6 * 2**30
"""What must be free, several times what the tests of eight processes hold at once; a container's usual 64 MB is not."""


def in_memory(memory: Path = _MEMORY) -> None:
    """Let everything temporary be made in memory, unless somebody has said where, or there is no room for it.

    A store writes through to the disk at every commit, and thousands of small databases come and go. What a test sees
    is the same: a process that is killed loses nothing that it has written to either.
    """
    if "TMPDIR" in os.environ or not _has_room(memory):
        return
    os.environ["TMPDIR"] = str(memory)  # for the programs that tests run, and for the test processes
    tempfile.tempdir = None  # to be looked up again


def for_programs() -> str:
    """Name a folder whose files may be run: memory is often mounted such that its files may not."""
    usual = ("/tmp", "/var/tmp")  # noqa: S108 - `tempfile` makes what is in them, too
    return next(folder for folder in (tempfile.gettempdir(), *usual) if _runs(folder))


def _has_room(memory: Path) -> bool:
    if not os.access(memory, os.W_OK | os.X_OK):
        return False
    return min(shutil.disk_usage(memory).free, _available()) >= _ROOM


def _available() -> int:
    """Say how many bytes of memory the system, or the container, could give."""
    told = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines() if ":" in line)
    system = int(told.get("MemAvailable", "0").split()[0]) * 1024
    limit, used = (_said(Path("/sys/fs/cgroup") / name) for name in ("memory.max", "memory.current"))
    return system if limit is None or used is None else min(system, limit - used)


def _said(file: Path) -> int | None:
    """Read a number of bytes; None where there is none, or it is without limit."""
    text = file.read_text().strip() if file.exists() else ""
    return int(text) if text.isdigit() else None


def _runs(folder: str) -> bool:
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC
