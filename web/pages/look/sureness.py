"""How sure, in numbers: what stands behind the one number, for readers who ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from experiments.check.frozen import Reading, decided, primaries
from experiments.check.looks import Look
from experiments.check.metrics import MetricSpec
from experiments.plan.designs import Experiment
from web.formats import MINUS, UNKNOWN, percent
from web.pages import words
from web.pages.look import amounts, naming
from web.pages.look.content import explanation
from web.saying import arm_in_sentence, arm_name


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that belong together, each a term and a sentence; `note` says how to read them."""

    title: str
    note: str
    facts: list[tuple[str, str]]


def how_sure(experiment: Experiment, look: Look, specs: Mapping[str, MetricSpec], *, effects: bool) -> list[Group]:
    """Say how sure a look is: groups of facts, those left out of which nothing is known.

    Args:
        experiment: the test.
        look: of it.
        specs: its metrics.
        effects: whether anything may be told of its effects.
    """
    groups = [_alike(experiment, look), _boundary(experiment, look)]
    if effects:
        groups += [_at_the_end(experiment, reading, specs[reading["metric"]]) for reading in primaries(look)]
        groups += [_interactions(look), _beliefs(experiment, look), *_spoken(look, specs)]
    return [group for group in groups if group.facts]


def _alike(experiment: Experiment, look: Look) -> Group:
    """Say how alike calls of one unit are, and what that does to this test."""
    found = look.content["clustering"]
    title = _("Calls of one agent") if experiment.unit == "call" else _("Calls of one unit")
    if found is None or found["icc"] is None or found["design_effect"] is None:
        return Group(title, "", [])
    facts = [(_("How alike they are (ICC)"), _with_interval(found["icc"], found["low"], found["high"]))]
    facts.append((_("What that means"), _worth(experiment.unit, found["icc"], found["design_effect"])))
    if experiment.unit != "call":
        size = f"{found['mean_size']:,.0f}"
        names = words.units(experiment.unit)
        units = _(
            "%(units)s %(names)s with %(size)s calls each on average", units=found["units"], names=names, size=size
        )
        facts.append((_("Units"), units))
    return Group(title, "", facts)


def _worth(unit: str, icc: float, design_effect: float) -> str:
    """Say what likeness costs: of how many independent calls a thousand are worth."""
    if icc <= 0:
        return _("They are no more alike than calls of different ones: a call is worth a call.")
    worth = f"{1000 / design_effect:,.0f}"
    if unit == "call":
        return _(
            "Nothing lost here: calls were dealt one by one. Had whole agents been dealt, 1,000 calls would say as "
            "much as %(worth)s independent ones.",
            worth=worth,
        )
    return _("Calls of one unit are alike: 1,000 calls say as much as %(worth)s independent ones.", worth=worth)


def _with_interval(value: float, low: float | None, high: float | None) -> str:
    text, *ends = (f"{each:.3f}".replace("-", MINUS) for each in (value, low, high) if each is not None)
    return text if low is None or high is None else f"{text} [{ends[0]}, {ends[1]}]"


def _boundary(experiment: Experiment, look: Look) -> Group:
    """Say where this look decides, and how much of alpha the looks have used by now."""
    boundary = look.content["boundary"]
    if not boundary["nominal_alpha"]:
        facts = [(_("This look decides at"), _("nothing: of so few units only the final look decides"))]
        return Group(_("Looking early, as planned"), "", facts)
    spent = _("%(spent)s of %(alpha)s", spent=f"{boundary['cumulative_alpha']:.4f}", alpha=f"{experiment.alpha:g}")
    facts = [
        (_("This look decides at"), f"p ≤ {boundary['nominal_alpha']:.4f}, |z| ≥ {boundary['z']:.2f}"),
        (_("Alpha used by now, for each challenger"), spent),
    ]
    return Group(_("Looking early, as planned"), "", facts)


def _at_the_end(experiment: Experiment, reading: Reading, spec: MetricSpec) -> Group:
    """Say what the primary effect is where the test may end, and what else could be said of it."""
    found, overrun = decided(reading), reading["overrun"]
    title = _("The primary effect of %(arm)s", arm=arm_in_sentence(reading["challenger"]))
    if found is None:
        return Group(title, "", [])
    p = found["p_value"]
    facts = [
        (_("p that knows of the looks before"), f"{amounts.p_value(p)}. {_chance(p)}" if p is not None else UNKNOWN),
        (_("Ended by"), _("look %(number)s", number=found["stage"])),
    ]
    if overrun is not None:
        facts += [
            (_("When its boundary was crossed"), _stopped(overrun["at_stop"], spec)),
            (_("With the calls that came in since"), _stopped(overrun["deletion"], spec)),
            (_("The same, weighed the other way"), _stopped(overrun["combined"], spec)),
            (_("Do both ways agree?"), _agree(overrun["agree"])),
        ]
    return Group(title, "", facts)


