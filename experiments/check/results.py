"""What a look reads, as frozen values: everything here is stored with the look, word for word."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from enum import Enum
from typing import Any

from experiments.check.explaining import Explanation
from experiments.check.health.findings import Finding
from experiments.check.metrics import Totals
from experiments.check.verdict import GuardrailReading, Verdict
from experiments.wording import Message
from stats.clusters.icc import Clustering
from stats.comparison import Comparison
from stats.looking.overrun import Overrun
from stats.looking.spending import Boundary
from stats.looking.stopping import StoppedInference


@dataclass(frozen=True, slots=True)
class MetricReading:
    """One metric of one challenger at a look.

    `comparison` is the answer, by the method that the plan's unit asks for; what stands beside it is read one click
    deeper.

    Attributes:
        until: The last day of assignment (YYYYMMDD) that counts: its window has closed for every call up to then.
        adjusted_p: Of secondary metrics, Benjamini and Hochberg's over them all; else None.
        model: Where dealing again decides, the answer of the model (CR2); else None.
        other: Where units were dealt, the effect with the other vote (each unit one, or each call one); else None.
        stopped: Of the primary metric where the test may end by this look: p, estimate and interval that know of the
            looks before; else None.
        overrun: Of the primary metric, when an earlier look had decided already: what matured since; else None.
    """

    metric: str
    role: str
    challenger: str
    until: int
    comparison: Comparison
    adjusted_p: float | None
    model: Comparison | None
    other: Comparison | None
    stopped: StoppedInference | None
    overrun: Overrun | None


@dataclass(frozen=True, slots=True)
class Watch:
    """What may be seen at any time: counts by arm, health, and guardrails by always-valid intervals."""

    as_of: int
    totals: Mapping[str, Totals]
    findings: tuple[Finding, ...]
    guards: tuple[GuardrailReading, ...]


@dataclass(frozen=True, slots=True)
class LookResult:
    """Everything a look read. `boundary` is where this look decides, two-sided, for each challenger alone.

    `explanation` is read when the test may end: at the final look, or where a boundary is crossed; else None.
    """

    number: int
    as_of: int
    final: bool
    boundary: Boundary
    clustering: Clustering | None
    watch: Watch
    readings: tuple[MetricReading, ...]
    explanation: Explanation | None
    verdict: Verdict


def plain(value: Any) -> Any:
    """Turn a frozen result into plain JSON; what is nan or infinite there is null here."""
    match value:
        case Message():
            return value.as_json()
        case Enum():
            return value.value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
        case _:
            return value
