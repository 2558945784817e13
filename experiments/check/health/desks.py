"""Whether desktops served what was dealt, and how many calls were answered while the database was away."""

from experiments.check.health.findings import Check, Finding, State
from experiments.wording import Message, sentence
from stats.moments import Counts

DEALT = Check("told_otherwise", sentence("Do desktops say that they served what was dealt?"))
UNKNOWN = Check("unknown_traffic", sentence("Do desktops name traffic that there was?"))
AWAY = Check("fallback", sentence("Was the database there when calls came?"))

MANY_AWAY = 0.05
"""A share of calls; each of them got the arm that it would have got, so that fewer are no reason to wonder."""


def told_otherwise(calls: int) -> Finding:
    """Say of how many calls desktops, or a spool, told another script than they are assigned."""
    if not calls:
        return DEALT.found(State.OK, Message("None of them says otherwise."))
    return DEALT.found(
        State.WARNING,
        Message("%(n)s calls were told of with another arm, test or traffic than they are assigned.", {"n": calls}),
        Message("They count as they were dealt. Find the desktops that serve something else: an old payload, a fault."),
    )


def unknown_traffic(calls: int) -> Finding:
    """Say of how many of a scenario's calls desktops named a revision that there was not when they served them."""
    if not calls:
        return UNKNOWN.found(State.OK, Message("Each revision that they name was there."))
    return UNKNOWN.found(
        State.WARNING,
        Message(
            "%(n)s calls of this scenario were told of with a traffic revision that was not in force then.",
            {"n": calls},
        ),
        Message(
            "Find the desktops that name it: a payload of another installation or more than a week old, a wrong clock, "
            "a fault."
        ),
    )


def away(calls: Counts) -> Finding:
    """Say how many calls were served from the last snapshot."""
    evidence = Message(
        "%(n)s of %(calls)s calls were served from the last snapshot while the database was away.",
        {"n": calls.successes, "calls": calls.n},
    )
    many = calls.successes > MANY_AWAY * calls.n
    advice = Message("Their arms are the same. See to it that the database stays.")
    return AWAY.found(State.WARNING if many else State.OK, evidence, advice)
