"""Node for the tests: the packages of `package-lock.json`, installed once, and scripts that print JSON."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
_PROGRAMS = Path(sys.executable).parent

Script = Callable[..., Any]
"""Runs a script of this folder with arguments, and gives what it printed, read as JSON."""


def run(name: str, *arguments: str) -> Any:
    """Run a script that prints JSON.

    Raises:
        AssertionError: it failed; the text is what it said.
    """
    _install()
    done = subprocess.run(
        [_PROGRAMS / "node", HERE / name, *arguments], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def _install() -> None:
    """Install the packages when they are not there: one process at a time, whatever the others do."""
    stamp, lock = HERE / "node_modules" / "installed", (HERE / "package-lock.json").read_bytes()
    wanted = hashlib.sha256(lock).hexdigest()
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    with (cache / "node.lock").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        # npm's own script names `node` by the path, so both have to be on it.
        environment = os.environ | {
            "PATH": f"{_PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}",
            "npm_config_cache": str(cache / "npm"),
            "npm_config_update_notifier": "false",
        }
        command = [str(_PROGRAMS / "npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(
            command, cwd=HERE, env=environment, check=False, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, done.stdout + done.stderr
        stamp.write_text(wanted)
