"""What people ask of cards, in words: the button, what was done, and what will come of it."""

from flask_babel import gettext as _


def move(verb: str, at: str) -> str:
    """Name a move as a button says it; `at` is the stage, since some moves mean another thing there."""
    if verb == "submit":
        return _("Submit for review") if at == "plan" else _("Propose a decision")
    if at == "act" and verb in ("pause", "resume", "stop"):
        return {
            "pause": _("Hold the rollout"),
            "resume": _("Ask to let it go on"),
            "stop": _("Take it back now"),
        }[verb]
    return {
        "approve": _("Approve"),
        "refuse": _("Send back"),
        "start": _("Start the test"),
        "pause": _("Pause"),
        "resume": _("Go on"),
        "stop": _("Stop the test now"),
        "drop_arm": _("Drop an arm"),
        "widen": _("Let more calls in"),
        "end": _("End as planned"),
        "promote": _("Make it the standard at once"),
        "roll_out": _("Roll it out in steps"),
        "skip": _("Ask for the next step now"),
        "abandon": _("Close without a change"),
    }.get(verb, verb)


def done(verb: str, at: str = "") -> str:
    """Name a move once it was made, as a history says it; `at` is the stage it was made in."""
    if at == "act" and verb in ("pause", "resume", "stop"):
        return {
            "pause": _("held the rollout"),
            "resume": _("asked to let the rollout go on"),
            "stop": _("took the rollout back"),
        }[verb]
    return {
        "submit": _("submitted it"),
        "approve": _("approved it"),
        "refuse": _("sent it back"),
        "start": _("started the test"),
        "pause": _("paused the test"),
        "resume": _("let the test go on"),
        "halt": _("paused the test: a guardrail was harmed"),
        "stop": _("stopped the test"),
        "drop_arm": _("dropped an arm"),
        "widen": _("let more calls in"),
        "end": _("ended the test as planned"),
        "promote": _("made it the standard"),
        "roll_out": _("let it go out"),
        "advance": _("took the next step"),
        "gate": _("came to a step that waits for approval"),
        "skip": _("asked for the next step"),
        "hold": _("held the rollout: worse than in the holdback"),
        "roll_back": _("took the rollout back: a guardrail was harmed"),
        "finish": _("made what everyone says the standard"),
        "abandon": _("closed it without a change"),
    }.get(verb, verb)


def consequence(verb: str, at: str) -> str:
    """Say what a move does, before it is made."""
    if at == "act" and verb in ("pause", "resume", "stop"):
        return {
            "pause": _("It stays where it has come to, until people let it go on."),
            "resume": _("Opens a round of approvals; then it goes on from where it is."),
            "stop": _("At once: everyone hears the standard again. The results are open to decide anew."),
        }[verb]
    return {
        "submit": _("Fixes the content and asks the gate for its approvals."),
        "approve": _("Your approval is bound to the content as it stands now."),
        "refuse": _("Goes back to the draft.") if at == "plan" else _("Goes back to Check with its results open."),
        "start": _("From the next call on, the split decides who hears which words."),
        "pause": _("Everyone hears the standard until the test goes on."),
        "resume": _("The same callers meet the same arms again."),
        "stop": _("At once, for good: everyone hears the standard."),
        "drop_arm": _("Its calls hear the standard from now on; nobody else changes the arm. It cannot come back."),
        "widen": _("Nobody who takes part changes the arm or leaves. It cannot be made narrower again."),
        "promote": _("The next call of this scenario is served the new words; nobody is held back to measure them."),
        "roll_out": _(
            "By agent-weeks: 10, 25, 50%, then all, each step before a day's first shift; 5% keep the former words, "
            "as a measure."
        ),
        "skip": _("Opens a round of approvals; then the next step comes before its time."),
        "abandon": _("The standard stays; the test's share of the traffic is given back."),
    }.get(verb, "")
