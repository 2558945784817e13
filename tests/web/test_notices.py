"""Notices at the door: settings that are refused without saying their secrets, commands, metrics."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from pydantic import ValidationError

from configs import settings as of_configs
from configs.settings import Settings
from experiments.store import Store
from migrations.run import upgrade
from tests.notices.receiving import SECRET, Receiver, a_receiver, told, with_status
from web.application import create_app

KEY = "an-unmistakable-robot-key"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as listening:
        yield listening


@pytest.fixture
def told_by_the_environment(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> Receiver:
    """Set up a webhook and a chat by the environment alone."""
    hook, chat = "SCRIPTBENCH_NOTICES__ERP__", "SCRIPTBENCH_NOTICES__FLOOR__"
    for name, value in {
        f"{hook}KIND": "webhook",
        f"{hook}URL": f"http://127.0.0.1:{receiver.port}/{KEY}",
        f"{hook}SECRETS": f'["{SECRET}"]',
        f"{hook}EVENTS": '["started", "halted"]',
        f"{chat}KIND": "apprise",
        f"{chat}URL": f"json://127.0.0.1:{receiver.port}/{KEY}",
        f"{chat}ROLES": '["manager"]',
        "SCRIPTBENCH_NOTICES_REACH": '["127.0.0.0/8"]',
        "SCRIPTBENCH_PUBLIC_URL": "https://bench.example/",
    }.items():
        monkeypatch.setenv(name, value)
    return receiver


@pytest.fixture
def app(told_by_the_environment: Receiver, tmp_path: Path) -> APIFlask:
    upgrade(f"sqlite:///{tmp_path / 'scriptbench.db'}")
    return create_app(Settings(instance=tmp_path, spool_reserve=0))


@pytest.fixture
def store(app: APIFlask) -> Store:
    opened: Store = app.extensions["scriptbench"].store
    return opened


def typed(app: APIFlask, *arguments: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["notices", *arguments])
    return done.exit_code, done.output


def test_targets_are_listed_without_their_keys(app: APIFlask) -> None:
    code, said = typed(app)
    assert (code, KEY in said, SECRET in said) == (0, False, False)
    assert "erp: webhook at 127.0.0.1, in zh-CN; halted, started; for everyone" in said
    assert "floor: json, in zh-CN; everything; for manager" in said


def test_what_waits_is_listed_and_counted(app: APIFlask, store: Store, receiver: Receiver) -> None:
    receiver.answer = with_status(500)
    told(store, 2)
    typed_out = app.test_cli_runner().invoke(args=["run-job", "notices"])
    assert typed_out.output.strip() == "0 sent, 3 not taken"
    assert "  2 waiting, the oldest of " in typed(app)[1]
    assert ", last: HTTP 500" in typed(app)[1]
    counted = app.test_client().get("/metrics").text
    assert 'scriptbench_notices{state="waiting",target="erp"} 2.0' in counted
    assert 'scriptbench_notices{state="given_up",target="erp"} 0.0' in counted


def test_what_was_given_up_is_listed_and_sent_once_more_when_people_say_so(
    app: APIFlask, store: Store, receiver: Receiver
) -> None:
    receiver.answer = with_status(410)
    told(store)
    app.test_cli_runner().invoke(args=["run-job", "notices"])
    assert "  1 given up" in typed(app)[1]
    assert 'scriptbench_notices{state="given_up",target="erp"} 1.0' in app.test_client().get("/metrics").text
    assert typed(app, "--again", "erp") == (0, "1 for erp are sent once more.\n")
    receiver.answer = with_status(200)
    receiver.taken.clear()
    app.test_cli_runner().invoke(args=["run-job", "notices"])
    (taken,) = [each for each in receiver.taken if "webhook-id" in each.headers]
    assert taken.json["data"]["link"] == "https://bench.example/experiments/change_benefit"


def test_a_target_is_tried_out(app: APIFlask, receiver: Receiver) -> None:
    assert typed(app, "--try", "floor") == (0, "floor has taken it.\n")
    assert receiver.taken[0].json["title"] == "测试"
    receiver.answer = with_status(500)
    assert typed(app, "--try", "erp") == (1, "Error: erp did not take it: HTTP 500.\n")
    assert typed(app, "--try", "nobody") == (1, "Error: There is no target nobody.\n")


def test_without_a_target_that_is_what_is_said(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path / 'scriptbench.db'}")
    app = create_app(Settings(instance=tmp_path, spool_reserve=0))
    assert typed(app) == (0, "Nobody is told: no target is set up.\n")


def test_no_secret_is_logged_however_it_goes(
    app: APIFlask, store: Store, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    told(store, 2)
    for status in (500, 204):
        receiver.answer = with_status(status)
        for name in ("erp", "floor"):
            typed(app, "--try", name)
    app.test_cli_runner().invoke(args=["run-job", "notices"])
    assert len(receiver.taken) > 4
    assert (SECRET in caplog.text, SECRET in repr(app.extensions["scriptbench"].post)) == (False, False)
    assert KEY not in repr(app.extensions["scriptbench"].post) + repr(app.extensions["scriptbench"].settings)


def test_a_file_says_who_and_the_environment_where(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, receiver: Receiver
) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "demo.toml").write_text(
        '[notices.floor]\nkind = "apprise"\nevents = ["halted"]\nroles = ["manager"]\nlanguage = "en"\n'
    )
    monkeypatch.setattr(of_configs, "HERE", tmp_path)
    monkeypatch.setenv("SCRIPTBENCH_NOTICES__FLOOR__URL", f"json://127.0.0.1:{receiver.port}")
    (target,) = Settings(instance=tmp_path).notices.values()
    assert (target.events, target.language, KEY in repr(target)) == (("halted",), "en", False)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        # of the wrong kind, or with a field that there is not
        ({"KIND": "pigeon"}, "notices.erp.kind"),
        ({"COLOUR": "red"}, "notices.erp.colour"),
        # an event, a role or a language that there is not
        ({"EVENTS": '["peeked"]'}, "notices.erp.events: peeked is none of submitted,"),
        ({"ROLES": '["boss"]'}, "notices.erp.roles: boss is none of lead,"),
        ({"LANGUAGE": "fr"}, "notices.erp.language"),
        # a secret too weak to sign with, or none
        ({"SECRETS": f'["{KEY}"]'}, "notices.erp: a secret is whsec_"),
        ({"SECRETS": "[]"}, "notices.erp: webhooks have secrets"),
        # plain HTTP beyond this machine, a password in the address, no address
        ({"URL": f"http://example.com/{KEY}"}, "notices.erp: its url begins with https://"),
        ({"URL": f"ftp://example.com/{KEY}"}, "notices.erp: its url begins with https://"),
        ({"URL": f"https://me:{KEY}@example.com/"}, "notices.erp: its url needs a host"),
        ({"URL": f"https:///{KEY}"}, "notices.erp: its url needs a host"),
        ({"URL": f"https://[{KEY}"}, "notices.erp: its url"),
        # a chat that Apprise does not know, and one with a webhook's secret
        ({"KIND": "apprise", "SECRETS": "[]", "URL": f"pigeon://{KEY}"}, "notices.erp: Apprise does not understand"),
        ({"KIND": "apprise", "URL": f"json://{KEY}"}, "notices.erp: webhooks have secrets, chats"),
    ],
)
def test_what_is_wrong_is_said_at_the_start_without_what_is_secret(
    told_by_the_environment: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    changes: dict[str, str],
    says: str,
) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(f"SCRIPTBENCH_NOTICES__ERP__{name}", value)
    with pytest.raises((ValueError, ValidationError)) as refused:
        create_app(Settings(instance=tmp_path, spool_reserve=0))
    assert says in str(refused.value)
    assert (KEY in str(refused.value), SECRET in str(refused.value)) == (False, False)


def test_plain_http_to_this_machine_needs_a_setting(
    told_by_the_environment: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SCRIPTBENCH_NOTICES_REACH")
    with pytest.raises(ValueError, match="notices_reach"):
        create_app(Settings(instance=tmp_path, spool_reserve=0))


@pytest.mark.parametrize(
    "url",
    [
        "wecombot://693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa",
        "dingtalk://SEC0a1b2c3d4e5f@6ab02f3f3e4bcaaaa",
        "feishu://4bc497a0-7aoc-4bc4-97a0-0ec2sifa5aaa",
        "mailtos://scriptbench:password@smtp.example.com?from=bench@example.com&to=manager@example.com",
    ],
)
def test_the_addresses_that_the_readme_shows_are_understood(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    monkeypatch.setenv("SCRIPTBENCH_NOTICES__FLOOR__KIND", "apprise")
    monkeypatch.setenv("SCRIPTBENCH_NOTICES__FLOOR__URL", url)
    app = create_app(Settings(instance=tmp_path, spool_reserve=0))
    (target,) = app.extensions["scriptbench"].post.targets
    assert target.url == url
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"{url.partition(':')[0]}://" in readme
