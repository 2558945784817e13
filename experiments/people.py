"""Who acts: people with roles, their sign-ins, and the tokens that systems carry.

Secrets are never stored: passwords as argon2id, session and token secrets as SHA-256 of 256 random bits.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from experiments import audit
from experiments.errors import NotSignedIn, Unknown, invalid
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime

ROLES = {
    # designs tests and moves cards
    "lead": {"en": "Service-marketing lead", "zh-CN": "服务营销主管"},
    # reads the script out; blind to arms and results
    "agent": {"en": "Agent", "zh-CN": "坐席"},
    # watches a team; may stop a test at once
    "supervisor": {"en": "Supervisor", "zh-CN": "班组长"},
    # approves starts and rollouts
    "manager": {"en": "Manager", "zh-CN": "中心经理"},
    # reads health and verdict before anyone decides
    "quality": {"en": "Quality", "zh-CN": "质检"},
    # approves the words
    "compliance": {"en": "Compliance", "zh-CN": "合规"},
    # certifies that agents can say it
    "trainer": {"en": "Trainer", "zh-CN": "培训师"},
    # looks after people and tokens; approves nothing by that
    "admin": {"en": "Administrator", "zh-CN": "系统管理员"},
}

SCOPES = {
    "assign": "ask which script to read",
    "report": "report outcomes",
    "evaluate": "fetch what is in force, and nothing else: a client key",
    "read": "read experiments and results",
    "design": "write plans, as the person the token names",
    "act": "move cards, as the person the token names",
}
_PERSONAL = frozenset({"design", "act"})

_IDLE = timedelta(minutes=30)
_ABSOLUTE = timedelta(hours=12)  # one long shift
_ATTEMPTS = 5
_ATTEMPT_WINDOW = timedelta(minutes=15)
_MIN_PASSWORD = 12
_MAX_TOKEN_NAME = 58  # services act, and report outcomes, as "token:<name>", which is a key of 64
_hasher = PasswordHasher()


class Role(Base):
    """A duty that people hold; gates ask for roles, the policy table grants by them."""

    __tablename__ = "role"

    key: Mapped[str] = mapped_column(KEY, primary_key=True)
    name: Mapped[Any] = mapped_column(CanonicalJson)


class Person(Base):
    """Someone who can sign in. Nobody is deleted: what they decided stays signed."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(255))
    locale: Mapped[str] = mapped_column(String(16), default="zh-CN")
    active: Mapped[bool] = mapped_column(default=True)

    roles: Mapped[list["PersonRole"]] = relationship(cascade="all, delete-orphan", lazy="selectin")


class PersonRole(Base):
    """One person holds one role."""

    __tablename__ = "person_role"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(ForeignKey("role.key"), primary_key=True)


