"""What an entry freezes: the question, the words of each arm, what was measured, what was decided, and by whom.

Everything comes from what was frozen before (the plan, its last look, the decisions), with the names that scenarios,
variables and metrics had when the cycle ended.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from experiments.check import history
from experiments.check.frozen import answer, decided, is_hidden, may_be_compared, primaries
from experiments.check.looks import Look
from experiments.check.reading import primary_of
from experiments.check.results import plain
from experiments.do.journal import Origin
from experiments.plan.designs import Arm, Experiment
from experiments.plan.rules import Kind
from experiments.plan.scenarios import element_names, metrics_of

UNREAD = "unread"
"""The verdict of a cycle that ended without a look."""


@dataclass(frozen=True, slots=True)
class Approver:
    """One approval that carried a card through a gate."""

    stage: str
    role: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A move that came with a reason."""

    stage: str
    verb: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """How a cycle ended, as the board tells it.

    Attributes:
        arm: The arm that became the standard; None where the standard stayed.
        verb: The move that ended it.
        by: Who made it.
        at: When, UTC.
        day: The site-local day, YYYYMMDD.
        against: Whether it was decided against the verdict.
        owner: Whose card it was.
        authors: Who wrote or edited the plan, the first first.
        approvers: Who approved.
        said: Every reason that was given, the first first.
    """

    arm: str | None
    verb: str
    by: str
    at: datetime
    day: int
    against: bool
    owner: str
    authors: Sequence[str]
    approvers: Sequence[Approver]
    said: Sequence[Said]


@dataclass(frozen=True, slots=True)
class Headline:
    """The one effect that an entry is ranked and linked by, above 0 being better; None where nothing was measured."""

    effect: float | None
    low: float | None
    high: float | None
    counts: bool


def contents(session: Session, experiment: Experiment, look: Look | None, ending: Ending) -> dict[str, Any]:
    """Give everything that is told of a finished cycle, as plain JSON.

    Args:
        session: to read names with.
        experiment: whose.
        look: its last; None where none was made.
        ending: what the board knows.
    """
    scenario = experiment.scenario
    names = element_names(session, scenario.catalogue)
    metric = metrics_of(session, scenario.catalogue)[primary_of(experiment).metric]
    origins = sorted(history.origins(session, experiment))
    return {
        "key": experiment.key,
        "kind": experiment.kind,
        "title": experiment.title,
        "hypothesis": experiment.hypothesis,
        "scenario": {"key": scenario.key, "name": scenario.name},
        "variable": {"key": experiment.variable, "name": names.get(experiment.variable, {})},
        "metric": {"key": metric.key, "name": metric.name, "note": metric.note, "better": metric.better},
        "specs": plain(history.specs_of(session, experiment)),
        "unit": experiment.unit,
        "worth": experiment.effect,
        "alpha": experiment.alpha,
        "arms": [_arm(arm, names, look) for arm in experiment.arms],
        "origins": origins,
        "look": None if look is None else _look(experiment, look),
        "counts": look is not None and Origin.REPLAYED not in origins and may_be_compared(look),
        "decision": _decision(experiment, ending),
        "people": {"owner": ending.owner, "authors": list(ending.authors)},
        "approvers": [_told(approver) for approver in ending.approvers],
        "said": [_told(said) for said in ending.said],
        "dates": {
            "started": experiment.started_at.isoformat() if experiment.started_at else None,
            "stopped": experiment.ended_at.isoformat() if experiment.ended_at else None,
            "ended": ending.at.isoformat(),
        },
    }


def _arm(arm: Arm, names: Mapping[str, Mapping[str, str]], look: Look | None) -> dict[str, Any]:
    """Tell an arm's value: words by language, where it is spoken, or that it is left out (no text).

    A look counts the calls of the arms it compares: of one that was dropped before it none are told.
    """
    position = arm.value is not None and "after" in arm.value
    totals = look.content["watch"]["totals"] if look else {}
    return {
        "key": arm.key,
        "weight": arm.weight,
        "text": None if position else arm.value,
        "after": {"key": arm.value["after"], "name": names.get(arm.value["after"], {})} if position else None,
        "calls": totals[arm.key]["calls"] if arm.key in totals else None,
    }


