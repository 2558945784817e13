"""What a look read, in sentences: the one number, the step that moved, for whom, and how sure."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from apiflask import APIFlask

from experiments.check.frozen import answer, decided
from experiments.check.metrics import MetricSpec
from experiments.plan.designs import Experiment
from experiments.wording import Message
from web.language import say
from web.pages.look.amounts import how_often, of_hundred, perhaps, ratio_span
from web.pages.look.banner import number_of, reasons_of
from web.pages.look.health import FindingView, Health, summed_up
from web.pages.look.segments import difference_in_words
from web.pages.look.steps import finding, part_of
from web.pages.look.sureness import spoken_words

ACCEPTED = MetricSpec("accepted", "proportion", "accepted", "eligible", "higher", 0, {"en": "Accepted"})


@pytest.fixture(autouse=True)
def _an_english_reader(app: APIFlask) -> Iterator[None]:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ((0.041, 0.019, 0.063), "4.1 more reach “Accepted” (between 1.9 and 6.3 more)"),  # wholly above 0
        ((-0.041, -0.063, -0.019), "4.1 fewer reach “Accepted” (between 1.9 and 6.3 fewer)"),  # wholly below
        ((0.004, -0.012, 0.02), "anything from 1.2 fewer to 2.0 more may reach “Accepted”"),  # nothing is shown
        ((0.0042, 0.0011, 0.0073), "0.42 more reach “Accepted” (between 0.11 and 0.73 more)"),  # rare: another digit
    ],
)
def test_an_effect_is_said_for_a_hundred_calls(shares: tuple[float, float, float], said: str) -> None:
    assert of_hundred("Accepted", "eligible calls", shares) == f"Of 100 eligible calls, {said}"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1.2, 4.0, "1.2× to 4.0×"),
        (1.2, None, "1.2× or more"),  # frozen: JSON has no infinity
        (1.2, float("inf"), "1.2× or more"),  # as it is watched
        (0.0, None, "not bounded yet"),
        (None, None, "—"),
    ],
)
def test_a_ratio_of_rates_is_said_in_times(low: float | None, high: float | None, said: str) -> None:
    assert ratio_span(low, high) == said


@pytest.mark.parametrize(
    ("p", "said"),
    [
        (0.0001, "less than once in 1,000 tests"),
        (0.004, "about 4 times in 1,000 tests"),
        (0.03, "about 3 times in 100 tests"),
    ],
)
def test_a_p_value_is_said_as_how_often(p: float, said: str) -> None:
    assert how_often(p) == said


RATES = {"control": 0.4, "challenger": 0.6, "relative": 0.5, "relative_low": 0.2, "relative_high": 0.8}
COUNTED = {"difference": 0.2, "low": 0.1, "high": 0.3, "p_value": 0.01, "confidence": 0.95} | RATES
AT_END = {"estimate": 0.18, "low": 0.08, "high": 0.28, "p_value": 0.02, "confidence": 0.95, "stage": 2}


def a_reading(**changes: Any) -> dict[str, Any]:
    return {"comparison": COUNTED, "stopped": AT_END, "overrun": None} | changes


class TestTheOneNumber:
    def test_where_the_test_may_end_it_knows_of_the_looks_before(self) -> None:
        shown = answer(a_reading())
        assert (shown["difference"], shown["low"], shown["p_value"]) == (0.18, 0.08, 0.02)

    @pytest.mark.parametrize(
        ("changes", "shown"),
        [
            ({}, 0.2),  # one final look: what was compared, by its own method
            ({"overrun": {"agree": True}}, 0.18),  # calls came in after the stop
            ({"comparison": COUNTED | {"confidence": 0.998}}, 0.18),  # an early look, at its own strict confidence
            ({"comparison": COUNTED | {"low": None}}, 0.18),  # the method gave no interval
        ],
    )
    def test_with_no_look_before_it_is_what_was_compared(self, changes: dict[str, Any], shown: float) -> None:
        assert answer(a_reading(stopped=AT_END | {"stage": 1}, **changes))["difference"] == shown

    @pytest.mark.parametrize("stopped", [None, {**AT_END, "estimate": None}])
    def test_elsewhere_there_is_none_and_what_was_compared_is_shown(self, stopped: Any) -> None:
        reading = a_reading(stopped=stopped)
        assert decided(reading) is None
        assert answer(reading) is COUNTED


def a_funnel(parts: list[float | None], moved: list[int], total: tuple[float, float, float] | None) -> dict[str, Any]:
    """A funnel with parts of the log lift, the places that moved, and the total as (value, low, high)."""
    steps = [{"part": None if part is None else {"value": part}} for part in parts]
    whole = None if total is None else dict(zip(("value", "low", "high"), total, strict=True))
    return {"steps": steps, "moved": moved, "total": whole}


UP, DOWN, FLAT = (0.4, 0.2, 0.6), (-0.4, -0.6, -0.2), (0.1, -0.1, 0.3)


@pytest.mark.parametrize(
    ("funnel", "said"),
    [
        (a_funnel([0.3, 0.1], [0], UP), "Most clearly, the gain comes from asking more often"),
        (a_funnel([-0.3, -0.1], [1], DOWN), "Most clearly, the loss comes from fewer going on to “Sold”"),
        # two steps moved the same way
        (
            a_funnel([0.2, 0.2], [0, 1], UP),
            "Most clearly, the gain comes from asking more often, more going on to “Sold”",
        ),
        # one gives and one takes: neither is "the" cause of the rest
        (
            a_funnel([0.6, -0.2], [0, 1], UP),
            "What clearly moved is asking more often, fewer going on to “Sold”",
        ),
        (a_funnel([0.3, -0.2], [0], FLAT), "What clearly moved is asking more often; the end of the funnel did not"),
        (a_funnel([0.2, 0.2], [], UP), "The whole funnel moved, but no single step can be named for it"),
        (a_funnel([0.1, 0.0], [], FLAT), "No step of the funnel clearly moved"),
        # a control that asks nobody
        (
            a_funnel([None, None], [], None),
            "The effect at each step; where nobody gets as far in an arm, no part of the lift can be told",
        ),
    ],
)
def test_the_step_that_moved_is_named_and_no_more_than_that(funnel: dict[str, Any], said: str) -> None:
    assert finding(funnel, ["invited", "sold"], ["Invited", "Sold"]) == said


@pytest.mark.parametrize(
    ("total", "part"),
    [(UP, "75%"), (FLAT, None), (None, None)],  # nothing has no parts
)
def test_a_part_of_the_lift_is_told_only_where_there_is_a_lift(total: Any, part: str | None) -> None:
    assert part_of(a_funnel([0.3, 0.1], [], total), 0) == part


@pytest.mark.parametrize(
    ("p", "said"),
    [
        (0.4, "No sign that new and experienced agents differ"),
        (0.01, "The effect differs: new and experienced agents do not respond alike"),
        (None, "Not known whether new and experienced agents differ"),
    ],
)
def test_whether_segments_differ_is_said_in_words(p: float | None, said: str) -> None:
    assert difference_in_words("tenure", p, 0.05) == said


def heard(rate: float) -> dict[str, Any]:
    return {"rate": rate, "low": rate - 0.1, "high": rate + 0.1, "listened": 40}


@pytest.mark.parametrize(
    ("region", "weak", "effect"),
    [
        ({"kind": "interval", "low": 0.02, "high": 0.11}, False, "+5.00 pp [+2.00, +11.00]"),
        # the test hardly moved what was spoken
        ({"kind": "line", "low": None, "high": None}, True, "+5.00 pp, but the data do not bound it"),
        ({"kind": "unknown", "low": None, "high": None}, None, "—"),
    ],
)
def test_what_was_spoken_stands_beside_with_its_own_doubt(region: Any, weak: bool | None, effect: str) -> None:
    complier = {"effect": 0.05, "region": region, "weak": weak}
    spoken = {"challenger": "quicker", "adherence": heard(0.8), "contamination": heard(0.1), "complier": complier}
    facts = dict(spoken_words(spoken, ACCEPTED).facts)
    assert facts["“quicker”'s words heard in its own calls"] == "80% [70%, 90%]"
    assert facts["Effect where the words were heard because of the test"] == effect
    assert ("Weak" in facts) == bool(weak)


def a_look(at_end: dict[str, Any], matured: int = 1000) -> Any:
    """Give a final look, and a metric of thirty days of which so many calls have matured."""
    counted = COUNTED | {"control_n": 500, "challenger_n": 500}
    late = COUNTED | {"control_n": matured // 2, "challenger_n": matured // 2}
    primary = a_reading(role="primary", metric="accepted", challenger="b", comparison=counted, stopped=at_end)
    secondary = a_reading(role="secondary", metric="converted", challenger="b", comparison=late, stopped=None)
    content = {"readings": [primary, secondary], "watch": {"guards": []}, "verdict": {"reasons": []}}
    return SimpleNamespace(content=content, challenger="b", final=True)


SPECS = {
    "accepted": MetricSpec("accepted", "proportion", "accepted", "eligible", "higher", 0, {"en": "Accepted"}),
    "converted": MetricSpec("converted", "proportion", "converted", "eligible", "higher", 30, {"en": "Converted"}),
}


@pytest.mark.parametrize(
    ("look", "said"),
    [
        # surely worth it, and everything is in
        (a_look(AT_END | {"low": 0.1}), []),
        # perhaps less than was worth having
        (a_look(AT_END | {"low": 0.04}), ["It may be less than the 9 points that were worth having."]),
        # sales come late, and few calls are old enough
        (a_look(AT_END | {"low": 0.1}, matured=200), ["Not known yet, since most calls are too young: Converted."]),
    ],
)
def test_what_a_winner_may_still_lack_is_said_at_once(look: Any, said: list[str]) -> None:
    assert reasons_of(look, Experiment(effect=0.09), SPECS) == said


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        # what was counted is what is told, and the lift beside it
        (0.2, "relative to the control"),
        # an earlier look might have ended the test: less is told than was counted, and why
        (0.18, "Told with more caution than counted"),
    ],
)
def test_a_number_that_differs_from_what_was_counted_says_why(estimate: float, said: str) -> None:
    reading = a_reading(challenger="b", stopped=AT_END | {"estimate": estimate})
    assert said in number_of(reading, SPECS["accepted"], {}, several=False).counted


def a_check(state: str) -> FindingView:
    return FindingView(state, "Sample ratio", "Is the split as planned?", "197 : 112 units.", "")


@pytest.mark.parametrize(
    ("states", "told", "seen"),
    [
        # one that fails outweighs all that passed, and those that only warn
        (
            ["broken", "warning", "ok", "ok"],
            "The data cannot be trusted: 1 of 4 checks failed",
            "Sample ratio: 197 : 112 units.",
        ),
        (["warning", "ok"], "Read with care: 1 of 2 checks found something", "Sample ratio: 197 : 112 units."),
        (["waiting", "ok"], "Nothing found: 1 of 2 checks in order, 1 still without enough data", ""),
        (["ok", "ok"], "All 2 checks in order", ""),
    ],
)
def test_the_line_of_the_data_s_health_says_first_what_is_wrong(states: list[str], told: str, seen: str) -> None:
    assert summed_up([a_check(state) for state in states]) == Health(states[0], told, seen)


SECONDS = replace(ACCEPTED, kind="mean")


@pytest.mark.parametrize(
    ("low", "high", "spec", "said"),
    [
        (-0.02, 0.15, ACCEPTED, "between 2 fewer and 15 more of 100 eligible calls: may be nothing"),
        (-0.004, 0.012, ACCEPTED, "between 0.4 fewer and 1.2 more of 100 eligible calls: may be nothing"),  # narrow
        (-3.0, 5.0, SECONDS, "between −3.0 and +5.0: may be nothing"),  # in its own unit
        (0.01, 0.15, ACCEPTED, ""),  # it is something
        (None, None, ACCEPTED, ""),  # not known, which is not the same
    ],
)
def test_what_may_be_nothing_is_said_as_a_range(low: Any, high: Any, spec: MetricSpec, said: str) -> None:
    assert perhaps({"low": low, "high": high}, spec, "eligible calls") == said


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/experiments/a_test", "There is no arm “which number”."),
        ("/api/v1/experiments", "There is no arm which_number."),
    ],
)
def test_people_read_the_name_of_an_arm_and_programs_its_key(app: APIFlask, path: str, said: str) -> None:
    with app.test_request_context(path, headers={"Accept-Language": "en"}):
        assert say(Message("There is no arm %(arm)s.", {"arm": "which_number"})) == said
