"""What pages ask of a look's frozen content."""

from collections.abc import Mapping
from typing import Any

from experiments.check.looks import Look
from experiments.plan.designs import Experiment


def named_first(experiment: Experiment, look: Look) -> list[str]:
    """Give the challengers' keys, the one that the verdict names first."""
    read = {reading["challenger"] for reading in look.content["readings"]}
    keys = [arm.key for arm in experiment.arms[1:] if arm.key in read]
    return sorted(keys, key=lambda key: key != look.challenger)


def calls_read(look: Look) -> int:
    """Count the eligible calls that were there when a look was made, over all arms."""
    return sum(totals["calls"] for totals in look.content["watch"]["totals"].values())


def explanation(look: Look) -> Mapping[str, Any] | None:
    """Give what explains the effect of a look that may be shown; None at an interim look."""
    found: Mapping[str, Any] | None = look.content.get("explanation")
    return found
