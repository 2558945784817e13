from collections import Counter
from pathlib import Path

import pytest

from tests.bench import serving
from tests.builders import a_call, assigned
from tests.postgres import Databases


def test_every_figure_of_serving_is_printed_on_sqlite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    urls = [f"sqlite:///{tmp_path / name}.db" for name in ("ours", "theirs")]
    serving.compare("SQLite", tmp_path, *urls, rounds=2, seconds=0.1, counts=(2,))

    assert_whole(capsys.readouterr().out)


def test_every_figure_of_serving_is_printed_on_postgresql(
    databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with databases.new() as ours, databases.new() as theirs:
        urls = [address.render_as_string(hide_password=False) for address in (ours, theirs)]
        serving.compare("PostgreSQL", tmp_path, *urls, rounds=2, seconds=0.1, counts=(2,))

    assert_whole(capsys.readouterr().out)


@pytest.mark.parametrize(("acknowledged", "outcomes"), [(2, 0), (0, 0), (1, 1)])
def test_an_acknowledged_row_that_is_not_there_is_a_failure(
    sqlite_blank_url: str, acknowledged: int, outcomes: int
) -> None:
    floor, _ = serving.a_house(sqlite_blank_url)
    assigned(floor, [a_call()])
    floor.store.dispose()
    for what in ("assignments", "evaluations"):
        serving.check(sqlite_blank_url, Counter({("ours", what): 1}), "ours")

    with pytest.raises(RuntimeError, match=r"1, 0.* are there"):
        serving.check(
            sqlite_blank_url, Counter({("ours", "assignments"): acknowledged, ("ours", "outcomes"): outcomes}), "ours"
        )


def assert_whole(printed: str) -> None:
    for part in (
        "durable assignments over 2 connections",
        "÷ a bare Flask address",
        "÷ the least that is durable",
        "÷ one commit a request",
        "OFREP evaluations over 2 connections",
        "asked for again",
        "told one by one",
        "batches of 1000 outcomes",
        "÷ reading and judging alone",
        "fdatasync takes",
        "has workers of",
        "all are there",
    ):
        assert part in printed
