"""Desktops that evaluate locally, in Python and under Node, and what the server would have served them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from growthbook import GrowthBook

from experiments.calendar import SiteCalendar, week_of
from experiments.do.payload import payload
from experiments.do.serving import Call, choose
from experiments.do.snapshot import ServedScenario, Snapshot
from tests.node import running as node

Told = tuple[str, int, bool, str | None, str | None, str | None]
"""Script, version, whether it invites, experiment and arm as the value has them, and the arm as the SDK calls it."""


def attributes_of(call: Call, calendar: SiteCalendar) -> dict[str, Any]:
    """Give what a desktop knows of a call."""
    shift = calendar.shift(call.agent_id, call.at)
    return call.facts() | {"agent_shift": shift, "agent_week": week_of(shift)}


def by_the_server(scenario: ServedScenario, calls: Sequence[Call], calendar: SiteCalendar) -> list[Told]:
    snapshot = Snapshot(scenario.revision_id, {scenario.key: scenario}, {})
    choices = [choose(snapshot, call, calendar) for call in calls]
    scripts = [scenario.script(choice.version_id) for choice in choices]
    return [
        # who is in a test's slice and in none of its arms is served the standard, as everybody else
        (script.key, script.version, choice.invites, choice.experiment if choice.arm else None, choice.arm, choice.arm)
        for script, choice in zip(scripts, choices, strict=True)
    ]


def in_python(scenario: ServedScenario, calls: Sequence[Call], calendar: SiteCalendar) -> list[Told]:
    plain = json.loads(json.dumps(_payload(scenario, calendar)))
    client = GrowthBook(features=plain["features"])
    told = []
    for call in calls:
        client.set_attributes(attributes_of(call, calendar))
        told.append(_told(client.eval_feature(scenario.key)))
    return told


def under_node(scenario: ServedScenario, calls: Sequence[Call], calendar: SiteCalendar, folder: Path) -> list[Told]:
    (folder / "payload.json").write_text(json.dumps(_payload(scenario, calendar)))
    (folder / "calls.json").write_text(json.dumps([attributes_of(call, calendar) for call in calls]))
    rows = node.run("growthbook.mjs", str(folder / "payload.json"), scenario.key, str(folder / "calls.json"))
    return [tuple(row) for row in rows]


def _payload(scenario: ServedScenario, calendar: SiteCalendar) -> dict[str, Any]:
    return payload(Snapshot(scenario.revision_id, {scenario.key: scenario}, {}), calendar)


def _told(result: Any) -> Told:
    value, found = result.value, result.experimentResult
    named = [value[name] for name in ("script", "version", "invite", "experiment", "arm")]
    return (*named, found.key if found is not None else None)
