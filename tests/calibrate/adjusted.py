"""The units' past taken off, for few and unequal agents: false positives, intervals, and what is gained."""

from functools import partial

import numpy as np

from stats.adjusting.covariates import Covariate
from stats.adjusting.cuped import adjust_ratios, adjusted_totals
from stats.clusters.randomisation import permutation_test
from stats.moments import Pairs
from tests.calibrate.rows import Row, Task, counted, generator, scaled

ALPHA, AGENTS, ICCS = 0.05, (12, 20, 40), (0.02, 0.2)


def month(agents: int, icc: float, random: np.random.Generator) -> tuple[Pairs, Pairs]:
    """Draw outcomes and past of agents as unequal as 5 to 4500 calls; one in ten is new."""
    calls = np.clip(np.rint(random.lognormal(np.log(260), 1.4, agents)), 5, 4500).astype(int)
    before = np.rint(calls * random.lognormal(0, 0.3, agents)).astype(int) * (random.random(agents) > 0.1)
    strength = (1 - icc) / icc
    rates = random.beta(0.2 * strength, 0.8 * strength, agents)
    now, past = random.binomial(calls, rates), random.binomial(before, rates)
    return list(zip(now.tolist(), calls.tolist(), strict=True)), list(zip(past.tolist(), before.tolist(), strict=True))


def nothing(agents: int, icc: float, effort: float) -> list[Row]:
    """Give how often nothing is called an effect, by the regression and by dealing the adjusted totals again."""
    runs, random, half = scaled(1500, effort), generator("adjusted", agents, icc), agents // 2
    by_t = dealt = 0
    gained = []
    for seed in range(runs):
        outcomes, past = month(agents, icc, random)
        covariate = Covariate(past[:half], past[half:], fixed_until=1, assigned_from=2)
        found = adjust_ratios(outcomes[:half], outcomes[half:], covariate, alpha=ALPHA)
        left = adjusted_totals(outcomes[:half], outcomes[half:], covariate)
        by_t += found.comparison.p_value <= ALPHA
        dealt += permutation_test(left.control, left.challenger, draws=199, seed=seed) <= ALPHA
        gained.append(found.variance_reduction)
    part, name = "The units' past taken off, false positives at 5 %", f"{agents} agents, ICC {icc:g}"
    note = f"variance less by {100 * np.nanmedian(gained):.0f} % (median)"
    return [
        counted(part, f"{name}, adjusted totals dealt again", dealt, runs, most=ALPHA, note=note),
        counted(part, f"{name}, adjusted CR2", by_t, runs, most=0.06 if agents >= 40 else np.inf),
    ]


TASKS: tuple[Task, ...] = tuple(
    Task(f"adjusted {agents} {icc}", partial(nothing, agents, icc)) for agents in AGENTS for icc in ICCS
)
