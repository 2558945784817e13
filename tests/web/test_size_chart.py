"""The chart of days against the smallest effect, and its table."""

import json

import pytest
from apiflask import APIFlask

from experiments.do.assignments import Floor
from tests.web.visitors import a_visitor
from web.charts.embed import chart_json
from web.charts.sizes import SizeChart, SizeCurve, size_chart, size_table

DATA = SizeChart(
    title="To find 3 points",
    effects=("1.5", "3", "6"),
    curves=(
        SizeCurve("Call", (700, 80, 20)),
        SizeCurve("Agent", (None, None, None)),
        SizeCurve("Shift", (900, 90, 22)),
    ),
    chosen=1,
    plan=0,
    window=28,
)


def test_shows_what_answers_and_leaves_out_what_never_does() -> None:
    drawn = json.loads(chart_json(size_chart(DATA)))["item"]
    legend = json.dumps(drawn)
    assert [name in legend for name in ('"Call"', '"Agent"', '"Shift"', '"This plan"')] == [True, False, True, True]


def test_cuts_off_what_takes_longer_than_anybody_waits() -> None:
    assert size_chart(DATA).y_range.end == pytest.approx(1.06 * 112)


def test_says_the_same_as_a_table() -> None:
    assert size_table(DATA).rows == (("1.5", "700", "—", "900"), ("3", "80", "—", "90"), ("6", "20", "—", "22"))


def test_needs_an_effect() -> None:
    with pytest.raises(ValueError, match="effects"):
        size_chart(SizeChart("", (), (), 0, None, 28))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "effects=0.05&chosen=0&plan=call",  # no curve
        "effects=0.05&chosen=1&call=20",  # no such place
        "effects=0.05,0.1&chosen=0&call=20",  # a day is missing
        "effects=nan&chosen=0&call=20",
        "effects=0.05&chosen=0&call=-3",
        "effects=" + ",".join(["0.05"] * 40) + "&chosen=0&call=" + ",".join(["20"] * 40),
    ],
)
def test_an_address_that_tells_no_curves_is_refused(app: APIFlask, floor: Floor, address: str) -> None:
    lead = a_visitor(app, floor, "lead")
    assert lead.get("/studio/pictures/sizes.json?effects=0.05,0.1&chosen=1&plan=call&call=40,").status_code == 200
    refused = lead.get(f"/studio/pictures/sizes.json?{address}")
    assert (refused.status_code, "tells no curves" in refused.text) == (422, True)
