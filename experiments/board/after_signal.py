"""From a signal to the next plan: which part of the script to test, and its plan filled in as far as it can be."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from experiments.act.control.signals import ControlSignal
from experiments.board import cards
from experiments.board.next_tests import NextTest, next_tests
from experiments.check.variables.places import testable
from experiments.check.variables.survey import VariableSurvey
from experiments.plan import beginnings, scripts, traffic
from experiments.plan.scenarios import Scenario, element_names, parts_of
from experiments.plan.scripts import Lines, lines_of, value_in
from experiments.plan.sketches import free_key
from experiments.wording import Message, sentence

_EFFECTS = (0.005, 0.2)
"""Smallest and largest difference that a plan begins with: people set it before anything is sized."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The next plan, as a signal proposes it.

    Attributes:
        scenario: Key of the scenario.
        variable: Key of the element to test.
        why: One sentence for people: why this element.
        plan: The body that the API takes for a new plan. The challenger still says what the standard says: its words
            are for people to write, and until they differ the plan is refused. Its parent is the experiment that
            founded the standard, where one did.
    """

    scenario: str
    variable: str
    why: Message
    plan: dict[str, Any]


def propose_after(
    session: Session, scenario: Scenario, signal: ControlSignal, survey: VariableSurvey
) -> Proposal | None:
    """Propose the plan that a signal calls for; None where the standard has no words that a test may vary.

    The variable is the one whose test here is worth most for each of its calls (`next_tests`). Where too few tests have
    finished to say, it is the first part after the request that nobody has tried in this scenario.

    Args:
        session: to read with.
        scenario: where the signal was found.
        signal: what was found.
        survey: what finished tests say of variables.

    Raises:
        Conflict: the scenario has no standard script.
    """
    standard = traffic.in_force(session, scenario).value.standard_id
    lines = lines_of(scripts.version_by_id(session, standard).lines)
    ranked = [t for each in survey.metrics for t in next_tests(session, each) if t.place.scenario == scenario.key]
    best = next((test for test in ranked if _has_words(lines, test.variable)), None)
    variable = best.variable if best else _untried(session, scenario, lines)
    if variable is None:
        return None
    name = element_names(session, scenario.catalogue)[variable]
    why = best.why if best else Message(_TOO_LITTLE_KNOWN, {"variable": name})
    plan = _plan(session, scenario, signal, variable, name, best)
    founder = cards.founder_of(session, scenario.id, standard)
    return Proposal(scenario.key, variable, why, plan | ({"parent": founder.key} if founder else {}))


def _has_words(lines: Lines, element: str) -> bool:
    value = value_in(lines, element)
    return value is not None and "after" not in value


def _untried(session: Session, scenario: Scenario, lines: Lines) -> str | None:
    """Choose among what a test may vary: the untried before the tried, what follows the request before the rest."""
    board = cards.every_card(session)
    tried = {card.experiment.variable for card in board if card.experiment.scenario_id == scenario.id}
    parts = parts_of(session, scenario.catalogue)
    able = [key for key in testable(lines, parts) if _has_words(lines, key)]
    return min(able, key=lambda key: (key in tried, not parts[key].after_request, parts[key].position), default=None)


def _plan(
    session: Session,
    scenario: Scenario,
    signal: ControlSignal,
    variable: str,
    name: dict[str, str],
    best: NextTest | None,
) -> dict[str, Any]:
    return beginnings.begin(session, scenario, variable) | {
        "key": free_key(session, f"after_signal_{signal.id}"),
        "title": {
            "en": f"{scenario.name['en']}: another {name['en']}"[:200],
            "zh-CN": f"{scenario.name['zh-CN']}：换一种{name['zh-CN']}"[:200],
        },
        "hypothesis": _hypothesis(signal, name),
        "effect": round(min(max(best.effect if best else _gap(signal), _EFFECTS[0]), _EFFECTS[1]), 4),
    }


def _hypothesis(signal: ControlSignal, name: dict[str, str]) -> dict[str, str]:
    metric, day = signal.words["values"]["metric"], signal.words["values"]["first"]
    return {
        "en": f"{metric['en']} has not been what is usual since {day}; other words for {name['en']} bring it back.",
        "zh-CN": f"自{day}起，{metric['zh-CN']}偏离往常；换一种{name['zh-CN']}的说法能够使其恢复。",
    }


def _gap(signal: ControlSignal) -> float:
    """Give how far the rate lies from what is usual."""
    rate, usual = signal.numbers["rate"], signal.numbers["usual"]
    return abs(rate - usual) if rate is not None else 0.0


_TOO_LITTLE_KNOWN = sentence(
    "Too few tests have finished to say which part of the script is worth most here: %(variable)s comes first of those "
    "that nobody has tried in this scenario, or else of those that callers hear after their request."
)
