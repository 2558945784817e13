import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.evidence import __main__ as command, tables
from tests.evidence.findings import Findings, find, outcome
from tests.evidence.page import html, sections
from tests.evidence.rules import RULES, first_crossing
from tests.evidence.series import REAL, read
from tests.evidence.wording import LANGUAGES, TEXTS, Language


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    path = tables.write_table(tmp_path_factory.mktemp("data") / "table.parquet", tables.made_up())
    return find(read(path), runs=50)


def test_every_rule_finds_the_strong_effect_and_the_later_ones_find_it_later(found: Findings) -> None:
    assert (found.series, found.readable, found.experiments, found.treatments) == (4, 2, 1, 1)
    assert all(each.found >= 1 for each in found.outcomes)
    assert found.outcome("fixed").days_later.median > found.outcome("obrien-fleming").days_later.median >= 0


def test_every_text_takes_the_same_figures_in_both_languages() -> None:
    def figures(text: str) -> set[str]:
        return set(re.findall(r"{(\w+)", text))

    assert {key for key, text in TEXTS.items() if figures(text.en) != figures(text.zh)} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_asks_nothing_of_anybody(found: Findings, language: Language) -> None:
    page = html(found, language)

    assert list(_addresses(page)) == ["monitoring.zh.html" if language == "en" else "monitoring.html"]
    assert all(text in page for text in ("CC BY 4.0", "arXiv:2111.10198", "make evidence"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_has_its_figures_in_a_table(found: Findings, language: Language) -> None:
    for section in sections(found, language):
        assert section.charts
        assert {len(row) for row in section.table.rows} == {len(section.table.head)}


def test_without_data_the_command_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--data", str(tmp_path / "none.parquet")]) == 2
    assert "osf.io/64jsb" in capsys.readouterr().err


def test_the_command_writes_a_page_in_each_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tables.write_table(tmp_path / "table.parquet", tables.made_up())

    assert command.main(["--data", str(data), "--folder", str(tmp_path / "pages"), "--runs", "20"]) == 0

    assert {path.name for path in (tmp_path / "pages").iterdir()} == {"monitoring.html", "monitoring.zh.html"}
    assert "always-valid" in capsys.readouterr().out


@pytest.mark.skipif(not REAL.exists(), reason=f"the public data are not at {REAL} (CALL_DATA says where)")
def test_the_public_data_are_found_as_often_as_the_page_says() -> None:
    # Without the group-sequential rules, whose boundaries take ten seconds: `make evidence` finds 142 and 139 by them.
    series = read(REAL)
    rules = [rule for rule in RULES if rule.name in {"peeking", "fixed", "always-valid"}]
    crossings = {rule.name: [first_crossing(e.z, rule.limits(e.users, e.readable)) for e in series] for rule in rules}

    # The first two were counted before, by other hands.
    assert len(series) == 396
    assert {name: outcome(series, crossings, name).found for name in crossings} == {
        "peeking": 225,
        "fixed": 105,
        "always-valid": 105,
    }


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"src", "href"} and value]


def _addresses(page: str) -> Iterator[str]:
    links = _Links()
    links.feed(page)
    yield from links.found
