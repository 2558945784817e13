"""The reader's words for what the domain names by key: stages, moves, roles, checks, conclusions, moments.

Every table is built when it is asked for, since its language is the reader's.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from flask_babel import gettext as _, ngettext

from experiments.board.cards import Card, Review, Stage
from experiments.calendar import as_date
from experiments.check.verdict import Conclusion
from experiments.people import ROLES
from experiments.plan.rules import Kind
from experiments.wording import Message
from web.house import house
from web.language import locale, named
from web.pages import verbs
from web.saying import arm_in_sentence

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

FORWARD = {
    (Stage.PLAN, Review.DRAFT): "submit",
    (Stage.PLAN, Review.IN_REVIEW): "approve",
    (Stage.PLAN, Review.APPROVED): "start",
    (Stage.DO, Review.RUNNING): "end",
    (Stage.DO, Review.PAUSED): "resume",
    (Stage.CHECK, Review.OPEN): "submit",
    (Stage.CHECK, Review.IN_REVIEW): "approve",
    (Stage.ACT, Review.IN_REVIEW): "approve",
    (Stage.ACT, Review.APPROVED): "roll_out",
    (Stage.ACT, Review.ROLLING_OUT): "advance",
    (Stage.ACT, Review.HELD): "resume",
}
"""The move that carries a card on; the others hold it, end it or send it back."""


def forward(card: Card) -> str | None:
    """Name the move that carries a card on; None where its life has ended."""
    verb = FORWARD.get((Stage(card.stage), Review(card.review)))
    if verb == "roll_out" and card.proposal is None:
        return "abandon"  # what was approved is to keep the standard: nothing goes out
    return verb


def moment(at: datetime | None) -> str:
    """Write a moment as the site's wall clock showed it."""
    if at is None:
        return "—"
    local = house().calendar.local(at)
    if locale() == "en":
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"


def day_of(at: datetime) -> str:
    """Write the site-local day of a moment."""
    return day(house().calendar.day(at))


def day(number: int | None) -> str:
    """Write a site-local day, 20261121."""
    if number is None:
        return "—"
    date = as_date(number)
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}" if locale() == "en" else date.isoformat()


def short_day(number: int) -> str:
    """Write a site-local day without its year."""
    date = as_date(number)
    return f"{date.day} {_MONTHS[date.month - 1]}" if locale() == "en" else f"{date:%m-%d}"


def listed(texts: Iterable[str]) -> str:
    """Join names as the reader's language does."""
    return (", " if locale() == "en" else "、").join(texts)


def either(texts: Iterable[str]) -> str:
    """Join names of which one will do."""
    return (" or " if locale() == "en" else "或").join(texts)


def headed(name: str, text: str) -> str:
    """Put before a text what it is about, with the colon of the reader's language."""
    return f"{name}{': ' if locale() == 'en' else '：'}{text}"


def role(key: str) -> str:
    """Name a role."""
    return named(ROLES[key]) if key in ROLES else key


def chair(role_key: str | None, logins: Iterable[str] = ()) -> str:
    """Name who is asked for an approval: a role, those named of it, or any role of the gate as a second approver."""
    told = _("A second approver") if role_key is None else role(role_key)
    among = listed(logins)
    return f"{told} ({among})" if among else told


def item(key: str) -> str:
    """Name an item of a checklist that people tick, within a sentence."""
    return {
        "offer_review": _("what is offered may be offered"),
        "size": _("its calls come in time"),
        "sample": _("it is decided on a smaller sample"),
        "verdict_read": _("the verdict was read"),
    }.get(key, key)


def stage(key: str) -> str:
    """Name a stage."""
    return {"plan": _("Plan"), "do": _("Do"), "check": _("Check"), "act": _("Act")}.get(key, key)


def review(key: str) -> str:
    """Name where a card stands within its stage."""
    return {
        "draft": _("Draft"),
        "in_review": _("In review"),
        "approved": _("Approved"),
        "running": _("Running"),
        "paused": _("Paused"),
        "open": _("Results open"),
        "rolling_out": _("Rolling out"),
        "held": _("Rollout held"),
        "standard": _("Now the standard"),
        "decided": _("Decided"),
        "abandoned": _("Closed, nothing changed"),
    }.get(key, key)


