"""Whether the registered deals of few units leave chance enough for a test to say anything."""

from experiments.check.health.findings import Check, Finding, State
from experiments.wording import Message, sentence
from stats.clusters.deals import DealsReview

DEALS = Check("deals", sentence("Does the list of registered deals leave chance enough?"))

LEAST_DEALS = 100
"""Below so many the smallest p there can be is above 0.01, and intervals are endless early."""


def registered_deals(kept: int, review: DealsReview | None = None) -> Finding:
    """Check that the list is neither too short nor too narrow.

    Args:
        kept: deals in the list.
        review: how freely it deals the units that were seen; None before there are any.
    """
    values = {"kept": kept, "p": f"{1 / max(kept, 1):.3g}"}
    evidence = Message("%(kept)s deals are registered: no p can be smaller than %(p)s.", values)
    if kept < LEAST_DEALS:
        advice = Message("Few deals show only large effects: take more agents in, or deal shifts instead.")
        return DEALS.found(State.WARNING, evidence, advice)
    if review is None or not review.too_tight:
        return DEALS.found(State.OK, evidence)
    values |= {"fixed": len(review.fixed), "pairs": len(review.together) + len(review.apart)}
    return DEALS.found(
        State.WARNING,
        Message(
            "Of %(kept)s registered deals every one puts %(fixed)s units in the same arm, and %(pairs)s pairs of units "
            "always together or always apart.",
            values,
        ),
        Message("The test is exact and sees little: register a longer list, or balance on less."),
    )
