"""Agents dealt by a registered list of balanced deals, and shifts that change arm: what goes wrong by chance alone."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from stats.clusters.balance import choose_deals
from stats.clusters.cr2 import compare_clusters
from stats.clusters.icc import clustering_of_proportions
from stats.clusters.randomisation import randomisation_test
from stats.clusters.studentised import absolute_t, as_extreme, columns
from stats.clusters.switchback import Shift, carry_over, compare_shifts
from stats.clusters.within import Blocks
from tests.calibrate.rows import Row, Task, counted, generator, scaled

ALPHA, RATE = 0.05, 0.2
AGENTS, ICCS = (12, 20, 40), (0.02, 0.1, 0.2)
RUNS, SHIFT_RUNS, INTERVAL_RUNS = 4000, 1200, 400
CANDIDATES, KEPT = 4000, 1000
WORLDS = 40
"""Teams of agents, each with its own list; their months are shared out evenly."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Team:
    """Agents whose skill stays, and the deals that balance them on last month's rate and calls."""

    calls: Ints
    skill: Floats
    deals: Ints

    def month(self, random: np.random.Generator, gain: Floats | float = 0.0) -> Ints:
        """Draw what the agents sell: calls x asking x succeeding, the product being beta, plus what an arm gains."""
        return random.binomial(self.calls, np.clip(self.skill + gain, 0, 1))


def a_team(agents: int, icc: float, random: np.random.Generator, weights: tuple[int, ...] = (1, 1)) -> Team:
    """Draw agents of 3 to 886 results a month, and keep the better third of 4000 deals, 1000 at most.

    Twelve agents have some 800 in their list.
    """
    calls = np.rint(random.permutation(np.geomspace(15, 4430, agents))).astype(np.int64)
    strength = (1 - icc) / icc
    skill = random.beta(RATE * strength, (1 - RATE) * strength, agents)
    before = np.column_stack([random.binomial(calls, skill) / calls, calls])
    deals = random.choice(len(weights), size=(CANDIDATES, agents), p=np.array(weights) / sum(weights))
    kept = choose_deals(deals, before, weights, share=0.33, keep=KEPT).kept
    return Team(calls, skill, deals[list(kept)])


def p_of(y: Ints, x: Ints, deals: Ints, observed: int, blocks: Blocks) -> float:
    """Return the p of `randomisation_test` for two arms, without its interval."""
    sums = columns(blocks.residuals(y.astype(np.float64)), x.astype(np.float64))
    t = absolute_t((deals == 0) @ sums, (deals == 1) @ sums)
    return as_extreme(t, float(t[observed])) / len(deals)


def pairs(y: Ints, x: Ints) -> list[tuple[float, float]]:
    return list(zip(y.tolist(), x.tolist(), strict=True))


def listed(agents: int, icc: float, effort: float) -> list[Row]:
    """Give false positives of the test over the registered list, and of CR2 on the same months."""
    random, runs = generator("listed", agents, icc), scaled(RUNS, effort)
    teams = [a_team(agents, icc, random) for _ in range(min(WORLDS, runs))]
    alarms, believed, most, least = 0, 0, [], []
    for run in range(runs):
        team = teams[run % len(teams)]
        y, observed = team.month(random), int(random.integers(len(team.deals)))
        alarms += p_of(y, team.calls, team.deals, observed, Blocks((), team.calls.astype(np.float64))) <= ALPHA
        arms = [pairs(y[team.deals[observed] == arm], team.calls[team.deals[observed] == arm]) for arm in (0, 1)]
        believed += compare_clusters(*arms).p_value <= ALPHA
        most.append(y.max())
        least.append(y.min())
    part, name = (
        "Agents dealt by a registered list of up to 1000 deals, false positives at 5 %",
        f"{agents} agents, ICC {icc:g}",
    )
    note = f"results {np.median(most):.0f} : {np.median(least):.0f} (medians)"
    return [
        counted(part, name, alarms, runs, most=ALPHA, note=note),
        counted(part, f"{name}, CR2 reported beside it", believed, runs),
    ]


