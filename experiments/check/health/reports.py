"""Whether what agents report of their calls is borne out by a record.

A self-report is a fact that only the agent's word stands for: *accepted* (the caller said yes), *appointed* (an
appointment was made), *spoken* (the words were said). Its record is a fact that a system or the customer makes true:
the contact was not taken back within its window, or something was sold; the appointment was kept; the script was on
the screen. A centre that never reports a record (no call has one) is not asked for it.
"""

from collections.abc import Mapping

from experiments.check.health.findings import FINE, Check, Finding, State, p_words
from experiments.wording import Message, sentence
from stats.moments import Counts
from stats.soundness.excess import unmatched_reports

REPORTS = Check("reports", sentence("Has what agents report of their calls a matching record?"))

TOLERATED_ODDS = 3.0
"""Agents differ by nature: three times the odds of the rest of the floor are still no finding."""

_KINDS = {
    "accepted": sentence("accepted, and it did not last"),
    "appointed": sentence("an appointment, and it was not kept"),
    "spoken": sentence("spoken, and the script was never on the screen"),
}


def self_reports(kinds: Mapping[str, Mapping[str, Counts]]) -> Finding:
    """Check each agent's reports without a record against the rest of the floor.

    Args:
        kinds: by report (`accepted`, `appointed`, `spoken`) and agent, reports and how many have no record.
    """
    if not any(agent.n for agents in kinds.values() for agent in agents.values()):
        return REPORTS.found(State.WAITING, Message("No report of an agent is old enough to have its record."))
    found = [
        (unmatched.adjusted_p, kind, agent, unmatched)
        for kind, agents in kinds.items()
        for agent, unmatched in zip(
            agents, unmatched_reports(list(agents.values()), tolerated_odds=TOLERATED_ODDS), strict=True
        )
    ]
    high = [each for each in found if each[0] < FINE / len(kinds)]
    if not high:
        agents = len({agent for _, _, agent, _ in found})
        return REPORTS.found(State.OK, Message("None of %(agents)s agents stands out.", {"agents": agents}))
    p_value, kind, agent, worst = min(high, key=lambda each: each[:3])
    values = {
        "agent": agent,
        "kind": Message(_KINDS[kind]),
        "unmatched": kinds[kind][agent].successes,
        "reports": kinds[kind][agent].n,
        "others": f"{100 * worst.others:.1f}%",
        "p": p_words(p_value),
        "n": len({each[2] for each in high}),
    }
    return REPORTS.found(
        State.WARNING,
        Message(
            "%(agent)s has %(unmatched)s of %(reports)s reports without a record (%(kind)s), the rest of the floor "
            "%(others)s of theirs (p %(p)s). Agents who stand out: %(n)s.",
            values,
        ),
        Message("Listen to some of these calls with the agent before the numbers count for anybody's pay."),
    )
