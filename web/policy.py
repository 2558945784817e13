"""Who may do what: one row a route, enforced at the door. A route without a row is refused, and a test finds it.

Board moves are guarded a second time, by the transition table: a row here only says who may come and ask.
"""

from dataclasses import dataclass
from enum import Enum

from flask import request

from experiments.act.knowledge.notes import NOTERS
from experiments.act.reviews import REVIEWERS
from experiments.board.seats import APPROVERS
from experiments.check.spoken.sample import LISTENERS
from experiments.errors import NotAllowed, NotSignedIn
from experiments.people import ROLES, Actor


class Who(Enum):
    """How a caller is known."""

    #: nobody need be known
    ANYONE = "anyone"
    #: signed in at this site
    PERSON = "person"
    #: carries a token
    TOKEN = "token"  # noqa: S105 - a kind of caller, not a secret


@dataclass(frozen=True, slots=True)
class Access:
    """One row: how the caller is known, and which roles or which token scope the route asks for."""

    who: Who
    roles: tuple[str, ...] = ()
    scope: str = ""


_EVERYONE = tuple(ROLES)
_BOARD = ("lead", "supervisor", "manager", "quality", "compliance", "trainer", "admin")
DESIGNERS = ("lead",)
"""Who writes plans at the pages; over the API it is whoever has a token that designs."""
AGENTS = ("agent",)
"""Who takes calls at the desk."""

AGENTS_SEEN_BY = ("supervisor", "manager", "quality", "trainer", "admin")
"""Who sees agents one by one in reports: those who lead, check or train them. Leads and compliance see teams."""

_ANYONE = Access(Who.ANYONE)
_AT_THE_BOARD = Access(Who.PERSON, _BOARD)
_LEADS = Access(Who.PERSON, DESIGNERS)
_AGENTS = Access(Who.PERSON, AGENTS)

