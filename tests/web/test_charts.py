import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest

from web.charts.control import control_chart, control_table, day_ticks, heights
from web.charts.data import (
    DayChart,
    DayRow,
    EffectChart,
    EffectRow,
    FunnelArm,
    FunnelBar,
    FunnelChart,
    Goodness,
    ShareChart,
    ShareRow,
)
from web.charts.effect import LOOKS, effect_chart, effect_table, point_ticks
from web.charts.embed import chart_json
from web.charts.funnel import funnel_chart, funnel_table, share_ticks
from web.charts.palette import DARK, LIGHT, Palette, swaps
from web.charts.shares import share_chart, share_table, tree_order
from web.formats import Piece, percent, pieces, signed, whole


def a_funnel(name: str = "利益先行") -> FunnelChart:
    control = FunnelArm("对照", (FunnelBar(1000, 1.0), FunnelBar(160, 0.16, 0.138, 0.184, 0.16, 840)))
    challenger = FunnelArm(name, (FunnelBar(990, 1.0), FunnelBar(198, 0.2, 0.176, 0.226, 0.2)))
    return FunnelChart("The benefit first brings more", ("已分配来电", "已邀请"), (control, challenger))


def an_effect(goodness: Goodness = "good") -> EffectChart:
    joined = EffectRow("Joined", 4.1, 2.2, 6.0, goodness, smallest=2.0)
    complaints = EffectRow("Complaints", None, None, None, "unclear", margin=0.5)
    return EffectChart("Joining improves", (joined, complaints))


def a_tree() -> ShareChart:
    enquiry = ShareRow("enquiry", "业务查询", 0.296)
    service = ShareRow("service", "业务办理", 0.2053)
    claim = ShareRow("claim", "出险报案", 0.4133, standing="unsuitable", standing_text="不适合")
    change = ShareRow("change", "保单批改", 0.121, "service", "suitable", "适合")
    return ShareChart("Half of all calls", (service, change, enquiry, claim))


def some_days() -> DayChart:
    usual = DayRow("1 Dec 2026", "1 Dec", 200, 0.41, 0.4, 0.27, 0.53, 0.402)
    closed = DayRow("2 Dec 2026", "2 Dec", 0, None, 0.4, None, None, 0.402)
    low = DayRow("3 Dec 2026", "3 Dec", 200, 0.25, 0.4, 0.27, 0.53, 0.37, "Below the limits")
    return DayChart("Accepted: a signal", (usual, closed, low))


class TestDays:
    def test_the_table_has_every_day_the_newest_first_and_a_dash_for_a_day_without_calls(self) -> None:
        rows = control_table(some_days()).rows
        assert [row[:2] for row in rows] == [
            ("3 Dec 2026", "Below the limits"), ("2 Dec 2026", "—"), ("1 Dec 2026", "—")
        ]  # fmt: skip
        assert rows[1][3:6] == ("—", "40.00%", "—")
        assert rows[2][5] == "27.00%–53.00%"

    @pytest.mark.parametrize(
        ("days", "ticks"), [(1, [0]), (8, [0, 7]), (35, [0, 7, 14, 21, 28]), (182, [0, 42, 84, 126, 168])]
    )
    def test_days_are_marked_at_whole_weeks(self, days: int, ticks: list[int]) -> None:
        assert day_ticks(days) == ticks

    @pytest.mark.parametrize(
        ("bottom", "top", "ticks"),
        [
            (0.0, 0.033, [0, 0.01, 0.02, 0.03]),
            (0.26, 0.55, [0.3, 0.4, 0.5]),
            (0.0, 0.004, [0, 0.001, 0.002, 0.003, 0.004]),
        ],
    )
    def test_shares_are_marked_at_round_distances(self, bottom: float, top: float, ticks: list[float]) -> None:
        assert heights(bottom, top) == pytest.approx(ticks)

    def test_a_day_that_showed_something_is_marked_and_none_is_not_named(self) -> None:
        assert len(control_chart(some_days()).legend[0].items) == 5
        assert len(control_chart(DayChart("Quiet", some_days().days[:2])).legend[0].items) == 4

    def test_without_a_day_there_is_nothing_to_draw(self) -> None:
        with pytest.raises(ValueError, match="days: expected at least 1"):
            control_chart(DayChart("Nothing", ()))


