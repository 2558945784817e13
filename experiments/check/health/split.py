"""Whether units arrived in the promised proportions, everywhere, and each in one arm of the plan only."""

from collections.abc import Mapping, Sequence

from experiments.check.health.findings import RED, Check, Finding, State, p_words
from experiments.wording import Message, sentence
from stats.looking.sample_ratio import check_sample_ratio, sequential_sample_ratio_p
from stats.moments import Counts
from stats.soundness.excess import seen_in_two_arms
from stats.soundness.splits import check_splits

RATIO = Check("sample_ratio", sentence("Does each arm get the share of the units that the plan promised it?"))
GROUPS = Check(
    "group_split", sentence("Do the promised shares hold in every region, for every agent and on every day?")
)
STRAY = Check("stray_arm", sentence("Is every call of the test in an arm of its plan?"))
TWICE = Check("two_arms", sentence("Does every unit stay in one arm?"))

YELLOW_P = 0.01
LEAST_DEVIATION = 0.001
"""A split that is off by less than a tenth of a percentage point harms no reading, however sure we are of it."""

FEW_PER_ARM = 100
FEW_UNITS_PER_ARM = 5
"""Agents, teams and shifts are few, and each is seen at once."""

GROUP_DEVIATION = 0.02
"""A group is off by two percentage points, or it is not worth naming."""

TOLERATED_TWICE = 0.001
"""Some of it is life: a customer with two numbers, a shared desk."""

_CONCENTRATION = 100  # a test here has hundreds of calls, not millions: large drifts have to be found at once


def sample_ratio(counts: Sequence[int], weights: Sequence[int], *, least: int = FEW_PER_ARM) -> Finding:
    """Check that units arrived in the promised proportions.

    It is watched all the time, so an always-valid p-value decides. The plain chi-square stands beside it, and decides
    alone only where it is ten times as sure, since daily watching finds that hardly ever.
    """
    if sum(counts) < least * len(counts):
        return RATIO.found(State.WAITING, Message("%(n)s units so far.", {"n": sum(counts)}))
    once = check_sample_ratio(counts, weights)
    always = sequential_sample_ratio_p(counts, weights, concentration=_CONCENTRATION)
    evidence = Message(
        "%(counts)s units where %(expected)s were promised (chi-square p %(p)s, watched p %(always)s).",
        {
            "counts": " : ".join(map(str, counts)),
            "expected": " : ".join(f"{e:.0f}" for e in once.expected),
            "p": p_words(once.p_value),
            "always": p_words(always),
        },
    )
    state = State.OK
    if once.deviation >= LEAST_DEVIATION and (always < YELLOW_P or once.p_value < RED):
        state = State.BROKEN if always < RED or once.p_value < RED / 10 else State.WARNING
    advice = Message("Units of one arm are missing or counted twice. Find out where before reading any effect.")
    return RATIO.found(state, evidence, advice)


def group_split(
    families: Mapping[str, Mapping[str, Sequence[int]]], weights: Sequence[int], *, watched: bool = True
) -> Finding:
    """Check the promised proportions group by group.

    Args:
        families: by what they are grouped (`region`, `agent`, `day`), each group's units in each arm. A family raises
            one false alarm in a thousand tests, whatever its size.
        weights: what each arm was promised.
        watched: whether it is asked every day anew, so that always-valid p-values decide.
    """
    if sum(map(sum, next(iter(families.values()), {}).values())) < FEW_PER_ARM * len(weights):
        return GROUPS.found(State.WAITING, Message("Too few units to look at their groups."))
    off, everywhere = [], 0
    for family, groups in families.items():
        splits = check_splits(
            list(groups.values()),
            weights,
            alpha=RED,
            least_deviation=GROUP_DEVIATION,
            watched=watched,
            concentration=_CONCENTRATION,
        )
        everywhere += len(groups)
        off += [(s.adjusted_p, family, name, groups[name]) for name, s in zip(groups, splits, strict=True) if s.off]
    if not off:
        evidence = Message("None of %(n)s regions, agents and days is off.", {"n": everywhere})
        return GROUPS.found(State.OK, evidence)
    _, family, name, counts = min(off)
    values = {"group": _group(family, name), "counts": " : ".join(map(str, counts)), "off": len(off), "n": everywhere}
    return GROUPS.found(
        State.WARNING,
        Message("%(group)s has %(counts)s units in the arms; %(off)s of %(n)s groups are off.", values),
        Message("Find out there who decides which calls are counted: a desktop, a transfer, an import."),
    )


def stray_arm(calls: Mapping[str, int], planned: Sequence[str]) -> Finding:
    """Check that no call is in an arm that the plan does not have, or gave nothing to."""
    strays = {arm: n for arm, n in calls.items() if arm not in planned and n}
    if not strays:
        return STRAY.found(State.OK, Message("%(n)s calls, all in arms of the plan.", {"n": sum(calls.values())}))
    values = {"n": sum(strays.values()), "arms": ", ".join(sorted(strays))}
    return STRAY.found(
        State.BROKEN,
        Message("%(n)s calls are in arms that were promised nothing: %(arms)s.", values),
        Message("No call can be there by the plan: find out who assigned them before reading any effect."),
    )


def two_arms(units: Counts, *, few: bool) -> Finding:
    """Check how many units were seen in more than one arm.

    Args:
        units: units, and how many of them were seen in two arms.
        few: whether they are agents, teams or shifts, of which a single one is worth naming.
    """
    if not units.n:
        return TWICE.found(State.WAITING, Message("%(n)s units so far.", {"n": 0}))
    excess = seen_in_two_arms(units, tolerated=TOLERATED_TWICE)
    evidence = Message("%(twice)s of %(n)s units were seen in two arms.", {"twice": units.successes, "n": units.n})
    state = State.WARNING if excess.p_value < YELLOW_P or (few and units.successes) else State.OK
    if excess.p_value < RED:
        state = State.BROKEN
    return TWICE.found(
        state, evidence, Message("Whoever hears both arms says nothing of either: find out how they changed arms.")
    )


def _group(family: str, name: str) -> Message:
    known = {"name": name or "—"}
    match family:
        case "region":
            return Message("Region %(name)s", known)
        case "agent":
            return Message("Agent %(name)s", known)
        case _:
            return Message("Day %(name)s", known)
