"""What was spoken: who listens to which calls, what they may write down, and what a look makes of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from experiments import audit, people
from experiments.check import looks
from experiments.check.analysis.arms import ArmData
from experiments.check.counting.tables import MEASURES
from experiments.check.metrics import Totals
from experiments.check.spoken.heard import Listened
from experiments.check.spoken.hearing import hear
from experiments.check.spoken.reading import LEAST_HEARD, LEAST_PAIRS, Spoken, read_spoken
from experiments.check.spoken.sample import EACH, Worklist, worklist
from experiments.do.assignments import Floor
from experiments.do.journal import Assignment, Origin
from experiments.errors import Conflict, Invalid, NotAllowed, Refusal, Unknown
from experiments.people import Actor
from experiments.plan.designs import Arm, experiment_named
from experiments.plan.rules import ArmPlan
from stats.arms.proportions import compare_proportions
from stats.moments import Counts
from stats.tails import two_sided_p
from tests.builders import (
    MONDAY,
    NEW_BENEFIT,
    a_call,
    a_running_experiment,
    a_week_of_calls,
    assigned,
    somebody,
    standard_value,
)
from tests.histories import History

SUNDAY = 20261108


def a_listener(floor: Floor, login: str = "quality", *also: str) -> Actor:
    """Give somebody who listens: the centre's one, or another who is let in for it."""
    if login != "quality":
        with floor.store.write() as session:
            person = people.Person(login=login, name=login, password_hash="-", locale="en")
            person.roles = [people.PersonRole(role=role) for role in ("quality", *also)]
            session.add(person)
    return somebody(floor, login)


def work_of(floor: Floor, key: str, actor: Actor | None = None, **more: Any) -> Worklist:
    with floor.store.read() as session:
        return worklist(session, experiment_named(session, key), actor=actor or somebody(floor, "quality"), **more)


def heard(floor: Floor, key: str, call_id: str, what: str | None, actor: Actor | None = None) -> int:
    with floor.store.write() as session:
        return hear(session, key, call_id, what, actor=actor or somebody(floor, "quality"), now=MONDAY).turn


def arms_of(floor: Floor) -> dict[str, tuple[str, str]]:
    with floor.store.read() as session:
        rows = session.scalars(select(Assignment))
        return {row.call_id: (row.agent_id, row.arm) for row in rows}


def listen(floor: Floor, key: str, says: Callable[[str, int], str | None], actor: Actor | None = None) -> None:
    """Hear everything that is still to be heard."""
    served = arms_of(floor)
    for number, call in enumerate(work_of(floor, key, actor).calls):
        heard(floor, key, call.call_id, says(served[call.call_id][1], number), actor)


