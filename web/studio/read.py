"""Reading the studio's form: what was sent as `Typed`, and what was typed as the body of a plan.

A number that cannot be read becomes 0, which no rule accepts: so the rules alone say what is wrong, and everything else
that was typed is judged all the same.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from flask import json
from werkzeug.datastructures import MultiDict

from experiments.errors import Problem
from experiments.plan.rules import LOCALES, MAX_ARMS, MODERATORS, ArmPlan, Kind, MetricPlan, Plan
from experiments.wording import Message, sentence
from web.studio.typed import (
    KNOWN,
    PLAIN,
    ROWS,
    WORDED,
    Typed,
    TypedArm,
    TypedAudience,
    TypedMetric,
    TypedRow,
)

CARRIED = frozenset(field.name for field in fields(Plan)) - KNOWN
"""What a form may carry along without showing it."""

_LARGEST = 1e12
_COMMA = re.compile(r"[,，、;；\n]")


def typed_form(form: MultiDict[str, str]) -> Typed:
    """See what was sent, as it was typed; what is missing is empty."""
    arms = [_arm(form, place) for place in range(MAX_ARMS) if f"arms.{place}.key" in form]
    metrics = sorted({name.split(".")[1] for name in form if name.startswith("metrics.") and name.count(".") == 2})
    return Typed(
        plain={name: form.get(name, "").strip() for name in PLAIN},
        worded={name: {locale: form.get(f"{name}.{locale}", "").strip() for locale in LOCALES} for name in WORDED},
        arms=arms if len(arms) >= 2 else [*arms, *[TypedArm()] * (2 - len(arms))],
        metrics={key: _metric(form, key) for key in metrics},
        audience=TypedAudience(
            form.get("audience.mode", "scenario"),
            [_row(form, place) for place in range(ROWS) if f"audience.{place}.fact" in form],
            form.get("audience.exact", ""),
        ),
        moderators=tuple(name for name in MODERATORS if name in form.getlist("moderators")),
        carried=_carried(form.get("carried", "")),
        based_on=form.get("based_on", ""),
        tried=form.get("tried") == "yes",
    )


def body_of(
    typed: Typed, *, position: bool, control: Mapping[str, str] | None, in_points: Mapping[str, bool]
) -> tuple[dict[str, Any], list[Problem]]:
    """Give the body of the plan that was typed, with what is wrong before any rule is asked.

    Args:
        typed: the form.
        position: whether the variable is a position and has no words.
        control: the value of the control, which nobody types.
        in_points: by metric of the scenario's catalogue, whether its margin is a share; others are left out.
    """
    audience, problems = audience_of(typed.audience)
    roles = {key: metric for key, metric in typed.metrics.items() if metric.role and key in in_points}
    body = {
        **typed.carried,
        **{name: typed.plain[name] for name in _TEXTS},
        "kind": typed.plain["kind"] if typed.plain["kind"] in set(Kind) else Kind.SCRIPT.value,
        **{name: {k: v for k, v in texts.items() if v} for name, texts in typed.worded.items()},
        "arms": [
            {
                "key": arm.key,
                "weight": round(10_000 * share(arm.weight)),
                "value": _value(arm, place, position, control),
            }
            for place, arm in enumerate(typed.arms)
        ],
        "metrics": [_planned(key, metric, in_points[key]) for key, metric in _in_order(roles, in_points)],
        "effect": share(typed.plain["effect"]),
        "alpha": share(typed.plain["alpha"]),
        "power": share(typed.plain["power"]),
        "base_rate": share(typed.plain["base_rate"]) if typed.plain["base_rate"] else None,
        "looks": [share(each) for each in _COMMA.split(typed.plain["looks"]) if each.strip()],
        "coverage": round(10_000 * share(typed.plain["coverage"])),
        "adjust": typed.plain["adjust"] == "yes",
        "moderators": list(typed.moderators),
        "audience": audience,
    }
    return body, problems


def plan_of(body: Mapping[str, Any]) -> Plan:
    """See a body as a plan, whatever is wrong with it: for the rules to judge what can be judged."""
    given = {field.name: body[field.name] for field in fields(Plan) if field.name in body}
    return Plan(
        **{
            **given,
            "kind": Kind(body["kind"]),
            "arms": tuple(ArmPlan(arm["key"], arm["weight"], arm["value"]) for arm in body["arms"]),
            "metrics": tuple(
                MetricPlan(m["metric"], m["role"], m.get("margin"), m.get("watch", False)) for m in body["metrics"]
            ),
            "looks": tuple(body["looks"]),
            "moderators": tuple(body["moderators"]),
        }
    )


def share(text: str) -> float:
    """Read a percentage as a share; 0 where it is none."""
    return round(number(text) / 100, 12)


def number(text: str) -> float:
    """Read a number; 0 where it is none, or so large that nobody means it."""
    try:
        read = float(text.strip().rstrip("%％").replace("−", "-"))
    except ValueError:
        return 0.0
    return read if abs(read) <= _LARGEST else 0.0  # what is no number is not at most anything


def audience_of(typed: TypedAudience) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Give the condition that was typed, None for the scenario's own, and what cannot be read of it."""
    if typed.mode == "scenario":
        return None, []
    if typed.mode == "exact":
        return _exact(typed.exact)
    return _of_rows([row for row in typed.rows if row.fact or row.values.strip()])


