"""What the checks of groups and mixes are asked of: units by level and arm."""

from collections.abc import Mapping

from experiments.check.data import ExperimentData
from experiments.check.health import balance, split
from experiments.check.health.findings import Finding
from stats.soundness.balance import Balance

Levels = Mapping[str, Mapping[str, int]]
"""Units by level and arm."""

_MIXED = ("region", "channel")


def promised_shares(data: ExperimentData, families: Mapping[str, Levels], *, watched: bool) -> Finding:
    """Check every group's shares of the arms."""
    counted = {
        family: {name: [arms.get(key, 0) for key in data.keys] for name, arms in groups.items()}
        for family, groups in families.items()
    }
    return split.group_split(counted, list(data.method.weights), watched=watched)


def mixes(data: ExperimentData, levels: Mapping[str, Levels]) -> dict[str, list[Balance]]:
    """Compare how the arms' units fall into regions and channels."""
    arms = {name: [{level: n.get(key, 0) for level, n in levels[name].items()} for key in data.keys] for name in _MIXED}
    return {name: [balance.mix(each)] for name, each in arms.items() if balance.enough_for_a_mix(each)}
