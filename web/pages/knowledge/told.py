"""An entry's frozen content in the reader's words: names, numbers in their own unit, tones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from experiments.act.knowledge.contents import UNREAD, headline_effect
from experiments.act.knowledge.entries import ADOPTED, KnowledgeEntry
from experiments.check.metrics import MetricSpec
from experiments.check.verdict import Conclusion
from web.language import named
from web.pages import words
from web.pages.look import amounts
from web.pages.look.readings import points
from web.saying import arm_in_sentence

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Amount:
    """An effect in words, and where its small interval lies (points; None where it is not drawn)."""

    text: str
    interval: str
    low: float | None
    value: float | None
    high: float | None
    tone: str


NOTHING = Amount("", "", None, None, None, "plain")


def specs_in(told: Content) -> dict[str, MetricSpec]:
    """Give the planned metrics as they were defined when the cycle ended."""
    return {key: MetricSpec(**spec) for key, spec in told["specs"].items()}


def spec_in(told: Content) -> MetricSpec:
    """Give the primary metric as it was defined when the cycle ended."""
    return specs_in(told)[told["metric"]["key"]]


def amount(found: Mapping[str, Any], spec: MetricSpec) -> Amount:
    """Write a difference with its interval."""
    drawn = amounts.in_points(spec)
    return Amount(
        text=amounts.difference(found["difference"], spec),
        interval=amounts.span(found["low"], found["high"], spec),
        low=points(found["low"]) if drawn else None,
        value=points(found["difference"]) if drawn else None,
        high=points(found["high"]) if drawn else None,
        tone={"good": "good", "bad": "bad"}.get(amounts.goodness(found, spec), "plain"),
    )


def effect_of(told: Content) -> Amount:
    """Write the effect that stands for an entry; nothing where there is none, or none that may be read."""
    found = headline_effect(told)
    if found is None or told["look"]["hidden"] or found["difference"] is None:
        return NOTHING
    return amount(found, spec_in(told))


def reach_of(drawn: list[Amount]) -> float:
    """Say how far small intervals that stand together go either way."""
    ends = [abs(end) for each in drawn for end in (each.low, each.high) if end is not None]
    return max(ends, default=0.0)


def verdict(key: str) -> str:
    """Name an entry's verdict."""
    return _("Not tested") if key == UNREAD else words.conclusion(key)


def verdict_badge(key: str) -> tuple[str, str, str]:
    """Give a verdict's badge: text, tone and icon."""
    tone, icon = ("plain", "archive") if key == UNREAD else words.TONES[Conclusion(key)]
    return verdict(key), tone, icon


def decision(key: str) -> str:
    """Name what was decided."""
    return _("Became the standard") if key == ADOPTED else _("The standard stayed")


def decided(entry: KnowledgeEntry) -> str:
    """Say what was decided, with the arm."""
    arm = entry.content["decision"]["arm"]
    return _("%(arm)s became the standard", arm=arm_in_sentence(arm)) if arm else _("The standard stayed as it was")


def arm_text(arm: Content, language: str | None = None) -> str | None:
    """Say what an arm gave the variable, in the reader's language or another; None is nothing said."""
    if arm["after"]:
        name = named(arm["after"]["name"]) or arm["after"]["key"]
        return words.position(name)
    if arm["text"] is None:
        return None
    return named(arm["text"]) if language is None else str(arm["text"].get(language, ""))
