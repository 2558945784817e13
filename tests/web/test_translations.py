import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
CHINESE = ROOT / "web/translations/zh_Hans_CN/LC_MESSAGES/messages.po"
PLACE = re.compile(r"%\((\w+)\)s|%%")


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    return read_po(io.BytesIO(CHINESE.read_bytes()), locale="zh_Hans_CN")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Collect every sentence of code and templates with the very command that `make translations` runs."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    keywords = re.findall(r"--keyword=\S+", makefile)
    collected = tmp_path_factory.mktemp("translations") / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "--mapping-file=pyproject.toml"]
    folders = ["configs", "experiments", "web"]
    subprocess.run([*command, *keywords, f"--output-file={collected}", *folders], cwd=ROOT, check=True)
    return read_po(io.BytesIO(collected.read_bytes()))


def sentences(catalog: Catalog) -> dict[object, Message]:
    return {message.id: message for message in catalog if message.id}


def places(text: str) -> list[str]:
    return sorted(match[0] for match in PLACE.finditer(text))


def test_every_sentence_of_code_and_templates_is_in_the_catalogue(written: Catalog, chinese: Catalog) -> None:
    assert not sentences(written).keys() - sentences(chinese).keys()


def test_nothing_is_kept_that_nobody_says_any_more(written: Catalog, chinese: Catalog) -> None:
    assert not sentences(chinese).keys() - sentences(written).keys()


def test_every_sentence_has_its_chinese_and_none_is_a_guess(chinese: Catalog) -> None:
    lacking = [
        message.id for message in sentences(chinese).values() if message.fuzzy or not all(_texts(message.string))
    ]
    assert not lacking


def test_a_translation_has_the_places_of_its_sentence(chinese: Catalog) -> None:
    differing = [
        message.id
        for message in sentences(chinese).values()
        for text in _texts(message.string)
        if places(text) != places(_texts(message.id)[-1])
    ]
    assert not differing


def test_a_translation_has_chinese_in_it_unless_it_is_nothing_but_places(chinese: Catalog) -> None:
    left_english = [
        message.id
        for message in sentences(chinese).values()
        if re.search(r"[A-Za-z]{3}", PLACE.sub("", _texts(message.id)[0]))
        and not re.search(r"[\u4e00-\u9fff]", _texts(message.string)[0])
    ]
    assert not left_english


def test_the_sentences_below_the_web_are_collected_too(written: Catalog) -> None:
    said = sentences(written).keys()
    assert {
        "There is no scenario %(scenario)s.",  # Unknown
        "The final look has not been made.",  # Conflict
        "The schedule does this by itself.",  # NotAllowed
        "The token is not valid.",  # NotSignedIn
        "Say why: %(verb)s needs a reason.",  # invalid
        "Guardrail %(metric)s of %(challenger)s: not known, which is not a pass.",  # sentence
    } <= said


def _texts(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value or ""),)


def test_what_a_template_says_can_be_filled_in(chinese: Catalog) -> None:
    """Jinja fills every sentence in, also one without a place: there a lone per cent sign is an error."""
    broken = [
        text
        for message in sentences(chinese).values()
        if any(file.startswith("web/templates/") for file, _line in message.locations)
        for text in (*_texts(message.id), *_texts(message.string))
        if "%" in re.sub(r"%\(\w+\)[sd]|%%", "", text)
    ]
    assert not broken
