"""The bench of choosing: that both sides do the same work, and that a large centre is what it says."""

import pytest

from experiments.do.assignments import Floor
from experiments.do.serving import choose
from experiments.store import Store
from tests.bench import centre, choosing
from tests.builders import a_call, a_floor, a_running_experiment, snapshot_of


@pytest.fixture
def floor(sqlite_store: Store) -> Floor:
    return a_floor(sqlite_store)


def test_ours_and_growthbooks_ways_give_every_call_the_same_arm(floor: Floor) -> None:
    a_running_experiment(floor, audience={"caller_relation": {"$in": ["self", "spouse"]}})
    calls = [a_call(number, call_id=f"{number}-{name}") for number in range(100) for name in ("call", "来电", "📞")]
    asked = choosing.ways(floor, snapshot_of(floor), calls)
    choosing.check(asked)
    assert len(asked) == 7
    assert {*asked[choosing.CHOOSE][0](calls)} == {"control", "quicker"}


def test_another_arm_would_be_noticed() -> None:
    with pytest.raises(RuntimeError, match="the same arm"):
        choosing.check({"one": (lambda _: ["control"], []), "other": (lambda _: ["quicker"], [])})


def test_a_large_centre_has_so_many_scenarios_and_tests(floor: Floor) -> None:
    small = len(snapshot_of(floor).scenarios)
    with floor.store.write() as session:
        centre.build(session, 7, 3)
    scenarios = snapshot_of(floor).scenarios
    assert len(scenarios) - small == 7
    assert sum(len(scenario.traffic.slices) for scenario in scenarios.values()) == 3
    assert {
        choose(snapshot_of(floor), a_call(n, scenario="scenario_00002"), floor.calendar).reason for n in range(50)
    } == {
        "split",
        "standard",
    }


def test_its_figures_are_printed(floor: Floor, capsys: pytest.CaptureFixture[str]) -> None:
    choosing.a_large_centre("SQLite", floor, 1, scenarios=4, experiments=2)
    assert capsys.readouterr().out.startswith("SQLite, 4 scenarios of which 2 are under test:\n  the snapshot takes")