class TestEveryChart:
    @pytest.fixture(params=["funnel", "effect", "share", "control"])
    def drawn(self, request: pytest.FixtureRequest) -> Any:
        kinds: dict[str, Callable[[], Any]] = {
            "funnel": lambda: funnel_chart(a_funnel()),
            "effect": lambda: effect_chart(an_effect()),
            "share": lambda: share_chart(a_tree()),
            "control": lambda: control_chart(some_days()),
        }
        return kinds[request.param]()

    def test_carries_its_item_and_the_bokeh_version_that_draws_it(self, drawn: Any) -> None:
        assert json.loads(chart_json(drawn))["item"]["version"] == version("bokeh")

    def test_needs_no_evaluation_of_text_as_code(self, drawn: Any) -> None:
        assert "CustomJS" not in chart_json(drawn)

    def test_writes_nothing_slanted_and_everything_in_chinese_faces(self, drawn: Any) -> None:
        text = chart_json(drawn)
        assert "PingFang SC" in text
        assert drawn.xaxis[0].axis_label_text_font_style == "normal"

    def test_has_the_name_that_its_picture_is_saved_under(self, drawn: Any) -> None:
        assert drawn.name in {"funnel", "effects", "call-types", "control"}

    def test_draws_on_a_transparent_ground(self, drawn: Any) -> None:
        assert drawn.background_fill_color is None
        assert drawn.border_fill_color is None


class TestEmbedding:
    def test_text_cannot_end_the_script_element_that_holds_it(self) -> None:
        text = chart_json(funnel_chart(a_funnel("</script><script>alert(1)&")))
        assert not set("<>&") & set(text)
        assert "</script><script>alert(1)&" in str(json.loads(text))

    def test_every_light_colour_has_one_dark_colour(self) -> None:
        assert len(swaps()) == len(LIGHT.__slots__)

    @pytest.mark.parametrize("palette", [LIGHT, DARK])
    @pytest.mark.parametrize("role", ["ink", "soft"])
    def test_words_on_charts_reach_the_contrast_of_wcag_aa(self, palette: Palette, role: str) -> None:
        assert contrast(getattr(palette, role), palette.surface) >= 4.5

    @pytest.mark.parametrize("palette", [LIGHT, DARK])
    @pytest.mark.parametrize(
        "role", ["control_edge", "second_edge", "third_edge", "fourth_edge", "fifth_edge", "good", "bad", "unclear"]
    )
    def test_edges_and_marks_reach_the_contrast_of_graphics(self, palette: Palette, role: str) -> None:
        assert contrast(getattr(palette, role), palette.surface) >= 3

    def test_bokeh_is_not_imported_before_something_is_drawn(self) -> None:
        program = "import sys, web.charts.embed, web.charts.funnel, web.charts.effect, web.charts.shares; "
        program += "sys.exit('bokeh' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class TestFunnel:
    def test_challengers_are_hatched_and_the_control_is_not(self) -> None:
        bars = [r.glyph for r in funnel_chart(a_funnel()).renderers if type(r.glyph).__name__ == "HBar"]
        assert [bar.hatch_pattern for bar in bars] == [None, "right_diagonal_line"]

    def test_its_table_has_a_row_for_each_step_and_arm(self) -> None:
        assert funnel_table(a_funnel()).rows[2] == ("已邀请", "对照", "160", "16.0%", "[13.8%, 18.4%]", "16.0%", "840")

    def test_an_arm_without_calls_is_drawn_with_dashes(self) -> None:
        nothing = FunnelArm("B", (FunnelBar(0, None), FunnelBar(0, None)))
        data = FunnelChart("Nothing yet", ("a", "b"), (nothing,))
        assert "— (0)" in chart_json(funnel_chart(data))
        assert funnel_table(data).rows[0] == ("a", "B", "0", "—", "—", "—", "—")

    def test_an_arm_that_lacks_a_step_is_refused(self) -> None:
        with pytest.raises(ValueError, match="arm 'B': expected 2 bars, got 1"):
            funnel_chart(FunnelChart("", ("a", "b"), (FunnelArm("B", (FunnelBar(1, 1.0),)),)))

    def test_six_arms_are_refused(self) -> None:
        with pytest.raises(ValueError, match="arms: expected 1 to 5, got 6"):
            funnel_chart(FunnelChart("", (), (FunnelArm("B", ()),) * 6))

    @pytest.mark.parametrize(
        ("end", "ticks"),
        [
            (1.0, [0, 0.25, 0.5, 0.75, 1.0]),
            (0.45, [0, 0.2, 0.4]),
            (0.03, [0, 0.01, 0.02, 0.03]),
        ],
    )
    def test_ticks_are_round_and_few(self, end: float, ticks: list[float]) -> None:
        assert share_ticks(end) == ticks


