"""What the desk is answered: words in the parts of a call, and nothing from which a test could be known."""

from collections.abc import Iterable
from typing import Any

from experiments.do.assignments import Answer
from experiments.do.snapshot import Snapshot
from experiments.plan.flow import flow_of
from experiments.plan.scenarios import element_names, scenario_named
from experiments.plan.scripts import Line
from experiments.store import Store
from web.language import named


def words_of(store: Store, snapshot: Snapshot, answer: Answer) -> dict[str, Any]:
    """Tell what to say in a call, and whether its caller may be invited."""
    return {
        "call_id": answer.call_id,
        "scenario": answer.scenario,
        "locale": answer.locale,
        "invite": answer.invite,
        "steps": _steps(store, snapshot, answer.scenario, answer.locale, answer.steps),
    }


def standby_of(store: Store, snapshot: Snapshot, key: str, locale: str) -> dict[str, Any]:
    """Tell the words that are said when a call's own cannot be had: the standard's, without its invitation.

    Whether a caller may be invited is judged on the server alone, so nobody is invited unjudged. `revision` is what a
    desk tells with such a call, so that its arm is derived as if it had asked.

    Raises:
        Unknown: the scenario takes no calls.
    """
    served = snapshot.scenario(key)
    script = served.script(served.traffic.standard_id)
    return {
        "scenario": key,
        "locale": locale,
        "revision": served.revision,
        "steps": _steps(store, snapshot, key, locale, script.steps(locale, inviting=False)),
    }


def _steps(
    store: Store, snapshot: Snapshot, key: str, locale: str, said: Iterable[tuple[str, str]]
) -> list[dict[str, Any]]:
    with store.read() as session:
        catalogue = scenario_named(session, key).catalogue
        names = element_names(session, catalogue)
    lines = tuple(Line(element, {locale: text}) for element, text in said)
    return [
        {
            "number": step.number,
            "name": named(names.get(step.line.element, {})) or step.line.element,
            "text": step.line.text[locale],
            "phase": step.phase.value,
            "locked": step.locked,
        }
        for step in flow_of(lines, snapshot.parts.get(catalogue, {}))
    ]


def failed(status: int, detail: str, _codes: list[str], _path: str) -> tuple[int, dict[str, Any]]:
    """Tell in words why there is no answer."""
    return status, {"status": status, "detail": detail}
