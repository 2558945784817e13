import hashlib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.datastructures import Headers

from web import security

STATIC = Path(security.__file__).parent / "static"
TEMPLATES = Path(security.__file__).parent / "templates"
VENDOR = STATIC / "vendor"
FILES = tomllib.loads((VENDOR / "VENDOR.toml").read_text(encoding="utf-8"))["file"]


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["path"])
def test_a_vendored_file_is_what_the_manifest_says(entry: dict[str, str]) -> None:
    assert hashlib.sha256((VENDOR / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
    assert entry["licence"]


def test_nothing_is_vendored_without_a_line_in_the_manifest() -> None:
    assert {p.name for p in VENDOR.iterdir()} == {"VENDOR.toml", *(entry["path"] for entry in FILES)}


def test_every_icon_that_the_shared_templates_name_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (VENDOR / "tabler-icons.svg").read_text(encoding="utf-8")))
    shared = "".join(
        (TEMPLATES / f"{name}.html").read_text(encoding="utf-8") for name in ("base", "_macros", "sign_in")
    )
    assert set(re.findall(r'icon\("([^"]+)"\)', shared)) <= drawn
    assert len(drawn) <= 20


@pytest.mark.parametrize("path", [*STATIC.rglob("*.css"), *STATIC.glob("*.js"), *TEMPLATES.rglob("*.html")], ids=str)
def test_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    assert not re.search(r"""(?:src|href|url|import)\s*[=(]\s*["']?https?:""", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [*TEMPLATES.rglob("*.html")], ids=lambda path: path.name)
def test_templates_have_no_inline_style_and_no_inline_handler(path: Path) -> None:
    assert not re.search(r"""<[^>{]*\s(?:style|on[a-z]+)=""", path.read_text(encoding="utf-8"))


class TestHeaders:
    @pytest.fixture
    def headers(self) -> Callable[[str], Headers]:
        app = Flask(__name__)
        security.install(app)
        app.add_url_rule("/", "page", lambda: "a page")
        app.add_url_rule("/kept", "kept", lambda: ("an asset", {"Cache-Control": "public, max-age=31536000"}))
        return lambda path: app.test_client().get(path).headers

    def test_scripts_come_from_here_only_and_never_inline(self, headers: Callable[[str], Headers]) -> None:
        rules = dict(rule.split(" ", 1) for rule in headers("/")["Content-Security-Policy"].split("; "))
        assert rules["script-src"] == "'self'"
        assert rules["style-src-attr"] == rules["frame-ancestors"] == rules["object-src"] == "'none'"

    def test_pages_are_not_kept(self, headers: Callable[[str], Headers]) -> None:
        assert headers("/")["Cache-Control"] == "no-store"

    def test_an_asset_decides_for_itself_how_long_it_keeps(self, headers: Callable[[str], Headers]) -> None:
        assert headers("/kept")["Cache-Control"] == "public, max-age=31536000"

    def test_types_are_not_guessed_and_addresses_are_not_told_to_others(
        self, headers: Callable[[str], Headers]
    ) -> None:
        assert headers("/")["X-Content-Type-Options"] == "nosniff"
        assert headers("/")["Referrer-Policy"] == "same-origin"

    def test_unknown_addresses_are_protected_too(self, headers: Callable[[str], Headers]) -> None:
        assert "Content-Security-Policy" in headers("/nowhere")
