"""What the words did where they were heard, beside the effect of the assignment; never in a verdict."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.check.analysis.arms import ArmData
from experiments.check.spoken.heard import Listened, own_words
from experiments.check.spoken.sample import EACH
from experiments.plan.designs import Arm
from stats.comparison import Comparison
from stats.compliance.agreement import listener_of_pairs
from stats.compliance.complier import ComplierEffect, complier_effect
from stats.compliance.listening import Heard, HeardDifference, Stratum, heard_difference, share_heard
from stats.compliance.mishearing import Listener, correct_mishearing
from stats.compliance.uptake import uptake_of_samples

LEAST_HEARD = 20
"""Calls of each arm that must have been heard before anything is said of them."""

LEAST_PAIRS = 20
"""Calls that two people must have heard before shares are corrected for mishearing; until then they are believed."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The challenger's words as they were heard, and what they did there.

    Attributes:
        challenger: The arm.
        until: The last day of assignment (YYYYMMDD) that counts, as for the primary effect.
        adherence: Share of the challenger's calls in which its words were heard.
        contamination: Share of the control's calls in which the challenger's words were heard.
        difference: Adherence less contamination: how far the assignment moved what was spoken.
        complier: The primary effect in the calls in which the words were heard because of the assignment.
        pairs: Calls of either arm that two people heard.
        disagreements: Calls among them of which only one heard the challenger's words.
        listener: What that says of one listener, with which the shares are corrected; None where too few were heard
            twice, or where two people agree no more than coins do.
    """

    challenger: str
    until: int
    adherence: Heard
    contamination: Heard
    difference: HeardDifference
    complier: ComplierEffect
    pairs: int
    disagreements: int
    listener: Listener | None


def read_spoken(
    listened: Sequence[Listened],
    control: ArmData,
    challenger: ArmData,
    planned: Arm,
    found: Comparison,
    *,
    until: int,
    alpha: float,
) -> Spoken | None:
    """Read what was heard of one challenger; None while too few of its or of the control's calls were heard.

    Args:
        listened: the calls of the test that were heard, in the order of the lottery.
        control: what the control did until then.
        challenger: what the challenger did.
        planned: the challenger as it is planned.
        found: the effect of the assignment on the primary metric.
        until: the last day of assignment (YYYYMMDD) that counts.
        alpha: 1 - confidence of each interval.
    """
    words = own_words(planned)
    matured = [call for call in listened if call.day <= until]
    shares = [share_heard(_strata(arm, matured, words), alpha=alpha) for arm in (control, challenger)]
    if min(share.listened for share in shares) < LEAST_HEARD:
        return None
    twice = [call for call in matured if call.twice and call.arm in (control.key, challenger.key)]
    apart = sum((call.heard == words) != (call.again == words) for call in twice)
    listener = listener_of_pairs(len(twice), apart) if len(twice) >= LEAST_PAIRS else None
    contamination, adherence = (correct_mishearing(s, listener) if listener else s for s in shares)
    difference = heard_difference(contamination, adherence)
    return Spoken(
        challenger=challenger.key,
        until=until,
        adherence=adherence,
        contamination=contamination,
        difference=difference,
        complier=complier_effect(uptake_of_samples(found, difference), alpha=alpha),
        pairs=len(twice),
        disagreements=apart,
        listener=listener,
    )


def _strata(arm: ArmData, listened: Sequence[Listened], words: str | None) -> list[Stratum]:
    """Give each agent's calls in an arm.

    Of those that were heard the first of the lottery count, as many as the sample has: calls that were pushed out of it
    were early ones, and would weigh too much. An agent's calls that no rollup has yet are at least those heard.
    """
    heard: dict[str, list[Listened]] = defaultdict(list)
    for call in listened:
        if call.arm == arm.key:
            heard[call.agent_id].append(call)
    strata = []
    for agent in sorted(arm.agents.keys() | heard.keys()):
        counted = heard[agent][:EACH]
        calls = arm.agents[agent]["calls"] if agent in arm.agents else 0
        right = sum(call.heard == words for call in counted)
        strata.append(Stratum(max(calls, len(counted)), len(counted), right))
    return strata
