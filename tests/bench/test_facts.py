from collections import Counter

import pytest
from sqlalchemy import select

from experiments.check import rollup
from experiments.check.counting.tables import RollupCall, RollupUnit
from experiments.do.outcomes import Outcome
from tests.bench.facts import TOLD, a_crowd
from tests.bench.loading import load
from tests.bench.rollup import BY_CALL, BY_CUSTOMER
from tests.check.recount import Recount
from tests.check.test_recount import counted


@pytest.mark.parametrize("tests", [BY_CALL, BY_CUSTOMER])
def test_facts_put_there_in_bulk_are_counted_as_any_others(blank_url: str, tests: dict[str, str]) -> None:
    crowds = a_crowd(blank_url, tests, agents=5)
    floor = crowds[0].floor
    loaded = load(crowds, 0, 12, 20) + load(crowds, 12, 1, 20)
    rollup.rebuild_dirty(floor.store)
    with floor.store.read() as session:
        again = Recount(session)
        assert len(again.calls) + len(again.facts) == loaded
        assert counted(floor, RollupCall) == again.by_call()
        assert counted(floor, RollupUnit, ("unit",)) == again.by_unit()
    floor.store.dispose()


def test_facts_are_as_many_as_said(sqlite_blank_url: str) -> None:
    crowds = a_crowd(sqlite_blank_url, {"policy_change": "call"})
    load(crowds, 0, 1, 5_000)
    with crowds[0].floor.store.read() as session:
        told = Counter(session.scalars(select(Outcome.type)))
    crowds[0].floor.store.dispose()
    assert all(abs(told[kind] / 5_000 - share) < 0.03 for kind, (share, _) in TOLD.items())
