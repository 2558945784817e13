"""The story of the product, from a call that gets the standard to a call that gets the winner."""

import random

from experiments import audit, people
from experiments.board import cards
from experiments.check import looks
from experiments.plan.designs import experiment_named
from tests.builders import (
    MONDAY,
    NEW_BENEFIT,
    a_call,
    a_draft,
    a_week_of_calls,
    approved,
    assigned,
    moved,
)
from tests.histories import History


def test_a_better_script_becomes_the_standard_by_experiment(history: History) -> None:
    floor, key = history.after(a_draft, effect=0.1)

    # Before the test everyone hears the standard.
    (before,) = assigned(floor, [a_call(9_001)])
    assert (before.reason, before.experiment, before.invite) == ("standard", None, True)

    # Plan: the lead hands it in, three other people approve, a manager starts it.
    assert moved(floor, key, "submit", "lead") == ("plan", "in_review")
    assert approved(floor, key, "compliance", "manager", "trainer") == ("plan", "approved")
    assert moved(floor, key, "start", "manager") == ("do", "running")

    # Do: a week of calls is dealt; the new benefit is heard more gladly.
    luck = random.Random(20261102)
    answers = a_week_of_calls(floor, 150, lambda a, _: luck.random() < (0.4 if a.arm == "control" else 0.6))
    assert {a.reason for a in answers} == {"split"}

    # Check: the schedule looks as planned, and ends the test at the last look.
    with floor.store.write() as session:
        experiment = experiment_named(session, key)
        look = looks.make_look(session, experiment, today=20261108, final=True, actor=people.system("jobs"), now=MONDAY)
        assert (look.conclusion, look.challenger) == ("winner", "quicker")
    assert moved(floor, key, "end", "jobs") == ("check", "open")
    (meanwhile,) = assigned(floor, [a_call(9_002)])
    assert meanwhile.reason == "standard"

    # Act: quality has read health and verdict; manager and quality agree; the winner goes live.
    assert moved(floor, key, "submit", "lead", proposal="quicker") == ("check", "in_review")
    assert approved(floor, key, "quality") == ("act", "in_review")
    assert approved(floor, key, "quality", "manager") == ("act", "approved")
    assert moved(floor, key, "promote", "manager") == ("act", "standard")

    # The next call hears the winner as the standard; whoever called before keeps the first answer.
    (after,) = assigned(floor, [a_call(9_003)])
    assert (after.reason, dict(after.steps)["benefit"]) == ("standard", NEW_BENEFIT["zh-CN"])
    (again,) = assigned(floor, [a_call(9_001)])
    assert again == before

    # And all of it stands in the log.
    with floor.store.read() as session:
        assert audit.verify(session).broken_at is None
        assert [d.verb for d in cards.decisions_of(session, cards.card_of(session, key))][-1] == "promote"
