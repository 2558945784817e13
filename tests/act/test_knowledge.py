"""Each finished cycle leaves an entry, in the transaction of the move that ended it; it is found, and never changed."""

from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from experiments import audit, people
from experiments.act.knowledge import evidence, notes, searching
from experiments.act.knowledge.entries import KnowledgeEntry, entry_named
from experiments.act.knowledge.searching import Asked, search
from experiments.act.knowledge.terms import matches, terms_of
from experiments.board import remembering
from experiments.do.assignments import Floor
from experiments.errors import Invalid, NotAllowed, Unknown
from tests.act.floors import LATER, three_ended_cycles
from tests.builders import (
    NEW_BENEFIT,
    people_actor,
)
from tests.histories import Histories


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def floor(request: pytest.FixtureRequest) -> Iterator[Floor]:
    """Open one centre a database for all that is asked here: nothing that was written is ever changed."""
    histories: Histories = request.getfixturevalue(f"{request.param}_histories")
    with histories.after(three_ended_cycles) as (floor, _):
        yield floor


@pytest.fixture
def session(floor: Floor) -> Iterator[Session]:
    with floor.store.read() as session:
        yield session


def found(session: Session, query: str = "", **filters: Any) -> list[str]:
    return [entry.experiment.key for entry in search(session, Asked(query, **filters)).entries]


def test_a_promotion_and_an_abandonment_leave_all_that_was_learned(session: Session) -> None:
    entry = entry_named(session, "change_benefit")
    told = entry.content
    assert (entry.verdict, entry.decision, entry.counts, entry.ended_day) == ("winner", "adopted", True, 20261110)
    assert entry.effect is not None
    assert entry.low is not None
    assert 0 < entry.low < entry.effect
    assert told["arms"][1]["text"] == NEW_BENEFIT
    assert (told["metric"]["key"], told["look"]["effects"][0]["difference"]) == ("accepted", entry.effect)
    assert [guard["metric"] for guard in told["look"]["guards"]] == ["complaint"]
    assert (told["decision"]["arm"], told["decision"]["by"]) == ("quicker", "manager")
    assert [(a["stage"], a["role"]) for a in told["approvers"]] == [
        *[("plan", role) for role in ("compliance", "manager", "trainer")],
        ("check", "quality"),
        *[("act", role) for role in ("manager", "quality")],
    ]
    lost = entry_named(session, "change_bridge")
    assert (lost.verdict, lost.decision, lost.content["said"][0]["verb"]) == ("loser", "kept", "abandon")
    never = entry_named(session, "never_run")
    assert (never.verdict, never.effect, never.counts, never.content["look"]) == ("unread", None, False, None)
    for asked in ("under_way", "nothing"):
        with pytest.raises(Unknown):
            entry_named(session, asked)
    assert audit.verify(session).broken_at is None


def test_the_database_finds_what_the_rule_of_terms_finds(session: Session) -> None:
    rows = search(session, Asked()).entries
    for query in (
        "企业微信",
        "保单批改企业微信",
        "ＱＵＥＵＥ",
        "hurry",
        "urry",
        "赶时间 hurr",
        "批",
        "100%",
        "1_0",
        "blunt",
    ):
        terms = terms_of(query)
        by_rule = {row.experiment.key for row in rows if all(matches(term, row.words) for term in terms)}
        assert set(found(session, query)) == by_rule, query
    assert found(session, "赶时间，不再") == ["never_run"]
    assert set(found(session, "不用再排队")) == {"change_benefit", "change_bridge", "never_run"}
    for nothing in ("%", "_", "🙂", "。"):
        assert found(session, nothing) == []
    assert len(found(session, "   ")) == 3
    assert found(session, "企业微信")[0] == "never_run"  # where the title says it, it stands first
    with pytest.raises(Invalid, match="200"):
        found(session, "保" * 10_000)


def test_filters_hold_together_and_offer_what_there_is(session: Session) -> None:
    assert found(session, verdict="winner") == ["change_benefit"]
    assert set(found(session, decision="kept")) == {"change_bridge", "never_run"}
    assert set(found(session, variable="benefit", year=2026, scenario="policy_change")) == {
        "change_benefit",
        "never_run",
    }
    assert found(session, variable="benefit", year=2025) == found(session, scenario="none") == []
    offered = searching.choices(session)
    assert ([s.key for s in offered.scenarios], offered.years) == (["policy_change"], (2026,))
    assert offered.variables == (("insurance", "benefit"), ("insurance", "opening"))


