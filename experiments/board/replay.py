"""The board rebuilt from the audit log alone: what the log says happened gives every card's place, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from experiments.audit import AuditEntry
from experiments.board.cards import Review, Stage

_SUBJECT = "experiment:"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card stands: its stage and review, the round it is in, and what is proposed in it."""

    stage: str
    review: str
    round: int
    proposal: str | None


def replay(entries: Iterable[AuditEntry]) -> dict[str, Place]:
    """Give each card's place by its experiment's key, from the log in its order.

    Rows written before rounds and proposals were logged tell the round by what opens one; their proposals are unknown,
    and stay what they were.
    """
    board: dict[str, Place] = {}
    for entry in entries:
        key = entry.subject.removeprefix(_SUBJECT)
        if key == entry.subject:
            continue
        if entry.verb == "write_plan" and key not in board and entry.detail.get("origin") != "imported":
            board[key] = Place(Stage.PLAN, Review.DRAFT, 0, None)
        elif "after" in entry.detail:
            board[key] = _moved(board.get(key, _NOWHERE), entry)
    return board


_NOWHERE = Place("", "", 0, None)


def _moved(place: Place, entry: AuditEntry) -> Place:
    detail = entry.detail
    stage, review = detail["after"]
    opened = entry.verb == "submit" or (entry.verb == "approve" and detail["before"][0] != stage)
    return replace(
        place,
        stage=stage,
        review=review,
        round=detail.get("round", place.round + opened),
        proposal=detail.get("proposal", place.proposal),
    )
