"""Seats: which approvals a gate needs, of which roles, by whom, and which of them have been taken.

Pure: the rules of an installation and the approvals of a round in, chairs out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from experiments.board.cards import Approval, Stage
from experiments.people import Actor

APPROVERS = ("lead", "supervisor", "manager", "quality", "compliance", "trainer")
"""The roles that a gate may ask for: agents are blind to tests, and administrators move nothing."""


@dataclass(frozen=True, slots=True)
class Seat:
    """So many approvals of one role, by anybody who holds it, or by the named logins among them alone.

    Raises:
        ValueError: the role approves nothing, or the count cannot be reached.
    """

    role: str
    count: int = 1
    named: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.role not in APPROVERS:
            raise ValueError(f"role == {self.role!r}, must be one of {', '.join(APPROVERS)}.")
        if self.count < 1 or (self.named and len(set(self.named)) < self.count):
            raise ValueError(f"count == {self.count}, must be at least 1 and at most the {len(self.named)} named.")

    def admits(self, actor: Actor) -> bool:
        """Say whether an actor could take this seat."""
        return self.role in actor.roles and (not self.named or actor.name in self.named)


@dataclass(frozen=True, slots=True)
class Gates:
    """The gates of an installation: who approves at each, how long that holds, and what a plan may ask for.

    Attributes:
        plan: The words, that the floor may start, that agents can say it.
        check: Health and verdict were read.
        act: What thousands of agents say tomorrow.
        expires_after: How long an approval counts.
        most_days: The longest window that a plan's calls may take.
        most_wait: Working days that a card may wait for people before it is late.

    Raises:
        ValueError: a gate has no seat or names a role twice, or a number is not above 0.
    """

    plan: tuple[Seat, ...] = (Seat("compliance"), Seat("manager"), Seat("trainer"))
    check: tuple[Seat, ...] = (Seat("quality"),)
    act: tuple[Seat, ...] = (Seat("manager"), Seat("quality"))
    expires_after: timedelta = timedelta(days=14)
    most_days: int = 56
    most_wait: int = 3

    def __post_init__(self) -> None:
        for name in ("plan", "check", "act"):
            roles = [seat.role for seat in getattr(self, name)]
            if not roles or len(set(roles)) != len(roles):
                raise ValueError(f"{name} == {roles}, must name at least one role, and each once.")
        if self.expires_after <= timedelta(0) or self.most_days < 1 or self.most_wait < 1:
            raise ValueError("expires_after, most_days and most_wait must be above 0.")

    def at(self, stage: str) -> tuple[Seat, ...]:
        """Give the seats at the gate of a stage; none where a stage has no gate."""
        return {Stage.PLAN: self.plan, Stage.CHECK: self.check, Stage.ACT: self.act}.get(Stage(stage), ())

    def roles(self, stage: str) -> tuple[str, ...]:
        """Name the roles at the gate of a stage."""
        return tuple(seat.role for seat in self.at(stage))

    def stands(self, approval: Approval, now: datetime) -> bool:
        """Say whether an approval still counts."""
        return now < self.expiry(approval)

    def expiry(self, approval: Approval) -> datetime:
        """Say until when an approval counts."""
        return approval.at + self.expires_after


USUAL = Gates()
"""The gates of an installation that says nothing of its own."""


@dataclass(frozen=True, slots=True)
class Chair:
    """One approval that a gate needs, and what became of it.

    `role` is None for the second approver, whom a decision against the verdict needs: any of the gate's roles will do.
    `approval` is the one that sits there; one that has expired is shown there until a fresh one is given.
    """

    role: str | None
    named: tuple[str, ...]
    approval: Approval | None
    state: Literal["awaited", "given", "expired"]


def chairs(gates: Gates, stage: str, given: Sequence[Approval], *, second: bool, now: datetime) -> tuple[Chair, ...]:
    """Seat the approvals of a round at the gate of a stage.

    Args:
        gates: the installation's.
        stage: whose gate.
        given: the approvals of the round to its content, the first first.
        second: whether a second approver is needed beside the gate's own.
        now: when, UTC; what has expired by then does not count.
    """
    standing = [approval for approval in given if gates.stands(approval, now)]
    lapsed = [approval for approval in given if not gates.stands(approval, now)]
    wanted: list[tuple[str | None, tuple[str, ...]]] = [
        (seat.role, seat.named) for seat in gates.at(stage) for _ in range(seat.count)
    ]
    if second:
        wanted.append((None, ()))
    return tuple(_seated(wanted, standing, lapsed))


def _seated(
    wanted: Sequence[tuple[str | None, tuple[str, ...]]], standing: list[Approval], lapsed: list[Approval]
) -> Iterator[Chair]:
    again = {approval.person_id for approval in standing}
    for role, named in wanted:
        taken, old = _taken(role, standing), None
        if taken is None:
            old = _taken(role, [approval for approval in lapsed if approval.person_id not in again])
            if old is not None:
                lapsed.remove(old)
        else:
            standing.remove(taken)
        yield Chair(role, named, taken or old, "given" if taken else "expired" if old else "awaited")


def _taken(role: str | None, given: Sequence[Approval]) -> Approval | None:
    return next((approval for approval in given if role in (None, approval.role)), None)


def missing(seated: Sequence[Chair]) -> tuple[Chair, ...]:
    """Give the chairs that nobody sits in now."""
    return tuple(chair for chair in seated if chair.state != "given")


def role_for(gates: Gates, stage: str, seated: Sequence[Chair], actor: Actor) -> str | None:
    """Say in which role an actor's approval is needed now; None where it is not.

    Where no chair is empty, since the rules asked for more when the round began, one more approval carries it through.
    """
    open_to = [seat.role for seat in gates.at(stage) if seat.admits(actor)]
    empty = missing(seated)
    if not open_to:
        return None
    if not empty or any(chair.role is None for chair in empty):
        return next((role for role in open_to if role in {chair.role for chair in empty}), open_to[0])
    return next((role for role in open_to if role in {chair.role for chair in empty}), None)
