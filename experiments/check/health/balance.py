"""Whether the arms were alike in what was known before anything was tried."""

from collections.abc import Mapping, Sequence

from experiments.check.health.findings import RED, Check, Finding, State, p_words
from experiments.wording import Message, sentence
from stats.moments import Moments
from stats.soundness.balance import Balance, adjust_balance, balance_of_levels, balance_of_moments, balance_of_values

BALANCE = Check("balance", sentence("Were the arms alike in what was known before the test?"))

GROSS = 0.1
"""Standard deviations of an attribute: beyond them an imbalance that is surely no chance forbids reading."""

_FEW_UNITS = 40  # an arm; below it values are compared by dealing the arms again
_LEAST_CALLS = 100

_NAMES = {
    "region": sentence("Region"),
    "channel": sentence("Channel"),
    "weekday": sentence("Weekday and half-day"),
    "baseline": sentence("The rate before"),
    "calls": sentence("Calls before"),
    "tenure": sentence("Days since the first call"),
}


def mix(arms: Sequence[Mapping[str, int]]) -> Balance:
    """Compare how units fall into the levels of a category; one mapping an arm, of level to units."""
    levels = sorted({level for arm in arms for level in arm})
    return balance_of_levels([[arm.get(level, 0) for level in levels] for arm in arms])


def numbers(arms: Sequence[Sequence[float]]) -> list[Balance]:
    """Compare a number known of each unit: each challenger with the control, the first of the arms."""
    return [_numbers(arms[0], challenger) for challenger in arms[1:]]


def balance(found: Mapping[str, Sequence[Balance]]) -> Finding:
    """Check that the arms were alike.

    Args:
        found: by attribute, its comparisons of arms. All of them are one family, adjusted by Holm.
    """
    names = [name for name, several in found.items() for _ in several]
    adjusted = adjust_balance([each for several in found.values() for each in several])
    known = [(each.adjusted_p, -each.largest, name) for name, each in zip(names, adjusted, strict=True) if _told(each)]
    if not known:
        return BALANCE.found(State.WAITING, Message("Nothing that was known before can be compared yet."))
    p_value, largest, name = min(known)
    values = {"name": Message(_NAMES[name]), "size": f"{-largest:.2f}", "p": p_words(p_value), "n": len(found)}
    evidence = Message(
        "Of %(n)s attributes the arms differ most in this: %(name)s, by %(size)s standard deviations (p %(p)s).", values
    )
    state = State.WARNING if p_value < RED else State.OK
    if p_value < RED / 10 and -largest >= GROSS:
        state = State.BROKEN
    return BALANCE.found(
        state, evidence, Message("The arms were different people from the start: find out who chose which units count.")
    )


def enough_for_a_mix(arms: Sequence[Mapping[str, int]]) -> bool:
    """Say whether every arm has units enough to compare how they fall into levels."""
    return all(sum(arm.values()) >= _LEAST_CALLS for arm in arms)


def _numbers(control: Sequence[float], challenger: Sequence[float]) -> Balance:
    if min(len(control), len(challenger)) < _FEW_UNITS:
        return balance_of_values(control, challenger)
    return balance_of_moments(*(Moments.of((value, 1.0) for value in arm) for arm in (control, challenger)))


def _told(each: Balance) -> bool:
    return each.adjusted_p == each.adjusted_p and each.largest == each.largest