class SignIn(Base):
    """One sign-in that holds until it idles, ends or is signed out."""

    __tablename__ = "sign_in"

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignInFailure(Base):
    """A wrong password, kept for a quarter of an hour so that guessing is slow in every worker."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index(None, "login", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(KEY)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiToken(Base):
    """A secret that a system carries: a source of outcomes, or a named person's hand."""

    __tablename__ = "api_token"
    __table_args__ = (CheckConstraint("scopes <> '[]'", name="has_a_scope"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(KEY, unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[Any] = mapped_column(CanonicalJson)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting, as verbs see it. `person_id` is None for services and jobs: they approve nothing.

    `name` is the login, which is what is written down; `full_name` is for greeting people.
    """

    name: str
    person_id: int | None = None
    roles: frozenset[str] = frozenset()
    locale: str | None = None
    scopes: frozenset[str] = frozenset()
    full_name: str = ""

    def has(self, roles: Collection[str]) -> bool:
        """Say whether the actor holds any of the roles."""
        return not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Bearers:
    """Who carries a token that is good, by the hash of its secret: what a process knows without asking.

    As old as the snapshot it comes with: a token that is revoked is good for another second.
    """

    actors: Mapping[str, tuple[Actor, datetime | None]]

    def known(self, secret: str, now: datetime) -> Actor | None:
        """See who a token speaks for; None when it is not known here, or has expired."""
        found = self.actors.get(_digest(secret))
        if found is None or (found[1] is not None and found[1] <= now):
            return None
        return found[0]


def system(name: str) -> Actor:
    """Name a job or command as the actor."""
    return Actor(name=f"system:{name}")


def load_roles(session: Session) -> None:
    """Write the roles that the product knows; those there already stay."""
    known = set(session.scalars(select(Role.key)))
    session.add_all(Role(key=key, name=name) for key, name in ROLES.items() if key not in known)
    session.flush()


def add_person(
    session: Session,
    login: str,
    name: str,
    password: str,
    roles: Iterable[str],
    *,
    locale: str = "zh-CN",
    actor: Actor,
    now: datetime,
) -> Person:
    """Let someone sign in.

    Raises:
        Invalid: the login is taken, a role is unknown, or the password is shorter than 12 characters.
    """
    held = sorted(set(roles))
    if session.scalar(select(Person.id).where(Person.login == login)) is not None:
        raise invalid("login", "taken", "The login %(login)s is taken.", login=login)
    for role in held:
        if role not in ROLES:
            raise invalid("roles", "unknown_role", "There is no role %(role)s.", role=role)
    if len(password) < _MIN_PASSWORD:
        raise invalid("password", "too_short", "A password has at least %(least)s characters.", least=_MIN_PASSWORD)
    person = Person(login=login, name=name, password_hash=_hasher.hash(password), locale=locale)
    person.roles = [PersonRole(role=role) for role in held]
    session.add(person)
    session.flush()
    audit.record(session, actor=actor.name, verb="add_person", subject=f"person:{login}", now=now, roles=held)
    return person


def person_named(session: Session, login: str) -> Person:
    """Find an active person.

    Raises:
        Unknown: nobody active has this login.
    """
    person = session.scalar(select(Person).where(Person.login == login, Person.active))
    if person is None:
        raise Unknown("There is no person %(login)s.", login=login)
    return person


def login_of(session: Session, person_id: int) -> str:
    """Name a person by her login, whether or not she still works here."""
    return session.get_one(Person, person_id).login


def everyone(session: Session) -> list[Person]:
    """Give everybody who ever could sign in: what they decided stays signed."""
    return list(session.scalars(select(Person).order_by(Person.id)))


def working(session: Session) -> set[str]:
    """Give the logins of all who can sign in."""
    return set(session.scalars(select(Person.login).where(Person.active)))


def anybody(session: Session) -> bool:
    """Say whether anyone can sign in at all."""
    return session.scalar(select(Person.id).limit(1)) is not None


def one_of_each(session: Session) -> dict[str, tuple[str, ...]]:
    """Name the first person of every combination of roles, with the roles: whom a newcomer may try the house as."""
    first: dict[tuple[str, ...], str] = {}
    for person in session.scalars(select(Person).where(Person.active).order_by(Person.id)):
        first.setdefault(tuple(sorted(link.role for link in person.roles)), person.login)
    return {login: roles for roles, login in first.items()}


def actor_of(person: Person, scopes: frozenset[str] = frozenset()) -> Actor:
    """See a person as the actor of verbs."""
    roles = frozenset(r.role for r in person.roles)
    return Actor(person.login, person.id, roles, person.locale, scopes, person.name)


def sign_in(session: Session, login: str, password: str, *, now: datetime) -> str | None:
    """Check a password and open a sign-in: the secret for the cookie, or None.

    None rather than an error, because a failed attempt has to be kept, and an error would undo it.
    """
    person = session.scalar(select(Person).where(Person.login == login, Person.active))
    # The hash is checked whether or not the login exists: the answer takes as long either way.
    matches = _password_matches(person.password_hash if person else _decoy(), password)
    if person is None or not matches or is_throttled(session, login, now=now):
        session.add(SignInFailure(login=login[:64], at=now))
        return None
    session.execute(delete(SignInFailure).where(SignInFailure.login == login))
    secret = secrets.token_urlsafe(32)
    session.add(SignIn(secret_hash=_digest(secret), person_id=person.id, started_at=now, seen_at=now))
    audit.record(session, actor=login, verb="sign_in", subject=f"person:{login}", now=now)
    return secret


def is_throttled(session: Session, login: str, *, now: datetime) -> bool:
    """Say whether a login was guessed at too often in the last quarter of an hour, whether or not it exists."""
    failures = select(func.count()).where(SignInFailure.login == login[:64], SignInFailure.at > now - _ATTEMPT_WINDOW)
    return (session.scalar(failures) or 0) >= _ATTEMPTS


def signed_in(session: Session, secret: str, *, now: datetime) -> Actor:
    """See who a sign-in's secret belongs to.

    Raises:
        NotSignedIn: no such sign-in, or it idled for 30 minutes or lasted 12 hours.
    """
    row = session.get(SignIn, _digest(secret))
    if row is None or now - row.seen_at > _IDLE or now - row.started_at > _ABSOLUTE:
        raise NotSignedIn("Please sign in.")
    person = session.get_one(Person, row.person_id)
    if not person.active:
        raise NotSignedIn("Please sign in.")
    return actor_of(person)


def keep_signed_in(session: Session, secret: str, *, now: datetime) -> None:
    """Note that a sign-in is in use, at most once a minute."""
    stale = now - timedelta(minutes=1)
    session.execute(
        update(SignIn).where(SignIn.secret_hash == _digest(secret), SignIn.seen_at < stale).values(seen_at=now)
    )


def sign_out(session: Session, secret: str) -> None:
    """End a sign-in at once, in every worker."""
    session.execute(delete(SignIn).where(SignIn.secret_hash == _digest(secret)))


def forget_expired(session: Session, *, now: datetime) -> int:
    """Forget sign-ins that no longer hold and failed attempts that no longer count; say how many."""
    ended = delete(SignIn).where(or_(SignIn.seen_at < now - _IDLE, SignIn.started_at < now - _ABSOLUTE))
    faded = delete(SignInFailure).where(SignInFailure.at <= now - _ATTEMPT_WINDOW)
    forgotten = [*session.scalars(ended.returning(SignIn.secret_hash))]
    return len(forgotten) + len([*session.scalars(faded.returning(SignInFailure.id))])


def choose_locale(session: Session, actor: Actor, locale: str) -> None:
    """Remember the language a person reads in."""
    session.execute(update(Person).where(Person.id == actor.person_id).values(locale=locale))


def issue_token(
    session: Session,
    name: str,
    scopes: Sequence[str],
    *,
    login: str | None = None,
    expires_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> str:
    """Make a token and give its secret, which is shown this once.

    Raises:
        Invalid: the name is taken or too long, a scope is unknown, or `design` or `act` is asked for without a person.
        Unknown: nobody has this login.
    """
    for scope in scopes:
        if scope not in SCOPES:
            raise invalid("scopes", "unknown_scope", "There is no scope %(scope)s.", scope=scope)
    if login is None and not _PERSONAL.isdisjoint(scopes):
        # Four eyes need to know whose hand wrote a plan and whose approved it.
        raise invalid("scopes", "needs_person", "A token that writes plans or moves cards belongs to a person.")
    if not 1 <= len(name) <= _MAX_TOKEN_NAME:
        raise invalid("name", "length", "A token's name has 1 to %(most)s characters.", most=_MAX_TOKEN_NAME)
    if session.scalar(select(ApiToken.id).where(ApiToken.name == name)) is not None:
        raise invalid("name", "taken", "The token name %(name)s is taken.", name=name)
    secret = f"sb_{secrets.token_urlsafe(32)}"
    person = person_named(session, login) if login else None
    session.add(
        ApiToken(
            name=name,
            secret_hash=_digest(secret),
            scopes=sorted(set(scopes)),
            person_id=person.id if person else None,
            expires_at=expires_at,
        )
    )
    audit.record(
        session,
        actor=actor.name,
        verb="issue_token",
        subject=f"token:{name}",
        now=now,
        scopes=list(scopes),
        person=login,
    )
    return secret


def revoke_token(session: Session, name: str, *, actor: Actor, now: datetime) -> None:
    """Make a token worthless at once.

    Raises:
        Unknown: no live token has this name.
    """
    revoked = session.scalar(
        update(ApiToken)
        .where(ApiToken.name == name, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiToken.id)
    )
    if revoked is None:
        raise Unknown("There is no live token %(name)s.", name=name)
    audit.record(session, actor=actor.name, verb="revoke_token", subject=f"token:{name}", now=now)


def token_bearer(session: Session, secret: str, *, now: datetime) -> Actor:
    """See who a token speaks for; a service is named after its token, which is also its source of outcomes.

    Raises:
        NotSignedIn: no such token, or it is revoked or has expired.
    """
    token = session.scalar(select(ApiToken).where(ApiToken.secret_hash == _digest(secret)))
    if token is None or token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now):
        raise NotSignedIn("The token is not valid.")
    person = session.get_one(Person, token.person_id) if token.person_id is not None else None
    if person is not None and not person.active:
        raise NotSignedIn("The token is not valid.")
    return _bearer(token, person)


def bearers(session: Session, scopes: Collection[str]) -> Bearers:
    """Read every token that is not revoked and has one of these scopes, with whom it speaks for.

    Tokens whose person may no longer sign in are left out.
    """
    tokens = session.scalars(select(ApiToken).where(ApiToken.revoked_at.is_(None))).all()
    wanted = [token for token in tokens if not frozenset(scopes).isdisjoint(token.scopes)]
    named = {token.person_id for token in wanted} - {None}
    persons = {p.id: p for p in session.scalars(select(Person).where(Person.id.in_(named), Person.active))}
    return Bearers(
        {
            token.secret_hash: (_bearer(token, persons.get(token.person_id or 0)), token.expires_at)
            for token in wanted
            if token.person_id is None or token.person_id in persons
        }
    )


def _bearer(token: ApiToken, person: Person | None) -> Actor:
    scopes = frozenset(token.scopes)
    return actor_of(person, scopes) if person is not None else Actor(name=f"token:{token.name}", scopes=scopes)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _password_matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerificationError:
        return False


def _decoy() -> str:
    # argon2 at the library's defaults, of a password nobody has
    return "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$uL9dXxTFsVYHg1sLuKzUCLq8w7E2d0RgkVhTPkzCzOk"
