"""Notes: what people add to an entry afterwards, for it or against it. Appended; the entry itself stays as it is."""

from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments import audit
from experiments.act.knowledge.entries import KnowledgeEntry, entry_named
from experiments.errors import NotAllowed, invalid
from experiments.people import Actor
from experiments.store import KEY, Base, UtcDateTime

NOTERS = ("lead", "quality", "manager")
"""Who adds evidence to an entry."""
SPEAKS = ("for", "against")
LONGEST = 2000
"""Characters of a note."""
LONGEST_URL = 500


class KnowledgeNote(Base):
    """Evidence from elsewhere that speaks for an entry or against it: in words, with a link if there is one."""

    __tablename__ = "knowledge_note"
    __table_args__ = (
        CheckConstraint("speaks IN ('for', 'against')", name="speaks"),
        CheckConstraint("length(text) > 0 AND length(text) <= 2000", name="text"),
        CheckConstraint("url IS NULL OR url LIKE 'https://%'", name="url"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("knowledge_entry.id"), index=True)
    speaks: Mapped[str] = mapped_column(KEY)
    text: Mapped[str] = mapped_column(String(LONGEST))
    url: Mapped[str | None] = mapped_column(String(LONGEST_URL))
    author: Mapped[str] = mapped_column(KEY)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def add_note(
    session: Session, key: str, speaks: str, text: str, *, url: str | None = None, actor: Actor, now: datetime
) -> KnowledgeNote:
    """Add evidence to an entry.

    Args:
        session: a writing session.
        key: the experiment's.
        speaks: `for` or `against`.
        text: what it says, 1 to 2000 characters.
        url: where it is to be read, `https://…`; None or '' without.
        actor: who adds it.
        now: when, UTC.

    Raises:
        Unknown: there is no such experiment, or it has left no entry yet.
        NotAllowed: the actor is neither lead nor quality nor manager.
        Invalid: a field will not do.
    """
    entry = entry_named(session, key)
    if actor.person_id is None or not actor.has(NOTERS):
        raise NotAllowed("This needs one of the roles %(roles)s.", roles=", ".join(NOTERS))
    if speaks not in SPEAKS:
        raise invalid("speaks", "unknown", "Say whether it speaks for or against.")
    said, address = text.strip(), (url or "").strip() or None
    if not 0 < len(said) <= LONGEST:
        raise invalid("text", "length", "A note has 1 to %(most)s characters.", most=LONGEST)
    if address is not None and not _may_be_linked(address):
        raise invalid("url", "no_address", "Give an address that begins with https://, or none.")
    note = KnowledgeNote(entry_id=entry.id, speaks=speaks, text=said, url=address, author=actor.name, at=now)
    session.add(note)
    session.flush()
    audit.record(
        session, actor=actor.name, verb="note_knowledge", subject=f"experiment:{key}", now=now,
        note=note.id, speaks=speaks,
    )  # fmt: skip
    return note


def notes_on(session: Session, entry: KnowledgeEntry) -> list[KnowledgeNote]:
    """Give what people added to an entry, the first first."""
    return list(
        session.scalars(select(KnowledgeNote).where(KnowledgeNote.entry_id == entry.id).order_by(KnowledgeNote.id))
    )


def _may_be_linked(address: str) -> bool:
    """Say whether an address is one that a page may link to: over TLS, to a host, without a password in it."""
    if len(address) > LONGEST_URL or not address.isprintable() or any(map(str.isspace, address)):
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    return address.startswith("https://") and bool(host) and parts.username is None and parts.password is None
