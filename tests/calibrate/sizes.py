"""Power at the planned size: 80 % is promised, and the tests that will be made are made."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats as scipy_stats

from stats.arms.proportions import compare_proportions
from stats.arms.ratios import compare_ratios
from stats.clusters.cr2 import compare_clusters
from stats.clusters.randomisation import permutation_test
from stats.comparison import non_inferior
from stats.moments import Counts, Moments
from stats.sizing import clusters, means, proportions
from stats.sizing.joint import Guardrail, Primary, calls_for_all
from stats.sizing.outcomes import Mean, Share
from stats.sizing.spreads import spread_of_shifts, spread_of_units
from tests.calibrate.planned import score_p
from tests.calibrate.rows import Row, Task, counted, generator, scaled

PART = "Sizes, power at the planned size"
ALPHA, POWER = 0.05, 0.8
RUNS, RUNS_OF_UNITS = 40_000, 4_000
DRAWS = 999  # of the permutation test: so few cost a little power
FEW = 40
SLACK = 0.03  # of a dozen agents: what moderate inequality costs beyond the design effect and the t distribution

RATES = ((0.1, 0.02, (1, 1)), (0.02, 0.01, (4, 1)), (0.4, -0.05, (2, 1)))
MEANS = ((110.0, 10.0, (1, 1)), (110.0, 100.0, (1, 1)), (110.0, 100.0, (4, 1)))
AGENTS = tuple(
    (agents, spread, icc) for agents in (12, 20, 40) for spread, icc in ((0.5, 0.05), (1.0, 0.02), (1.4, 0.1))
)
SHIFTS = ((12, 0.05, 0.02), (20, 0.1, 0.05), (40, 0.05, 0.05))
SD = 110.0


def of_rates(base: float, effect: float, weights: tuple[int, ...], runs: int, random: np.random.Generator) -> int:
    """Count the experiments whose score test finds the planned effect."""
    n = proportions.calls_per_arm(base, effect, alpha=ALPHA, power=POWER, weights=weights)
    x = random.binomial(n, (base, base + effect), (runs, 2)).astype(np.float64)
    p = score_p(np.tile(np.asarray(n, dtype=np.float64), (runs, 1)), x)
    return int(((p <= ALPHA) & (np.sign(x[:, 1] / n[1] - x[:, 0] / n[0]) == np.sign(effect))).sum())


def of_rates_not_worse(
    base: float, margin: float, weights: tuple[int, ...], runs: int, random: np.random.Generator
) -> int:
    """Count the experiments that clear a guardrail without a difference, lower being better."""
    n = proportions.non_inferiority_calls(base, margin, alpha=ALPHA, power=POWER, weights=weights, better="lower")
    return sum(not_worse(n, x, margin) for x in random.binomial(n, base, (runs, 2)).tolist())


def not_worse(n: Sequence[int], x: Sequence[int], margin: float) -> bool:
    """Ask the product itself."""
    found = compare_proportions(Counts(n[0], x[0]), Counts(n[1], x[1]), alpha=ALPHA)
    return non_inferior(found, margin, "lower") is True


def of_means(sd: float, effect: float, weights: tuple[int, ...], runs: int, random: np.random.Generator) -> int:
    """Count the experiments whose Welch test finds the planned effect."""
    n = means.units_per_arm(sd, effect, alpha=ALPHA, power=POWER, weights=weights)
    found = 0
    for _ in range(20):
        arms = (random.normal(shift, sd, (runs // 20, units)) for shift, units in zip((0, effect), n, strict=True))
        control, challenger = arms
        test = scipy_stats.ttest_ind(challenger, control, axis=1, equal_var=False)
        found += int(((test.pvalue <= ALPHA) & (test.statistic > 0)).sum())
    return found


def of_agents(agents: int, spread: float, icc: float, runs: int, random: np.random.Generator) -> int:
    """Count the experiments on whole agents that find the planned effect, by the test that decides for so many.

    Agents' calls are lognormal, half of the agents fall to each arm, and an agent's rate is beta with the ICC.
    """
    shape = np.exp(spread * special.ndtri((np.arange(agents) + 0.5) / agents))
    shape /= shape.mean()
    spreads, arms, base = spread_of_units(icc, cv=float(shape.std())), (agents // 2, agents - agents // 2), 0.2
    # a little more than the smallest effect, which by definition needs exactly the 300 calls it was asked for
    effect = 1.05 * clusters.smallest_effect(Share(base), spreads, arms, 300, alpha=ALPHA, power=POWER)
    calls = clusters.calls_per_unit(Share(base), effect, spreads, arms, alpha=ALPHA, power=POWER)
    assert calls is not None
    sizes = np.maximum(np.rint(shape * calls), 1).astype(np.int64)
    return sum(found_by_agents(sizes, base, effect, icc, random) for _ in range(runs))


def found_by_agents(
    sizes: NDArray[np.int64], base: float, effect: float, icc: float, random: np.random.Generator
) -> bool:
    """Deal the agents once, and say whether the effect is found."""
    challenger = random.permutation(len(sizes)) < len(sizes) // 2
    rates, strength = base + effect * challenger, (1 - icc) / icc
    accepted = random.binomial(sizes, random.beta(rates * strength, (1 - rates) * strength))
    a, b = (list(zip(accepted[arm].tolist(), sizes[arm].tolist(), strict=True)) for arm in (~challenger, challenger))
    cr2 = compare_clusters(a, b, alpha=ALPHA)
    p = cr2.p_value if len(sizes) >= FEW else permutation_test(a, b, draws=DRAWS)
    return p <= ALPHA and cr2.difference > 0


def of_shifts(agents: int, shift_icc: float, agent_icc: float, runs: int, random: np.random.Generator) -> int:
    """Count the switchbacks that find the planned effect, by the t test within agents.

    The mean of a call by the model itself: agent + shift + call, all normal, 25 calls in every shift.
    """
    calls, sd = 25, 100.0
    spread = spread_of_shifts(shift_icc, agent_icc, agents=agents)
    effect = clusters.smallest_effect(Mean(sd), spread, (5 * agents, 5 * agents), calls, alpha=ALPHA, power=POWER)
    planned = clusters.units_per_arm(Mean(sd), effect, spread, calls, alpha=ALPHA, power=POWER)
    assert planned == (5 * agents, 5 * agents)
    own = sd * np.sqrt(shift_icc - agent_icc + (1 - shift_icc) / calls)
    level = random.normal(0, sd * agent_icc**0.5, (runs, agents, 1, 1))
    y = level + random.normal(0, own, (runs, agents, 2, 5))
    y[:, :, 1] += effect
    within = y - y.mean(axis=(2, 3), keepdims=True)
    arms = within.mean(axis=(1, 3))
    rest = ((within - arms[:, None, :, None]) ** 2).sum(axis=(1, 2, 3))
    df = 10 * agents - agents - 1
    t = (arms[:, 1] - arms[:, 0]) / np.sqrt(rest / df * 2 / (5 * agents))
    return int((t >= scipy_stats.t.ppf(1 - ALPHA / 2, df)).sum())


def of_all(correlation: float, runs: int, random: np.random.Generator) -> int:
    """Count the experiments that show everything: a rate better, another rate and a mean not worse.

    Outcomes of a call are normals with this correlation in absolute value, cut at the rates. When it is negative, the
    call that persuades is the call that harms, and the plan relies on nothing.
    """
    primary, rate, amount = Primary(Share(0.1), 0.03), Guardrail(Share(0.05), 0.02, "lower"), Guardrail(Mean(SD), 14.0)
    planned = calls_for_all(
        primary, [rate, amount], alpha=ALPHA, power=POWER, correlation=None if correlation < 0 else 0.0
    )
    n, found = planned.calls, 0
    for _ in range(runs):
        x, y, values = zip(
            *(_calls_of_one_arm(n[arm], primary.effect * arm, correlation, random) for arm in (0, 1)), strict=True
        )
        better = compare_proportions(Counts(n[0], x[0]), Counts(n[1], x[1]), alpha=ALPHA)
        kept = compare_ratios(*values, alpha=ALPHA)
        found += (
            better.p_value <= ALPHA
            and better.difference > 0
            and not_worse(n, y, rate.margin)
            and non_inferior(kept, amount.margin, "higher") is True
        )
    return found


def _calls_of_one_arm(
    n: int, effect: float, correlation: float, random: np.random.Generator
) -> tuple[int, int, Moments]:
    """Draw how many accepted, how many were harmed, and the amounts."""
    common, own = random.standard_normal(n) * abs(correlation) ** 0.5, (1 - abs(correlation)) ** 0.5
    accepting, content, amount = (common + random.standard_normal(n) * own for _ in range(3))
    turned = -1 if correlation < 0 else 1
    accepted = int((accepting > special.ndtri(0.9 - effect)).sum())
    harmed = int((turned * content < special.ndtri(0.05)).sum())
    values = turned * amount * SD
    return accepted, harmed, Moments(n, float(values.sum()), n, float((values**2).sum()), n, float(values.sum()))


def measure(
    what: str, found: Callable[[int, np.random.Generator], int], runs: int, least: float, effort: float
) -> list[Row]:
    """Give the power of one plan."""
    scaled_runs = scaled(runs, effort)
    scaled_runs -= scaled_runs % 20
    return [counted(PART, what, found(scaled_runs, generator("sizes", what)), scaled_runs, least=least)]


def _task(what: str, found: Callable[[int, np.random.Generator], int], runs: int, least: float = POWER) -> Task:
    return Task(f"sizes {what}", partial(measure, what, found, runs, least))


TASKS: tuple[Task, ...] = (
    *(_task(f"{100 * b:g} % {100 * e:+g}, {w[0]} : {w[1]}", partial(of_rates, b, e, w), RUNS) for b, e, w in RATES),
    *(
        _task(
            f"{100 * b:g} % not worse by {100 * abs(e):g}, {w[0]} : {w[1]}",
            partial(of_rates_not_worse, b, abs(e), w),
            RUNS // 4,
        )
        for b, e, w in RATES
    ),
    *(_task(f"mean +{e:g}, sd {sd:g}, {w[0]} : {w[1]}", partial(of_means, sd, e, w), RUNS // 4) for sd, e, w in MEANS),
    *(
        _task(
            f"{agents} agents, calls e^{spread:g}, ICC {icc:g}",
            partial(of_agents, agents, spread, icc),
            RUNS_OF_UNITS,
            POWER - SLACK * (agents == min(AGENTS)[0]),
        )
        for agents, spread, icc in AGENTS
    ),
    *(
        _task(f"{agents} agents' shifts, ICC {a:g}, of agents {b:g}", partial(of_shifts, agents, a, b), RUNS)
        for agents, a, b in SHIFTS
    ),
    *(
        _task(f"a primary and two guardrails, calls correlated {r:g}", partial(of_all, r), RUNS_OF_UNITS)
        for r in (0.0, 0.5, -0.5)
    ),
)
