"""What people say beside a card: appended, by anybody with a role, and never in the log."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from experiments import people
from experiments.audit import AuditEntry
from experiments.board import cards, comments
from experiments.do.assignments import Floor
from experiments.errors import Invalid, NotAllowed, Unknown
from experiments.people import Actor
from tests.builders import MONDAY, a_draft, people_actor
from tests.histories import History


def said(floor: Floor, key: str, words: str, by: str | Actor = "trainer", reply_to: int | None = None) -> int:
    with floor.store.write() as session:
        actor = people_actor(session, by) if isinstance(by, str) else by
        return comments.comment(session, key, words, reply_to=reply_to, actor=actor, now=MONDAY).id


def test_a_comment_is_kept_with_who_said_it_and_what_it_answers(history: History) -> None:
    floor, key = history.after(a_draft)
    first = said(floor, key, "  Can they say that at seven in the evening?\n")
    said(floor, key, "Yes: it is shorter.", "lead", reply_to=first)
    with floor.store.read() as session:
        told = comments.comments_of(session, cards.card_of(session, key))
    assert [(c.author, c.text, c.reply_to) for c in told] == [
        ("trainer", "Can they say that at seven in the evening?", None),
        ("lead", "Yes: it is shorter.", first),
    ]


def test_the_log_knows_who_commented_and_not_what_was_said(history: History) -> None:
    floor, key = history.after(a_draft)
    number = said(floor, key, "A private thought.")
    with floor.store.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.actor, entry.verb, entry.detail) == ("trainer", "comment", {"comment": number})


@pytest.mark.parametrize("words", ["", " \n ", "x" * 4001])
def test_a_comment_has_one_to_four_thousand_characters(floor: Floor, words: str) -> None:
    with pytest.raises(Invalid, match="1 to 4000"):
        said(floor, a_draft(floor), words)


def test_four_thousand_characters_of_any_alphabet_are_kept_whole(history: History) -> None:
    floor, key = history.after(a_draft)
    said(floor, key, "话😀" * 2000)
    with floor.store.read() as session:
        (told,) = comments.comments_of(session, cards.card_of(session, key))
    assert told.text == "话😀" * 2000


def test_only_people_with_a_role_comment(history: History) -> None:
    floor, key = history.after(a_draft)
    for nobody in (people.system("jobs"), Actor("guest", person_id=1)):
        with pytest.raises(NotAllowed, match="role"):
            said(floor, key, "Hello.", nobody)


def test_an_answer_is_to_a_comment_of_the_same_card(floor: Floor) -> None:
    elsewhere = said(floor, a_draft(floor, key="another"), "Hello.")
    key = a_draft(floor)
    for number in (elsewhere, 999_999):
        with pytest.raises(Invalid, match="no comment"):
            said(floor, key, "Hello.", reply_to=number)


def test_no_card_no_comment(floor: Floor) -> None:
    with pytest.raises(Unknown):
        said(floor, "none", "Hello.")


def test_the_database_itself_refuses_to_change_what_was_said(floor: Floor) -> None:
    said(floor, a_draft(floor), "Hello.")
    for change in ("UPDATE comment SET text = 'Something else.'", "DELETE FROM comment"):
        with pytest.raises(DBAPIError, match="append-only"), floor.store.write() as session:
            session.execute(text(change))
