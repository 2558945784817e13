"""What health says of desktops that served by themselves, and of calls that came while the database was away."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from experiments.check import particulars
from experiments.check.counting.tables import RollupCall
from experiments.check.health import desks
from experiments.check.health.findings import State
from experiments.check.reading import watch
from experiments.do import recording, served
from experiments.do.serving import choose
from experiments.do.snapshot import Snapshot, serve_revision
from experiments.do.telling import Teller
from experiments.plan.designs import experiment_named
from experiments.plan.traffic import TrafficRevision
from stats.moments import Counts
from tests.builders import MONDAY, SCENARIO, a_call, a_running_experiment, assigned, moved, rolled_up, snapshot_of
from tests.histories import History

# calls, those while the database was away, and how it is said
TIMES_AWAY: Sequence[tuple[int, int, State]] = [
    # always there
    (1000, 0, State.OK),
    # a restart at noon: visible, and no alarm
    (1000, 50, State.OK),
    # away for a good part of the day
    (1000, 51, State.WARNING),
    # nothing came
    (0, 0, State.OK),
]


@pytest.mark.parametrize(("calls", "away", "state"), TIMES_AWAY)
def test_calls_of_while_the_database_was_away_are_told_and_alarm_when_many(calls: int, away: int, state: State) -> None:
    assert desks.away(Counts(calls, away)).state is state


@pytest.mark.parametrize(("calls", "state"), [(0, State.OK), (1, State.WARNING)])
def test_one_call_told_otherwise_is_a_finding(calls: int, state: State) -> None:
    assert desks.told_otherwise(calls).state is state


@pytest.mark.parametrize(("calls", "state"), [(0, State.OK), (1, State.WARNING)])
def test_one_call_of_traffic_that_there_was_not_is_a_finding(calls: int, state: State) -> None:
    assert desks.unknown_traffic(calls).state is state


def test_a_test_tells_every_day_of_its_scenarios_calls_of_traffic_that_there_was_not(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    about = {"call_id": "call-1", "agent_id": "agent-1", "type": "served", "scenario": SCENARIO, "traffic_revision": 99}
    moments = (MONDAY - timedelta(hours=1), MONDAY, MONDAY + timedelta(hours=1))
    with floor.store.read() as session:
        teller = Teller("desk", recording.scenarios_of(session), floor.pseudonyms, MONDAY + timedelta(hours=2))
    told = [about | {"id": str(n), "call_id": f"call-{n}", "at": at.isoformat()} for n, at in enumerate(moments)]
    served.take(floor, snapshot_of(floor), teller, told)
    with floor.store.read() as session:
        experiment = experiment_named(session, key)
        assert particulars.told_of_unknown_traffic(session, experiment) == 2  # the first came before the test
        assert particulars.told_otherwise(session, experiment) == 0
        assert "unknown_traffic" in {finding.check for finding in watch(session, experiment, today=20261102).findings}


def test_traffic_that_was_not_in_force_is_none_that_was_told_otherwise(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    revision = snapshot_of(floor).scenario(SCENARIO).revision
    moved(floor, key, "pause", "supervisor", reason="too loud")
    about = {"agent_id": "agent-1", "type": "served", "scenario": SCENARIO, "attributes": {"caller_relation": "self"}}
    now = MONDAY + timedelta(days=20)
    call = a_call(at=now)
    with floor.store.read() as session:
        teller = Teller("desk", recording.scenarios_of(session), floor.pseudonyms, now)
        then = session.scalars(select(TrafficRevision).where(TrafficRevision.number == revision)).one()
        arm = choose(Snapshot(1, {SCENARIO: serve_revision(session, then)}, {}), call, floor.calendar).arm
    told = {"id": "1", "call_id": call.call_id, "at": now.isoformat(), "experiment": key, "arm": arm}
    served.tell(floor, snapshot_of(floor), teller, [about | told | {"traffic_revision": revision}])
    with floor.store.read() as session:
        experiment = experiment_named(session, key)
        assert particulars.told_of_unknown_traffic(session, experiment) == 1
        assert particulars.told_otherwise(session, experiment) == 0


def test_both_are_counted_of_the_test_alone(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    assigned(floor, [a_call(number) for number in range(2, 12)])
    rolled_up(floor)
    revision = snapshot_of(floor).scenario(SCENARIO).revision
    about = {"id": "1", "call_id": "call-1", "agent_id": "agent-1", "type": "served", "at": MONDAY.isoformat()}
    row = about | {"scenario": SCENARIO, "experiment": key, "arm": "weather", "traffic_revision": revision}
    with floor.store.read() as session:
        teller = Teller("desk", recording.scenarios_of(session), floor.pseudonyms, MONDAY)
    served.take(floor, snapshot_of(floor), teller, [row, row | {"id": "2"}])
    with floor.store.write() as session:
        experiment = experiment_named(session, key)
        assert particulars.told_otherwise(session, experiment) == 1
        assert particulars.served_while_away(session, experiment) == Counts(10, 0)
        first = session.scalar(select(RollupCall.agent_id).limit(1))
        session.execute(update(RollupCall).where(RollupCall.agent_id == first).values(reason="fallback"))
        assert particulars.served_while_away(session, experiment).successes > 0
