"""What is appended on the driver's own connection is what the tables say."""

import pytest
from sqlalchemy import select

from experiments.do import recording
from experiments.do.assignments import Floor
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from tests.builders import MONDAY, a_call, a_running_experiment, assigned, outcome


@pytest.mark.parametrize("microsecond", [0, 1, 500_000], ids=["a whole second", "just after one", "half of one"])
def test_moments_are_found_by_being_equal(floor: Floor, microsecond: int) -> None:
    at = MONDAY.replace(microsecond=microsecond)
    a_running_experiment(floor)
    assigned(floor, [a_call(at=at)])
    fact = outcome("call-1", "resolved") | {"at": at.isoformat()}
    recording.deliver(floor.store, "desk", [fact], pseudonyms=floor.pseudonyms, now=at)
    with floor.store.read() as session:
        for moment in (Assignment.at, Outcome.at, Outcome.received_at):
            assert session.scalars(select(moment).where(moment == at)).all() == [at]
