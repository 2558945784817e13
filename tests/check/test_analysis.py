"""Which method answers, by the unit that was dealt and what there is of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from experiments.check.analysis import arms as analysis
from experiments.check.analysis.arms import ArmData, Method
from experiments.check.analysis.units import UnitData
from experiments.check.metrics import NOTHING, MetricSpec, Totals
from experiments.plan import deals

RATE = MetricSpec("accepted", "proportion", "accepted", "eligible", "higher", 0, {"en": "Accepted"})
SECONDS = MetricSpec("handled", "mean", "handled_seconds", "reported", "lower", 0, {"en": "Handling"})
CALLS = Method("call", "call", (5000, 5000), "plan", (), None, None, 20261109, 20261108)
AGENTS = replace(CALLS, unit="agent")


def totals(calls: int, accepted: int) -> Totals:
    seconds = {"handled_seconds_n": calls, "handled_seconds": 200 * calls, "handled_seconds_squares": 41_000 * calls}
    return {**NOTHING, "calls": calls, "accepted": accepted, **seconds}


def by_call(*agents: tuple[int, int]) -> ArmData:
    """Give an arm whose calls were dealt within agents, as (calls, accepted) of each."""
    own = {f"agent-{i}": totals(*each) for i, each in enumerate(agents)}
    calls, accepted = (sum(each[k] for each in agents) for k in (0, 1))
    return ArmData("arm", totals(calls, accepted), None, own)


def by_agent(agents: dict[str, tuple[int, int]]) -> ArmData:
    """Give an arm of whole agents."""
    own = {name: totals(*each) for name, each in agents.items()}
    calls, accepted = (sum(each[k] for each in agents.values()) for k in (0, 1))
    return ArmData("arm", totals(calls, accepted), [UnitData(n, t) for n, t in own.items()], own)


def agents(first: int, number: int, accepted: int = 30) -> dict[str, tuple[int, int]]:
    return {f"agent-{i}": (100 + 7 * (i % 5), accepted + i % 3) for i in range(first, first + number)}


def method_of(method: Method, spec: MetricSpec, *arms: ArmData) -> str:
    return analysis.compare(method, spec, arms, 1, alpha=0.05).answer.method


REGISTERED = replace(AGENTS, kept=tuple(range(200)), deal=17)


def dealt_arms(method: Method, number: int) -> list[ArmData]:
    """Deal agents by the deal that was drawn."""
    names = [f"agent-{i}" for i in range(number)]
    (row,) = deals.dealt(method.root, [method.deal or 0], names, method.weights)
    own = agents(0, number)
    return [by_agent({n: own[n] for n, arm in zip(names, row, strict=True) if arm == which}) for which in (0, 1)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # calls within agents: each agent with himself
        (method_of(CALLS, RATE, by_call((200, 60), (300, 40)), by_call((210, 70), (290, 50))), "stratified-score"),
        # too little for the strata, and nobody succeeded in one arm: exact
        (method_of(CALLS, RATE, by_call((20, 0), (20, 0)), by_call((20, 3), (20, 3))), "barnard"),
        # no agent had both arms: nothing to compare within
        (method_of(CALLS, RATE, by_call((900, 300)), replace(by_call((900, 350)), agents={})), "score"),
        # seconds, within agents too
        (method_of(CALLS, SECONDS, by_call((200, 1), (300, 1)), by_call((210, 1), (290, 1))), "post-stratified"),
        # forty agents, left to the hash: dealt again freely
        (method_of(AGENTS, RATE, by_agent(agents(0, 20)), by_agent(agents(20, 20))), "permutation"),
        # forty agents, by a registered list: dealt again by exactly that list
        (method_of(REGISTERED, RATE, *dealt_arms(REGISTERED, 40)), "randomisation"),
        # three hundred agents: the model is good enough
        (method_of(AGENTS, RATE, by_agent(agents(0, 150)), by_agent(agents(150, 150))), "cr2"),
        # one agent in an arm: nobody knows
        (method_of(AGENTS, RATE, by_agent(agents(0, 20)), by_agent(agents(20, 1))), "cr2"),
    ],
)
def test_the_unit_and_the_data_pick_the_method(found: str, expected: str) -> None:
    assert found == expected


def test_an_agent_who_leans_on_one_arm_moves_nothing() -> None:
    # a good agent takes most of the challenger's calls; within each agent the arms are alike
    control, challenger = by_call((900, 450), (100, 10)), by_call((100, 50), (900, 90))
    found = analysis.compare(CALLS, RATE, [control, challenger], 1, alpha=0.05).answer
    assert found.difference == pytest.approx(0.0)
    assert challenger.totals["accepted"] < control.totals["accepted"]


def test_dealing_again_leaves_the_model_beside_the_answer() -> None:
    found = analysis.compare(REGISTERED, RATE, dealt_arms(REGISTERED, 40), 1, alpha=0.05)
    assert found.model is not None
    assert (found.model.method, found.answer.difference) == ("cr2", found.model.difference)


@pytest.mark.parametrize(("weighting", "other"), [("call", "welch"), ("unit", "cr2")])
def test_the_other_vote_stands_beside_the_one_that_decides(weighting: str, other: str) -> None:
    method = replace(AGENTS, weighting=weighting)
    found = analysis.compare(method, RATE, [by_agent(agents(0, 9)), by_agent(agents(9, 9))], 1, alpha=0.05)
    assert found.other is not None
    assert found.other.method == other


def test_what_agents_did_before_takes_the_noise_off() -> None:
    random = np.random.default_rng(5)
    skill = random.uniform(0.1, 0.6, 60)
    past = {f"agent-{i}": totals(1000, int(1000 * skill[i])) for i in range(60)}
    now: dict[str, tuple[int, int]] = {f"agent-{i}": (300, int(random.binomial(300, skill[i]))) for i in range(60)}
    arms = [by_agent({n: t for n, t in now.items() if int(n[6:]) % 2 == which}) for which in (0, 1)]
    plain, adjusted = (
        analysis.compare(replace(AGENTS, past=each), RATE, arms, 1, alpha=0.05).model for each in (None, past)
    )
    assert plain is not None
    assert adjusted is not None
    assert adjusted.standard_error < plain.standard_error / 2


def shift_arms() -> list[ArmData]:
    """Deal each agent's shifts alternately: twenty agents, ten days, two halves."""
    arms: list[dict[str, tuple[int, int]]] = [{}, {}]
    for agent in range(20):
        for day in range(10):
            for half in ("am", "pm"):
                arm = (agent + day + (half == "pm")) % 2
                arms[arm][f"a{agent}|2026-11-{day + 2:02}|{half}"] = (10, 2 + agent % 5 + arm)
    return [by_agent(arm) for arm in arms]


def test_shifts_are_compared_within_their_agent_and_half_of_the_week() -> None:
    found = analysis.compare(replace(AGENTS, unit="agent_shift"), RATE, shift_arms(), 1, alpha=0.05)
    assert found.answer.method == "cr2-within"
    assert found.answer.difference == pytest.approx(0.1)


def test_agents_that_differ_cost_calls() -> None:
    alike: Any = analysis.clustering(RATE, [by_agent(agents(0, 20)), by_agent(agents(20, 20))])
    unlike: Any = analysis.clustering(RATE, [by_agent(agents(0, 10, 5) | agents(10, 10, 60)), by_agent(agents(20, 20))])
    assert alike.design_effect < 1.2 < 5 < unlike.design_effect