def _chance(p: float) -> str:
    return _(
        "If the words made no difference, a result at least this far out would come up %(often)s.",
        often=amounts.how_often(p),
    )


def _stopped(found: Mapping[str, Any], spec: MetricSpec) -> str:
    return amounts.both({**found, "difference": found["estimate"]}, spec) if found["estimate"] is not None else UNKNOWN


def _agree(agree: bool | None) -> str:
    if agree is None:
        return _("Not known")
    return _("Yes") if agree else _("No: the calls since have taken back part of the effect")


def _interactions(look: Look) -> Group:
    found = explanation(look)
    moderated = found["moderated"] if found else []
    facts = [
        (
            f"{naming.moderator(each['moderator'])} · {arm_name(each['challenger'])}",
            f"p {amounts.p_value(each['interaction']['p_value'])}",
        )
        for each in moderated
        if each["interaction"]["p_value"] is not None
    ]
    return Group(_("Do segments differ?"), "", facts)


def _beliefs(experiment: Experiment, look: Look) -> Group:
    """Say what may be believed of the challengers; it decides nothing."""
    found = explanation(look)
    facts: list[tuple[str, str]] = []
    for belief in found["beliefs"] if found else []:
        facts += _belief(belief, several=len(experiment.arms) > 2)
    note = _("For the question “how likely is it better?”, from the same calls. The verdict does not read it.")
    return Group(_("What may be believed, beside the verdict, never in it"), note, facts)


def _belief(belief: Mapping[str, Any], *, several: bool) -> list[tuple[str, str]]:
    arm, pair = arm_in_sentence(belief["challenger"]), belief["pair"]
    if pair["probability_better"] is None:
        return []
    facts = [(_("Chance that %(arm)s is better", arm=arm), percent(pair["probability_better"]))]
    if several and belief["probability_best"] is not None:
        facts.append((_("Chance that no arm is better than %(arm)s", arm=arm), percent(belief["probability_best"])))
    return [
        *facts,
        (_("What taking %(arm)s may lose, on average", arm=arm), _lost(pair["loss_of_shipping"])),
        (_("What keeping the standard instead may lose, on average"), _lost(pair["loss_of_keeping"])),
    ]


def _lost(share: float | None) -> str:
    if share is None:
        return UNKNOWN
    calls = 100 * share
    return _("%(size)s of 100 calls", size=f"{calls:.2f}" if calls >= 0.005 else "< 0.01")


def _spoken(look: Look, specs: Mapping[str, MetricSpec]) -> list[Group]:
    """Say how often the words were really heard, and what they did where they were."""
    found = explanation(look)
    spec = specs[primaries(look)[0]["metric"]]
    return [spoken_words(spoken, spec) for spoken in (found.get("spoken") or [] if found else [])]


def spoken_words(spoken: Mapping[str, Any], spec: MetricSpec) -> Group:
    """Say how often one challenger's words were heard, and what they did there; it decides nothing."""
    arm = arm_in_sentence(spoken["challenger"])
    complier, listened = spoken["complier"], spoken["adherence"]["listened"] + spoken["contamination"]["listened"]
    facts = [
        (_("%(arm)s's words heard in its own calls", arm=arm), _share(spoken["adherence"])),
        (_("%(arm)s's words heard in the control's calls", arm=arm), _share(spoken["contamination"])),
        (_("Effect where the words were heard because of the test"), _complier(complier, spec)),
    ]
    if complier["weak"]:
        facts.append(
            (
                _("Weak"),
                _("The test moved too little of what was spoken: do not read that effect without its interval."),
            )
        )
    note = _(
        "From %(calls)s calls drawn by lot and listened to, blind to what came of them. What was dealt decides, not "
        "what was spoken.",
        calls=listened,
    )
    return Group(_("What was really spoken"), note, facts)


def _share(heard: Mapping[str, Any]) -> str:
    if heard["rate"] is None:
        return UNKNOWN
    return f"{percent(heard['rate'], 0)} [{percent(heard['low'], 0)}, {percent(heard['high'], 0)}]"


def _complier(complier: Mapping[str, Any], spec: MetricSpec) -> str:
    region = complier["region"]
    if region["kind"] == "interval":
        return amounts.both({"difference": complier["effect"], "low": region["low"], "high": region["high"]}, spec)
    if region["kind"] == "unknown" or complier["effect"] is None:
        return UNKNOWN
    return _("%(effect)s, but the data do not bound it", effect=amounts.difference(complier["effect"], spec))
