"""The p-values of a call log that is dealt again: no arm can change the past, so they must be uniform.

A replay of an A/A card is stored; 200 fixed salts then deal its calls again in memory, with the same bucketing and the
same comparison within agents. First the way itself is checked: the stored replay's own salt must give the stored arms,
counts and p-value exactly.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import kstest
from sqlalchemy import exists, select
from tqdm import tqdm

from experiments.check.analysis.arms import compare
from experiments.check.looks import Look
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.plan import bucketing
from experiments.plan.designs import experiment_named
from experiments.store import Store
from migrations.run import upgrade
from tests.calibrate.registered import a_plan, arm_of_calls, method_of, proportion
from tests.imports import logs
from tests.imports.rehearsal import CARD, SALT, Centre, open_centre, start_card

SALTS = tuple(f"calibrate:{n}" for n in range(1, 201))
LEAST_P = 0.001
"""The Kolmogorov-Smirnov test fails a sound method once in a thousand lists of salts; this list is fixed."""

GENERATED = 20_000
ALPHA = 0.05
CONVERTED = proportion("converted", "higher")


@dataclass(frozen=True, slots=True)
class Call:
    """A stored call: its id and agent, the arm that it got, and whether it converted."""

    call_id: str
    agent: str
    arm: str
    sold: bool


@dataclass(frozen=True, slots=True)
class Replayed:
    """A stored replay: its calls, the arms' keys and weights, its salt, and the final look's p-value."""

    calls: Sequence[Call]
    arms: Sequence[str]
    weights: Sequence[int]
    salt: str
    p_value: float


def main(generated: int | None = None, salts: Sequence[str] = SALTS) -> int:
    """Replay, deal again, print what came out; 0 when every check holds.

    Args:
        generated: So many made-up calls instead of the real log.
        salts: To deal the calls again with.
    """
    with tempfile.TemporaryDirectory(prefix="scriptbench-calibrate-") as folder:
        replayed = _replay(Path(folder), generated)
    own = _dealt_again(replayed, replayed.salt)
    faithful = [call.arm for call in replayed.calls] == own and _p_value(replayed, own) == replayed.p_value
    dealing = tqdm(salts, "Dealing again", unit="salt")
    p_values = np.array([_p_value(replayed, _dealt_again(replayed, salt)) for salt in dealing])
    uniform = float(kstest(p_values, "uniform").pvalue)
    _tell(replayed, p_values, uniform, faithful)
    return 0 if faithful and uniform > LEAST_P else 1


def _replay(folder: Path, generated: int | None) -> Replayed:
    url = f"sqlite:///{folder / 'calibrate.db'}"
    upgrade(url)
    store = Store(url)
    centre = open_centre(store)
    start_card(centre)
    if generated is None and logs.REAL.exists():
        print(f"Calls: the real log, {logs.REAL.name}")
        path = Path(shutil.copy(logs.REAL, folder))
    else:
        if generated is None:
            print(f"{logs.REAL} is not there (CALL_DATA says where)")
        print(f"Calls: {generated or GENERATED} generated ones")
        path = logs.write_log(folder / "generated.csv.gz", generated or GENERATED)
    with tqdm(desc="Replaying", unit="call") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        centre.bring(path, logs.mapping_named("bank_marketing"), replay=CARD, progress=progress)
    replayed = _stored(centre, centre.final_look())
    store.dispose()
    return replayed


def _stored(centre: Centre, look: Look) -> Replayed:
    converted = exists().where(Outcome.assignment_id == Assignment.id, Outcome.type == "converted")
    with centre.store.read() as session:
        test = experiment_named(session, CARD)
        told = select(Assignment.call_id, Assignment.agent_id, Assignment.arm, converted)
        query = told.where(Assignment.experiment_id == test.id).order_by(Assignment.id)
        calls = [Call(call_id, agent, arm, bool(sold)) for call_id, agent, arm, sold in session.execute(query)]
        arms, weights = [arm.key for arm in test.arms], [arm.weight for arm in test.arms]
    p_value = next(r["comparison"]["p_value"] for r in look.content["readings"] if r["metric"] == "converted")
    return Replayed(calls, arms, weights, SALT, json.loads(json.dumps(p_value)))


def _dealt_again(replayed: Replayed, salt: str) -> list[str]:
    ranges = bucketing.arm_ranges(replayed.weights)
    places = (bucketing.pick(ranges, bucketing.bucket(salt, call.call_id)) for call in replayed.calls)
    return [replayed.arms[place] if place is not None else "" for place in places]


def _p_value(replayed: Replayed, dealt: Sequence[str]) -> float:
    """Ask the product, as if the calls had been dealt so."""
    everyone = list(zip(replayed.calls, dealt, strict=True))
    calls = Counter((arm, call.agent) for call, arm in everyone)
    sold = Counter((arm, call.agent) for call, arm in everyone if call.sold)
    agents = [
        {agent: {"calls": n, "converted": sold[arm, agent]} for (arm, agent), n in calls.items() if arm == key}
        for key in replayed.arms
    ]
    arms = [arm_of_calls(place, each) for place, each in enumerate(agents)]
    return compare(method_of(a_plan()), CONVERTED, arms, 1, alpha=ALPHA).answer.p_value


def _tell(replayed: Replayed, p_values: np.ndarray, uniform: float, faithful: bool) -> None:
    converted = sum(call.sold for call in replayed.calls)
    print(f"\n{'calls':<44}{len(replayed.calls):>10}")
    print(f"{'converted':<44}{converted:>10}")
    print(f"{'p-value of the stored replay':<44}{replayed.p_value:>10.4f}")
    print(f"{'its own salt deals the same, to the last bit':<44}{'yes' if faithful else 'NO':>10}")
    print(f"{'salts':<44}{len(p_values):>10}")
    for level in (0.01, 0.05, 0.10, 0.50):
        print(f"{f'share of p-values up to {level:.2f}':<44}{np.mean(p_values <= level):>10.3f}")
    print(f"{f'Kolmogorov-Smirnov p (needed: > {LEAST_P})':<44}{uniform:>10.4f}")
