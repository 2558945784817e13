import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from scipy.stats import barnard_exact

from tests.bench import ours, shapes
from tests.bench.comparisons import Measured, Shape, agreement, all_shapes, contested, told
from tests.bench.protocol import Answer
from tests.bench.rivals import RIVALS, ROOT, python_of

FOUND = [[0.01, 0.002, 0.03], [0.02, 0.002, 0.5]]


@pytest.mark.parametrize("shape", all_shapes(), ids=lambda shape: shape.task)
def test_every_shape_is_as_many_comparisons_as_it_says_and_survives_json(shape: Shape) -> None:
    found = ours.TASKS[shape.task](json.loads(json.dumps(shape.inputs)))

    assert len(found) == shape.comparisons
    assert all(math.isfinite(number) for numbers in found for number in numbers)


def test_an_experiment_deals_all_its_agents() -> None:
    metric = shapes.clustered_experiment()[0]

    assert (len(metric), len(metric[0])) == (shapes.SEGMENTS, shapes.ARMS)
    assert sum(arm[0] for segment in metric for arm in segment) == shapes.UNITS


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        # in any order
        (FOUND[::-1], "difference 0, standard error 0, p 0"),
        ([[0.01, 0.002, 0.033], FOUND[1]], "difference 0, standard error 0, p 0.1"),
        # a package that tells no standard error
        ([[d, math.nan, p] for d, _, p in FOUND], "difference 0, standard error not told, p 0"),
    ],
)
def test_agreement_is_the_largest_share_by_which_numbers_differ(theirs: list[list[float]], said: str) -> None:
    assert agreement(FOUND, theirs) == said


def test_a_ratio_is_the_median_over_the_turns() -> None:
    mine = tuple(Answer(seconds, FOUND) for seconds in (1.0, 2.0, 30.0))
    theirs = (Answer(4.0, FOUND),) * 3

    line = told(RIVALS[1], Shape("means", "two means", [], 2), Measured(mine, theirs))

    assert line.startswith("two means: ours ÷ tea-tasting 1.14.0 0.50 (0.25 to 7.50), 1000000 and 2000000 µs")


def test_what_is_contested_is_printed_with_our_p() -> None:
    exact = barnard_exact([[0, 6], [40, 34]]).pvalue  # scipy wants the groups as columns

    empty, large, _ = (line.split(": ")[1] for line in contested({}).splitlines()[1:])

    assert float(empty) == pytest.approx(exact, abs=5e-5)
    assert 0 < float(large) < 1e-40


def test_a_rival_that_cannot_be_installed_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert python_of(RIVALS[0], folder=tmp_path, uv=tmp_path / "no uv") is None
    assert "gbstats 0.8.0 cannot be installed here and is left out" in capsys.readouterr().out


def test_what_a_rival_runs_needs_nothing_of_ours() -> None:
    alone = "import sys; sys.path.insert(0, '.'); import tests.bench.protocol"
    said = subprocess.run([sys.executable, "-S", "-c", alone], cwd=ROOT, capture_output=True, text=True, check=False)

    assert said.stderr == ""