class TestEffects:
    def test_shape_and_colour_both_tell_good_from_bad(self) -> None:
        assert len(set(LOOKS.values())) == len({shape for shape, _ in LOOKS.values()}) == 3

    def test_fewer_complaints_can_be_good(self) -> None:
        fewer = EffectChart("", (EffectRow("Complaints", -0.3, -0.5, -0.1, "good"),))
        drawn = [r for r in effect_chart(fewer).renderers if getattr(r.glyph, "marker", None) == "triangle"]
        assert drawn[0].data_source.data["value"] == [-0.3]

    def test_a_row_without_data_says_so(self) -> None:
        assert effect_table(an_effect()).rows[1] == ("Complaints", "may be nothing", "—", "—", "—", "+0.5 pp")

    def test_a_table_has_columns_only_for_what_some_row_has(self) -> None:
        row = EffectRow("New agents", 4.1, 2.2, 6.0, "good", beside=("1,234",))
        table = effect_table(EffectChart("For whom", (row,), beside=("Calls",)))
        assert table.columns == ("Metric", "Reading", "Difference to control", "Interval", "Calls")
        assert table.rows == (("New agents", "better", "+4.1 pp", "[+2.2, +6.0]", "1,234"),)

    def test_a_note_stands_after_the_reading(self) -> None:
        row = EffectRow("New agents", 4.1, 2.2, 6.0, "good", note="1,234 calls")
        assert "New agents   +4.1 pp   better   1,234 calls" in chart_json(effect_chart(EffectChart("", (row,))))

    def test_ticks_contain_zero(self) -> None:
        assert point_ticks(-2.4, 6.5) == [-2, 0, 2, 4, 6]

    def test_no_row_is_refused(self) -> None:
        with pytest.raises(ValueError, match="rows: expected at least 1"):
            effect_chart(EffectChart("", ()))


class TestShares:
    def test_children_follow_their_parent_and_siblings_go_from_wide_to_narrow(self) -> None:
        order = [(row.key, depth) for row, depth in tree_order(a_tree().rows)]
        assert order == [("claim", 0), ("enquiry", 0), ("service", 0), ("change", 1)]

    def test_the_table_names_the_standing(self) -> None:
        assert share_table(a_tree()).rows[0] == ("出险报案", "不适合", "41.33%", "—")

    def test_a_missing_parent_is_refused_by_name(self) -> None:
        with pytest.raises(ValueError, match="lost"):
            tree_order((ShareRow("a", "a", 0.1), ShareRow("lost", "x", 0.1, parent="nobody")))


class TestFormats:
    @pytest.mark.parametrize(
        ("share", "text"),
        [
            (0.4133, "41.3%"),
            (0.0, "0%"),  # nothing at all
            (0.0001, "<0.1%"),  # something, however little, is never nothing
            (0.9999, ">99.9%"),
            (1.0, "100%"),
            (None, "—"),
            (float("nan"), "—"),
        ],
    )
    def test_shares(self, share: float | None, text: str) -> None:
        assert percent(share) == text

    @pytest.mark.parametrize(("points", "text"), [(4.1, "+4.1"), (-0.26, "−0.3"), (0.01, "0.0"), (None, "—")])
    def test_differences_bear_their_sign(self, points: float | None, text: str) -> None:
        assert signed(points) == text

    def test_counts_are_grouped(self) -> None:
        assert whole(12345) == "12,345"

    def test_the_pieces_make_both_texts_again(self) -> None:
        before, after = "另外，您方便加一下企业微信吗？", "下次批改一分钟办好：您方便加一下企业微信吗？"
        found = pieces(before, after)
        assert "".join(p.text for p in found if p.kind != "added") == before
        assert "".join(p.text for p in found if p.kind != "removed") == after

    def test_single_shared_characters_do_not_splinter_a_change(self) -> None:
        assert pieces("a b c", "x b y") == (Piece("removed", "a b c"), Piece("added", "x b y"))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
