"""The mapping language: what it takes, what it refuses, and what a row becomes by it."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from experiments.errors import Invalid
from experiments.imports.faults import Fault
from experiments.imports.mapping import CallMapping, read_mapping
from experiments.imports.reading import Row
from experiments.imports.rows import Incoming, RowReader
from tests.imports import logs

SMALL = """
[call]
id = { column = "id" }
scenario = "deposit_campaign"
agent = { column = "agent" }
at = { column = "at", format = "%Y-%m-%d %H:%M" }
"""
GOOD = {"id": "c1", "agent": "a1", "at": "2026-09-01 09:30", "n": "61", "result": "yes"}
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class TestTheLanguage:
    @pytest.mark.parametrize("name", ["bank_marketing", "experiment_example"])
    def test_reads_what_ships_with_the_product(self, name: str) -> None:
        assert logs.mapping_named(name).scenario == "deposit_campaign"

    @pytest.mark.parametrize(
        ("more", "field"),
        [
            # a slip of the pen is named, not passed over
            ("[file]\nseparator = ';'", "file.separator"),
            ("[[outcome]]\ntype = 'sold'", "outcome.0.type"),
            ("[[outcome]]\ntype = 'handled'\nwhen = { column = 'n' }", "outcome.0.when.0"),
            ("[[outcome]]\ntype = 'handled'\nwhen = { column = 'n', equals = '1', at_least = 1 }", "outcome.0.when.0"),
            ("[file]\nencoding = 'latin-1'", "file.encoding"),
            # conditions could not tell the two apart
            ("[[attribute]]\ncolumn = 'region'", "body"),
            ("[[attribute]]\ncolumn = 'n'\n[[attribute]]\ncolumn = 'm'\nname = 'n'", "body"),
        ],
    )
    def test_refuses_by_name(self, more: str, field: str) -> None:
        with pytest.raises(Invalid) as refusal:
            read_mapping(tomllib.loads(SMALL + more))

        assert [problem.field for problem in refusal.value.problems] == [field]

    def test_refuses_a_made_up_agent_as_the_unit(self) -> None:
        document = tomllib.loads((logs.ROOT / "configs/imports/experiment_example.toml").read_text("utf-8"))
        document["call"]["agent"] = {"made": "seeded", "count": 3, "seed": "x"}

        with pytest.raises(Invalid, match="made up"):
            read_mapping(document)

    def test_refuses_an_arm_that_the_experiment_has_not(self) -> None:
        document = tomllib.loads((logs.ROOT / "configs/imports/experiment_example.toml").read_text("utf-8"))
        document["experiment"]["arm"]["values"]["C"] = "third"

        with pytest.raises(Invalid, match="third"):
            read_mapping(document)

    def test_names_every_column_it_reads_once(self) -> None:
        columns = logs.mapping_named("bank_marketing").columns()

        assert len(columns) == len(set(columns))
        assert {"month", "day_of_week", "duration", "y", "contact", "campaign"} < set(columns) < set(logs.HEADER)

    def test_names_what_it_makes_up(self) -> None:
        assert logs.mapping_named("bank_marketing").synthetic == ["call_id", "agent_id", "at"]
        assert logs.mapping_named("experiment_example").synthetic == []

    def test_has_one_hash_however_its_file_is_laid_out(self) -> None:
        assert small("[file]\ndelimiter = ','").digest == small("").digest != small("[file]\ndelimiter = ';'").digest


class TestARow:
    def test_becomes_a_call_with_its_facts(self) -> None:
        mapping = small(
            "[[attribute]]\ncolumn = 'n'\nname = 'seconds'\ntype = 'number'\n"
            "[[outcome]]\ntype = 'handled'\nvalue = 'n'\nseconds_after = 'n'\n"
            "[[outcome]]\ntype = 'converted'\nwhen = { column = 'result', equals = 'yes' }\n"
            "[[outcome]]\ntype = 'declined'\nwhen = { column = 'result', in = ['no', 'never'] }"
        )

        read = read_row(mapping, GOOD)

        assert isinstance(read, Incoming)
        assert read.call.at == datetime(2026, 9, 1, 1, 30, tzinfo=UTC)  # the site is in Shanghai
        assert (read.call.call_id, read.call.agent_id, read.call.attributes) == ("c1", "a1", {"seconds": 61})
        assert [(f["type"], f["at"].minute, f["at"].second, f.get("value")) for f in read.outcomes] == [
            ("handled", 31, 1, 61),
            ("converted", 30, 0, None),
        ]

    @pytest.mark.parametrize(
        ("cell", "column", "code"),
        [
            ({"id": " "}, "id", "missing"),
            ({"id": "x" * 151}, "id", "too_long"),
            ({"agent": "a\x00b"}, "agent", "control_character"),
            ({"at": "01.09.2026"}, "at", "date"),
            ({"at": "2031-01-01 00:00"}, "at", "date"),
            ({"n": "about a minute"}, "n", "not_a_number"),
            ({"n": "1e99"}, "n", "out_of_range"),
            ({"n": "nan"}, "n", "out_of_range"),
            ({"n": "1.5"}, "n", "not_whole"),
            ({"result": "perhaps"}, "result", "unknown_value"),
        ],
    )
    def test_that_cannot_be_read_says_where_and_why(self, cell: dict[str, str], column: str, code: str) -> None:
        mapping = small("[[outcome]]\ntype = 'handled'\nvalue = 'n'", channel="{ column='result', values={ yes='y' } }")

        read = read_row(mapping, GOOD | cell)

        assert isinstance(read, Fault)
        assert (read.column, read.code) == (column, code)

    def test_without_an_optional_cell_is_kept(self) -> None:
        read = read_row(small("[[outcome]]\ntype = 'handled'\nvalue = 'n'", region="{ column = 'result' }"), {
            **GOOD, "n": "", "result": "",
        })  # fmt: skip

        assert isinstance(read, Incoming)
        assert (read.call.region, "value" in read.outcomes[0]) == (None, False)


class TestDatesThatAreMade:
    @pytest.mark.parametrize(
        ("rows", "days"),
        [
            # the first Monday of May 2008, and on through the week
            (("may mon", "may mon", "may wed"), ("2008-05-05", "2008-05-05", "2008-05-07")),
            # the weekday runs back: next week
            (("may fri", "may mon"), ("2008-05-02", "2008-05-05")),
            # another month begins at its first such day
            (("may fri", "jun fri"), ("2008-05-02", "2008-06-06")),
            # the month runs back: next year
            (("dec mon", "mar mon"), ("2008-12-01", "2009-03-02")),
            # no such day is left in the month: its last one
            (("may mon", *("may fri", "may mon") * 4, "may fri"), (*("",) * 9, "2008-05-30")),
            (("feb fri", *("feb thu", "feb fri") * 5), (*("",) * 10, "2008-02-29")),
        ],
    )
    def test_follow_the_order_of_the_rows(self, rows: tuple[str, ...], days: tuple[str, ...]) -> None:
        read = read_all(*rows)

        for call, day in zip(read, days, strict=True):
            assert not day or call.call.at.astimezone(ZoneInfo("Europe/Lisbon")).date().isoformat() == day

    def test_put_a_day_s_calls_one_after_the_other_within_the_hours(self) -> None:
        times = [i.call.at.astimezone(ZoneInfo("Europe/Lisbon")).time() for i in read_all(*["may mon"] * 722)]

        assert [str(t) for t in times[:2]] == ["09:00:00", "09:00:45"]
        assert str(max(times)) == "17:59:15"
        assert times[720] == times[0]

    def test_are_not_moved_by_a_row_that_names_no_month(self) -> None:
        reader = bank_reader()

        assert isinstance(reader.read(bank_row(2, "mai mon")), Fault)
        assert isinstance(reader.read(bank_row(3, "may mon")), Incoming)

    def test_give_a_line_the_same_agent_on_every_machine(self) -> None:
        agents = [incoming.call.agent_id for incoming in read_all(*["may mon"] * 400)]

        assert agents == [incoming.call.agent_id for incoming in read_all(*["may mon"] * 400)]
        assert (agents[0], len(set(agents))) == ("agent-29", 40)


def small(more: str, **call: str) -> CallMapping:
    extra = "".join(f"{name} = {value}\n" for name, value in call.items())
    return read_mapping(tomllib.loads(SMALL + extra + more))


def read_row(mapping: CallMapping, cells: Mapping[str, str]) -> Incoming | Fault:
    reader = RowReader(mapping, "ab" * 32, "", ZoneInfo("Asia/Shanghai"), NOW)
    return reader.read(Row(2, cells, tuple(cells.values())))


def bank_reader() -> RowReader:
    return RowReader(logs.mapping_named("bank_marketing"), "ab" * 32, "", ZoneInfo("Europe/Lisbon"), NOW)


def bank_row(line: int, day: str) -> Row:
    month, weekday = day.split()
    cells: dict[str, Any] = dict.fromkeys(logs.HEADER, "1")
    cells |= {"contact": "cellular", "y": "no", "month": month, "day_of_week": weekday}
    return Row(line, cells, tuple(cells.values()))


def read_all(*days: str) -> list[Incoming]:
    reader = bank_reader()
    read = [reader.read(bank_row(line, day)) for line, day in enumerate(days, start=2)]
    kept = [each for each in read if isinstance(each, Incoming)]
    assert len(kept) == len(read)
    return kept
