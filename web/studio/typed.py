"""What stands in the studio's form, as it was typed: texts, whatever they mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from experiments.plan import beginnings
from experiments.plan.rules import LOCALES, MAX_ARMS
from experiments.store import canonical

PLAIN = ("key", "kind", "scenario", "variable", "unit", "effect", "alpha", "power", "looks", "spending", "family",
         "weighting", "adjust", "coverage", "base_rate")  # fmt: skip
"""Fields of the plan that are one text each."""

WORDED = ("title", "hypothesis")
"""Fields that are a text in every language."""

KNOWN = frozenset({*PLAIN, *WORDED, "arms", "metrics", "audience", "moderators"})
"""Fields of a plan that the form shows; the others it carries along."""

ROWS = 5
"""Conditions of an audience that the form has room for."""

OPERATORS = ("$in", "$nin", "$gte", "$lte")
"""What a row of the audience may say; anything else is written in its exact form."""


@dataclass(frozen=True, slots=True)
class TypedArm:
    """An arm. `said` is "nothing" where the element is left out; a position element uses `after`, others `texts`."""

    key: str = ""
    weight: str = ""
    said: str = "words"
    texts: Mapping[str, str] = field(default_factory=dict)
    after: str = ""


@dataclass(frozen=True, slots=True)
class TypedMetric:
    """A metric's role, "" for none; its margin in points or in the metric's own unit."""

    role: str = ""
    margin: str = ""
    watch: bool = False


@dataclass(frozen=True, slots=True)
class TypedRow:
    """One condition: the values of a fact, divided by commas."""

    fact: str = ""
    is_: str = "$in"
    values: str = ""


@dataclass(frozen=True, slots=True)
class TypedAudience:
    """Who is let in: the scenario's own callers, `rows` that must all hold, or the condition's `exact` form."""

    mode: str = "scenario"
    rows: Sequence[TypedRow] = ()
    exact: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """The whole form.

    Attributes:
        plain: One text a field.
        worded: A text a field and language.
        arms: The control first; of it only key and weight are typed.
        metrics: By key.
        audience: Who is let in.
        moderators: Those ticked.
        carried: Fields of the plan that the form does not show, as they came.
        based_on: Hash of the draft that is amended, when it was opened; "" for a new plan.
        tried: Whether it was to be saved already, so that what is missing is said.
    """

    plain: Mapping[str, str]
    worded: Mapping[str, Mapping[str, str]]
    arms: Sequence[TypedArm]
    metrics: Mapping[str, TypedMetric]
    audience: TypedAudience
    moderators: Sequence[str] = ()
    carried: Mapping[str, Any] = field(default_factory=dict)
    based_on: str = ""
    tried: bool = False

    @property
    def carried_text(self) -> str:
        """Give what is carried as the form holds it."""
        return canonical(dict(self.carried)) if self.carried else ""

    def once_tried(self) -> "Typed":
        """Give the form after somebody wanted it kept: from now on what is missing is said."""
        return replace(self, tried=True)

    def with_arm(self) -> "Typed":
        """Add a challenger that begins as the last one does, all weights even again."""
        if len(self.arms) >= MAX_ARMS:
            return self
        new = replace(self.arms[-1], key=_another_key(self.arms))
        return self._evenly([*self.arms, new])

    def without_arm(self, position: int) -> "Typed":
        """Take a challenger away; the control and one challenger stay."""
        if not 0 < position < len(self.arms) or len(self.arms) <= 2:
            return self
        return self._evenly([arm for place, arm in enumerate(self.arms) if place != position])

    def _evenly(self, arms: Sequence[TypedArm]) -> "Typed":
        weights = beginnings.even_weights(len(arms))
        return replace(
            self, arms=[replace(a, weight=percentage(w / 10_000)) for a, w in zip(arms, weights, strict=True)]
        )


def percentage(share: float | None) -> str:
    """Write a share as people type it, in hundredths without a sign."""
    return "" if share is None else f"{round(100 * share, 8):.10g}"


def typed_plan(body: Mapping[str, Any], in_points: Mapping[str, bool], *, based_on: str = "") -> Typed:
    """See the body of a plan as if somebody had typed it.

    Args:
        body: as the API takes it.
        in_points: by metric, whether its margin is a share.
        based_on: hash of the draft that is amended.
    """
    shares = {name: percentage(body.get(name, usual)) for name, usual in _SHARES.items()}
    plain = {
        **{name: str(body.get(name, usual)) for name, usual in _WORDS.items()},
        **shares,
        "coverage": percentage(body.get("coverage", 10_000) / 10_000),
        "looks": ", ".join(map(percentage, body.get("looks", (0.5, 1.0)))),
        "adjust": "yes" if body.get("adjust") else "",
    }
    return Typed(
        plain=plain,
        worded={name: dict(body.get(name, {})) for name in WORDED},
        arms=[_arm(arm) for arm in body["arms"]],
        metrics={m["metric"]: _metric(m, in_points.get(m["metric"], True)) for m in body["metrics"]},
        audience=typed_audience(body.get("audience")),
        moderators=tuple(body.get("moderators", ("tenure",))),
        carried={name: value for name, value in body.items() if name not in KNOWN and value is not None},
        based_on=based_on,
    )


def typed_audience(condition: Mapping[str, Any] | None) -> TypedAudience:
    """See a condition as rows where each says one of the few things that rows can say, else in its exact form."""
    if condition is None:
        return TypedAudience()
    rows = [_row(fact, name, value) for fact, held in condition.items() for name, value in _operators(held)]
    if not rows or len(rows) > ROWS or None in rows:
        return TypedAudience("exact", (), canonical(dict(condition)))
    return TypedAudience("rows", [row for row in rows if row is not None], canonical(dict(condition)))


_SHARES: Mapping[str, float | None] = {"effect": beginnings.EFFECT, "alpha": 0.05, "power": 0.8, "base_rate": None}
_WORDS = {
    "key": "", "kind": "script", "scenario": "", "variable": "", "unit": "call",
    "spending": "obrien-fleming", "family": "dunnett", "weighting": "call",
}  # fmt: skip


def _arm(arm: Mapping[str, Any]) -> TypedArm:
    value = arm.get("value")
    return TypedArm(
        key=arm["key"],
        weight=percentage(arm["weight"] / 10_000),
        said="nothing" if value is None else "words",
        texts={locale: text for locale, text in (value or {}).items() if locale in LOCALES},
        after=(value or {}).get("after", ""),
    )


def _metric(metric: Mapping[str, Any], in_points: bool) -> TypedMetric:
    margin = metric.get("margin")
    text = "" if margin is None else percentage(margin) if in_points else f"{margin:.10g}"
    return TypedMetric(metric["role"], text, bool(metric.get("watch")))


def _operators(held: Any) -> list[tuple[str, Any]]:
    return list(held.items()) if isinstance(held, Mapping) and held else [("", held)]


def _row(fact: str, operator: str, value: Any) -> TypedRow | None:
    """See one condition as a row; None where a row could not say it."""
    if fact.startswith("$") or operator not in OPERATORS:
        return None
    if operator in ("$gte", "$lte"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return TypedRow(fact, operator, f"{value:.10g}") if number else None
    texts = isinstance(value, list) and all(isinstance(v, str) and v == v.strip() != "" and "," not in v for v in value)
    return TypedRow(fact, operator, ", ".join(value)) if texts and value else None


def _another_key(arms: Sequence[TypedArm]) -> str:
    taken = {arm.key for arm in arms}
    return next(key for number in range(2, MAX_ARMS + len(arms)) if (key := f"new_{number}") not in taken)
