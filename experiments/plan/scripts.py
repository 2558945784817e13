"""Scripts: ordered elements that an agent says, in every language of the centre; versioned, never edited in place.

A script is held as `Lines`, always in spoken order. The one way to make another script from it is `with_value`,
which gives one element another value: so two scripts of one experiment cannot differ in two elements.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from experiments import audit
from experiments.errors import Invalid, Problem, Unknown
from experiments.people import Actor
from experiments.plan.scenarios import Part, Scenario
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime, canonical
from experiments.wording import Message

ASK = "ask"
"""The element that is the invitation: a served script with it invites."""

Texts = Mapping[str, str]
Value = Mapping[str, str] | None
"""What an arm gives its variable: `{locale: text}`, a position `{"after": element}`, or None for absent."""


class Script(Base):
    """The script of a scenario, whatever its words are today."""

    __tablename__ = "script"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(KEY, unique=True)
    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenario.id"), unique=True)


class ScriptVersion(Base):
    """The words as they were written once. `origin` says by what: a person's hand, or an arm of an experiment."""

    __tablename__ = "script_version"
    __table_args__ = (UniqueConstraint("script_id", "number"), CheckConstraint("number > 0", name="number"))

    id: Mapped[int] = mapped_column(primary_key=True)
    script_id: Mapped[int] = mapped_column(ForeignKey("script.id"))
    number: Mapped[int]
    lines: Mapped[Any] = mapped_column(CanonicalJson)
    content_hash: Mapped[str] = mapped_column(KEY, index=True)
    origin: Mapped[str] = mapped_column(KEY)
    written_by: Mapped[str] = mapped_column(KEY)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)

    script: Mapped[Script] = relationship(lazy="joined")


@dataclass(frozen=True, slots=True)
class Line:
    """One element's words by locale; a position element has no words, its `after` says where its block goes."""

    element: str
    text: Texts
    after: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the line as it is stored."""
        stored: dict[str, Any] = {"element": self.element, "text": dict(self.text)}
        return stored if self.after is None else {**stored, "after": self.after}


Lines = tuple[Line, ...]


def lines_of(stored: Iterable[Mapping[str, Any]]) -> Lines:
    """Read stored lines."""
    return tuple(Line(s["element"], s["text"], s.get("after")) for s in stored)


def content_hash(lines: Lines) -> str:
    """Hash the words, over their canonical JSON."""
    return hashlib.sha256(canonical([line.as_json() for line in lines]).encode()).hexdigest()


def value_in(lines: Lines, element: str) -> Value:
    """Say what value an element has in a script; None when it is absent."""
    for line in lines:
        if line.element == element:
            return dict(line.text) if line.after is None else {"after": line.after}
    return None


def with_value(lines: Lines, variable: str, value: Value, parts: Mapping[str, Part]) -> Lines:
    """Give the script in which one element has another value, everything else being the same.

    Args:
        lines: the control script.
        variable: the element that differs.
        value: its value there.
        parts: the catalogue's elements.
    """
    if value is None:
        return tuple(line for line in lines if line.element != variable)
    if "after" in value:
        return _moved(lines, variable, value["after"], parts)
    changed = Line(variable, dict(value))
    if any(line.element == variable for line in lines):
        return tuple(changed if line.element == variable else line for line in lines)
    return _inserted(lines, changed, parts)


def spoken(lines: Lines, parts: Mapping[str, Part], *, invite: bool = True) -> Lines:
    """Give the lines that are said: none without words, and none whose needed element is missing.

    With `invite` off the ask is left out, and with it everything that only makes sense around it.
    """
    present = {line.element for line in lines if invite or line.element != ASK}

    def is_said(line: Line) -> bool:
        needs = parts[line.element].needs if line.element in parts else None
        return bool(line.text) and line.element in present and (needs is None or needs in present)

    return tuple(line for line in lines if is_said(line))


def differences(control: Lines, elements: Mapping[str, Value]) -> list[str]:
    """Name the elements in which a full map of elements differs from the control, in the control's order."""
    names = [line.element for line in control] + [name for name in elements if value_in(control, name) is None]
    return [name for name in names if value_in(control, name) != elements.get(name)]