POLICY: dict[str, Access] = {
    # what machines ask
    "health.alive": _ANYONE,
    "health.ready": _ANYONE,
    "health.metrics": _ANYONE,
    # assets: the same for everyone, and no secret
    "static": _ANYONE,
    "pages.bokeh_js": _ANYONE,
    "desk.worker": _ANYONE,
    # the door
    "pages.sign_in": _ANYONE,
    "pages.language": _ANYONE,
    "pages.sign_out": Access(Who.PERSON, _EVERYONE),
    # pages; agents are blind to arms and results, so the board and its numbers are not for them
    "pages.home": Access(Who.PERSON, _EVERYONE),
    "pages.scenarios": _AT_THE_BOARD,
    "pages.scenario": _AT_THE_BOARD,
    "pages.standing": _AT_THE_BOARD,
    "pages.proposed_plan": _AT_THE_BOARD,
    "pages.review": Access(Who.PERSON, REVIEWERS),
    "pages.board": _AT_THE_BOARD,
    "pages.board_cards": _AT_THE_BOARD,
    "pages.experiments": _AT_THE_BOARD,
    "pages.experiment": _AT_THE_BOARD,
    "pages.picture": _AT_THE_BOARD,
    "pages.picture_numbers": _AT_THE_BOARD,
    "pages.moved": _AT_THE_BOARD,
    "pages.variables": _AT_THE_BOARD,
    "pages.variable_picture": _AT_THE_BOARD,
    "pages.shares_picture": _AT_THE_BOARD,
    "pages.scenario_picture": _AT_THE_BOARD,
    "pages.home_picture": _AT_THE_BOARD,
    "pages.knowledge": _AT_THE_BOARD,
    "pages.knowledge_entry": _AT_THE_BOARD,
    "pages.knowledge_note": Access(Who.PERSON, NOTERS),
    "pages.manual": _AT_THE_BOARD,
    "pages.listening": Access(Who.PERSON, LISTENERS),
    "pages.hear": Access(Who.PERSON, LISTENERS),
    "pages.move": Access(Who.PERSON, APPROVERS),
    "pages.confirm": _LEADS,
    "pages.tick": Access(Who.PERSON, APPROVERS),
    "pages.comment": _AT_THE_BOARD,
    # the design studio: plans are written by leads
    "studio.begin": _LEADS,
    "studio.write": _LEADS,
    "studio.amend": _LEADS,
    "studio.rewrite": _LEADS,
    "studio.sizes": _LEADS,
    # the desk: agents take calls there; those who may see tests look on, and nothing that they do there is kept
    "desk.page": Access(Who.PERSON, _EVERYONE),
    "desk.script": _AGENTS,
    "desk.standby": _AGENTS,
    "desk.tell": _AGENTS,
    "desk.preview": _AT_THE_BOARD,
    # reports, as pages and as files
    "reports.overview": _AT_THE_BOARD,
    "reports.table_file": _AT_THE_BOARD,
    "reports.pack": _AT_THE_BOARD,
    "reports.pack_file": _AT_THE_BOARD,
    # the API
    "openapi.spec": _ANYONE,
    "docs.api": _ANYONE,
    "api.assign": Access(Who.TOKEN, scope="assign"),
    # OpenFeature's protocol: the same, said otherwise
    "ofrep.evaluate": Access(Who.TOKEN, scope="assign"),
    "ofrep.evaluate_all": Access(Who.TOKEN, scope="assign"),
    # the payload of GrowthBook's SDKs: whoever has the key in the address
    "features.read_payload": Access(Who.TOKEN, scope="evaluate"),
    "api.report": Access(Who.TOKEN, scope="report"),
    "api.list_experiments": Access(Who.TOKEN, scope="read"),
    "api.read_experiment": Access(Who.TOKEN, scope="read"),
    "api.read_results": Access(Who.TOKEN, scope="read"),
    "api.read_confirmation": Access(Who.TOKEN, scope="read"),
    "api.read_listening": Access(Who.TOKEN, scope="read"),
    "api.hear": Access(Who.TOKEN, scope="act"),
    "api.read_traffic": Access(Who.TOKEN, scope="read"),
    "api.list_variables": Access(Who.TOKEN, scope="read"),
    "api.read_reports": Access(Who.TOKEN, scope="read"),
    "api.find_knowledge": Access(Who.TOKEN, scope="read"),
    "api.read_knowledge": Access(Who.TOKEN, scope="read"),
    "api.note_knowledge": Access(Who.TOKEN, scope="act"),
    "api.list_standards": Access(Who.TOKEN, scope="read"),
    "api.propose_plan": Access(Who.TOKEN, scope="read"),
    "api.review_standard": Access(Who.TOKEN, scope="act"),
    "api.write_plan": Access(Who.TOKEN, scope="design"),
    "api.revise_plan": Access(Who.TOKEN, scope="design"),
    "api.move": Access(Who.TOKEN, scope="act"),
    "api.tick": Access(Who.TOKEN, scope="act"),
    "api.comment": Access(Who.TOKEN, scope="act"),
}


def admit(actor: Actor | None) -> None:
    """Let the caller through to the route asked for, or refuse.

    Raises:
        NotSignedIn: the route asks for somebody, and nobody is known.
        NotAllowed: the route has no row, or the caller lacks the role or the scope.
    """
    access = POLICY.get(request.endpoint or "")
    if access is None:
        raise NotAllowed("This address is closed.")
    if access.who is Who.ANYONE:
        return
    if actor is None:
        if access.who is Who.TOKEN:
            raise NotSignedIn("Send a token.")
        raise NotSignedIn("Please sign in.")
    if access.who is Who.PERSON and not actor.has(access.roles):
        raise NotAllowed("This needs one of the roles %(roles)s.", roles=", ".join(access.roles))
    if access.who is Who.TOKEN and access.scope not in actor.scopes:
        raise NotAllowed("The token lacks the scope %(scope)s.", scope=access.scope)