def _look(experiment: Experiment, look: Look) -> dict[str, Any]:
    explained = look.content.get("explanation") or {}
    return {
        "number": look.number,
        "final": look.final,
        "as_of": look.content["as_of"],
        "content_hash": look.content_hash,
        "conclusion": look.conclusion,
        "challenger": look.challenger,
        "hidden": is_hidden(look),
        "reasons": look.content["verdict"]["reasons"],
        "effects": [_effect(reading) for reading in primaries(look)],
        "guards": look.content["watch"]["guards"],
        "segments": [_segments(found, experiment.alpha) for found in explained.get("moderated", ())],
    }


def _effect(reading: Mapping[str, Any]) -> dict[str, Any]:
    found = answer(reading)
    kept = ("control", "difference", "low", "high", "p_value", "confidence", "relative")
    told = {name: found[name] for name in kept}
    at_end = decided(reading) is not None
    return {"arm": reading["challenger"], "rate": found["challenger"], **told, "at_end": at_end}


def _segments(found: Mapping[str, Any], alpha: float) -> dict[str, Any]:
    p_value = found["interaction"]["p_value"]
    return {
        "moderator": found["moderator"],
        "arm": found["challenger"],
        "p_value": p_value,
        "differ": None if p_value is None else p_value < alpha,
        "levels": [
            {
                "level": segment["level"],
                "calls": segment["calls"],
                "difference": segment["row"]["comparison"]["difference"],
                "low": segment["row"]["low"],
                "high": segment["row"]["high"],
            }
            for segment in found["segments"]
        ],
    }


def _decision(experiment: Experiment, ending: Ending) -> dict[str, Any]:
    """Tell what was decided; on a script card to make the control the standard is to keep it."""
    kept = experiment.kind == Kind.SCRIPT and ending.arm == experiment.arms[0].key
    return {
        "arm": None if kept else ending.arm,
        "verb": ending.verb,
        "by": ending.by,
        "day": ending.day,
        "against": ending.against,
    }


def _told(value: Approver | Said) -> Any:
    return plain({name: each.isoformat() if name == "at" else each for name, each in asdict(value).items()})


def headline(told: Mapping[str, Any]) -> Headline:
    """Give the effect that stands for the entry, turned so that above 0 is better."""
    first = headline_effect(told)
    if first is None:
        return Headline(None, None, None, counts=False)
    effect, low, high = first["difference"], first["low"], first["high"]
    if told["metric"]["better"] == "lower":
        effect, low, high = (None if end is None else -end for end in (effect, high, low))
    return Headline(effect, low, high, counts=told["counts"] and None not in (effect, low, high))


def headline_effect(told: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Pick what was adopted, else what the verdict names, else the first, as it was read; None where there is none."""
    if not told["look"] or not told["look"]["effects"]:
        return None
    named = [told["decision"]["arm"], told["look"]["challenger"]]
    effects: list[Mapping[str, Any]] = told["look"]["effects"]
    return next((e for arm in named for e in effects if e["arm"] == arm), effects[0])


def searched(told: Mapping[str, Any], *, heading: bool) -> Iterator[str]:
    """Give the texts that an entry is found by: its heading, or all of them."""
    yield told["key"]
    for names in (told["title"], told["scenario"]["name"], told["variable"]["name"]):
        yield from names.values()
    if heading:
        return
    yield from told["hypothesis"].values()
    yield from told["metric"]["name"].values()
    for arm in told["arms"]:
        yield arm["key"]
        yield from (arm["text"] or {}).values()
        yield from (arm["after"]["name"] if arm["after"] else {}).values()
    yield from (said["reason"] for said in told["said"])
    yield from dict.fromkeys([told["people"]["owner"], *told["people"]["authors"], told["decision"]["by"]])