def check_lines(lines: Lines, parts: Mapping[str, Part], locales: Sequence[str]) -> None:
    """Refuse a script that cannot be served.

    Raises:
        Invalid: an element is unknown or said twice, a locale is missing, or a locked element is left out.
    """
    problems = [*_line_problems(lines, parts, locales)]
    missing = [p.key for p in parts.values() if p.locked and p.key not in {line.element for line in lines}]
    problems += [
        Problem(
            f"lines.{key}", "locked", Message("The locked element %(element)s cannot be left out.", {"element": key})
        )
        for key in missing
    ]
    if problems:
        raise Invalid(*problems)


def write_version(
    session: Session, scenario: Scenario, key: str, lines: Lines, *, origin: str, actor: Actor, now: datetime
) -> ScriptVersion:
    """Append a version of a scenario's script; the same words as an earlier version are that version."""
    script = session.scalar(select(Script).where(Script.scenario_id == scenario.id))
    if script is None:
        script = Script(key=key, scenario_id=scenario.id)
        session.add(script)
        session.flush()
    digest = content_hash(lines)
    same = select(ScriptVersion).where(ScriptVersion.script_id == script.id, ScriptVersion.content_hash == digest)
    found = session.scalar(same)
    if found is not None:
        return found
    newest = session.scalar(select(func.max(ScriptVersion.number)).where(ScriptVersion.script_id == script.id))
    version = ScriptVersion(
        script=script,
        number=(newest or 0) + 1,
        lines=[line.as_json() for line in lines],
        content_hash=digest,
        origin=origin,
        written_by=actor.name,
        written_at=now,
    )
    session.add(version)
    session.flush()
    audit.record(
        session,
        actor=actor.name,
        verb="write_script",
        subject=f"script:{script.key}",
        now=now,
        number=version.number,
        content_hash=digest,
        origin=origin,
    )
    return version


def versions_of(session: Session, scenario: Scenario) -> list[ScriptVersion]:
    """Give the versions of a scenario's script, the newest first."""
    query = select(ScriptVersion).join(Script).where(Script.scenario_id == scenario.id)
    return list(session.scalars(query.order_by(ScriptVersion.number.desc())))


def version_by_id(session: Session, version_id: int) -> ScriptVersion:
    """Find a version.

    Raises:
        Unknown: there is none with this id.
    """
    version = session.get(ScriptVersion, version_id)
    if version is None:
        raise Unknown("There is no script version %(version)s.", version=version_id)
    return version


def block_of(part: Part, parts: Mapping[str, Part]) -> set[str]:
    """Name what moves when an element moves.

    A text element moves alone; a position element, which has no words, takes the ask and all that needs it along.
    """
    invitation = {key for key, other in parts.items() if ASK in (key, other.needs)}
    return {part.key} | (invitation if part.kind == "position" else set())


def _line_problems(lines: Lines, parts: Mapping[str, Part], locales: Sequence[str]) -> Iterable[Problem]:
    seen: set[str] = set()
    for line in lines:
        field = f"lines.{line.element}"
        if line.element not in parts:
            yield Problem(field, "unknown_element", Message("There is no element %(e)s.", {"e": line.element}))
            continue
        if line.element in seen:
            yield Problem(field, "twice", Message("The element %(e)s is said twice.", {"e": line.element}))
        seen.add(line.element)
        if parts[line.element].kind == "text":
            yield from missing_locales(field, line.text, locales)


def missing_locales(field: str, text: Texts, locales: Sequence[str]) -> Iterable[Problem]:
    """Name the languages that a text lacks."""
    for locale in locales:
        if not text.get(locale, "").strip():
            yield Problem(field, "missing_locale", Message("The text in %(locale)s is missing.", {"locale": locale}))


def _moved(lines: Lines, variable: str, after: str, parts: Mapping[str, Part]) -> Lines:
    """Move the variable's block behind another element."""
    block = block_of(parts[variable], parts)
    moving = [replace(line, after=after) if line.after else line for line in lines if line.element in block]
    staying = [line for line in lines if line.element not in block]
    index = next((i for i, line in enumerate(staying) if line.element == after), len(staying) - 1) + 1
    return (*staying[:index], *moving, *staying[index:])


def _inserted(lines: Lines, line: Line, parts: Mapping[str, Part]) -> Lines:
    """Put an element that the control lacks where the catalogue says it is spoken."""
    position = parts[line.element].position
    index = next((i for i, other in enumerate(lines) if parts[other.element].position > position), len(lines))
    return (*lines[:index], line, *lines[index:])