def badge(card: Card) -> str:
    """Give the review that a card's badge shows: a scenario card settles whether to invite, which may well be no."""
    return "decided" if (card.kind, card.review) == (Kind.SCENARIO, Review.STANDARD) else card.review


def kind(key: str) -> str:
    """Name a kind of card."""
    return {"script": _("Script card"), "scenario": _("Scenario card"), "standard": _("Standard card")}.get(key, key)


def unit(key: str) -> str:
    """Name a randomisation unit."""
    return {
        "call": _("Call"),
        "customer": _("Customer"),
        "agent": _("Agent"),
        "team": _("Team"),
        "agent_shift": _("Agent-shift"),
    }.get(key, key)


def units(key: str) -> str:
    """Name several randomisation units within a sentence."""
    return {
        "call": _("calls"),
        "customer": _("customers"),
        "agent": _("agents"),
        "team": _("teams"),
        "agent_shift": _("shifts"),
    }.get(key, key)


def vote(weighting: str, unit_key: str) -> str:
    """Say whose vote counts in an effect."""
    if weighting == "call":
        return _("Every call one vote")
    return {
        "customer": _("Every customer one vote"),
        "agent": _("Every agent one vote"),
        "team": _("Every team one vote"),
        "agent_shift": _("Every shift one vote"),
    }.get(unit_key, _("Every call one vote"))


def metric_role(key: str) -> str:
    """Name what a metric is there for."""
    return {"primary": _("Primary"), "guardrail": _("Guardrail"), "secondary": _("Secondary")}.get(key, key)


def guard(key: str) -> str:
    """Say what is known of a guardrail."""
    return {
        "cleared": _("Within its margin"),
        "harmed": _("Harmed"),
        "open": _("Not shown to be within its margin"),
        "unknown": _("Not known, which is not a pass"),
    }.get(key, key)


def check(key: str) -> str:
    """Name a health check."""
    return {
        "sample_ratio": _("Sample ratio"),
        "sample": _("Enough calls"),
        "whole_week": _("A whole week"),
        "protocol": _("Service first"),
        "standard": _("The same standard"),
        "few_agents_carry": _("Busy and quiet units agree"),
        "group_split": _("Sample ratio by region, agent and day"),
        "stray_arm": _("Only planned arms"),
        "two_arms": _("One arm for each unit"),
        "balance": _("Alike before the test"),
        "missing": _("Records of all calls"),
        "silent": _("Calls of which something is told"),
        "maturing": _("Late outcomes"),
        "per_staffed_day": _("Calls per staffed day"),
        "reports": _("Reports and records"),
        "deals": _("Registered deals"),
        "too_good": _("Too good to be true"),
        "novelty": _("Novelty"),
        "learning": _("Learning"),
        "carry_over": _("Carry-over between shifts"),
    }.get(key, key)


def standing(key: str) -> str:
    """Name what is decided about inviting in a scenario."""
    return {
        "candidate": _("Candidate"),
        "in_test": _("In test"),
        "suitable": _("Suitable"),
        "limited": _("Limited"),
        "unsuitable": _("Unsuitable"),
    }.get(key, key)


def marketing(key: str) -> str:
    """Name a type of service marketing."""
    return {
        "service": _("Service marketing"),
        "cross": _("Cross marketing"),
        "precise": _("Precise marketing"),
        "proactive": _("Proactive marketing"),
    }.get(key, key)


def next_step(card: Card) -> str:
    """Say what carries a card on."""
    verb = forward(card)
    if verb is None:
        return _("Nothing: this card's life has ended.")
    if verb == "end":
        return _("Collecting calls until the next planned look")
    if verb == "advance":
        return _("Each step comes by itself, before a day's first shift")
    if verb == "resume" and card.stage == "act":
        return _("Let it go on, or take it back")
    if verb == "resume":
        return _("Go on, or stop the test")
    return verbs.move(verb, card.stage)


def in_words(message: Message, person: Callable[[str], str] = str) -> Message:
    """Put the reader's words where the domain names stages, moves, roles, people and moments by key.

    Args:
        message: the sentence.
        person: gives a person's name by her login.
    """
    known = dict(message.values)
    if "person" in known:
        known["person"] = person(known["person"])
    if "verb" in known:
        known["verb"] = verbs.move(known["verb"], known.get("stage", ""))
    for name, naming in (("stage", stage), ("review", review)):
        if name in known:
            known[name] = naming(known[name])
    if "at" in known:
        known["at"] = moment(datetime.fromisoformat(known["at"]))
    if "roles" in known:
        known["roles"] = listed(map(role, known["roles"].split(", ")))
    return Message(message.text, known)


