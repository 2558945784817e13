"""Standard cards over the API: every live standard with its state, its review, and the plan that a signal calls for."""

from datetime import timedelta

import pytest

from experiments.do.assignments import Floor
from tests.act.signals import a_signal
from tests.builders import MONDAY
from tests.web.conftest import Caller, Callers, Clock

HERE = "/standards/policy_change"
REVIEW = {"owner": "manager", "review_by": 20270105, "note": "Heard 20 calls."}


@pytest.fixture
def lead(caller: Callers) -> Caller:
    return caller("act read", login="lead")


def test_lists_every_live_standard_the_earliest_review_first(lead: Caller) -> None:
    told = lead.get("/standards").get_json()["standards"]
    assert [each["review_by"] for each in told] == sorted(each["review_by"] for each in told)
    here = next(each for each in told if each["scenario"] == "policy_change")
    assert (here["state"], here["stage"], here["cycle"], here["overdue"]) == ("in_force", "act", 1, False)
    assert (here["owner"], here["review_by"], here["moves"]) == ("system:test", 20270131, ["confirm"])


def test_a_review_begins_the_next_cycle(lead: Caller) -> None:
    told = lead.post(f"{HERE}/review", REVIEW)
    assert told.status_code == 200
    here = told.get_json()
    assert (here["owner"], here["review_by"], here["cycle"]) == ("manager", 20270105, 2)
    assert [(each["noted_by"], each["note"]) for each in here["reviews"]] == [("lead", "Heard 20 calls.")]


def test_a_signal_puts_it_to_check_and_proposes_the_next_plan(lead: Caller, floor: Floor, clock: Clock) -> None:
    refused = lead.get(f"{HERE}/plan")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "conflict")
    clock.pass_(days=1)
    signal = a_signal(floor, MONDAY + timedelta(hours=3))
    here = next(e for e in lead.get("/standards").get_json()["standards"] if e["scenario"] == "policy_change")
    assert (here["state"], here["stage"], here["moves"]) == ("signalled", "check", ["confirm", "plan"])
    assert [(each["id"], each["metric"]) for each in here["signals"]] == [(signal, "accepted")]
    told = lead.get(f"{HERE}/plan").get_json()
    assert (told["scenario"], told["plan"]["key"]) == ("policy_change", f"after_signal_{signal}")


@pytest.mark.parametrize(
    ("login", "path", "changes", "status"),
    [
        # only lead and manager speak for a standard
        ("trainer", HERE, {}, 403),
        # nobody of that name
        ("lead", HERE, {"owner": "nobody"}, 404),
        # no such scenario, and one that sums others
        ("lead", "/standards/none", {}, 404),
        ("lead", "/standards/policy_service", {}, 409),
        # today is too late; no day at all
        ("lead", HERE, {"review_by": 20261102}, 422),
        ("lead", HERE, {"review_by": 20261341}, 422),
        ("lead", HERE, {"note": "x" * 2001}, 422),
    ],
)
def test_what_will_not_do_is_refused(
    caller: Callers, login: str, path: str, changes: dict[str, str | int], status: int
) -> None:
    answer = caller("act read", login=login).post(f"{path}/review", REVIEW | changes)
    assert answer.status_code == status