class TestTheSample:
    def test_has_as_many_calls_of_each_agent_in_each_arm(self, history: History) -> None:
        floor, key = history.after(a_running_experiment)
        assigned(floor, [a_call(i) for i in range(300)])
        served, sample = arms_of(floor), [call.call_id for call in work_of(floor, key).calls]
        assert Counter(served[call_id] for call_id in sample) == dict.fromkeys(set(served.values()), EACH)

    def test_is_the_same_for_everybody_and_grows_within_a_longer_one(self, sqlite_floor: Floor) -> None:
        key = a_running_experiment(sqlite_floor)
        assigned(sqlite_floor, [a_call(i) for i in range(200)])
        first, second = (work_of(sqlite_floor, key, a_listener(sqlite_floor, login)).calls for login in ("one", "two"))
        longer = work_of(sqlite_floor, key, each=2 * EACH).calls
        assert first == second
        assert set(first) < set(longer)

    def test_changes_by_new_calls_alone(self, sqlite_floor: Floor) -> None:
        key = a_running_experiment(sqlite_floor)
        assigned(sqlite_floor, [a_call(i) for i in range(200)])
        before = set(work_of(sqlite_floor, key).calls)
        new = {answer.call_id for answer in assigned(sqlite_floor, [a_call(i) for i in range(200, 260)])}
        after = set(work_of(sqlite_floor, key).calls)
        assert len(after) == len(before)
        assert {call.call_id for call in after - before} <= new
        assert 0 < len(after - before) < len(new)

    def test_shows_neither_arm_nor_outcome(self, sqlite_floor: Floor) -> None:
        key = a_running_experiment(sqlite_floor)
        assigned(sqlite_floor, [a_call(i) for i in range(20)])
        work = work_of(sqlite_floor, key)
        assert set(work.calls[0].__slots__) == {"call_id", "agent_id", "at", "locale"}
        assert set(work.agents[0].__slots__) == {"agent_id", "heard", "sampled"}

    def test_leaves_out_past_calls_whose_words_were_never_spoken(self, sqlite_floor: Floor) -> None:
        key = a_running_experiment(sqlite_floor)
        assigned(sqlite_floor, [a_call(i) for i in range(20)])
        with sqlite_floor.store.write() as session:
            session.execute(text("UPDATE assignment SET origin = :past"), {"past": Origin.REPLAYED})
        assert work_of(sqlite_floor, key) == Worklist((), 0, ())

    def test_asks_of_each_agent_and_arm_for_one_second_opinion_by_somebody_else(self, sqlite_floor: Floor) -> None:
        key = a_running_experiment(sqlite_floor)
        assigned(sqlite_floor, [a_call(i) for i in range(200)])
        strata = len(set(arms_of(sqlite_floor).values()))
        listen(sqlite_floor, key, lambda arm, _: arm)
        mine, others = work_of(sqlite_floor, key), work_of(sqlite_floor, key, a_listener(sqlite_floor, "second"))
        assert (len(mine.calls), len(others.calls)) == (0, strata)
        assert (mine.heard, mine.sampled) == (EACH * strata, EACH * strata)

    def test_gives_nobody_a_call_of_their_own(self, sqlite_floor: Floor) -> None:
        key = a_running_experiment(sqlite_floor)
        assigned(sqlite_floor, [a_call(i) for i in range(40)])
        agents = {
            call.agent_id for call in work_of(sqlite_floor, key, a_listener(sqlite_floor, "agent-3", "agent")).calls
        }
        assert agents == {f"agent-{n}" for n in range(7) if n != 3}


class TestHearing:
    def test_is_appended_and_audited_and_never_changed(self, history: History) -> None:
        floor, key = history.after(a_running_experiment)
        (call,) = assigned(floor, [a_call(1)])
        assert heard(floor, key, call.call_id, "quicker") == 1
        with floor.store.read() as session:
            entry = session.scalars(select(audit.AuditEntry).where(audit.AuditEntry.verb == "hear")).one()
            assert (entry.actor, entry.subject) == ("quality", f"experiment:{key}")
            assert entry.detail == {"call": str(call.assignment_id), "heard": "quicker", "turn": 1}
        for change in ("UPDATE heard SET heard = NULL", "DELETE FROM heard"):
            with pytest.raises(DBAPIError, match="append-only"), floor.store.write() as session:
                session.execute(text(change))

    def test_by_a_second_person_is_a_second_turn_and_there_is_no_third(self, history: History) -> None:
        floor, key = history.after(a_running_experiment)
        (call,) = assigned(floor, [a_call(1)])
        turns = [heard(floor, key, call.call_id, None, a_listener(floor, login)) for login in ("one", "two")]
        assert turns == [1, 2]
        with pytest.raises(Conflict, match="Two people"):
            heard(floor, key, call.call_id, None)

    @pytest.mark.parametrize(
        ("call_id", "what", "by", "refusal"),
        [
            # heard by the same person before
            ("call-2", "quicker", "quality", Conflict),
            # no such call
            ("call-none", None, "quality", Unknown),
            # words that no arm has
            ("call-1", "slower", "quality", Invalid),
            # who designs tests and who decides on them does not listen
            ("call-1", "quicker", "lead", NotAllowed),
            ("call-1", "quicker", "manager", NotAllowed),
            # her own call
            ("call-1", "quicker", "agent-1", NotAllowed),
        ],
    )
    def test_is_refused(
        self, sqlite_floor: Floor, call_id: str, what: str | None, by: str, refusal: type[Refusal]
    ) -> None:
        key = a_running_experiment(sqlite_floor)
        assigned(sqlite_floor, [a_call(1), a_call(2)])
        heard(sqlite_floor, key, "call-2", "control")
        listener = a_listener(sqlite_floor, by) if by.startswith("agent") else somebody(sqlite_floor, by)
        with pytest.raises(refusal):
            heard(sqlite_floor, key, call_id, what, listener)

    def test_of_a_call_outside_the_sample_is_refused_but_not_of_one_just_pushed_out(self, sqlite_floor: Floor) -> None:
        key = a_running_experiment(sqlite_floor)
        assigned(sqlite_floor, [a_call(i, agent_id="busy") for i in range(80)])
        inside, near = ({c.call_id for c in work_of(sqlite_floor, key, each=n * EACH).calls} for n in (1, 2))
        assert heard(sqlite_floor, key, min(near - inside), None) == 1
        with pytest.raises(Unknown, match="not in the sample"):
            heard(sqlite_floor, key, min(set(arms_of(sqlite_floor)) - near), None)

    def test_of_an_arm_that_says_nothing_is_of_none_of_the_words(self, sqlite_floor: Floor) -> None:
        arms = (ArmPlan("control", 5000, standard_value(sqlite_floor, "benefit")), ArmPlan("silent", 5000, None))
        key = a_running_experiment(sqlite_floor, arms=arms)
        assigned(sqlite_floor, [a_call(1)])
        with pytest.raises(Invalid, match="Nothing is said in silent"):
            heard(sqlite_floor, key, "call-1", "silent")
        assert heard(sqlite_floor, key, "call-1", None) == 1


