"""Chromium for the tests: one on PATH, else Debian's, else Playwright's download, else a word on what to install."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests import debian

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PACKAGES = (
    "chromium",
    "fonts-noto-cjk",
    "libatomic1",  # Playwright's own program wants it, and the smallest systems lack it
)
_FLAGS = (
    "--no-sandbox",  # root has none, and the pages are our own
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_MISSING = (
    "No browser for the tests. Put Chromium on PATH (Debian: apt-get install chromium fonts-noto-cjk) "
    "or run: .venv/bin/playwright install chromium"
)


@contextmanager
def chromium(waiting_room: Path) -> Iterator[Browser]:
    """Run headless Chromium, installing it when needed and allowed.

    Args:
        waiting_room: A folder that all test processes of this run share; only one of them installs.
    """
    with _one_at_a_time(waiting_room / "browser.lock"):
        program = _on_path() or _from_debian()
    with sync_playwright() as playwright:
        with _one_at_a_time(waiting_room / "browser.lock"):
            program = program or _from_playwright(playwright)
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # test processes start together; closing the file lets the next one in
        yield


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _from_debian() -> str | None:
    debian.install(*_PACKAGES)
    return _on_path()


def _from_playwright(playwright: Playwright) -> str:
    program = Path(playwright.chromium.executable_path)
    if not program.exists():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if not program.exists():
        pytest.fail(_MISSING, pytrace=False)
    return str(program)