def test_people_add_evidence_that_nobody_can_change_after(floor: Floor) -> None:
    def note(by: str, speaks: str = "against", text: str = " Heard in Ningbo, too. ", url: str | None = None) -> None:
        with floor.store.write() as session:
            notes.add_note(session, "change_benefit", speaks, text, url=url, actor=people_actor(session, by), now=LATER)

    note("quality", url="https://example.com/a?b=%20c")
    note("lead", "for", url="")
    for by in ("trainer", "agent", "compliance", "admin"):
        with pytest.raises(NotAllowed):
            note(by)
    for wrong in ("http://example.com", "javascript:alert(1)", "https://", "https://a:b@c.d", "https://a b", "https://[",
                  "HTTPS://example.com", f"https://example.com/{'x' * 500}"):  # fmt: skip
        with pytest.raises(Invalid, match="https"):
            note("lead", url=wrong)
    for wrong_text in ({"text": "  "}, {"text": "x" * 2001}, {"speaks": "perhaps"}):
        with pytest.raises(Invalid):
            note("lead", **wrong_text)
    with floor.store.read() as session:
        kept = notes.notes_on(session, entry_named(session, "change_benefit"))
    assert [(n.speaks, n.text, n.url, n.author) for n in kept] == [
        ("against", "Heard in Ningbo, too.", "https://example.com/a?b=%20c", "quality"),
        ("for", "Heard in Ningbo, too.", None, "lead"),
    ]
    for change in ("UPDATE knowledge_entry SET effect = 1", "DELETE FROM knowledge_entry",
                   "UPDATE knowledge_note SET text = 'x'", "DELETE FROM knowledge_note"):  # fmt: skip
        with pytest.raises(DBAPIError, match="append-only"), floor.store.write() as session:
            session.execute(text(change))


class Undone(Exception):
    """What was done in a transaction is not to stay."""


def test_cycles_that_ended_before_entries_were_kept_are_written_as_they_would_have_been(floor: Floor) -> None:
    everything: Any = {"calendar": floor.calendar, "actor": people.system("test"), "now": LATER}
    with suppress(Undone), floor.store.write() as session:
        before = as_told(session)
        _forget_everything(session)
        assert as_told(session) == {}
        assert [remembering.remember_all(session, **everything) for _ in range(2)] == [3, 0]
        assert as_told(session) == before
        raise Undone


def as_told(session: Session) -> dict[str, tuple[Any, ...]]:
    rows = search(session, Asked()).entries
    return {row.experiment.key: (row.content, row.content_hash, row.words, row.ended_at, row.effect) for row in rows}


def _forget_everything(session: Session) -> None:
    """Empty the tables as a database from before has them: triggers would not let anybody else."""
    for table in ("knowledge_note", "knowledge_entry"):
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_is_append_only"))
        else:
            session.execute(text(f"DROP TRIGGER {table}_refuses_delete"))
        session.execute(text(f"DELETE FROM {table}"))


def an_entry(effect: float | None, width: float = 0.01, *, counts: bool = True, key: str = "one") -> KnowledgeEntry:
    ends = (None, None) if effect is None else (effect - width, effect + width)
    made = SimpleNamespace(effect=effect, low=ends[0], high=ends[1], counts=counts, experiment=SimpleNamespace(key=key))
    return cast("KnowledgeEntry", made)


@pytest.mark.parametrize(
    ("entry", "other", "says"),
    [
        (an_entry(0.05), an_entry(0.03), "for"),
        (an_entry(-0.05), an_entry(-0.03), "for"),  # both harm
        (an_entry(0.05), an_entry(-0.03), "against"),
        (an_entry(0.005), an_entry(0.03), "for"),  # the entry need not be sure itself
        (an_entry(0.05), an_entry(0.01), "neither"),  # its interval touches zero
        (an_entry(0.05), an_entry(0.005), "neither"),
        (an_entry(0.05), an_entry(None, counts=False), "neither"),
        (an_entry(None, counts=False), an_entry(0.05), "neither"),
        (an_entry(0.05), an_entry(0.05, counts=False), "neither"),  # broken data, replays, interim looks
        (an_entry(0.0), an_entry(0.05), "neither"),
        (an_entry(0.05), an_entry(0.05, key="made_up"), "neither"),
    ],
)
def test_only_an_effect_that_is_clear_speaks_for_or_against(
    entry: KnowledgeEntry, other: KnowledgeEntry, says: str
) -> None:
    assert evidence.speaks(entry, other, {"made_up"}) == says
