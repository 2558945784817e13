"""The address that SDKs fetch from: who may, what they are told, and that a key is good for nothing else."""

import logging

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from experiments.do.assignments import Floor
from tests.builders import a_running_experiment, moved
from tests.histories import after
from tests.web.conftest import Caller, Clock, a_token, store_of

pytestmark = after(a_running_experiment)


@pytest.fixture
def address(app: APIFlask) -> str:
    return f"/api/features/{a_token(store_of(app), 'evaluate')}"


def test_a_client_key_is_told_everything_in_force(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    feature = answer.get_json()["features"]["policy_change"]
    assert [rule["id"] for rule in feature["rules"]] == ["do_not_invite", "change_benefit", "standard"]
    assert set(feature["defaultValue"]["steps"]) == {"zh-CN", "en"}
    assert answer.get_json()["shifts"] == {"timezone": "Asia/Shanghai", "noon": "12:00"}


def test_no_rule_has_a_namespace_or_an_older_hash(client: FlaskClient, address: str) -> None:
    features = client.get(address).get_json()["features"].values()
    rules = [rule for feature in features for rule in feature["rules"]]
    assert all("namespace" not in rule for rule in rules)
    assert {f["hashVersion"] for rule in rules for f in rule.get("filters", [])} == {2}
    assert {rule["hashVersion"] for rule in rules if "variations" in rule} == {2}


def test_what_is_known_already_is_not_sent_again_until_it_changes(
    client: FlaskClient, address: str, floor: Floor, clock: Clock
) -> None:
    tag = client.get(address).headers["ETag"]
    same = client.get(address, headers={"If-None-Match": tag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    moved(floor, "change_benefit", "pause", "supervisor", reason="too loud")
    clock.pass_(seconds=1)
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_browsers_of_another_origin_may_read_it(client: FlaskClient, address: str) -> None:
    headers = client.get(address).headers
    assert (headers["Access-Control-Allow-Origin"], headers["Cache-Control"]) == ("*", "private, no-cache")


@pytest.mark.parametrize("key", ["sb_" + "x" * 43, "保单", "x"])
def test_an_unknown_key_is_refused_in_the_apis_shape(client: FlaskClient, key: str) -> None:
    answer = client.get(f"/api/features/{key}")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.get_json()["code"] == "not_signed_in"


@pytest.mark.parametrize("scopes", ["assign", "read report", "evaluate assign"])
def test_a_token_that_may_do_anything_else_is_none_for_an_address(
    app: APIFlask, client: FlaskClient, scopes: str
) -> None:
    assert client.get(f"/api/features/{a_token(store_of(app), scopes)}").status_code == 403


def test_a_token_in_the_header_stands_in_for_no_key(app: APIFlask, client: FlaskClient) -> None:
    bearer = {"Authorization": f"Bearer {a_token(store_of(app), 'evaluate')}"}
    assert client.get("/api/features/none", headers=bearer).status_code == 401


@pytest.mark.parametrize("path", ["/assignments", "/outcomes"])
def test_a_client_key_opens_no_other_door(app: APIFlask, path: str) -> None:
    assert Caller(app.test_client(), a_token(store_of(app), "evaluate")).post(path, {}).status_code == 403


def test_no_log_tells_the_key(
    client: FlaskClient, address: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.get(address)
    told = capsys.readouterr()
    assert "features.read_payload" in told.out
    assert address.rsplit("/", 1)[1] not in told.out + told.err + caplog.text
