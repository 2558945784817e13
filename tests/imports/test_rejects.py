"""Bad rows go to a reject file and good ones are kept; a wrong header is refused before anything is written."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import func, select

from experiments.do.journal import Assignment
from experiments.errors import Invalid
from experiments.imports.ledger import ImportFile
from experiments.imports.mapping import read_mapping
from experiments.store import Store
from tests.imports import logs
from tests.imports.rehearsal import Centre, open_centre

MAPPING = logs.mapping_named("bank_marketing")
GIVEN = read_mapping(
    {
        "call": {
            "id": {"column": "id"},
            "scenario": {"column": "kind"},
            "agent": {"column": "agent"},
            "at": {"column": "at", "format": "%Y-%m-%d %H:%M:%S"},
        },
        "outcome": [{"type": "handled", "value": "seconds"}],
    }
)


@pytest.fixture
def centre(store: Store) -> Centre:
    return open_centre(store)


class TestARejectedRow:
    def test_is_named_with_line_and_reason_and_its_neighbours_are_kept(self, centre: Centre, tmp_path: Path) -> None:
        path = logs.write_log(tmp_path / "log.csv", 700)
        spoil(path, {5: ("may", "mai"), 600: (";", ""), 10: ('"no"', '=HYPERLINK("x")')})

        report = centre.bring(path, MAPPING)

        assert report.rejects is not None
        rejected = read_rejects(report.rejects)
        assert [(r["rejected_line"], r["rejected_column"], r["rejected_code"]) for r in rejected] == [
            ("5", "month", "date"),
            ("600", "", "cells"),
        ]
        assert (report.tally.imported, report.tally.rejected, rejected[0]["month"]) == (698, 2, "mai")
        assert count_of(centre) == 698

    def test_cannot_run_as_a_formula(self, centre: Centre, tmp_path: Path) -> None:
        path = given(tmp_path, ('=HYPERLINK("x")', "+nowhere", "-a", "@never", "1"))

        (row,) = read_rejects(centre.bring(path, GIVEN).rejects)

        assert [row[name] for name in ("id", "kind", "agent", "at")] == [
            *('\'=HYPERLINK("x")', "'+nowhere", "'-a", "'@never"),
        ]

    def test_may_be_of_a_scenario_that_nobody_knows(self, centre: Centre, tmp_path: Path) -> None:
        path = given(tmp_path, ("c1", "gardening", "a1", "2026-09-01 09:00:00", "1"))

        (row,) = read_rejects(centre.bring(path, GIVEN).rejects)

        assert (row["rejected_code"], count_of(centre)) == ("unknown_scenario", 0)

    def test_does_not_stay_in_the_file_when_the_next_run_has_none(self, centre: Centre, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        rejects = Path(f"{path}.rejects.csv")
        rejects.write_text("of an earlier run")

        assert centre.bring(logs.write_log(path, 20), MAPPING).rejects is None
        assert not rejects.exists()


class TestAnIdOfTheFileSOwn:
    def test_names_one_call_whatever_file_it_comes_in(self, centre: Centre, tmp_path: Path) -> None:
        first = ("c1", "deposit_campaign", "a1", "2026-09-01 09:00:00", "60")
        second = ("c2", "deposit_campaign", "a1", "2026-09-01 09:05:00", "61")
        centre.bring(given(tmp_path, first), GIVEN)

        report = centre.bring(given(tmp_path, first, second), GIVEN)

        assert (report.tally.imported, report.tally.already_there) == (1, 1)
        assert (report.outcomes, report.outcomes_known) == (1, 1)

    def test_that_tells_two_stories_keeps_the_first_and_rejects_the_other(self, centre: Centre, tmp_path: Path) -> None:
        at = ("deposit_campaign", "a1", "2026-09-01 09:00:00")

        report = centre.bring(given(tmp_path, ("c1", *at, "60"), ("c1", *at, "75")), GIVEN)

        (row,) = read_rejects(report.rejects)
        assert (row["rejected_line"], row["rejected_code"], row["seconds"]) == ("3", "id_reused", "75")
        assert (report.tally.imported, report.outcomes, report.outcomes_refused) == (1, 1, 1)


def test_a_missing_column_is_refused_before_anything_is_written(centre: Centre, tmp_path: Path) -> None:
    path = logs.write_log(tmp_path / "log.csv", 20)
    path.write_text(path.read_text().replace('"month"', '"mois"'))

    with pytest.raises(Invalid, match="no column month"):
        centre.bring(path, MAPPING)

    with centre.store.read() as session:
        assert session.scalar(select(func.count()).select_from(ImportFile)) == 0
    assert count_of(centre) == 0


def spoil(path: Path, lines: dict[int, tuple[str, str]]) -> None:
    """Replace a text by another in some lines, which count from 1."""
    written = path.read_text().split("\n")
    for line, (old, new) in lines.items():
        written[line - 1] = written[line - 1].replace(old, new, 1)
    path.write_text("\n".join(written))


def given(folder: Path, *rows: tuple[str, ...]) -> Path:
    path = folder / "given.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "kind", "agent", "at", "seconds"), *rows])
    return path


def read_rejects(path: Path | None) -> list[dict[str, str]]:
    assert path is not None
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def count_of(centre: Centre) -> int:
    with centre.store.read() as session:
        return session.scalar(select(func.count()).select_from(Assignment)) or 0
