"""No history of moves leads where the rules or the database forbid, and the audit log alone rebuilds the board."""

from hypothesis import HealthCheck, given, settings, strategies as st

from experiments import audit
from experiments.audit import AuditEntry
from experiments.board.cards import Stage
from experiments.board.replay import Place, replay
from experiments.board.transitions import TRANSITIONS
from experiments.do.assignments import Floor
from tests.board.conftest import undone
from tests.board.walking import Step, Walk, board, log, steps_of

NUMBER = st.integers(0, 9_999)
SHORTEST = (0, 7, 5, 19, 20, 24)
"""Walks that together took every row when they were chosen; after another table more of them may be needed."""


@settings(max_examples=12, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(st.integers(0, 2), NUMBER, NUMBER), min_size=10, max_size=60))
def test_no_sequence_of_moves_gets_past_the_rules_and_the_log_rebuilds_the_board(
    centre: Floor, steps: list[Step]
) -> None:
    with undone(centre) as session:
        walk = Walk(centre, session)
        walk.walk(steps)
        walk.holds()
        assert replay(log(session)) == board(session)
        assert audit.verify(session).broken_at is None


def test_long_walks_take_every_row_of_the_table_and_keep_to_the_rules(centre: Floor) -> None:
    # these are met by chance too seldom: `tests.act.test_rollouts` takes each, and rebuilds the board after them
    seldom = {row for row in TRANSITIONS if of_a_rollout(row[0], row[2])}
    rows = {(stage.value, review.value, verb) for stage, review, verb in TRANSITIONS.keys() - seldom}
    taken: set[tuple[str, str, str]] = set()
    for seed in (*SHORTEST, *range(100, 140)):
        if taken >= rows:
            break
        with undone(centre) as session:
            walk = Walk(centre, session)
            walk.walk(steps_of(seed, 200))
            walk.holds()
            assert replay(log(session)) == board(session)
            taken |= walk.taken
    assert taken >= rows


def of_a_rollout(stage: Stage, verb: str) -> bool:
    return stage == Stage.ACT and verb not in ("approve", "refuse", "promote", "abandon")


def test_rows_from_before_rounds_were_logged_tell_the_round_by_what_opens_one() -> None:
    def row(verb: str, before: str = "", after: str = "") -> AuditEntry:
        detail = {"before": before.split(), "after": after.split()} if after else {"content_hash": "of the plan"}
        return AuditEntry(verb=verb, subject="experiment:old", detail=detail)

    told = [
        row("write_plan"),
        row("submit", "plan draft", "plan in_review"),
        row("approve", "plan in_review", "plan in_review"),
        row("approve", "plan in_review", "plan approved"),
        row("start", "plan approved", "do running"),
        row("stop", "do running", "check open"),
        row("submit", "check open", "check in_review"),
        row("approve", "check in_review", "act in_review"),
        AuditEntry(verb="sign_in", subject="person:lead", detail={}),
    ]
    assert replay(told) == {"old": Place("act", "in_review", 3, None)}


def test_what_was_brought_in_has_a_card_only_once_it_is_on_the_board() -> None:
    subject = "experiment:elsewhere"
    registered = AuditEntry(verb="write_plan", subject=subject, detail={"content_hash": "-", "origin": "imported"})
    there = {"before": ["check", "open"], "after": ["check", "open"], "round": 0, "proposal": None}
    assert replay([registered]) == {}
    assert replay([registered, AuditEntry(verb="bring_in", subject=subject, detail=there)]) == {
        "elsewhere": Place("check", "open", 0, None)
    }
