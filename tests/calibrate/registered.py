"""A plan as it is registered, and its data as the product's readings take them: all without a database."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.check.analysis.arms import ArmData, Method
from experiments.check.analysis.units import UnitData
from experiments.check.cube import Cells
from experiments.check.data import ExperimentData
from experiments.check.metrics import MetricSpec, Totals
from experiments.plan.deals import Deals
from experiments.plan.designs import Arm, Experiment

FIRST_DAY, DAY_BEFORE = 20261102, 20261101

_NO_CALLS = Cells((), {}, np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.int64))


def proportion(key: str, better: str) -> MetricSpec:
    """Give a share of eligible calls."""
    return MetricSpec(key, "proportion", key, "eligible", "lower" if better == "lower" else "higher", 0, {"en": key})


def a_plan(weights: Sequence[int] = (5000, 5000), *, deals: Deals | None = None, **changes: Any) -> Experiment:
    """Register a plan: calls dealt evenly to two arms and looked at once, unless something else is said."""
    plan: dict[str, Any] = {
        "unit": "call",
        "alpha": 0.05,
        "power": 0.8,
        "effect": 0.02,
        "looks": [1.0],
        "spending": "obrien-fleming",
        "family": "dunnett",
        "weighting": "call",
        "adjust": False,
        "moderators": [],
        "salt": "calibrate",
        "deals": None if deals is None else deals.as_json(),
    }
    arms = [Arm(key=_key(place), position=place, weight=weight) for place, weight in enumerate(weights)]
    return Experiment(arms=arms, **plan | changes)


def method_of(plan: Experiment, past: Mapping[str, Totals] | None = None) -> Method:
    """Say how the plan is analysed, as `experiments.check.data` reads it off a stored one."""
    return Method(
        unit=plan.unit,
        weighting=plan.weighting,
        weights=tuple(arm.weight for arm in plan.arms),
        root=plan.salt,
        kept=tuple(plan.deals["kept"]) if plan.deal is not None else (),
        deal=plan.deal,
        past=past if plan.adjust else None,
        first_day=FIRST_DAY,
        past_until=DAY_BEFORE,
    )


def data_of(
    plan: Experiment, specs: Mapping[str, MetricSpec], past: Mapping[str, Totals] | None = None
) -> ExperimentData:
    """Give what a reading reads, but for the calls themselves: these are handed to it by arm."""
    return ExperimentData(
        experiment=plan, specs=specs, steps={}, method=method_of(plan, past), calls=_NO_CALLS, units=None, days={}
    )


def arm_of_calls(place: int, agents: Mapping[str, Totals], totals: Totals | None = None) -> ArmData:
    """Give what an arm did where calls were dealt; its totals too, when it is not said by whom."""
    return ArmData(_key(place), _sum(agents) if totals is None else totals, None, agents)


def arm_of_units(place: int, units: Mapping[str, Totals]) -> ArmData:
    """Give what an arm did where whole agents, or their shifts, were dealt."""
    return ArmData(_key(place), _sum(units), [UnitData(name, totals) for name, totals in units.items()], units)


def _key(place: int) -> str:
    return "control" if place == 0 else f"challenger {place}"


def _sum(several: Mapping[str, Totals]) -> Totals:
    summed: dict[str, int] = {}
    for totals in several.values():
        for name, value in totals.items():
            summed[name] = summed.get(name, 0) + value
    return summed
