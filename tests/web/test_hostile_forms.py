"""Forms that no browser sends: whatever is in them, the answer is no failure of ours."""

import pytest
from apiflask import APIFlask

from experiments.do.assignments import Floor
from tests.builders import a_running_experiment
from tests.histories import after
from tests.web.visitors import Visitor, a_visitor

TEST = "/experiments/change_benefit"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        # what is carried along is JSON, but for Python's own additions
        ("/studio", {"scenario": "policy_change", "carried": '{"salt": NaN}'}),
        ("/studio", {"scenario": "policy_change", "carried": "[" * 100_000}),
        # half a character is no text that can be kept or shown
        ("/studio", {"audience.mode": "exact", "audience.exact": '{"region": {"$in": ["\\ud800"]}}'}),
        (TEST, {"verb": "widen", "reason": "more", "also": '{"region": {"$in": ["\\ud800"]}}'}),
        (TEST, {"verb": "widen", "reason": "more", "also": "[" * 100_000}),
        # a place among the arms, longer than any number that is read
        ("/studio", {"scenario": "policy_change", "action": "drop." + "9" * 5_000}),
        ("/studio", {"scenario": "policy_change", "action": "drop.²"}),
        # an address with the end of a line in it, which no header may carry
        (TEST, {"verb": "pause", "reason": "a doubt", "next": "/board?a=\nSet-Cookie: b"}),
        # numbers of a rollout
        (TEST, {"verb": "roll_out", "region": "hangzhou", "days": "٣", "holdback": "9" * 5_000}),
    ],
)
@after(a_running_experiment)
def test_nothing_that_a_form_says_makes_us_fail(app: APIFlask, floor: Floor, path: str, form: dict[str, str]) -> None:
    both: Visitor = a_visitor(app, floor, "lead", "manager")
    assert both.post(path, **form).status_code < 500


@after(a_running_experiment)
def test_the_character_that_not_every_database_keeps_is_refused_wherever_it_stands(app: APIFlask, floor: Floor) -> None:
    lead = a_visitor(app, floor, "lead")
    form = {"verb": "roll_out", "region": ["hangzhou", "a\x00"]}
    assert lead.post(TEST, **form).status_code == 400  # type: ignore[arg-type]  # a field that is sent twice