def an_arm(key: str, agents: int = 8, calls: int = 100) -> ArmData:
    def totals(n: int) -> Totals:
        return dict.fromkeys(MEASURES, 0) | {"calls": n}

    return ArmData(key, totals(agents * calls), None, {f"agent-{n}": totals(calls) for n in range(agents)})


CONTROL, CHALLENGER = an_arm("control"), an_arm("quicker")
PLANNED = Arm(key="quicker", value=NEW_BENEFIT)
FOUND = compare_proportions(Counts(800, 320), Counts(800, 400))


def calls_heard(arm: str, what: str | None, count: int, first: int = 0, **more: Any) -> list[Listened]:
    """Describe calls of the eight agents in turn that were heard alike."""
    return [
        Listened(arm, f"agent-{(first + n) % 8}", SUNDAY, first + n, what, more.get("twice", False), more.get("again"))
        for n in range(count)
    ]


def read_of(listened: list[Listened], planned: Arm = PLANNED, until: int = SUNDAY) -> Spoken | None:
    return read_spoken(listened, CONTROL, CHALLENGER, planned, FOUND, until=until, alpha=0.05)


HEARD = [
    *calls_heard("control", "control", 38),
    *calls_heard("control", "quicker", 2, 38),
    *calls_heard("quicker", "quicker", 34),
    *calls_heard("quicker", None, 6, 34),
]


