"""Format, lint and types, with the tools' own words when something is wrong; `make lint` runs the same."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", ["ruff format --check", "ruff check --no-cache", "mypy"])
def test_the_code_passes(command: str) -> None:
    program, *arguments = command.split()
    check = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )

    assert check.returncode == 0, check.stdout + check.stderr


def test_the_lock_names_no_host() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()
