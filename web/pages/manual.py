"""A standard script as one page to print: who is invited, the flow, the words, and what is known of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments import people
from experiments.act import reviews
from experiments.act.knowledge.entries import KnowledgeEntry, entries_on
from experiments.act.live import live_standard
from experiments.errors import Unknown
from experiments.plan import scripts, traffic
from experiments.plan.flow import Phase, Said, flow_of
from experiments.plan.scenarios import element_names, parts_of, scenario_named
from experiments.plan.scripts import lines_of
from experiments.plan.traffic import SliceState
from web.house import house
from web.language import locale, named
from web.pages import conditions, words
from web.pages.knowledge import told
from web.pages.survey import called
from web.saying import ENDONYMS, LOCALES

_KNOWN = 4
"""Entries that still fit on the sheet."""


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step."""

    number: int
    label: str
    text: str
    locked: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Steps that belong together, under a heading; `span` are their numbers."""

    phase: str
    heading: str
    steps: list[Step]
    span: str


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the flow, in its order; `exits` are (answer, what is done then), `onward` the answer that goes on."""

    kind: str
    text: str
    span: str = ""
    exits: tuple[tuple[str, str], ...] = ()
    onward: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """An entry in a line."""

    key: str
    variable: str
    text: str
    ended: str


@dataclass(frozen=True, slots=True)
class ManualPage:
    """Everything on the page. `language` is the one the script's words are in."""

    key: str
    name: str
    language: str
    other: tuple[str, str]
    facts: list[tuple[str, str]]
    audience: list[str]
    invites: bool
    in_test: bool
    flow: list[Box]
    parts: list[Part]
    known: list[Known]


def manual_page(session: Session, key: str, language: str) -> ManualPage:
    """See the standard script in force as a manual.

    Args:
        session: to read with.
        key: the scenario's.
        language: of the script's words; the reader's where it is none of ours.

    Raises:
        Unknown: there is no such scenario, or it has no standard script.
    """
    scenario = scenario_named(session, key)
    live = live_standard(session, scenario)
    if live is None:
        raise Unknown("The scenario %(scenario)s has no standard script yet.", scenario=key)
    chosen = language if language in LOCALES else locale()
    version = scripts.version_by_id(session, live.version_id)
    value = traffic.in_force(session, scenario).value
    names = {name: named(each) for name, each in element_names(session, scenario.catalogue).items()}
    flow = flow_of(lines_of(version.lines), parts_of(session, scenario.catalogue))
    parts = [_part(Phase(phase), list(steps), names, chosen) for phase, steps in groupby(flow, lambda s: s.phase)]
    everybody = {person.login: person.name for person in people.everyone(session)}
    due = reviews.review_due(session, live, house().calendar)
    other = next(each for each in LOCALES if each != chosen)
    return ManualPage(
        key=key,
        name=named(scenario.name),
        language=chosen,
        other=(other, ENDONYMS[other]),
        facts=[
            (_("Script"), f"{version.script.key} v{version.number}"),
            (_("In force since"), words.moment(live.since)),
            (_("Owner"), called(due.owner, everybody)),
            (_("Looked at again by"), words.day(due.review_by)),
            (_("Standing"), words.standing(scenario.standing)),
        ],
        audience=conditions.audience(value.audience),
        invites=any(step.phase is Phase.INVITATION for step in flow),
        in_test=any(slice_.state == SliceState.RUNNING for slice_ in value.slices),
        flow=_boxes(parts),
        parts=parts,
        known=_known(entries_on(session, scenario, tuple(names), most=_KNOWN)),
    )


def _part(phase: Phase, steps: Sequence[Said], names: dict[str, str], language: str) -> Part:
    first, last = steps[0].number, steps[-1].number
    return Part(
        phase=phase,
        heading=_heading(phase),
        steps=[
            Step(s.number, names.get(s.line.element, s.line.element), s.line.text.get(language, ""), s.locked)
            for s in steps
        ],
        span=str(first) if first == last else f"{first}–{last}",
    )


def _heading(phase: Phase) -> str:
    return {
        Phase.SERVICE: _("Service first: until the request is resolved"),
        Phase.INVITATION: _("Then, and only then: the invitation"),
        Phase.OBJECTION: _("If the caller hesitates or objects: once, then let it be"),
        Phase.END: _("To everyone, before the call ends"),
    }[phase]


def _boxes(parts: Sequence[Part]) -> list[Box]:
    """Draw the call: served, resolved or handed over, invited or not, and what follows each answer."""
    spans = {phase: ", ".join(part.span for part in parts if part.phase == phase) for phase in Phase}
    boxes = [
        Box("step", _("Serve the request, at once and in full"), spans[Phase.SERVICE]),
        Box(
            "question",
            _("Resolved?"),
            exits=((_("no"), _("Go on serving, or hand over at once. No invitation")),),
            onward=_("yes"),
        ),
    ]
    if spans[Phase.INVITATION]:
        once = _("Answer it once (step %(steps)s), and ask no second time", steps=spans[Phase.OBJECTION])
        boxes += [
            Box(
                "question",
                _("One of those who are invited?"),
                exits=((_("no"), _("Close, without an invitation")),),
                onward=_("yes"),
            ),
            Box("step", _("Invite"), spans[Phase.INVITATION]),
            Box(
                "question",
                _("What does the caller say?"),
                exits=(
                    (_("accepts"), _("Do at once what was offered, and confirm it")),
                    (_("objects"), once if spans[Phase.OBJECTION] else _("Thank the caller, and ask no second time")),
                    (_("declines"), _("Accept it kindly")),
                ),
            ),
        ]
    return [*boxes, Box("end", _("Close the call"), spans[Phase.END])]


def _known(entries: Sequence[KnowledgeEntry]) -> list[Known]:
    return [
        Known(
            key=entry.experiment.key,
            variable=named(entry.content["variable"]["name"]) or entry.variable,
            text=words.listed(t for t in (_found(entry), told.verdict(entry.verdict), told.decided(entry)) if t),
            ended=words.day(entry.ended_day),
        )
        for entry in entries
    ]


def _found(entry: KnowledgeEntry) -> str:
    effect = told.effect_of(entry.content)
    return f"{named(entry.content['metric']['name'])} {effect.text} {effect.interval}" if effect.text else ""
