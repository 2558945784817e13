"""What can be told. A mere peek at running data is no event: results are told by planned looks."""

from enum import StrEnum

from experiments.wording import sentence


class Event(StrEnum):
    """One kind of notice."""

    #: a plan or its results were handed in and wait for approvals
    SUBMITTED = "submitted"
    #: somebody approved; the gate waits for the others, or is open
    APPROVED = "approved"
    #: somebody refused, with a reason
    REFUSED = "refused"
    #: the split runs
    STARTED = "started"
    #: a person paused it
    PAUSED = "paused"
    #: the watch paused it: a guardrail is harmed
    HALTED = "halted"
    #: the split runs again
    RESUMED = "resumed"
    #: a person ended it early
    STOPPED = "stopped"
    #: an arm was dropped, or more calls were let in
    AMENDED = "amended"
    #: a planned look was made
    LOOK_MADE = "look_made"
    #: the planned calls are in
    ENDED = "ended"
    #: an arm became the standard
    PROMOTED = "promoted"
    #: closed without a change
    ABANDONED = "abandoned"
    #: a rollout went on to its next step
    ROLLOUT_STEP = "rollout_step"
    #: a rollout waits where it is
    ROLLOUT_HELD = "rollout_held"
    #: a rollout was taken back by itself
    ROLLED_BACK = "rolled_back"
    #: a control chart of the standard gave a signal
    CONTROL_SIGNAL = "control_signal"
    #: somebody wrote a comment
    COMMENT = "comment"
    #: a standard's review is due
    REVIEW_DUE = "review_due"
    #: somebody tries a target out; never written down
    TEST = "test"


HEADINGS: dict[Event, str] = {
    Event.SUBMITTED: sentence("Waits for approval"),
    Event.APPROVED: sentence("Approval given"),
    Event.REFUSED: sentence("Refused with a reason"),
    Event.STARTED: sentence("Test started"),
    Event.PAUSED: sentence("Test paused"),
    Event.HALTED: sentence("Paused by itself: a guardrail is harmed"),
    Event.RESUMED: sentence("Test goes on"),
    Event.STOPPED: sentence("Test stopped"),
    Event.AMENDED: sentence("Test changed while it runs"),
    Event.LOOK_MADE: sentence("A planned look was made"),
    Event.ENDED: sentence("Test ended as planned"),
    Event.PROMOTED: sentence("New standard"),
    Event.ABANDONED: sentence("Closed without a change"),
    Event.ROLLOUT_STEP: sentence("Rollout: next step"),
    Event.ROLLOUT_HELD: sentence("Rollout is held"),
    Event.ROLLED_BACK: sentence("Rollout taken back"),
    Event.CONTROL_SIGNAL: sentence("The standard gives a signal"),
    Event.COMMENT: sentence("New comment"),
    Event.REVIEW_DUE: sentence("Review is due"),
    Event.TEST: sentence("A test"),
}
"""What stands above a notice in a chat, and as the subject of a mail."""
