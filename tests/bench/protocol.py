"""How two programs are timed over the same inputs: one line of JSON asks, one line answers. Standard library only.

A rival's environment has none of this project's packages, so nothing else may be imported here.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

Numbers: TypeAlias = list[list[float]]
"""Of each comparison: the difference, its standard error, and p; nan for what a package does not tell."""

Tasks: TypeAlias = Mapping[str, Callable[[Any], Numbers]]
"""By name, what to do with the inputs that JSON brought."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How long a task took, in seconds, and what came out."""

    seconds: float
    numbers: Numbers


def timed(work: Callable[[Any], Numbers], inputs: Any) -> Answer:
    """Do a task and time it."""
    began = time.perf_counter()
    numbers = work(inputs)
    return Answer(time.perf_counter() - began, numbers)


def serve(tasks: Tasks) -> None:
    """Answer each line of standard input, until there is none."""
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(asdict(timed(tasks[asked["task"]], asked["inputs"]))), flush=True)
