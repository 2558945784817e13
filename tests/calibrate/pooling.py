"""Effects over few experiments, and agents over few calls: do the intervals hold what they promise?"""

from functools import partial

import numpy as np

from stats.moments import Counts
from stats.pooling.meta import Effect, pool
from stats.pooling.rates import shrink_rates
from stats.pooling.shrinkage import shrink
from tests.calibrate.rows import Row, Task, counted, generator, scaled

MEAN, TYPICAL = 1.0, 1.0
HETEROGENEITY = (0.0, 0.5, 0.8)
"""I squared: of the variance between measured effects, the share that is not sampling."""

EXPERIMENTS = (3, 5, 10, 25)
CENTRES = ((12, 0.05), (40, 0.02), (40, 0.2))


def effects(experiments: int, i_squared: float, effort: float) -> list[Row]:
    """Give how often the intervals of the mean, of a next experiment and of the shrunken effects hold."""
    runs = scaled(1500, effort)
    random = generator("pooled", experiments, i_squared)
    tau = np.sqrt(TYPICAL * i_squared / (1 - i_squared))
    mean = ahead = drawn = 0
    for _ in range(runs):
        variance = TYPICAL * random.uniform(0.3, 1.7, experiments)  # experiments are not of one size
        truth = random.normal(MEAN, tau, experiments)
        measured = [
            Effect(*each)
            for each in zip(random.normal(truth, np.sqrt(variance)).tolist(), variance.tolist(), strict=True)
        ]
        found = pool(measured)
        mean += found.low <= MEAN <= found.high
        ahead += found.prediction_low <= random.normal(MEAN, tau) <= found.prediction_high
        drawn += sum(one.low <= effect <= one.high for one, effect in zip(shrink(measured, found), truth, strict=True))
    part = "Effects over experiments at 95 %, coverage"
    name = f"{experiments} experiments, I² {100 * i_squared:g} %"
    return [
        counted(part, f"{name}, mean", mean, runs, least=0.94),
        counted(part, f"{name}, next experiment", ahead, runs, least=0.88),
        counted(part, f"{name}, shrunken effects", drawn, runs * experiments, least=0.88),
    ]


def agents(units: int, icc: float, effort: float) -> list[Row]:
    """Give how often the intervals of agents' rates hold, over agents as unequal as they come."""
    runs = scaled(300, effort)
    random = generator("agents' rates", units, icc)
    size = 1 / icc - 1
    held = 0
    for _ in range(runs):
        truth = random.beta(0.2 * size, 0.8 * size, units)
        n = np.exp(random.uniform(np.log(3), np.log(886), units)).astype(int)
        counts = [Counts(*each) for each in zip(n.tolist(), random.binomial(n, truth).tolist(), strict=True)]
        found = shrink_rates(counts).agents
        held += sum(agent.low <= rate <= agent.high for agent, rate in zip(found, truth, strict=True))
    part = "Agents' rates drawn together at 95 %, coverage over agents of 3 to 886 calls"
    return [counted(part, f"{units} agents, ICC {icc:g}", held, runs * units, least=0.93, most=0.97)]


TASKS: tuple[Task, ...] = (
    *(
        Task(f"pooled {experiments} {i_squared}", partial(effects, experiments, i_squared))
        for experiments in EXPERIMENTS
        for i_squared in HETEROGENEITY
    ),
    *(Task(f"agents' rates {units} {icc}", partial(agents, units, icc)) for units, icc in CENTRES),
)
