"""The classical way, done well: a Flask view, one object of SQLAlchemy's, one commit a request.

It writes the same row into the same table of a database of its own, with the same durability, and repeats the first
answer for a call. It spares itself what else we do: tokens, conditions, the layer, days to be rolled up, headers, logs.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, jsonify, request
from sqlalchemy import create_engine, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from configs.settings import Settings
from experiments.do.journal import Assignment, Origin
from experiments.do.serving import Reason
from experiments.do.snapshot import Snapshot, compile_snapshot
from experiments.plan import designs  # noqa: F401 - rows point to its tables
from experiments.store import new_id

CONNECTIONS = 16  # of each worker: two cores write no faster over more

app = Flask(__name__)
engine = create_engine(Settings().url, pool_size=CONNECTIONS, max_overflow=0)
sessions = sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine, "connect")
def durable(connection: Any, _record: Any) -> None:
    if engine.dialect.name == "sqlite":
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
            connection.execute(f"PRAGMA {pragma}")


def scripts_in_force() -> Snapshot:
    with sessions() as session:
        return compile_snapshot(session)


SCRIPTS = scripts_in_force()


@app.post("/api/v1/assignments")
def assign() -> Response:
    asked = request.get_json()
    with sessions() as session:
        row = assignment(asked, datetime.now(UTC))
        session.add(row)
        try:
            session.commit()
        except IntegrityError:
            session.rollback()
            row = standing(session, row)
        return jsonify(answer(row, asked["scenario"]))


def assignment(asked: dict[str, Any], now: datetime) -> Assignment:
    """Choose by the hash of the call's id, and say so in a row."""
    scenario = SCRIPTS.scenario(asked["scenario"])
    experiment = scenario.traffic.slices[0]
    bucket = int.from_bytes(hashlib.sha256(asked["call_id"].encode()).digest()[:8]) % 10_000
    arm = experiment.arms[bucket * len(experiment.arms) // 10_000]
    return Assignment(
        id=new_id(now),
        call_id=asked["call_id"],
        scenario_id=scenario.scenario_id,
        origin=Origin.LIVE.value,
        at=now,
        day=int(f"{now:%Y%m%d}"),
        agent_id=asked["agent_id"],
        agent_shift=f"{asked['agent_id']}|{now:%Y-%m-%d}|{now:%p}",
        team=asked.get("team", ""),
        region=asked.get("region", ""),
        channel=asked.get("channel", ""),
        locale="zh-CN",
        customer_hash=hashed(asked.get("customer_id")),
        reason=Reason.SPLIT.value,
        reason_detail=experiment.key,
        eligible=True,
        invite=True,
        experiment_id=experiment.experiment_id,
        arm=arm.key,
        unit_kind="call",
        unit_hash=hashed(asked["call_id"]),
        slice_bucket=bucket,
        arm_bucket=bucket,
        facts=asked.get("attributes", {}),
        script_version_id=arm.version_id,
        revision_id=scenario.revision_id,
        traffic_revision=scenario.revision,
    )


def hashed(value: str | None) -> str | None:
    return None if value is None else hashlib.sha256(value.encode()).hexdigest()[:32]


def standing(session: Session, row: Assignment) -> Assignment:
    """Read the row that the call was given before."""
    return session.scalars(
        select(Assignment).where(Assignment.call_id == row.call_id, Assignment.scenario_id == row.scenario_id)
    ).one()


def answer(row: Assignment, scenario: str) -> dict[str, Any]:
    words = SCRIPTS.scenario(scenario).script(row.script_version_id)
    return {
        "assignment_id": str(row.id),
        "call_id": row.call_id,
        "scenario": scenario,
        "arm": row.arm,
        "invite": row.invite,
        "script": [{"element": element, "text": text} for element, text in words.steps(row.locale, inviting=True)],
        "assigned_at": row.at.isoformat(),
    }
