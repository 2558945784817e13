"""What was spoken: do the intervals of adherence and of the effect on compliers hold the truth, however weak?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from stats.arms.proportions import compare_proportions
from stats.compliance.complier import ComplierEffect, complier_effect
from stats.compliance.listening import Stratum, heard_difference, share_heard
from stats.compliance.mishearing import Listener, correct_mishearing
from stats.compliance.uptake import ArmCalls, Triples, uptake_of_calls, uptake_of_samples, uptake_of_units
from stats.moments import Counts
from tests.calibrate.rows import Row, Task, counted, generator, scaled

EFFECT, BASE, CONFOUNDED = 0.05, 0.15, 0.2
"""Effect of the words on those who hear them; rate without; how much more those succeed who hear them anyhow."""

CONTAMINATED = 0.1


@dataclass(frozen=True, slots=True)
class Setting:
    """An uptake, and the bounds that are promised under it (None: the figure is told, not bounded)."""

    name: str
    uptake: float
    usual_least: float | None


CALLS = (
    # 400 calls an arm: first-stage F of about 600, 30 and 2
    Setting("strong", 0.7, 0.93),
    Setting("middling", 0.12, None),
    Setting("weak", 0.03, None),
)
UNITS = (
    # 10 agents an arm; first-stage F of about 120 and 3
    Setting("strong", 0.7, 0.92),
    Setting("weak", 0.1, None),
)


def held(
    setting: Setting, part: str, draw: Callable[[np.random.Generator], ComplierEffect], runs: int, least: float
) -> list[Row]:
    """Give how often each of the two intervals holds the effect on compliers."""
    random = generator(part, setting.name)
    found = [draw(random) for _ in range(runs)]
    region = sum(bool(each.region.holds(EFFECT)) for each in found)
    usual = sum(each.wald_low <= EFFECT <= each.wald_high for each in found)
    finite = sum(each.region.kind == "interval" for each in found)
    f = np.median([each.first_stage_f for each in found])
    note = f"first-stage F {f:.1f} (median); an interval in {100 * finite / runs:.0f} %"
    bound = -np.inf if setting.usual_least is None else setting.usual_least
    return [
        counted(part, f"{setting.name}, Anderson-Rubin", region, runs, least=least, note=note),
        counted(part, f"{setting.name}, two-stage least squares", usual, runs, least=bound),
    ]


def calls(setting: Setting, effort: float) -> list[Row]:
    """Give the coverage for independent calls."""
    part = "Effect on compliers, 400 calls an arm, coverage of 95 % intervals"
    return held(setting, part, partial(of_calls, setting.uptake), scaled(4000, effort), 0.945)


def of_calls(uptake: float, random: np.random.Generator, n: int = 400) -> ComplierEffect:
    """Draw calls: always-takers, who are friendlier, hear the challenger in both arms, compliers in one."""
    arms = []
    for assigned in (False, True):
        kind = random.random(n)
        always = kind < CONTAMINATED
        heard = always | (assigned & (kind < CONTAMINATED + uptake))
        won = random.random(n) < BASE + CONFOUNDED * always + EFFECT * heard
        arms.append(ArmCalls(_counts(won[heard]), _counts(won[~heard])))
    return complier_effect(uptake_of_calls(*arms))


def _counts(won: NDArray[np.bool_]) -> Counts:
    return Counts(len(won), int(won.sum()))


def units(setting: Setting, effort: float) -> list[Row]:
    """Give the coverage for agents dealt whole, unlike each other in success and in following the script."""
    part = "Effect on compliers, 10 agents an arm of 20 to 400 calls, coverage of 95 % intervals"
    return held(setting, part, partial(of_units, setting.uptake), scaled(3000, effort), 0.93)


def of_units(uptake: float, random: np.random.Generator) -> ComplierEffect:
    """Draw agents of unlike skill, who say the challenger when assigned to it, and sometimes when not."""
    return complier_effect(uptake_of_units(_dealt(CONTAMINATED, random), _dealt(CONTAMINATED + uptake, random)))


def _dealt(said: float, random: np.random.Generator, agents: int = 10) -> Triples:
    n = np.rint(np.exp(random.uniform(np.log(20), np.log(400), agents))).astype(int)
    heard = random.binomial(n, random.beta(6 * said, 6 * (1 - said), agents))
    skill = random.beta(30 * BASE, 30 * (1 - BASE), agents)
    won = random.binomial(n, skill) + random.binomial(heard, EFFECT)
    return [(float(y), float(d), float(x)) for y, d, x in zip(won.tolist(), heard.tolist(), n.tolist(), strict=True)]


def listened(agents: int, each: int, effort: float) -> list[Row]:
    """Give the coverage of the share that was said, of agents who differ, heard by one who errs."""
    part = "Adherence from a listening sample, coverage of 95 % intervals"
    random, runs = generator("listened", agents, each), scaled(2000, effort)
    rows = []
    for name, said, alike in (("most agents follow", 0.9, 0.3), ("half of them", 0.5, 0.3), ("nearly all", 0.98, 0.02)):
        inside = [np.array(share_is_held(agents, each, said, alike, random)) for _ in range(runs)]
        exact, erring = np.sum(inside, axis=0).tolist()
        what = f"{agents} agents, {each} calls each, {name}"
        rows += [
            counted(part, what, exact, runs, least=0.92),
            counted(part, f"{what}, mishearing corrected", erring, runs, least=0.92),
        ]
    return rows


def share_is_held(agents: int, each: int, said: float, alike: float, random: np.random.Generator) -> Sequence[bool]:
    """Draw one arm and listen; once perfectly, once with 90 % sensitivity and 95 % specificity."""
    n = np.clip(np.rint(random.lognormal(np.log(260), 1.4, agents)), 5, 4500).astype(int)
    strength = (1 - alike) / alike
    right = random.binomial(n, random.beta(said * strength, (1 - said) * strength, agents))
    drawn = np.minimum(n, each)
    true = random.hypergeometric(right, n - right, drawn)
    erring = random.binomial(true, 0.9) + random.binomial(drawn - true, 0.05)
    exact = share_heard(_strata(n, drawn, true))
    corrected = correct_mishearing(share_heard(_strata(n, drawn, erring)), Listener(0.9, 0.95))
    truth = right.sum() / n.sum()
    return [bool(found.low - 1e-12 <= truth <= found.high + 1e-12) for found in (exact, corrected)]


def _strata(n: NDArray[np.int64], drawn: NDArray[np.int64], heard: NDArray[np.int64]) -> list[Stratum]:
    return [Stratum(*each) for each in zip(n.tolist(), drawn.tolist(), heard.tolist(), strict=True)]


def sampled(effort: float) -> list[Row]:
    """Give the coverage when 4,000 calls an arm are counted and 100 of each are listened to."""
    setting = Setting("strong", 0.6, 0.93)
    part = "Effect on compliers, two samples, coverage of 95 % intervals"
    return held(setting, part, partial(of_samples, setting.uptake), scaled(2000, effort), 0.94)


def of_samples(uptake: float, random: np.random.Generator, n: int = 4000, agents: int = 20) -> ComplierEffect:
    """Draw calls within agents, and listen to five an agent and arm."""
    shares, counts = [], []
    for said in (CONTAMINATED, CONTAMINATED + uptake):
        each = np.full(agents, n // agents)
        heard = random.binomial(each, said)
        won = random.binomial(n - heard.sum(), BASE) + random.binomial(heard.sum(), BASE + EFFECT)
        listened_to = np.full(agents, 5)
        shares.append(share_heard(_strata(each, listened_to, random.hypergeometric(heard, each - heard, listened_to))))
        counts.append(Counts(n, int(won)))
    return complier_effect(uptake_of_samples(compare_proportions(*counts), heard_difference(*shares)))


TASKS: tuple[Task, ...] = (
    *(Task(f"compliers, calls {setting.name}", partial(calls, setting)) for setting in CALLS),
    *(Task(f"compliers, agents {setting.name}", partial(units, setting)) for setting in UNITS),
    Task("compliers, two samples", sampled),
    *(Task(f"listened {agents} {each}", partial(listened, agents, each)) for agents in (12, 40) for each in (2, 5)),
)
