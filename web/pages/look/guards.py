"""Guardrails as a table: watched now, or as a look froze them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from experiments.check.metrics import MetricSpec
from experiments.check.verdict import GuardrailReading
from web.formats import MINUS
from web.language import named
from web.pages import words
from web.pages.look import amounts
from web.saying import arm_name


@dataclass(frozen=True, slots=True)
class GuardRow:
    """One guardrail of one challenger; `scale` says of what the interval is."""

    metric: str
    challenger: str
    margin: str
    interval: str
    scale: str
    known: str
    tone: tuple[str, str]
    watch_only: bool


_TONES = {
    "cleared": ("good", "check"),
    "harmed": ("bad", "circle-x"),
    "open": ("plain", "clock"),
    "unknown": ("warn", "alert-triangle"),
}
_NO_TONE = ("plain", "clock")


def guards(found: Iterable[GuardrailReading | Mapping[str, Any]], specs: Mapping[str, MetricSpec]) -> list[GuardRow]:
    """See guardrails, watched now or frozen in a look."""
    return [_guard(_as_mapping(guard), specs) for guard in found]


def _as_mapping(guard: GuardrailReading | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(guard, GuardrailReading):
        return {name: getattr(guard, name) for name in guard.__dataclass_fields__}
    return guard


def _guard(guard: Mapping[str, Any], specs: Mapping[str, MetricSpec]) -> GuardRow:
    spec, known = specs[guard["metric"]], str(guard["guard"])
    by_events = guard.get("scale") == "ratio"
    low, high = guard["watched_low"], guard["watched_high"]
    quiet = guard["watch"] and known == "open"
    return GuardRow(
        metric=named(guard["name"]),
        challenger=arm_name(guard["challenger"]),
        margin=f"{'+' if spec.better == 'lower' else MINUS}{amounts.size(guard['margin'], spec)}",
        interval=amounts.ratio_span(low, high) if by_events else amounts.span(low, high, spec),
        scale=_("times the control's rate") if by_events else _("difference"),
        known=_("No alarm, nothing proven") if quiet else words.guard(known),
        tone=_TONES.get(known, _NO_TONE),
        watch_only=guard["watch"],
    )