class TestReading:
    def test_divides_the_effect_by_what_the_assignment_moved(self) -> None:
        spoken = read_of(HEARD)
        assert spoken is not None
        assert (spoken.adherence.rate, spoken.contamination.rate) == pytest.approx((0.85, 0.05))
        assert spoken.complier.effect == pytest.approx(0.1 / 0.8)
        assert spoken.complier.p_value == pytest.approx(two_sided_p(FOUND.difference / FOUND.standard_error))
        assert (spoken.complier.weak, spoken.complier.region.kind) == (False, "interval")

    def test_words_that_hardly_moved_give_no_interval(self) -> None:
        control = [*calls_heard("control", "quicker", 18), *calls_heard("control", None, 22, 18)]
        challenger = [*calls_heard("quicker", "quicker", 20), *calls_heard("quicker", None, 20, 20)]
        spoken = read_of([*control, *challenger])
        assert spoken is not None
        assert (spoken.complier.weak, spoken.complier.region.kind) == (True, "rays")

    @pytest.mark.parametrize(
        "listened",
        [
            # nobody listened
            [],
            # one short in the challenger
            HEARD[: 40 + LEAST_HEARD - 1],
            # the control only
            HEARD[:40],
        ],
    )
    def test_too_few_calls_say_nothing(self, listened: list[Listened]) -> None:
        assert read_of(listened) is None

    def test_calls_count_up_to_the_last_matured_day(self) -> None:
        assert read_of([replace(call, day=SUNDAY + 1) for call in HEARD]) is None

    def test_calls_that_were_pushed_out_of_the_sample_no_longer_count(self) -> None:
        early = [replace(call, heard=None) for call in calls_heard("quicker", "quicker", 40, 40)]
        spoken, without = read_of([*HEARD, *early]), read_of(HEARD)
        assert spoken == without

    def test_silence_is_what_is_heard_of_an_arm_that_says_nothing(self) -> None:
        silent = [replace(call, heard="control" if call.heard == "control" else None) for call in HEARD]
        spoken = read_of(silent, Arm(key="quicker", value=None))
        assert spoken is not None
        assert (spoken.adherence.rate, spoken.contamination.rate) == pytest.approx((1.0, 0.05))

    def test_two_who_disagree_correct_what_one_of_them_heard(self) -> None:
        twice = [replace(call, twice=True, again=call.heard) for call in HEARD]
        apart = [replace(call, again=None) if n in (5, 45, 50, 60) else call for n, call in enumerate(twice)]
        agreed, doubted = read_of(twice), read_of(apart)
        assert agreed is not None
        assert doubted is not None
        assert (agreed.pairs, agreed.disagreements, doubted.disagreements) == (80, 0, 3)
        assert agreed.listener is not None
        assert doubted.listener is not None
        assert doubted.listener.sensitivity < agreed.listener.sensitivity
        assert doubted.difference.difference > agreed.difference.difference > 0.8

    def test_a_few_second_opinions_correct_nothing(self) -> None:
        some = [replace(c, twice=n < LEAST_PAIRS - 1, again=c.heard) for n, c in enumerate(HEARD)]
        spoken = read_of(some)
        assert spoken is not None
        assert (spoken.pairs, spoken.listener) == (LEAST_PAIRS - 1, None)

    def test_calls_that_no_rollup_has_yet_are_at_least_those_heard(self) -> None:
        spoken = read_spoken(HEARD, an_arm("control", 0), an_arm("quicker", 0), PLANNED, FOUND, until=SUNDAY, alpha=0.1)
        assert spoken is not None
        assert (spoken.adherence.listened, spoken.adherence.variance) == (40, 0)


class TestALook:
    def test_explains_by_what_was_spoken_and_decides_as_if_nobody_had_listened(self, history: History) -> None:
        floor, key = history.after(a_running_experiment)
        a_week_of_calls(floor, 60, lambda answer, n: n % 10 < (8 if answer.arm == "quicker" else 4))
        silent, deaf = self._look(floor, key)
        listen(floor, key, lambda arm, n: None if n % 5 == 0 else arm)
        spoken, heard_all = self._look(floor, key)
        (found,) = spoken["explanation"]["spoken"]
        assert silent["explanation"]["spoken"] == []
        assert spoken["verdict"] == silent["verdict"]
        assert heard_all == deaf
        assert found["adherence"]["rate"] == pytest.approx(0.8, abs=0.1)
        assert found["contamination"]["rate"] == 0
        assert found["complier"]["effect"] > found["complier"]["uptake"] * found["complier"]["effect"] > 0.3

    @staticmethod
    def _look(floor: Floor, key: str) -> tuple[dict[str, Any], str]:
        """Read the final look without keeping it; give its content, and its conclusion."""
        with floor.store.read() as session:
            made = looks.make_look(
                session,
                experiment_named(session, key),
                today=SUNDAY,
                final=True,
                actor=people.system("jobs"),
                now=MONDAY + timedelta(days=7),
            )
            return made.content, made.conclusion


def test_a_sample_of_a_few_is_no_different_from_one_of_many_but_for_its_error() -> None:
    few = read_of([*HEARD[:20], *HEARD[38:60], *HEARD[74:]])
    many = read_of(HEARD)
    assert few is not None
    assert many is not None
    assert few.difference.variance > many.difference.variance
