"""A centre as large as one likes, put straight into the tables: scenarios in their own words, tests in many of them."""

from dataclasses import replace

from sqlalchemy.orm import Session

from experiments.plan.scenarios import Scenario
from experiments.plan.scripts import Lines, Script, ScriptVersion, content_hash, lines_of
from experiments.plan.traffic import ArmSlice, Slice, SliceState, Traffic, TrafficRevision, first_traffic
from tests.builders import MONDAY, NEW_BENEFIT, insurance

AUDIENCE = {"caller_relation": {"$in": ["self", "spouse", "relative"]}}


def build(session: Session, scenarios: int, experiments: int) -> None:
    """Write scenarios, and a half-and-half test by call in the first of them.

    Args:
        session: to write; the insurer's catalogue is loaded.
        scenarios: how many.
        experiments: in how many of them a test runs, in half of the layer.
    """
    made = [_scenario(number) for number in range(scenarios)]
    session.add_all(made)
    session.flush()
    scripts = [Script(key=f"{scenario.key}_script", scenario_id=scenario.id) for scenario in made]
    session.add_all(scripts)
    session.flush()
    standards = [_version(script, 1, _words(number)) for number, script in enumerate(scripts)]
    challengers = [
        _version(script, 2, _with_new_benefit(_words(number))) for number, script in enumerate(scripts[:experiments])
    ]
    session.add_all([*standards, *challengers])
    session.flush()
    for number, (scenario, standard) in enumerate(zip(made, standards, strict=True)):
        traffic = first_traffic(scenario, standard.id)
        if number < experiments:
            traffic = replace(traffic, slices=(_slice(scenario.key, number, standard.id, challengers[number].id),))
        append(session, scenario.id, 1, traffic)
    session.flush()


def append(session: Session, scenario_id: int, number: int, traffic: Traffic) -> None:
    """Write a revision of a scenario's traffic."""
    session.add(
        TrafficRevision(
            scenario_id=scenario_id,
            number=number,
            based_on=number - 1,
            traffic=traffic.as_json(),
            cause={"text": "bench", "values": {}},
            made_by="bench",
            made_at=MONDAY,
        )
    )


def _scenario(number: int) -> Scenario:
    key = f"scenario_{number:05}"
    return Scenario(
        catalogue="insurance",
        key=key,
        position=1000 + number,
        direction="inbound",
        name={"en": key, "zh-CN": key},
        standing="in_test",
        metric_set="inbound_invitation",
        audience=AUDIENCE,
        marketing_types=[],
    )


def _words(number: int) -> Lines:
    """Give the words of policy changes, each text said a little otherwise in every scenario."""
    script = next(script for script in insurance().script if script.scenario == "policy_change")
    lines = lines_of(line.model_dump() for line in script.steps)
    return tuple(
        replace(line, text={locale: f"{text} ({number})" for locale, text in line.text.items()}) for line in lines
    )


def _with_new_benefit(lines: Lines) -> Lines:
    return tuple(replace(line, text=NEW_BENEFIT) if line.element == "benefit" else line for line in lines)


def _version(script: Script, number: int, lines: Lines) -> ScriptVersion:
    return ScriptVersion(
        script_id=script.id,
        number=number,
        lines=[line.as_json() for line in lines],
        content_hash=content_hash(lines),
        origin="bench",
        written_by="bench",
        written_at=MONDAY,
    )


def _slice(scenario: str, number: int, standard: int, challenger: int) -> Slice:
    arms = (ArmSlice("control", ((0, 5000),), standard), ArmSlice("quicker", ((5000, 10_000),), challenger))
    return Slice(
        key=f"test_in_{scenario}",
        experiment_id=number + 1,
        state=SliceState.RUNNING,
        ranges=((0, 5000),),
        unit="call",
        seed=f"a salt of {number}",
        condition=AUDIENCE | {"region": {"$in": ["hangzhou", "ningbo", "wenzhou"]}},
        arms=arms,
    )
