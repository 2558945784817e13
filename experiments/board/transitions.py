"""Transitions: the whole life of a card as one table, where each move leads, who may make it and what else it does."""

from dataclasses import dataclass

from experiments.board import effects
from experiments.board.cards import Review, Stage
from experiments.board.effects import Effect
from experiments.board.seats import Gates

_STOPPERS = ("lead", "supervisor", "manager", "quality", "compliance", "trainer")


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table.

    Attributes:
        to: Where the card goes; by a gate's `approve` only when all have approved.
        roles: Who may; nobody means a job only.
        effect: What else changes.
        needs_reason: Whether it is to be said why.
        at_gate: Whether those may whom the gate asks for, instead of `roles`.
        needs_approvals: Whether the approvals of the gate it went through must count still.
    """

    to: tuple[Stage, Review]
    roles: tuple[str, ...] = ()
    effect: Effect | None = None
    needs_reason: bool = False
    at_gate: bool = False
    needs_approvals: bool = False

    @property
    def by_job(self) -> bool:
        """Say whether no person may."""
        return not self.roles and not self.at_gate

    def who(self, stage: Stage, gates: Gates) -> tuple[str, ...]:
        """Name the roles that may, from a stage."""
        return gates.roles(stage) if self.at_gate else self.roles


_P, _D, _C, _A = Stage.PLAN, Stage.DO, Stage.CHECK, Stage.ACT
_ABANDONED = (Stage.ACT, Review.ABANDONED)
_ROLLING, _HELD = (Stage.ACT, Review.ROLLING_OUT), (Stage.ACT, Review.HELD)

TRANSITIONS: dict[tuple[Stage, Review, str], Transition] = {
    # Plan: written, sized, and approved by people who did not write it
    (_P, Review.DRAFT, "submit"): Transition((_P, Review.IN_REVIEW), ("lead",), effects.submit_plan),
    (_P, Review.DRAFT, "abandon"): Transition(_ABANDONED, ("lead",), effects.close, needs_reason=True),
    (_P, Review.IN_REVIEW, "approve"): Transition((_P, Review.APPROVED), at_gate=True),
    (_P, Review.IN_REVIEW, "refuse"): Transition((_P, Review.DRAFT), at_gate=True, needs_reason=True),
    (_P, Review.APPROVED, "refuse"): Transition((_P, Review.DRAFT), at_gate=True, needs_reason=True),
    (_P, Review.APPROVED, "start"): Transition(
        (_D, Review.RUNNING), ("lead", "manager"), effects.start, needs_approvals=True
    ),
    # Do: the split runs; one person with a reason can stop it, and a guardrail that is harmed pauses it by itself
    (_D, Review.RUNNING, "pause"): Transition((_D, Review.PAUSED), _STOPPERS, effects.pause, needs_reason=True),
    (_D, Review.RUNNING, "halt"): Transition((_D, Review.PAUSED), (), effects.pause, needs_reason=True),
    (_D, Review.PAUSED, "resume"): Transition((_D, Review.RUNNING), ("lead", "manager"), effects.resume),
    # … and changes so that nobody in it changes the arm: an arm is dropped, or more calls are let in
    **{
        (_D, review, verb): Transition((_D, review), roles, effect, needs_reason=True)
        for review in (Review.RUNNING, Review.PAUSED)
        for verb, roles, effect in (
            ("drop_arm", ("lead", "manager"), effects.drop_arm),
            ("widen", ("manager",), effects.widen),
        )
    },
    (_D, Review.RUNNING, "stop"): Transition((_C, Review.OPEN), _STOPPERS, effects.stop, needs_reason=True),
    (_D, Review.PAUSED, "stop"): Transition((_C, Review.OPEN), _STOPPERS, effects.stop, needs_reason=True),
    (_D, Review.RUNNING, "end"): Transition((_C, Review.OPEN), (), effects.end),
    # Check: the final look is read, and something is proposed
    (_C, Review.OPEN, "submit"): Transition((_C, Review.IN_REVIEW), ("lead",), effects.submit_results),
    (_C, Review.OPEN, "abandon"): Transition(_ABANDONED, ("lead", "manager"), effects.give_up, needs_reason=True),
    (_C, Review.IN_REVIEW, "approve"): Transition((_A, Review.IN_REVIEW), effect=effects.review_again, at_gate=True),
    (_C, Review.IN_REVIEW, "refuse"): Transition((_C, Review.OPEN), at_gate=True, needs_reason=True),
    # Act: the proposal is approved and carried out
    (_A, Review.IN_REVIEW, "approve"): Transition((_A, Review.APPROVED), at_gate=True),
    **{
        (_A, review, "refuse"): Transition(
            (_C, Review.OPEN), effect=effects.take_back_if_going, at_gate=True, needs_reason=True
        )
        for review in (Review.IN_REVIEW, Review.APPROVED)
    },
    (_A, Review.APPROVED, "promote"): Transition(
        (_A, Review.STANDARD), ("lead", "manager"), effects.promote, needs_approvals=True
    ),
    (_A, Review.APPROVED, "abandon"): Transition(_ABANDONED, ("lead", "manager"), effects.leave, needs_reason=True),
    (_A, Review.APPROVED, "roll_out"): Transition(
        _ROLLING, ("lead", "manager"), effects.roll_out, needs_approvals=True
    ),
    # … in steps: each by itself when the one before has held, and only people let one go on that was stopped
    (_A, Review.ROLLING_OUT, "advance"): Transition(_ROLLING, (), effects.advance),
    (_A, Review.ROLLING_OUT, "finish"): Transition((_A, Review.STANDARD), (), effects.finish),
    (_A, Review.ROLLING_OUT, "gate"): Transition((_A, Review.IN_REVIEW), (), effects.ask_for_next),
    (_A, Review.ROLLING_OUT, "skip"): Transition(
        (_A, Review.IN_REVIEW), ("lead", "manager"), effects.ask_for_next, needs_reason=True
    ),
    (_A, Review.ROLLING_OUT, "hold"): Transition(_HELD, (), needs_reason=True),
    (_A, Review.ROLLING_OUT, "pause"): Transition(_HELD, _STOPPERS, needs_reason=True),
    (_A, Review.HELD, "resume"): Transition((_A, Review.IN_REVIEW), ("lead", "manager"), effects.ask_to_go_on),
    # harm to a guardrail, or one person with a reason, takes it back wherever it has come to
    **{
        (_A, review, verb): Transition((_C, Review.OPEN), roles, effects.take_back, needs_reason=True)
        for review in (Review.ROLLING_OUT, Review.HELD, Review.IN_REVIEW, Review.APPROVED)
        for verb, roles in (("roll_back", ()), ("stop", _STOPPERS))
    },
}
"""The whole life of a card: (stage, review, verb) → where to, who may, what else it does. Nothing else is possible."""
