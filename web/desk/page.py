"""The page: the form that a call is begun with, the keys, and the sentences that its script says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.do.layer import DO_NOT_INVITE
from experiments.do.snapshot import Snapshot
from experiments.people import Actor
from experiments.plan.flow import Phase
from experiments.plan.scenarios import every_scenario
from web.desk.asked import NAMED, OWN, Opened
from web.desk.fields import Kind, fields_of
from web.language import named, say
from web.pages import conditions
from web.policy import AGENTS

INBOUND = ("resolved", "invited", "accepted", "declined", "handed_over", "complaint")
OUTBOUND = ("connected", "resolved", "appointed", "declined", "hung_up", "complaint")
"""What the keys 1 to 6 tell, for ever in this order: what is pressed in most calls stands first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A scenario that a call may be of."""

    key: str
    name: str
    direction: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field of the form; an attribute's is there in the `scenarios` that ask for it."""

    name: str
    label: str
    value: str = ""
    problem: str = ""
    kind: Kind = "text"
    hints: Sequence[tuple[str, str]] = ()
    scenarios: str = ""


@dataclass(frozen=True, slots=True)
class DeskPage:
    """The page.

    Attributes:
        agent: Whose desk it is: facts that wait in the browser are sent by the same person only.
        preview: Whether the call is only looked at.
        begins: Whether it is whole and is begun at once.
        problems: What is wrong with fields that the form does not show.
        more: Fields that are seldom filled in by hand.
        carried: What the address told besides, by name.
    """

    agent: str
    preview: bool
    begins: bool
    problems: Sequence[str]
    scenarios: Sequence[Choice]
    scenario: str
    scenario_problem: str
    language: str
    fields: Sequence[FieldView]
    attributes: Sequence[FieldView]
    more: Sequence[FieldView]
    carried: Mapping[str, str]
    keys: Mapping[str, Sequence[tuple[str, str]]]
    says: Mapping[str, object]


def desk_page(session: Session, snapshot: Snapshot, opened: Opened, visitor: Actor, language: str) -> DeskPage:
    """Compose the page for a call as it was opened."""
    preview = opened.preview or not visitor.has(AGENTS)
    wrong = {p.field: say(p.message) for p in opened.problems if p.code != "missing"}
    attributes = _attributes(snapshot, opened, wrong)
    if preview:  # somebody who is let in is looked at first
        attributes = [
            replace(each, value=each.value or (each.hints[0][0] if each.hints else "")) for each in attributes
        ]
    shown = {*NAMED, *(field.name for field in attributes)} - {"locale"}
    values = opened.values
    return DeskPage(
        agent=visitor.name,
        preview=preview,
        begins=opened.request is not None or (preview and [p.field for p in opened.problems] == ["call_id"]),
        problems=[f"{name}: {text}" for name, text in wrong.items() if name not in shown],
        scenarios=[
            Choice(s.key, named(s.name), s.direction) for s in every_scenario(session) if s.key in snapshot.scenarios
        ],
        scenario=values.get("scenario", ""),
        scenario_problem=wrong.get("scenario", ""),
        language=values.get("locale", language),
        fields=[_field(name, label, opened, wrong) for name, label in _first()],
        attributes=attributes,
        more=[_field(name, conditions.fact(name), opened, wrong) for name in ("region", "team", "channel")],
        carried={n: text for n, text in values.items() if n not in {*shown, "locale", *OWN[1:]}},
        keys={"inbound": _keys(INBOUND), "outbound": _keys(OUTBOUND)},
        says=_says(),
    )


def is_wrong(opened: Opened) -> bool:
    """Say whether something was told that cannot be used; what is only missing can still be filled in."""
    return any(problem.code != "missing" for problem in opened.problems)


def _first() -> list[tuple[str, str]]:
    return [("call_id", _("Call id")), ("customer_id", _("Customer id"))]


def _field(name: str, label: str, opened: Opened, wrong: Mapping[str, str]) -> FieldView:
    return FieldView(name, label, opened.values.get(name, ""), wrong.get(name, ""))


