"""The snapshot: what is taken over from the one before, what it costs to read, and how it is told as plain data."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event, update

from configs.settings import catalogue_documents
from experiments.do.assignments import Floor
from experiments.do.serving import choose
from experiments.do.snapshot import Snapshot, as_json, compile_snapshot, from_json, serve_revision
from experiments.do.words import ServedScript, serve_script
from experiments.plan import catalogue
from experiments.plan.scenarios import Element, Part, scenario_named
from experiments.plan.scripts import ASK, lines_of, spoken
from experiments.plan.traffic import TrafficRevision, in_force
from experiments.store import Store
from tests.bench import centre
from tests.builders import SCENARIO, a_call, a_running_experiment, moved, snapshot_of
from tests.histories import History


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Count the questions that a database is asked."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield asked
    event.remove(store.engine, "before_cursor_execute", note)


def compiled(floor: Floor, before: Snapshot | None = None) -> Snapshot:
    with floor.store.read() as session:
        return compile_snapshot(session, before)


def test_a_snapshot_of_any_size_is_read_by_four_questions(floor: Floor) -> None:
    with counted(floor.store) as small:
        compiled(floor)
    with floor.store.write() as session:
        centre.build(session, scenarios=40, experiments=10)
    with counted(floor.store) as large:
        snapshot = compiled(floor)
    assert len(snapshot.scenarios) > 40
    assert len(small) == len(large) == 4


def test_what_did_not_change_is_taken_over(floor: Floor) -> None:
    before = snapshot_of(floor)
    a_running_experiment(floor)
    after = compiled(floor, before)
    taken_over = {key for key, scenario in after.scenarios.items() if scenario is before.scenarios[key]}
    assert after.scenarios.keys() - taken_over == {SCENARIO}
    assert after == snapshot_of(floor) != before


def test_nothing_new_is_nothing_new(floor: Floor) -> None:
    before = snapshot_of(floor)
    assert compiled(floor, before) == before


def test_of_several_changes_the_last_is_in_force(floor: Floor) -> None:
    before = snapshot_of(floor)
    key = a_running_experiment(floor)
    moved(floor, key, "pause", "supervisor", reason="system outage")
    assert compiled(floor, before) == snapshot_of(floor)
    assert choose(compiled(floor, before), a_call(), floor.calendar).reason == "paused"


def test_other_elements_are_other_words(floor: Floor) -> None:
    before = snapshot_of(floor)
    with floor.store.write() as session:
        session.execute(update(Element).where(Element.key == "benefit").values(needs=None))
    after = compiled(floor, before)
    standard = after.scenario(SCENARIO).traffic.standard_id
    alone = dict(after.scenario(SCENARIO).script(standard).steps("en", inviting=False))
    assert after == snapshot_of(floor)
    assert "benefit" in alone
    assert "benefit" not in dict(before.scenario(SCENARIO).script(standard).steps("en", inviting=False))


def test_a_database_put_back_is_read_anew(floor: Floor) -> None:
    newer = replace(snapshot_of(floor), version=10_000, scenarios={})
    assert compiled(floor, newer) == snapshot_of(floor)


def test_a_revision_is_served_by_itself_as_in_the_snapshot(history: History) -> None:
    floor, _key = history.after(a_running_experiment)
    with floor.store.read() as session:
        revision = in_force(session, scenario_named(session, SCENARIO))
        served = serve_revision(session, session.get_one(TrafficRevision, revision.id))
    assert served == snapshot_of(floor).scenario(SCENARIO)


def test_a_snapshot_told_as_json_is_the_same_one(floor: Floor) -> None:
    a_running_experiment(floor, audience={"tenure.years": {"$gte": 2}, "caller_relation": {"$nin": ["repair_shop"]}})
    snapshot = snapshot_of(floor)
    again = from_json(json.loads(json.dumps(as_json(snapshot), ensure_ascii=False)))
    calls = [a_call(i, attributes={"caller_relation": "self", "tenure": {"years": i % 4}}) for i in range(100)]
    assert again == snapshot
    assert [choose(again, call, floor.calendar) for call in calls] == [
        choose(snapshot, call, floor.calendar) for call in calls
    ]


SCRIPTS = [
    pytest.param(document, script, id=f"{name}: {script.key}")
    for name, document in ((name, catalogue.parse(raw)) for name, raw in catalogue_documents().items())
    for script in document.script
]


def parts_in(document: catalogue.Catalogue) -> dict[str, Part]:
    return {e.key: Part(e.key, e.position, e.kind, e.locked, e.needs, e.after_request) for e in document.element}


@pytest.mark.parametrize(("document", "script"), SCRIPTS)
def test_the_steps_are_the_lines_that_are_spoken(document: catalogue.Catalogue, script: catalogue.ScriptEntry) -> None:
    stored = [line.model_dump() for line in script.steps]
    served = serve_script(script.key, 1, stored, parts_in(document))
    for inviting in (True, False):
        lines = spoken(lines_of(stored), parts_in(document), invite=inviting)
        for locale in document.locales:
            assert served.steps(locale, inviting=inviting) == tuple((line.element, line.text[locale]) for line in lines)
    assert served.asks == (ASK in dict(served.steps("en", inviting=True)))
    assert ServedScript.from_json(json.loads(json.dumps(served.as_json()))) == served


def test_a_language_that_a_script_is_not_written_in_is_no_empty_script() -> None:
    served = serve_script("short", 1, [{"element": "greeting", "text": {"en": "Hello."}}], {})
    with pytest.raises(KeyError, match="zh-CN"):
        served.steps("zh-CN", inviting=True)


def test_a_script_without_words_has_no_steps_in_any_language() -> None:
    served = serve_script("silent", 1, [{"element": "timing", "text": {}, "after": "service"}], {})
    assert served.steps("en", inviting=True) == ()
