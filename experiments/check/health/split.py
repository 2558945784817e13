"""Whether units arrived in the promised proportions, and each in one arm only."""

from collections.abc import Sequence

from experiments.check.health.findings import Finding, State, p_words
from experiments.wording import Message
from stats.looking.sample_ratio import check_sample_ratio, sequential_sample_ratio_p

RED_P = 0.001
YELLOW_P = 0.01
LEAST_DEVIATION = 0.001
"""A split that is off by less than a tenth of a percentage point harms no reading, however sure we are of it."""

_FEW_PER_ARM = 100
_CONCENTRATION = 100  # a test here has hundreds of calls, not millions: large drifts have to be found at once


def sample_ratio(counts: Sequence[int], weights: Sequence[int]) -> Finding:
    """Check that units arrived in the promised proportions.

    It is watched all the time, so an always-valid p-value decides; the plain chi-square stands beside it.
    """
    if sum(counts) < _FEW_PER_ARM * len(counts):
        return Finding("sample_ratio", State.WAITING, Message("%(n)s units so far.", {"n": sum(counts)}))
    once = check_sample_ratio(counts, weights)
    always = sequential_sample_ratio_p(counts, weights, concentration=_CONCENTRATION)
    evidence = Message(
        "%(counts)s units where %(expected)s were promised (chi-square p %(p)s, watched p %(always)s).",
        {
            "counts": " : ".join(map(str, counts)),
            "expected": " : ".join(f"{e:.0f}" for e in once.expected),
            "p": p_words(once.p_value),
            "always": p_words(always),
        },
    )
    state = State.OK
    if once.deviation >= LEAST_DEVIATION and min(once.p_value, always) < YELLOW_P:
        state = State.BROKEN if always < RED_P or once.p_value < RED_P / 10 else State.WARNING
    advice = Message("Units of one arm are missing or counted twice. Find out where before reading any effect.")
    return Finding("sample_ratio", state, evidence, None if state is State.OK else advice)