def _attributes(snapshot: Snapshot, opened: Opened, wrong: Mapping[str, str]) -> list[FieldView]:
    """Give the attributes that any scenario asks for, the one that all of them ask for last."""
    asking: dict[str, list[str]] = {}
    kinds: dict[str, Kind] = {}
    hints: dict[str, dict[str, None]] = {}
    for key, served in snapshot.scenarios.items():
        for name, asked in fields_of(served.traffic).items():
            asking.setdefault(name, []).append(key)
            kinds[name] = asked.kind if kinds.get(name, asked.kind) == asked.kind else "text"
            hints.setdefault(name, {}).update(dict.fromkeys(asked.hints))
    names = sorted(asking, key=lambda name: (name == DO_NOT_INVITE, name))
    return [
        FieldView(
            name,
            _("Wants no offers") if name == DO_NOT_INVITE else conditions.fact(name),
            opened.values.get(name, ""),
            wrong.get(name, ""),
            kinds[name],
            _choices(hints[name]),
            " ".join(asking[name]),
        )
        for name in names
    ]


def _choices(hints: Iterable[str]) -> list[tuple[str, str]]:
    """Offer the texts that conditions compare with, and any other in one; nothing where they compare with none."""
    named_ones = [(text, conditions.value_named(text)) for text in hints]
    return [*named_ones, ("other", _("somebody else, or other"))] if named_ones else []


def _keys(types: Sequence[str]) -> list[tuple[str, str]]:
    names = {
        "resolved": _("Resolved"),
        "invited": _("Invited"),
        "accepted": _("Accepted"),
        "declined": _("Declined"),
        "handed_over": _("Handed over"),
        "complaint": _("Complaint"),
        "connected": _("Answered"),
        "appointed": _("Appointed"),
        "hung_up": _("Hung up"),
    }
    return [(kind, names[kind]) for kind in types]


def _says() -> dict[str, object]:
    """Give the sentences of the page's script; what stands in braces is filled in there."""
    return {
        "phases": {
            Phase.SERVICE: _("Service first: until the request is resolved"),
            Phase.INVITATION: _("Then, and only then: the invitation"),
            Phase.OBJECTION: _("If the caller hesitates or objects: once, then let it be"),
            Phase.END: _("To everyone, before the call ends"),
        },
        "nobody_asked": _("Nobody was invited in this call: leave out what answers an invitation, a yes or a no."),
        "locked": _("locked: word for word"),
        "waiting": _("%(n)s waiting to be sent", n="{n}"),
        "sent": _("All sent"),
        "refused": _("%(n)s not taken: %(why)s", n="{n}", why="{why}"),
        "offline": _("No connection. Go on: what you tell is kept here and sent later."),
        "back": _("Connected again."),
        "signed_out": _("You are signed out. Go on: what you tell is kept here and sent once you are back."),
        "told": _("%(what)s: told. Press again within 5 s to undo.", what="{what}"),
        "after": _("after %(n)s s", n="{n}"),
        "early": _("after %(n)s s, within the first 30", n="{n}"),
        "again": _("again: undo"),
        "undone": _("%(what)s: undone.", what="{what}"),
        "already": _("%(what)s was told already. If it was wrong, tell your supervisor.", what="{what}"),
        "later_first": _("Undo first what came after it."),
        "not_yet": _("First the service: press Resolved once the request is resolved."),
        "no_invitation": _("There is no invitation in this call."),
        "stood_in": _("These words stood in for the call's own: nobody asks whether they were said."),
        "asking": _("The script is coming …"),
        "standby": _(
            "The server does not answer. These are the standard words as last known here, without an invitation: "
            "whether this caller may be invited cannot be asked."
        ),
        "nothing": _("The server does not answer, and no words for this kind of call are known here. Use the manual."),
        "begun": _("New call: %(scenario)s.", scenario="{scenario}"),
        "ended": _("The call is over."),
        "shortcuts_on": _("Keys are on."),
        "shortcuts_off": _("Keys are off."),
        "kept_nowhere": _("This browser keeps nothing: what waits is lost when the page is closed."),
    }