def three_arms(effort: float) -> list[Row]:
    """Give false positives of the first challenger, which does nothing, beside a second that does much."""
    random, runs, rows = generator("three arms"), scaled(RUNS // 5, effort), []
    for gain in (0.0, 0.3):
        teams = [a_team(24, 0.1, random, (1, 1, 1)) for _ in range(min(WORLDS, runs))]
        alarms = 0
        for run in range(runs):
            team = teams[run % len(teams)]
            observed = int(random.integers(len(team.deals)))
            y = team.month(random, gain * (team.deals[observed] == 2))
            alarms += randomisation_test(pairs(y, team.calls), team.deals, observed).p_value <= ALPHA
        what = f"24 agents in 3 arms, the other challenger gains {100 * gain:g} points"
        part = "Agents dealt by a registered list of up to 1000 deals, false positives at 5 %"
        rows.append(counted(part, what, alarms, runs, most=0.06))
    return rows


def intervals(agents: int, effort: float) -> list[Row]:
    """Give how often the interval of the test holds a gain of 5 points, and the interval of ICC the true one."""
    random, runs, icc, gain = generator("intervals", agents), scaled(INTERVAL_RUNS, effort), 0.1, 0.05
    held, alike = 0, 0
    for run in range(runs):
        if run % 10 == 0:
            team = a_team(agents, icc, random)
        observed = int(random.integers(len(team.deals)))
        y = team.month(random, gain * team.deals[observed])
        found = randomisation_test(pairs(y, team.calls), team.deals, observed)
        held += found.low <= gain <= found.high
        fresh = a_month_of_strangers(agents, icc, random)
        clustering = clustering_of_proportions(fresh)
        alike += clustering.low <= icc <= clustering.high
    part = "Unequal agents, coverage of 95 % intervals"
    return [
        counted(part, f"{agents} agents, gain of 5 points, randomisation test turned about", held, runs, least=0.93),
        counted(part, f"{agents} agents, ICC {icc:g}, Wald's F", alike, runs, least=0.9),
    ]


def a_month_of_strangers(agents: int, icc: float, random: np.random.Generator) -> list[tuple[float, float]]:
    calls = np.rint(np.geomspace(15, 4430, agents)).astype(np.int64)
    strength = (1 - icc) / icc
    return pairs(random.binomial(calls, random.beta(RATE * strength, (1 - RATE) * strength, agents)), calls)


@dataclass(frozen=True, slots=True)
class Roster:
    """Shifts of agents: who, when, how many calls, at which rate without any arm's doing."""

    agent: Ints
    day: Ints
    block: Ints
    calls: Ints
    rate: Floats


def a_roster(agents: int, shifts: int, random: np.random.Generator) -> Roster:
    """Draw agents who differ, weekdays and half-days that differ, and shifts that have good and bad hours."""
    agent, day = np.repeat(np.arange(agents), shifts), np.tile(np.arange(shifts), agents)
    level = random.beta(0.2 * 9, 0.8 * 9, agents)[agent] + random.normal(0, 0.04, 10)[day % 10]
    rate = np.clip(level + random.normal(0, 0.04, len(agent)), 0.01, 0.99)
    busy = random.lognormal(2.7, 0.8, agents)[agent]
    return Roster(agent, day, day % 10, 1 + random.poisson(busy), rate)


def shifts_of(roster: Roster, arms: Ints, y: Ints) -> list[Shift]:
    table = (roster.agent, roster.day, roster.block, arms, y, roster.calls)
    return [Shift(*row) for row in zip(*(column.tolist() for column in table), strict=True)]


def switched(agents: int, shifts: int, effort: float) -> list[Row]:
    """Give false positives of CR2 and of the list within blocks and agents, and false alarms of the carry-over check.

    The carry-over check is asked of shifts in which the challenger gains 5 points, and leaves nothing behind.
    """
    random, runs = generator("switched", agents), scaled(SHIFT_RUNS, effort)
    alarms, listed, carried = 0, 0, 0
    for _ in range(runs):
        roster = a_roster(agents, shifts, random)
        deals = random.integers(0, 2, (400, agents * shifts))
        y = random.binomial(roster.calls, roster.rate)
        gained = random.binomial(roster.calls, np.clip(roster.rate + 0.05 * deals[0], 0, 1))
        alarms += compare_shifts(shifts_of(roster, deals[0], y)).p_value <= ALPHA
        carried += carry_over(shifts_of(roster, deals[0], gained)).p_value <= ALPHA
        blocks = Blocks([roster.block.tolist(), roster.agent.tolist()], roster.calls.astype(np.float64))
        listed += p_of(y, roster.calls, deals, 0, blocks) <= ALPHA
    part, name = "Shifts dealt, false positives at 5 %", f"{agents} agents, {shifts} shifts each"
    return [
        counted(part, f"{name}, CR2 within", alarms, runs, least=0.03, most=0.06),
        counted(part, f"{name}, registered list within", listed, runs, most=ALPHA),
        counted(part, f"{name}, carry-over check", carried, runs, least=0.03, most=0.06),
    ]


TASKS: tuple[Task, ...] = (
    *(Task(f"listed {agents} {icc}", partial(listed, agents, icc)) for agents in AGENTS for icc in ICCS),
    Task("listed, three arms", three_arms),
    *(Task(f"intervals {agents}", partial(intervals, agents)) for agents in AGENTS),
    *(Task(f"switched {agents}", partial(switched, agents, shifts)) for agents, shifts in ((6, 20), (20, 20))),
)
