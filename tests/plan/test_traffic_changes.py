"""What a revision changed, said of every kind of change that traffic can make; and nothing said where nothing did."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from experiments.plan.scripts import Line
from experiments.plan.traffic import ArmSlice, Rollout, Slice, SliceState, Traffic
from experiments.plan.traffic_changes import TextChange, Version, changes_between, texts_between
from tests.do.test_choosing import traffics


def says(greeting: str, ask: str | None = "Add us?") -> tuple[Line, ...]:
    lines = [Line("greeting", {"en": greeting, "zh-CN": "您好"})]
    return (*lines, Line("ask", {"en": ask, "zh-CN": "加个微信？"})) if ask else tuple(lines)


VERSIONS = {
    1: Version(4, says("Hello.")),
    2: Version(5, says("Good morning.")),
    3: Version(6, says("Hello.", None)),
}
ARMS = (
    ArmSlice("control", ((0, 5000),), 1),
    ArmSlice("warm", ((5000, 8000),), 2),
    ArmSlice("mute", ((8000, 10_000),), 3),
)
TEST = Slice("warmth", 7, SliceState.RUNNING, ((0, 3000),), "call", "salt", {}, ARMS)
ALONE = Traffic(1, {}, "call", "layer")
TESTED = replace(ALONE, slices=(TEST,))
PILOT = Rollout("warmth", "s", 2, 1, 500, 0, ("hangzhou",))
COMING = replace(ALONE, rollout=PILOT)
SELF = {"caller_relation": "self"}


def sliced(**changes: Any) -> Traffic:
    return replace(TESTED, slices=(replace(TEST, **changes),))


def comes_in(share: str) -> str:
    whole = f"{share} of the agent-weeks that are not held back say it"
    return f"Version 5, found by warmth, comes in: {whole}; regions in which all of them do: hangzhou."


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        # the first of all
        (None, ALONE, ["The first script is served: version 4."]),
        # a winner, at once
        (ALONE, replace(ALONE, standard_id=2), ["The standard script is version 5 instead of 4."]),
        # who is invited outside the tests
        (ALONE, replace(ALONE, audience=SELF), ["Others than before are invited outside the tests."]),
        # a test starts
        (
            ALONE,
            TESTED,
            [
                "warmth takes 30% of the calls.",
                "Of these, 50% are in the arm control and hear version 4.",
                "Of these, 30% are in the arm warm and hear version 5.",
                "Of these, 20% are in the arm mute and hear version 6.",
            ],
        ),
        # and has ended
        (TESTED, ALONE, ["warmth has no calls any more: they are served the standard."]),
        # it is paused, goes on, is stopped
        (
            TESTED,
            TESTED.with_state("warmth", SliceState.PAUSED),
            ["warmth is paused: all of its calls are served the standard."],
        ),
        (TESTED.with_state("warmth", SliceState.PAUSED), TESTED, ["warmth is dealt again."]),
        (
            TESTED,
            TESTED.with_state("warmth", SliceState.STOPPED),
            ["warmth is stopped: all of its calls are served the standard."],
        ),
        # an arm is dropped
        (
            TESTED,
            sliced(arms=ARMS[:2]),
            ["warmth: the arm mute, 20% of the test, is served the standard; the other arms keep whom they have."],
        ),
        # more calls come in, side by side or apart
        (
            TESTED,
            sliced(ranges=((0, 5000),)),
            ["warmth takes 50% of the traffic instead of 30%; whoever took part stays in the same arm."],
        ),
        (
            TESTED,
            sliced(ranges=((0, 3000), (6000, 6550))),
            ["warmth takes 35.5% of the traffic instead of 30%; whoever took part stays in the same arm."],
        ),
        # what no verb does is said as well
        (TESTED, sliced(ranges=((1000, 5000),)), ["warmth takes other buckets: 40% of the traffic instead of 30%."]),
        (sliced(arms=ARMS[:2]), TESTED, ["warmth has an arm more: mute."]),
        # others take part
        (TESTED, sliced(condition=SELF), ["Others than before take part in warmth."]),
        # a winner goes out, further, is the standard with a holdback, and the holdback ends
        (
            ALONE,
            COMING,
            [
                comes_in("0%"),
                "5% of the agent-weeks are held back and hear version 4.",
            ],
        ),
        (
            COMING,
            replace(COMING, rollout=replace(PILOT, share=2500)),
            [comes_in("25%")],
        ),
        (
            COMING,
            replace(COMING, standard_id=2, rollout=replace(PILOT, share=0, regions=())),
            [
                "The standard script is version 5 instead of 4.",
                "5% of the agent-weeks are held back and hear version 4.",
            ],
        ),
        (COMING, ALONE, ["Nothing of warmth is coming in or held back: everybody hears the standard."]),
    ],
)
def test_each_change_is_said(before: Traffic | None, after: Traffic, said: list[str]) -> None:
    assert [str(change.what) for change in changes_between(before, after, VERSIONS)] == said


def test_words_come_by_element_old_and_new() -> None:
    (promoted,) = changes_between(ALONE, replace(ALONE, standard_id=2), VERSIONS)
    before, after = ({"en": text, "zh-CN": "您好"} for text in ("Hello.", "Good morning."))
    assert promoted.texts == (TextChange("greeting", before, after),)
    assert texts_between(says("Hello."), says("Hello.", None)) == (
        TextChange("ask", {"en": "Add us?", "zh-CN": "加个微信？"}, None),
    )
    (others,) = changes_between(ALONE, replace(ALONE, audience=SELF), VERSIONS)
    assert others.audience == ({}, SELF)


@given(traffics)
def test_traffic_that_stays_as_it_is_changes_nothing(traffic: Traffic) -> None:
    assert changes_between(traffic, Traffic.from_json(traffic.as_json()), VERSIONS) == []
