"""Desktops with the real SDKs: they fetch, evaluate and report, and the house knows what it would have."""

import json
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from growthbook import GrowthBook
from sqlalchemy import select

from experiments.do.assignments import Floor
from experiments.do.discrepancies import Discrepancy
from experiments.do.journal import Assignment
from experiments.do.serving import Call, choose
from tests.builders import SCENARIO, a_call, a_running_experiment, snapshot_of
from tests.histories import after
from tests.node import running as node
from tests.web.conftest import Caller, Clock, a_token, store_of
from tests.web.features.desktops import attributes_of

pytestmark = after(a_running_experiment)

CALLS = [a_call(number, call_id=f"📞{number}·通话") for number in range(200)]


@pytest.fixture
def key(app: APIFlask) -> str:
    return a_token(store_of(app), "evaluate")


def in_python(address: str, key: str, floor: Floor) -> list[dict[str, Any]]:
    client = GrowthBook(api_host=address, client_key=key)
    client.load_features()
    told = []
    for call in CALLS:
        client.set_attributes(attributes_of(call, floor.calendar))
        value: Any = client.eval_feature(SCENARIO).value
        told.append({name: value[name] for name in ("experiment", "arm", "traffic_revision")})
    client.destroy()
    return told


def reported(call: Call, told: dict[str, Any]) -> list[dict[str, Any]]:
    """Tell of a call: served by the desktop, and accepted."""
    about = {"call_id": call.call_id, "at": call.at.isoformat()}
    known = {name: getattr(call, name) for name in ("agent_id", "customer_id", "team", "region", "channel")}
    context = {"scenario": SCENARIO, "attributes": dict(call.attributes), **known, **told}
    return [
        {"id": f"{call.call_id}/served", "type": "served", **about, **context},
        {"id": f"{call.call_id}/accepted", "type": "accepted", **about},
    ]


def test_what_python_desktops_serve_and_report_is_assigned_as_we_would_have(
    app: APIFlask, address: str, key: str, floor: Floor, clock: Clock
) -> None:
    clock.pass_(hours=1)
    told = in_python(address, key, floor)
    facts = [row for call, each in zip(CALLS, told, strict=True) for row in reported(call, each)]
    answer = Caller(app.test_client(), a_token(floor.store, "report")).post("/outcomes", {"outcomes": facts})
    assert answer.get_json() == {"accepted": 400, "duplicates": 0, "rejected": []}
    expected = {call.call_id: choose(snapshot_of(floor), call, floor.calendar).arm for call in CALLS}
    with floor.store.read() as session:
        assert {row.call_id: row.arm for row in session.scalars(select(Assignment))} == expected
        assert session.scalars(select(Discrepancy)).all() == []
    assert {each["arm"] for each in told} == {"control", "quicker"}


def test_a_tampered_arm_is_found(app: APIFlask, address: str, key: str, floor: Floor, clock: Clock) -> None:
    clock.pass_(hours=1)
    told, call = in_python(address, key, floor)[0], CALLS[0]
    wrong = {"control": "quicker", "quicker": "control"}[told["arm"]]
    facts = reported(call, told | {"arm": wrong})
    Caller(app.test_client(), a_token(floor.store, "report")).post("/outcomes", {"outcomes": facts})
    with floor.store.read() as session:
        (kept,) = session.scalars(select(Discrepancy))
        assert (kept.kind, kept.told["arm"], kept.ours["arm"]) == ("another_arm", wrong, told["arm"])


def test_node_fetches_the_same(address: str, key: str, floor: Floor, tmp_path: Path) -> None:
    (tmp_path / "calls.json").write_text(json.dumps([attributes_of(call, floor.calendar) for call in CALLS]))
    rows = node.run("growthbook.mjs", f"{address}/api/features/{key}", SCENARIO, str(tmp_path / "calls.json"))
    assert [row[5] for row in rows] == [choose(snapshot_of(floor), call, floor.calendar).arm for call in CALLS]
