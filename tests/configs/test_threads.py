"""A server multiplies matrices in one thread, unless whoever starts it says otherwise."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

WSGI = Path(__file__).resolve().parents[2] / "wsgi.py"
THREADS = """
import configs.settings, os
import numpy
square = numpy.ones((600, 600))
square @ square
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.parametrize(
    ("told", "threads"), [({}, 1), ({"OPENBLAS_NUM_THREADS": "2"}, min(2, len(os.sched_getaffinity(0))))]
)
def test_matrices_take_one_thread_unless_told_otherwise(told: dict[str, str], threads: int) -> None:
    around = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", THREADS], env=around | told, cwd=WSGI.parent, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == threads


def test_the_settings_are_imported_before_anything_that_imports_numpy() -> None:
    imported = [node.module for node in ast.parse(WSGI.read_text()).body if isinstance(node, ast.ImportFrom)]
    assert imported[0] == "configs.settings"
