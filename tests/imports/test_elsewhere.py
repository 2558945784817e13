"""An experiment whose arms were assigned elsewhere: one variable, no traffic of ours, the same gates and statistics."""

import csv
import random
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from experiments import audit
from experiments.board import cards, moves
from experiments.board.cards import Card
from experiments.do.journal import Assignment
from experiments.do.snapshot import compile_snapshot
from experiments.errors import Conflict, Invalid, NotAllowed
from experiments.imports import ledger
from experiments.imports.mapping import CallMapping, read_mapping
from experiments.plan.designs import experiment_named
from experiments.plan.scenarios import scenario_named
from experiments.plan.traffic import newest
from experiments.store import Store
from tests.imports import logs
from tests.imports.rehearsal import NOW, SCENARIO, Centre, open_centre, plan

KEY = "deposit_opening_elsewhere"
COLUMNS = (
    *("call_no", "began", "adviser", "group", "client", "city", "line"),
    *("attempt", "variant", "talk_seconds", "result", "amount_fen"),
)


@pytest.fixture
def centre(store: Store) -> Centre:
    return open_centre(store)


class TestItsCard:
    def test_stands_at_check_without_having_taken_traffic(self, centre: Centre, tmp_path: Path) -> None:
        before = revision_of(centre)

        centre.bring(write_test(tmp_path, calls=300), example())

        with centre.store.read() as session:
            card = cards.card_of(session, KEY)
            decisions = cards.decisions_of(session, card)
            (told,) = session.scalars(select(audit.AuditEntry).where(audit.AuditEntry.verb == "bring_in"))
            test = card.experiment
            assert (card.stage, card.review, test.origin, test.planned_calls) == ("check", "open", "imported", 300)
            assert test.started_at is not None
            assert test.ended_at is not None
            assert test.started_at < test.ended_at < NOW
            assert [d.verb for d in decisions] == ["bring_in"]
            assert told.subject == f"experiment:{KEY}"
            slices = compile_snapshot(session).scenario(SCENARIO).traffic.slices
        assert (revision_of(centre), slices) == (before, ())

    def test_is_not_there_before_all_its_calls_are(self, centre: Centre, tmp_path: Path) -> None:
        path = write_test(tmp_path, calls=1_200)

        def pull_the_plug(done: int, _total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            centre.bring(path, example(), progress=pull_the_plug)
        with centre.store.read() as session:
            assert session.scalars(select(Card)).all() == []

        report = centre.bring(path, example())
        assert (report.tally.imported, report.tally.already_there) == (700, 500)
        with centre.store.read() as session:
            assert cards.card_of(session, KEY).stage == "check"

    def test_is_approved_by_others_than_who_brought_it(self, centre: Centre, tmp_path: Path) -> None:
        centre.bring(write_test(tmp_path, calls=300), example())
        centre.final_look(KEY)
        centre.move("lead", "submit", key=KEY)

        with pytest.raises(NotAllowed):
            centre.move("lead", "approve", key=KEY)

    def test_cannot_be_made_for_a_test_that_was_designed_here(self, sqlite_store: Store) -> None:
        centre = open_centre(sqlite_store)
        from_elsewhere = pytest.raises(Conflict, match="designed here")
        with sqlite_store.write() as session, from_elsewhere:
            test = moves.draft(session, plan(), actor=centre.staff["lead"], now=NOW).experiment
            moves.bring_in(session, test, calls=1, started_at=NOW, ended_at=NOW, actor=centre.staff["lead"], now=NOW)


class TestItsCalls:
    @pytest.mark.parametrize("unit", ["call", "customer", "agent", "team"])
    def test_go_through_look_verdict_and_board_by_their_unit(self, unit: str, centre: Centre, tmp_path: Path) -> None:
        centre.bring(write_test(tmp_path, calls=2_000, unit=unit, lift=0.25), example(unit=unit))

        look = centre.final_look(KEY)
        card = centre.decide(KEY, proposal=look.challenger)

        totals = look.content["watch"]["totals"]
        assert sum(arm["calls"] for arm in totals.values()) == 2_000
        assert (look.conclusion, look.challenger) == ("winner", "savings_goal")
        assert next(f["state"] for f in look.content["watch"]["findings"] if f["check"] == "sample_ratio") != "broken"
        assert (card.stage, card.review) == ("act", "standard")
        with centre.store.read() as session:
            served = compile_snapshot(session).scenario(SCENARIO)
            winner = next(arm for arm in experiment_named(session, KEY).arms if arm.key == "savings_goal")
            assert served.traffic.standard_id == winner.version_id

    def test_show_a_split_that_others_broke(self, centre: Centre, tmp_path: Path) -> None:
        path = write_test(tmp_path, calls=2_000, unit="call", keep=lambda arm, chance: arm == "A" or chance > 0.3)
        centre.bring(path, example(unit="call"))

        look = centre.final_look(KEY)

        assert look.conclusion == "untrustworthy"

    def test_keep_nobody_s_raw_id_and_name_their_arm(self, centre: Centre, tmp_path: Path) -> None:
        centre.bring(write_test(tmp_path, calls=50, unit="customer"), example(unit="customer"))

        with centre.store.read() as session:
            rows = session.scalars(select(Assignment)).all()
        assert {row.arm for row in rows} == {"standard", "savings_goal"}
        assert {(row.origin, row.reason, row.unit_kind, row.slice_bucket) for row in rows} == {
            ("imported", "split", "customer", None)
        }
        assert all(row.customer_hash == row.unit_hash and len(row.customer_hash or "") == 32 for row in rows)

    def test_of_an_unknown_arm_or_without_a_unit_are_rejected(self, centre: Centre, tmp_path: Path) -> None:
        path = write_test(tmp_path, calls=30, unit="customer")
        lines = path.read_text().splitlines()
        lines[3] = lines[3].replace(",A,", ",Z,").replace(",B,", ",Z,")
        lines[5] = lines[5].replace(lines[5].split(",")[4], "", 1)
        path.write_text("\n".join(lines))

        report = centre.bring(path, example(unit="customer"))

        assert report.rejects is not None
        with report.rejects.open(encoding="utf-8-sig") as file:
            rejected = [(row["rejected_line"], row["rejected_code"]) for row in csv.DictReader(file)]
        assert rejected == [("4", "unknown_value"), ("6", "no_unit")]


class TestItsDesign:
    def test_keeps_the_single_variable_rule(self, centre: Centre, tmp_path: Path) -> None:
        document = example_document()
        document["experiment"]["arms"][0]["text"] = {"zh-CN": "另一种开场。", "en": "Another opening."}

        with pytest.raises(Invalid, match="first arm is the control"):
            centre.bring(write_test(tmp_path, calls=10), read_mapping(document))

        with centre.store.read() as session:
            assert ledger.files_behind(session, experiment=KEY) == []
            assert session.scalars(select(Assignment)).all() == []

    def test_cannot_change_a_locked_element(self, centre: Centre, tmp_path: Path) -> None:
        document = example_document()
        document["experiment"]["variable"] = "disclosure"

        with pytest.raises(Invalid, match="locked"):
            centre.bring(write_test(tmp_path, calls=10), read_mapping(document))

    def test_cannot_take_another_experiment_s_key(self, centre: Centre, tmp_path: Path) -> None:
        with centre.store.write() as session:
            moves.draft(session, plan(), actor=centre.staff["lead"], now=NOW)

        with pytest.raises(Conflict, match="another experiment"):
            centre.bring(write_test(tmp_path, calls=10), example(key=plan().key))


def example_document() -> dict[str, Any]:
    return tomllib.loads((logs.ROOT / "configs" / "imports" / "experiment_example.toml").read_text("utf-8"))


def example(**changed: str) -> CallMapping:
    document = example_document()
    document["experiment"] |= changed
    return read_mapping(document)


def write_test(
    folder: Path,
    *,
    calls: int,
    unit: str = "agent",
    lift: float = 0.0,
    keep: Callable[[str, float], bool] = lambda arm, chance: True,
) -> Path:
    """Write a test that somebody else ran, as the example's mapping describes it, dealt by `unit`."""
    chance = random.Random(7)
    began = datetime.fromisoformat("2026-09-01T09:00:00")
    path = folder / "elsewhere.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        written = 0
        while written < calls:
            n = written
            units = {"call": n, "customer": chance.randrange(600), "agent": n % 60, "team": n % 48}
            arm = "AB"[chance.randrange(2) if unit == "call" else units[unit] % 2]
            if not keep(arm, chance.random()):
                continue
            sold = chance.random() < 0.2 + lift * (arm == "B")
            row = (
                *(f"n{n}", began + timedelta(minutes=12 * n), f"A{units['agent']:02d}", f"T{units['team']}"),
                *(
                    f"C-{units['customer']}",
                    ("SZ", "GZ")[n % 2],
                    "mobile",
                    1,
                    arm,
                    chance.randint(5, 29) if chance.random() < 0.01 else chance.randint(40, 400),
                ),
                *(("subscribed", 500_000) if sold else ("refused", "")),
            )
            writer.writerow(row)
            written += 1
    return path


def revision_of(centre: Centre) -> int:
    with centre.store.read() as session:
        revision = newest(session, scenario_named(session, SCENARIO).id)
        assert revision is not None
        return revision.id
