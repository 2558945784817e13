"""Two who would take the last seat of a gate at the same moment: one decides, the other learns who did."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from experiments.board import cards, moves
from experiments.board.cards import Approval, Decision, Move
from experiments.board.checklist import Tick
from experiments.do.assignments import Floor
from experiments.errors import Conflict
from experiments.plan.designs import Experiment, PlanEdit
from tests.builders import MONDAY, a_submitted_plan, approved, people_actor, somebody_new

RACES, AT_ONCE = 200, 8
SOON = MONDAY + timedelta(minutes=1)


def one_seat_left(floor: Floor) -> list[str]:
    """Bring a plan to where its manager alone is waited for, and lay so many others beside it, alike in every row."""
    first = a_submitted_plan(floor, key="race_0")
    approved(floor, first, "compliance", "trainer")
    with floor.store.write() as session:
        card = cards.card_of(session, first)
        beside = [session.scalars(select(kind).where(kind.card_id == card.id)).all() for kind in (Approval, Tick)]
        for number in range(1, RACES):
            test = copied(card.experiment, key=f"race_{number}", arms=[*map(copied, card.experiment.arms)])
            other = copied(card, experiment=test)
            session.add(other)
            session.flush()
            session.add_all(copied(row, card_id=other.id) for rows in beside for row in rows)
            session.add(PlanEdit(experiment_id=test.id, editor="lead", content_hash=test.content_hash, at=MONDAY))
    return [f"race_{number}" for number in range(RACES)]


def copied(row: Any, **other: Any) -> Any:
    """Copy a row, with a few other values; `metrics` of a plan go along."""
    names = {column.key for column in row.__mapper__.column_attrs} - {"id", "experiment_id"}
    values = {name: getattr(row, name) for name in names}
    if isinstance(row, Experiment):
        values["metrics"] = [*map(copied, row.metrics)]
    return type(row)(**{**values, **other})


@pytest.fixture
def floor(floor: Floor) -> Floor:
    somebody_new(floor, "another_manager", "manager")
    return floor


def test_of_two_who_approve_at_once_one_decides_and_the_other_learns_who_did(floor: Floor) -> None:
    keys = one_seat_left(floor)
    barriers = {key: Barrier(2, timeout=20) for key in keys}

    def approve(key: str, login: str) -> str:
        barriers[key].wait()
        try:
            with floor.store.write() as session:
                actor = people_actor(session, login)
                moves.move(session, key, Move("approve"), actor=actor, calendar=floor.calendar, now=SOON)
        except Conflict as refused:
            return str(refused)
        return login

    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = {key: [pool.submit(approve, key, login) for login in ("manager", "another_manager")] for key in keys}
        together = {key: [future.result() for future in both] for key, both in asked.items()}
    for key, answers in together.items():
        (winner,) = set(answers) & {"manager", "another_manager"}
        (told,) = set(answers) - {winner}
        assert told.startswith(f"{winner} was first, {SOON.isoformat()}: {key} is at plan, approved")
    with floor.store.read() as session:
        decided = select(func.count()).where(Decision.to_review == "approved")
        given = select(func.count()).where(Approval.role == "manager")
        assert (session.scalar(decided), session.scalar(given)) == (RACES, RACES)
