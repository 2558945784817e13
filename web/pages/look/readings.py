"""A look's effects as a table: at an interim look the primary metric alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from experiments.check.frozen import Reading, answer, decided
from experiments.check.looks import Look
from experiments.check.metrics import MetricSpec
from experiments.plan.designs import Experiment
from web.charts.data import Goodness
from web.formats import UNKNOWN, signed
from web.language import named
from web.pages import words
from web.pages.look import amounts, naming
from web.saying import arm_name


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One metric of one challenger at a look, every number written in the metric's own unit.

    `perhaps` says the interval in words where it holds 0: then it is read first, and the difference only beside it.
    """

    metric: str
    note: str
    role: str
    challenger: str
    control_value: str
    challenger_value: str
    difference: str
    perhaps: str
    interval: str
    relative: str
    evidence: str
    goodness: Goodness
    until: str


@dataclass(frozen=True, slots=True)
class MethodRow:
    """How a number was found, and what other ways of counting say beside it."""

    metric: str
    challenger: str
    method: str
    beside: list[str]


def points(share: float | None) -> float | None:
    """Give a share as percentage points."""
    return None if share is None else 100 * share


def readings(
    experiment: Experiment, look: Look, specs: Mapping[str, MetricSpec], notes: Mapping[str, Mapping[str, str]]
) -> list[ReadingRow]:
    """Write a look's readings as a table, means in their own unit."""
    return [_reading(look, reading, specs[reading["metric"]], notes) for reading in readable(look)]


def _reading(look: Look, reading: Reading, spec: MetricSpec, notes: Mapping[str, Mapping[str, str]]) -> ReadingRow:
    found = answer(reading)
    return ReadingRow(
        metric=named(spec.name),
        note=named(notes.get(spec.key, {})),
        role=words.metric_role(reading["role"]),
        challenger=arm_name(reading["challenger"]),
        control_value=amounts.rate(found["control"], spec),
        challenger_value=amounts.rate(found["challenger"], spec),
        difference=amounts.difference(found["difference"], spec),
        perhaps=amounts.perhaps(found, spec, naming.denominator(spec.denominator)),
        interval=amounts.span(found["low"], found["high"], spec),
        relative=_relative(found) if look.final or decided(reading) else UNKNOWN,
        evidence=_evidence(look, reading),
        goodness=amounts.goodness(found, spec),
        until=words.day(reading["until"]),
    )


def _relative(found: Reading) -> str:
    return UNKNOWN if found["relative"] is None else f"{signed(100 * found['relative'])}%"


def _evidence(look: Look, reading: Reading) -> str:
    """Write the p-value where it is the answer of a finished test, corrected where several were asked."""
    if not look.final or reading["role"] == "guardrail":
        return UNKNOWN
    if reading["role"] == "secondary":
        adjusted = reading["adjusted_p"]
        return UNKNOWN if adjusted is None else _("p %(p)s, corrected", p=amounts.p_value(adjusted))
    return _("p %(p)s", p=amounts.p_value(answer(reading)["p_value"]))


def methods(experiment: Experiment, look: Look, specs: Mapping[str, MetricSpec]) -> list[MethodRow]:
    """Say in plain words how each effect was found, and what stands beside it."""
    deals = len(experiment.deals["kept"]) if experiment.deals else 0
    units = words.units(experiment.unit)
    return [
        MethodRow(
            metric=named(specs[reading["metric"]].name),
            challenger=arm_name(reading["challenger"]),
            method=naming.method(reading["comparison"]["method"], units=units, deals=deals),
            beside=_beside(experiment, reading, specs[reading["metric"]]),
        )
        for reading in readable(look)
        if reading["comparison"]["difference"] is not None
    ]


def _beside(experiment: Experiment, reading: Reading, spec: MetricSpec) -> list[str]:
    found = []
    counted = amounts.both(reading["comparison"], spec)
    if counted != amounts.both(answer(reading), spec):
        found.append(_("As counted, blind to the looks before: %(effect)s", effect=counted))
    if reading["model"] is not None and reading["model"]["difference"] is not None:
        found.append(_("By the model (CR2): %(effect)s", effect=amounts.both(reading["model"], spec)))
    if reading["other"] is not None and reading["other"]["difference"] is not None:
        vote = words.vote("unit" if experiment.weighting == "call" else "call", experiment.unit)
        found.append(words.headed(vote, amounts.both(reading["other"], spec)))
    return found


def readable(look: Look) -> list[Reading]:
    """Give what a look may be read on: the primary metric, and at the final look the secondary ones."""
    roles = {"primary", "secondary"} if look.final else {"primary"}
    found = [reading for reading in look.content["readings"] if reading["role"] in roles]
    return sorted(found, key=lambda reading: reading["role"] != "primary")
