"""From a test that has been read to a larger one of the same variable on fresh data, its plan filled in.

Fresh data are new calls under a salt of its own: whoever was in an arm before is dealt again. It is larger because it
is to show what the first one found less its winner's curse, where that is smaller than what was planned for, and with
a chance of at least nine in ten.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from experiments.board.cards import Card, Stage, card_of
from experiments.check import history, looks
from experiments.check.frozen import is_hidden, primaries
from experiments.check.looks import Look
from experiments.check.reading import primary_of
from experiments.check.verdict import Conclusion, Guard
from experiments.errors import Conflict
from experiments.plan import scripts, traffic
from experiments.plan.beginnings import even_weights
from experiments.plan.designs import Arm, Experiment
from experiments.plan.rules import ArmPlan, Kind, Plan
from experiments.plan.scripts import Value, lines_of, value_in
from experiments.plan.sketches import free_key, plan_of
from experiments.wording import Message, sentence
from stats.pooling.meta import Effect
from stats.pooling.winners import correct_winner

LEAST_POWER = 0.9
"""A confirmation misses what there is in one case of ten at most."""
LEAST_SHARE = 0.5
"""Half the effect that was planned for takes four times the calls: less than that is not worth confirming."""

_LONGEST_STEM, _LONGEST_TITLE = 50, 200
_TITLE = (("en", "Confirmation: "), ("zh-CN", "复核："))


class Standard(StrEnum):
    """What has become of the standard since the first test was written."""

    #: it is what it was
    SAME = "same"
    #: the challenger became the standard: what was the control stands against it now
    TAKEN_OVER = "taken_over"
    #: another part of the script changed
    ELSEWHERE = "elsewhere"
    #: the part under test says something else now
    HERE = "here"


MOVED: Mapping[Standard, str] = {
    Standard.TAKEN_OVER: sentence(
        "%(arm)s of %(experiment)s is the standard by now: it is the control, and the words of before challenge it."
    ),
    Standard.ELSEWHERE: sentence(
        "The standard has changed in other parts since %(experiment)s was written: all arms have what is said now."
    ),
    Standard.HERE: sentence(
        "The standard says other words here since %(experiment)s was written: they are the control now."
    ),
}
"""What is said of a standard that has moved meanwhile."""

_NOTED = {
    Standard.TAKEN_OVER: {"en": "(Its winner is the standard by now.)", "zh-CN": "（其胜出组现已成为标准话术。）"},
    Standard.ELSEWHERE: {"en": "(Other parts of the standard changed.)", "zh-CN": "（标准话术的其他部分已有改动。）"},
    Standard.HERE: {"en": "(The standard says other words here now.)", "zh-CN": "（标准话术的此处已有改动。）"},
}


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A larger test of the same variable: its plan, and what to know of it.

    `moved` says how the standard has changed since the first test was written; None when it is what it was.
    """

    plan: Plan
    moved: Message | None


@dataclass(frozen=True, slots=True)
class _Against:
    """What stands against what: the values of the arms, and what became of the standard since the first test."""

    state: Standard
    control: Value
    challengers: Mapping[str, Value]


def confirmation_of(session: Session, key: str) -> Confirmation:
    """Propose the plan that confirms a test whose results have been read.

    Args:
        session: to read with.
        key: the experiment's.

    Raises:
        Unknown: there is no such experiment.
        Conflict: its final look has not been made, or nothing of it is worth confirming.
    """
    card = card_of(session, key)
    experiment, made = card.experiment, looks.looks_of(session, card.experiment)
    final = made[-1] if made and made[-1].final else None
    if final is None or not _is_read(card):
        raise Conflict(
            "The final look of %(experiment)s has not been made: there is nothing to confirm yet.", experiment=key
        )
    better = history.specs_of(session, experiment)[primary_of(experiment).metric].better
    sign = 1 if better == "higher" else -1
    standard = traffic.in_force(session, experiment.scenario).value.standard_id
    challengers = _worth_confirming(experiment, final, sign)
    against = _against_now(session, experiment, standard, challengers)
    plan = _plan(session, experiment, final, challengers, against, sign)
    said = MOVED.get(against.state)
    facts = {"arm": challengers[0].key, "experiment": experiment.key}
    return Confirmation(plan, Message(said, facts) if said else None)


def may_be_confirmed(card: Card, look: Look | None) -> bool:
    """Say whether a card's results have been read, so that a larger test of the same can be asked for."""
    return look is not None and look.final and _is_read(card) and look.conclusion != Conclusion.LOSER


def _is_read(card: Card) -> bool:
    return card.stage in (Stage.CHECK, Stage.ACT) and card.experiment.ended_at is not None