def headline(conclusion: str, challenger: str) -> tuple[str, str]:
    """Give the banner of a look's conclusion: which kind of banner, and its sentence."""
    named_arm = {"arm": arm_in_sentence(challenger)}
    return {
        Conclusion.KEEP_RUNNING: ("collecting", _("Keep collecting: no boundary was crossed yet")),
        Conclusion.WINNER: ("ship", _("%(arm)s wins: the rule proposes to make it the standard", **named_arm)),
        Conclusion.WINNER_NOT_CLEARED: (
            "collecting",
            _("%(arm)s is ahead, but a guardrail is not cleared", **named_arm),
        ),
        Conclusion.LOSER: ("stop", _("Worse than the standard: keep the standard")),
        Conclusion.NO_DIFFERENCE: ("flat", _("No difference worth having: keep the standard")),
        Conclusion.INCONCLUSIVE: ("flat", _("The planned calls are in, and the question is still open")),
        Conclusion.HARM: ("stop", _("Stop: %(arm)s harms a guardrail", **named_arm)),
        Conclusion.UNTRUSTWORTHY: ("untrusted", _("Do not read the effects: the data cannot be trusted")),
    }[Conclusion(conclusion)]


def conclusion(key: str) -> str:
    """Name a conclusion in a word or two, for tables."""
    return {
        Conclusion.KEEP_RUNNING: _("Keep collecting"),
        Conclusion.WINNER: _("Winner"),
        Conclusion.WINNER_NOT_CLEARED: _("Ahead, not cleared"),
        Conclusion.LOSER: _("Worse"),
        Conclusion.NO_DIFFERENCE: _("No difference"),
        Conclusion.INCONCLUSIVE: _("Still open"),
        Conclusion.HARM: _("Harm: stop"),
        Conclusion.UNTRUSTWORTHY: _("Not to be trusted"),
    }[Conclusion(key)]


TONES = {
    Conclusion.KEEP_RUNNING: ("info", "clock"),
    Conclusion.WINNER: ("good", "rocket"),
    Conclusion.WINNER_NOT_CLEARED: ("warn", "clock"),
    Conclusion.LOSER: ("bad", "circle-x"),
    Conclusion.NO_DIFFERENCE: ("plain", "info-circle"),
    Conclusion.INCONCLUSIVE: ("plain", "info-circle"),
    Conclusion.HARM: ("bad", "alert-triangle"),
    Conclusion.UNTRUSTWORTHY: ("warn", "alert-triangle"),
}
"""The tone and the icon of a conclusion's badge."""


def arm(key: str, *, control: bool) -> str:
    """Name an arm where it is shown: the control is the standard it was written against, whatever its key."""
    return _("Standard (control)") if control else _("Challenger %(arm)s", arm=arm_in_sentence(key))


def days(count: int) -> str:
    """Count days."""
    return ngettext("%(num)s day", "%(num)s days", count)


def synthetic(fields: Iterable[str]) -> str:
    """Say which facts of imported calls were made up for them; nothing where none was."""
    naming = {"call_id": _("call id"), "agent_id": _("agent"), "at": _("date and time")}
    made_up = [naming.get(field, field) for field in fields]
    if not made_up:
        return ""
    return _("Synthetic in the imported calls, since their file lacks it: %(fields)s.", fields=listed(made_up))


def origin(key: str) -> str:
    """Say of calls that were not heard here what they are; nothing of those that were."""
    return {
        "demo": _("These calls are made up: they come from the demo call centre."),
        "imported": _("These calls were brought in from a file: they were served elsewhere."),
        "replayed": _(
            "These are past calls sent through again at their own dates: the words of the arms were never spoken to "
            "these callers."
        ),
    }.get(key, "")


def calls(count: int) -> str:
    """Count calls, with thousands set apart."""
    return ngettext("%(calls)s call", "%(calls)s calls", count, calls=f"{count:,}")


def position(element: str) -> str:
    """Say where an element stands."""
    return _("After “%(element)s”", element=element)
