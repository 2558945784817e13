"""Other packages, each in an environment of its own, asked through a pipe.

gbstats wants numpy below 2 and tea-tasting's pyarrow one above: no single environment holds both, nor does ours.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.bench.protocol import Answer

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".cache" / "rivals"
UV = Path(sys.executable).with_name("uv")
PATIENCE = 300
"""Seconds that an installation may take."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A package at a version, and the module that speaks for it."""

    package: str
    version: str
    module: str

    @property
    def name(self) -> str:
        """As the table calls it."""
        return f"{self.package} {self.version}"


RIVALS = (
    Rival("gbstats", "0.8.0", "tests.bench.rival_gbstats"),
    Rival("tea-tasting", "1.14.0", "tests.bench.rival_tea_tasting"),
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """A rival's running program."""

    to: IO[str]
    back: IO[str]

    def ask(self, task: str, inputs: Any) -> Answer:
        """Let it do a task.

        Raises:
            RuntimeError: It ended instead of answering; what it said stands on the screen.
        """
        self.to.write(json.dumps({"task": task, "inputs": inputs}) + "\n")
        self.to.flush()
        line = self.back.readline()
        if not line:
            raise RuntimeError(f"the rival ended at {task!r}")
        return Answer(**json.loads(line))


def python_of(rival: Rival, *, folder: Path = FOLDER, uv: Path = UV) -> Path | None:
    """Give the Python that has this rival, made and installed when needed; None when that cannot be done."""
    python = folder / rival.package / "bin" / "python"
    if _has(python, rival):
        return python
    steps: tuple[list[str | Path], ...] = (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder / rival.package],
        [uv, "pip", "install", "--quiet", "--python", python, f"{rival.package}=={rival.version}"],
    )
    try:
        for step in steps:
            subprocess.run(step, check=True, timeout=PATIENCE, capture_output=True, text=True)
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", None) or error).strip()
        print(f"{rival.name} cannot be installed here and is left out: {said.splitlines()[-1]}")
        return None
    return python


@contextmanager
def running(rival: Rival, python: Path) -> Iterator[Speaker]:
    """Start a rival's program; it ends with its input."""
    command: list[str | Path] = [python, "-m", rival.module]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        yield Speaker(program.stdin, program.stdout)


def _has(python: Path, rival: Rival) -> bool:
    ask = f"from importlib.metadata import version; print(version({rival.package!r}))"
    if not python.exists():
        return False
    said = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
    return said.stdout.strip() == rival.version