def _worth_confirming(experiment: Experiment, look: Look, sign: int) -> list[Arm]:
    """Choose the challengers: the one that the verdict names, else all that may be better and harm no guardrail."""
    content, arms = look.content, {arm.key: arm for arm in experiment.arms[1:]}
    if look.conclusion in (Conclusion.WINNER, Conclusion.WINNER_NOT_CLEARED) and look.challenger in arms:
        return [arms[look.challenger]]
    harmed = {g["challenger"] for g in content["watch"]["guards"] if g["guard"] == Guard.HARMED}
    open_ = [
        arms[r["challenger"]]
        for r in primaries(look)
        if r["challenger"] not in harmed and _may_be_better(r["comparison"], sign)
    ]
    if not open_:
        raise Conflict(
            "Every challenger of %(experiment)s did worse: there is nothing to confirm.", experiment=experiment.key
        )
    return open_


def _may_be_better(comparison: Mapping[str, Any], sign: int) -> bool:
    ends = [comparison["low"], comparison["high"]]
    return None in ends or max(sign * end for end in ends) > 0


def _against_now(session: Session, experiment: Experiment, standard: int, challengers: Sequence[Arm]) -> _Against:
    """Pin the arms to the standard in force, and say what became of it."""
    values = {arm.key: arm.value for arm in challengers}
    before = experiment.arms[0].value
    if experiment.kind == Kind.SCENARIO:
        same = standard == experiment.control_version_id
        return _Against(Standard.SAME if same else Standard.ELSEWHERE, None, values)
    lines = lines_of(scripts.version_by_id(session, standard).lines)
    now = value_in(lines, experiment.variable)
    if now == before:
        same = lines == lines_of(experiment.control.lines)
        return _Against(Standard.SAME if same else Standard.ELSEWHERE, now, values)
    others = {key: value for key, value in values.items() if value != now}
    if now == challengers[0].value:
        former = next(key for key in ("former", "former_control") if key not in others)
        return _Against(Standard.TAKEN_OVER, now, {former: before, **others})
    return _Against(Standard.HERE, now, others)


def _plan(
    session: Session, experiment: Experiment, look: Look, challengers: Sequence[Arm], against: _Against, sign: int
) -> Plan:
    values = [against.control, *against.challengers.values()]
    keys, weights = [experiment.arms[0].key, *against.challengers], even_weights(len(values))
    seen = {} if is_hidden(look) else {each["challenger"]: each["comparison"] for each in primaries(look)}
    read = [seen[arm.key] for arm in challengers if arm.key in seen]
    effect = _effect(experiment, look, read, sign)
    rate = read[0]["challenger" if against.state is Standard.TAKEN_OVER else "control"] if read else None
    return replace(
        plan_of(experiment),
        key=free_key(session, f"{experiment.key[:_LONGEST_STEM]}_confirm"),
        parent=experiment.key,
        salt=None,
        title={language: f"{before}{experiment.title[language]}"[:_LONGEST_TITLE] for language, before in _TITLE},
        hypothesis=_hypothesis(experiment, against.state),
        arms=tuple(ArmPlan(*each) for each in zip(keys, weights, values, strict=True)),
        effect=effect,
        audience=experiment.audience_in_force,
        power=max(experiment.power, LEAST_POWER),
        coverage=experiment.coverage_in_force,
        base_rate=round(rate, 4) if rate is not None and 0 < round(rate, 4) < 1 - effect else experiment.base_rate,
    )


def _effect(experiment: Experiment, look: Look, read: Sequence[Mapping[str, Any]], sign: int) -> float:
    """Give the effect to be shown: the largest that was found, less its winner's curse, at most what was planned.

    Of data that nobody may trust none is read: it is what was planned.
    """
    if not read:
        return experiment.effect
    found = max(_shrunk(each, look.content["boundary"]["nominal_alpha"], sign) for each in read)
    least = LEAST_SHARE * experiment.effect
    return float(round(min(max(found, least), experiment.effect), 6))


def _shrunk(comparison: Mapping[str, Any], threshold: float | None, sign: int) -> float:
    """Give what is likely of a difference, above 0 being better."""
    difference: float | None = comparison["difference"]
    error: float | None = comparison["standard_error"]
    if difference is None or not error or not threshold:
        return 0.0
    likely = correct_winner(Effect(difference, error**2), selected_at=threshold).most_likely
    return sign * (difference if math.isnan(likely) else likely)


def _hypothesis(experiment: Experiment, state: Standard) -> dict[str, str]:
    noted = _NOTED.get(state, {"en": "", "zh-CN": ""})
    return {
        "en": f"{experiment.hypothesis['en']} {noted['en']}".strip(),
        "zh-CN": f"{experiment.hypothesis['zh-CN']}{noted['zh-CN']}",
    }
