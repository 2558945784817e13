"""Who may do what: every route has a row, every row a route, and the API's door is tried with every kind of token."""

from datetime import timedelta

import pytest
from apiflask import APIFlask

from experiments import people
from experiments.errors import Invalid
from tests.builders import MONDAY
from tests.web.conftest import OPERATOR, Caller, Clock, a_token, store_of
from web.policy import POLICY, Who

# endpoint, method, address: the whole API
API = [
    ("api.assign", "POST", "/assignments"),
    ("api.report", "POST", "/outcomes"),
    ("api.list_experiments", "GET", "/experiments"),
    ("api.read_experiment", "GET", "/experiments/none"),
    ("api.read_results", "GET", "/experiments/none/results"),
    ("api.read_confirmation", "GET", "/experiments/none/confirmation"),
    ("api.read_listening", "GET", "/experiments/none/listening"),
    ("api.hear", "POST", "/experiments/none/listening"),
    ("api.read_traffic", "GET", "/scenarios/none/traffic"),
    ("api.list_variables", "GET", "/variables"),
    ("api.read_reports", "GET", "/reports"),
    ("api.find_knowledge", "GET", "/knowledge"),
    ("api.read_knowledge", "GET", "/knowledge/none"),
    ("api.note_knowledge", "POST", "/knowledge/none/notes"),
    ("api.list_standards", "GET", "/standards"),
    ("api.propose_plan", "GET", "/standards/none/plan"),
    ("api.review_standard", "POST", "/standards/none/review"),
    ("api.write_plan", "POST", "/experiments"),
    ("api.revise_plan", "PUT", "/experiments/none"),
    ("api.move", "POST", "/experiments/none/approve"),
    ("api.tick", "POST", "/experiments/none/checklist"),
    ("api.comment", "POST", "/experiments/none/comments"),
]
every_api_route = pytest.mark.parametrize(("endpoint", "method", "path"), API, ids=[row[0] for row in API])
ALL_SCOPES = "act assign design read report"


def asked(app: APIFlask, token: str | None, method: str, path: str) -> tuple[int, str]:
    """Ask with an empty body, and say status and code; what passes the door fails behind it, with 404 or 422."""
    answer = Caller(app.test_client(), token).post(path, {}, method=method)
    return answer.status_code, (answer.get_json() or {}).get("code", "")


def test_every_route_has_a_row_and_every_row_a_route(app: APIFlask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(POLICY)


def test_the_list_of_the_api_is_whole(app: APIFlask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    assert {rule.endpoint for rule in rules} == {row[0] for row in API}


def test_every_api_row_asks_for_a_token_with_a_known_scope() -> None:
    rows = {endpoint: access for endpoint, access in POLICY.items() if endpoint.startswith("api.")}
    assert all(access.who is Who.TOKEN and access.scope in people.SCOPES for access in rows.values())


def test_every_page_asks_for_roles_that_exist() -> None:
    assert all(set(access.roles) <= set(people.ROLES) for access in POLICY.values())
    assert all(access.roles for access in POLICY.values() if access.who is Who.PERSON)


@every_api_route
class TestTheDoorOfTheApi:
    def test_is_shut_to_nobody(self, app: APIFlask, endpoint: str, method: str, path: str) -> None:
        assert asked(app, None, method, path) == (401, "not_signed_in")

    def test_is_shut_to_a_forged_token(self, app: APIFlask, endpoint: str, method: str, path: str) -> None:
        assert asked(app, "sb_" + "x" * 43, method, path) == (401, "not_signed_in")

    def test_is_shut_to_a_token_in_no_known_alphabet(
        self, app: APIFlask, endpoint: str, method: str, path: str
    ) -> None:
        assert asked(app, "保单", method, path)[0] == 401

    def test_is_shut_to_a_revoked_token(self, app: APIFlask, endpoint: str, method: str, path: str) -> None:
        token = a_token(store_of(app), ALL_SCOPES, "lead")
        with store_of(app).write() as session:
            name = f"lead-{ALL_SCOPES.replace(' ', '-')}-"
            people.revoke_token(session, name, actor=OPERATOR, now=MONDAY)
        assert asked(app, token, method, path) == (401, "not_signed_in")

    def test_is_shut_to_an_expired_token(
        self, app: APIFlask, clock: Clock, endpoint: str, method: str, path: str
    ) -> None:
        token = a_token(store_of(app), ALL_SCOPES, "lead", expires_at=MONDAY + timedelta(hours=1))
        assert asked(app, token, method, path)[0] in (404, 422, 200)
        clock.pass_(hours=1)
        assert asked(app, token, method, path) == (401, "not_signed_in")

    def test_is_shut_to_every_other_scope(self, app: APIFlask, endpoint: str, method: str, path: str) -> None:
        scopes = " ".join(sorted(set(people.SCOPES) - {POLICY[endpoint].scope}))
        assert asked(app, a_token(store_of(app), scopes, "lead"), method, path) == (403, "not_allowed")

    def test_opens_to_the_right_scope(self, app: APIFlask, endpoint: str, method: str, path: str) -> None:
        token = a_token(store_of(app), POLICY[endpoint].scope, "lead")
        assert asked(app, token, method, path)[0] in (404, 422, 200)

    def test_is_shut_to_a_sign_in_of_pages(self, app: APIFlask, endpoint: str, method: str, path: str) -> None:
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["sign_in"] = "a secret that some page once got"
        assert Caller(client).post(path, {}, method=method).status_code == 401

    def test_is_shut_to_whoever_left(self, app: APIFlask, endpoint: str, method: str, path: str) -> None:
        token = a_token(store_of(app), ALL_SCOPES, "lead")
        with store_of(app).write() as session:
            people.person_named(session, "lead").active = False
        assert asked(app, token, method, path) == (401, "not_signed_in")


def test_a_service_gets_no_token_that_moves_cards(app: APIFlask) -> None:
    with pytest.raises(Invalid, match="person"):
        a_token(store_of(app), "act")


def test_a_token_is_named_shortly_enough_to_be_written_down_as_an_actor(app: APIFlask) -> None:
    with pytest.raises(Invalid, match="58"), store_of(app).write() as session:
        people.issue_token(session, "x" * 59, ["read"], actor=OPERATOR, now=MONDAY)
