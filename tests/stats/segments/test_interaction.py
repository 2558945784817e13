"""Interactions and forests: metafor's published trials, scipy's Welch test, simulation, and laws."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats as scipy_stats

from stats.arms.proportions import compare_proportions
from stats.arms.ratios import compare_ratios
from stats.comparison import Comparison
from stats.moments import Counts, Moments
from stats.segments.forest import forest
from stats.segments.interaction import Effect, contrast, interaction

TRIALS = [  # dat.bcg of R's metafor (Colditz et al. 1994, JAMA 271:698): vaccinated ill and well, control ill and well
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]
effects = st.lists(st.builds(Effect, st.floats(-1, 1), st.floats(0.01, 4), st.floats(1, 500)), min_size=2, max_size=6)


def test_of_thirteen_trials_is_metafors() -> None:
    # rma(yi, vi, data = escalc("RR", tpos, tneg, cpos, cneg), method = "FE"): Q(12) = 152.2330, -0.4303 (0.0405)
    found = interaction(
        [
            Effect(math.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
            for a, b, c, d in TRIALS
        ]
    )
    assert (round(found.q, 4), found.degrees_of_freedom) == (152.2330, 12)
    assert (round(found.common, 4), round(found.common_standard_error, 4)) == (-0.4303, 0.0405)
    assert found.p_value == pytest.approx(scipy_stats.chi2.sf(152.2330, 12), rel=1e-3)
    assert found.denominator_degrees_of_freedom == math.inf


@pytest.mark.parametrize("sizes", [(5, 9), (4, 7, 12), (30, 3, 8, 11)])
def test_few_units_give_welchs_f(sizes: tuple[int, ...]) -> None:
    random = np.random.default_rng(sum(sizes))
    groups = [random.normal(0.4 * place, 1 + place, size) for place, size in enumerate(sizes)]
    oracle = scipy_stats.f_oneway(*groups, equal_var=False)
    found = interaction([Effect(float(g.mean()), float(g.var(ddof=1)) / len(g), len(g) - 1) for g in groups])
    assert found.p_value == pytest.approx(oracle.pvalue)


@given(effects)
def test_two_segments_are_their_contrast(segments: list[Effect]) -> None:
    a, b = segments[:2]
    found, between = interaction([a, b]), contrast(a, b)
    assert found.p_value == pytest.approx(between.p_value, rel=1e-6)
    assert found.denominator_degrees_of_freedom == pytest.approx(between.degrees_of_freedom)


def test_a_contrast_is_welchs_t_test() -> None:
    random = np.random.default_rng(1)
    old, new = random.normal(0, 1, 9), random.normal(1, 2, 6)
    oracle = scipy_stats.ttest_ind(new, old, equal_var=False)
    found = contrast(*(Effect(float(g.mean()), float(g.var(ddof=1)) / len(g), len(g) - 1) for g in (old, new)))
    bounds = oracle.confidence_interval(0.95)
    assert (found.p_value, found.low, found.high) == pytest.approx((oracle.pvalue, bounds.low, bounds.high))


@given(effects)
def test_effects_moved_together_differ_as_before(segments: list[Effect]) -> None:
    moved = [Effect(effect.difference + 5, effect.variance, effect.degrees_of_freedom) for effect in segments]
    there, back = interaction(segments), interaction(moved)
    assert back.q == pytest.approx(there.q, abs=1e-9, rel=1e-6)
    assert back.common == pytest.approx(there.common + 5)


def test_significant_here_and_not_there_is_no_interaction() -> None:
    here, there = Effect(0.25, 0.1**2), Effect(0.10, 0.1**2)  # Gelman & Stern's example: z of 2.5, 1.0, and 1.1 between
    assert contrast(there, here).p_value == pytest.approx(2 * scipy_stats.norm.sf(1.0607), rel=1e-3)
    assert interaction([here, there]).p_value > 0.25


@pytest.mark.parametrize(
    "lost",
    [
        Effect(math.nan, 0.1),  # an empty arm
        Effect(0.3, math.nan),  # one unit
        Effect(0.3, 0.0),  # no spread seen
        Effect(0.3, 0.1, math.nan),  # an error of which nothing is known
    ],
)
def test_a_segment_of_which_nothing_is_known_is_left_out_and_counted(lost: Effect) -> None:
    rest = [Effect(0.1, 0.01), Effect(0.4, 0.02)]
    found = interaction([*rest, lost])
    assert (found.p_value, found.unknown) == (interaction(rest).p_value, 1)
    assert math.isnan(contrast(rest[0], lost).p_value)


def test_one_segment_has_no_interaction() -> None:
    found = interaction([Effect(0.1, 0.01)])
    assert math.isnan(found.p_value)
    assert (found.common, found.common_standard_error) == pytest.approx((0.1, 0.1))
    assert math.isnan(interaction([]).common)


@pytest.mark.parametrize(
    ("variance", "df", "message"),
    [(-1, 5, "variance is -1, must be >= 0"), (1, 0, "degrees_of_freedom is 0, must be > 0")],
)
def test_what_is_no_variance_is_refused(variance: float, df: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Effect(0.1, variance, df)


def test_effects_alike_in_truth_are_said_to_differ_one_time_in_twenty() -> None:
    random = np.random.default_rng(6)
    alarms = 0
    for _ in range(1500):
        x = random.binomial([[300, 300], [800, 200], [150, 400]], [[0.1, 0.13], [0.2, 0.23], [0.3, 0.33]])
        pairs = zip([(300, 300), (800, 200), (150, 400)], x.tolist(), strict=True)
        segments = []
        for (n, m), (a, b) in pairs:
            p, q = a / n, b / m
            segments.append(Effect(q - p, p * (1 - p) / n + q * (1 - q) / m))
        alarms += interaction(segments).p_value < 0.05
    assert alarms / 1500 == pytest.approx(0.05, abs=0.015)


# --- the forest

SEGMENTS = [
    compare_proportions(Counts(900, 90), Counts(900, 130)),
    compare_proportions(Counts(400, 80), Counts(420, 95)),
    compare_proportions(Counts(700, 70), Counts(650, 90)),
]


def test_effects_are_taken_from_comparisons() -> None:
    found = Effect.of(SEGMENTS[0])
    assert (found.difference, found.variance) == (SEGMENTS[0].difference, SEGMENTS[0].standard_error ** 2)
    assert found.degrees_of_freedom == math.inf


def test_simultaneous_intervals_of_a_t_are_those_at_the_segments_own_alpha() -> None:
    a, b = Moments.of([(3, 30), (8, 51), (5, 44), (2, 30)]), Moments.of([(9, 40), (7, 35), (12, 60)])
    rows = forest([compare_ratios(a, b)] * 4, method="bonferroni")
    exact = compare_ratios(a, b, alpha=0.05 / 4)
    assert (rows[0].low, rows[0].high) == pytest.approx((exact.low, exact.high))


def test_simultaneous_score_intervals_are_close_to_those_at_the_segments_own_alpha() -> None:
    row = forest(SEGMENTS, method="bonferroni")[0]
    exact = compare_proportions(Counts(900, 90), Counts(900, 130), alpha=0.05 / 3)
    assert (row.low, row.high) == pytest.approx((exact.low, exact.high), abs=2e-4)


def test_independent_segments_need_less_than_bonferroni() -> None:
    sidak, dunn = forest(SEGMENTS)[0], forest(SEGMENTS, method="bonferroni")[0]
    assert dunn.low < sidak.low < SEGMENTS[0].low < SEGMENTS[0].high < sidak.high < dunn.high


def test_p_is_holms() -> None:
    p = sorted(comparison.p_value for comparison in SEGMENTS)
    rows = forest(SEGMENTS)
    assert min(row.adjusted_p for row in rows) == pytest.approx(3 * p[0])
    assert max(row.adjusted_p for row in rows) == pytest.approx(max(p[2], 2 * p[1], 3 * p[0]))


def test_an_unknown_segment_counts_and_stays_unknown() -> None:
    empty = compare_proportions(Counts(0, 0), Counts(9, 3))
    rows = forest([SEGMENTS[0], empty])
    assert math.isnan(rows[1].low)
    assert math.isnan(rows[1].adjusted_p)
    assert rows[0].adjusted_p == pytest.approx(2 * SEGMENTS[0].p_value)


def test_all_intervals_hold_at_once_as_often_as_stated() -> None:
    random = np.random.default_rng(8)

    def segment(z: float) -> Comparison:
        return Comparison(0, z, z, z - 1.959964, z + 1.959964, 0.5, 1, 0.95, None, None, None, "score", None, 9, 9)

    held = [
        all(row.low <= 0 <= row.high for row in forest([segment(z) for z in zs]))
        for zs in random.normal(0, 1, (2000, 5))
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_no_segments_make_no_forest() -> None:
    assert forest([]) == ()


def test_what_forest_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="method is 'scheffe', must be 'max-z' or 'bonferroni'"):
        forest(SEGMENTS, method="scheffe")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="alpha is 1, must be > 0 and < 1"):
        forest(SEGMENTS, alpha=1)