def _exact(text: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    read = _object(text)
    return read, [] if read is not None else [Problem("audience", "json", Message(_NOT_JSON))]


def _object(text: str) -> dict[str, Any] | None:
    """Read JSON as strictly as the API reads a body; None where it is no object."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _of_rows(rows: Iterable[TypedRow]) -> tuple[dict[str, Any], list[Problem]]:
    condition: dict[str, Any] = {}
    problems = []
    for row in rows:
        values = [value.strip() for value in _COMMA.split(row.values) if value.strip()]
        held = condition.setdefault(row.fact or "?", {})
        if not row.fact or not values:
            problems.append(Problem("audience", "half", Message(_HALF)))
        elif row.is_ in held:
            problems.append(Problem("audience", "twice", Message(_TWICE, {"fact": row.fact})))
        elif row.is_ in ("$gte", "$lte"):
            held[row.is_] = _whole(number(values[0]))
        else:
            held[row.is_ if row.is_ == "$nin" else "$in"] = values
    return {fact: held for fact, held in condition.items() if held}, problems


def _whole(read: float) -> int | float:
    return int(read) if read == int(read) else read


def _in_order(roles: Mapping[str, TypedMetric], in_points: Mapping[str, bool]) -> Iterable[tuple[str, TypedMetric]]:
    """Give the metrics as the catalogue has them, what decides first, then what guards."""
    ranks = {"primary": 0, "guardrail": 1}
    known = list(in_points)
    return sorted(roles.items(), key=lambda named: (ranks.get(named[1].role, 2), known.index(named[0])))


def _planned(key: str, metric: TypedMetric, in_points: bool) -> dict[str, Any]:
    if metric.role != "guardrail":
        return {"metric": key, "role": metric.role}
    margin = share(metric.margin) if in_points else number(metric.margin)
    return {"metric": key, "role": metric.role, "margin": margin, "watch": metric.watch}


def _value(arm: TypedArm, place: int, position: bool, control: Mapping[str, str] | None) -> dict[str, str] | None:
    if place == 0:
        return dict(control) if control is not None else None
    if position:
        return {"after": arm.after}
    if arm.said == "nothing":
        return None
    return {locale: text for locale, text in arm.texts.items() if text.strip()}


def _arm(form: MultiDict[str, str], place: int) -> TypedArm:
    at = f"arms.{place}"
    return TypedArm(
        key=form.get(f"{at}.key", "").strip(),
        weight=form.get(f"{at}.weight", "").strip(),
        said="nothing" if form.get(f"{at}.said") == "nothing" else "words",
        texts={locale: _unix(form.get(f"{at}.value.{locale}", "")) for locale in LOCALES},
        after=form.get(f"{at}.after", "").strip(),
    )


def _unix(text: str) -> str:
    """Give a text as it was typed: browsers send every line's end as two characters."""
    return text.replace("\r\n", "\n").strip()


def _metric(form: MultiDict[str, str], key: str) -> TypedMetric:
    at = f"metrics.{key}"
    return TypedMetric(form.get(f"{at}.role", ""), form.get(f"{at}.margin", "").strip(), f"{at}.watch" in form)


def _row(form: MultiDict[str, str], place: int) -> TypedRow:
    at = f"audience.{place}"
    return TypedRow(form.get(f"{at}.fact", ""), form.get(f"{at}.is", "$in"), form.get(f"{at}.values", ""))


def _carried(text: str) -> dict[str, Any]:
    """Read what the form carries along; only what a plan has, and it is judged like all else."""
    return {name: value for name, value in (_object(text) or {}).items() if name in CARRIED}


_TEXTS = ("key", "scenario", "variable", "unit", "spending", "family", "weighting")
_NOT_JSON = sentence('This is not a condition: write it as JSON, for example {"region": {"$in": ["east"]}}.')
_HALF = sentence("Every condition names a fact and at least one value.")
_TWICE = sentence("The fact “%(fact)s” is asked twice in the same way: put all values into one row.")
