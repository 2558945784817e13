"""The reader's words for what looks name by key: denominators, methods, moderators and their levels, steps."""

from flask_babel import gettext as _


def denominator(key: str) -> str:
    """Name the calls that a rate is over."""
    if key in ("calls", "eligible"):
        return _("eligible calls")  # the calls of an arm are eligible from the start
    return {"invited": _("invited calls"), "accepted": _("calls that accepted")}.get(key, key)


def method(key: str, *, units: str, deals: int) -> str:
    """Say in plain words how an effect was found; `units` are what was dealt, `deals` how many were registered."""
    return {
        "stratified-score": _("Agents compared with themselves: calls were dealt within each agent"),
        "score": _("All calls of the arms compared at once"),
        "barnard": _("Exact, since there are few of them"),
        "cluster-t": _("Averages of the arms compared, by the spread of their calls"),
        "cr2": _("Whole %(units)s compared, knowing that calls of one are alike (CR2)", units=units),
        "welch": _("Whole %(units)s compared, each with one vote", units=units),
        "cuped-cr2": _("Whole %(units)s compared, less what their own past predicts", units=units),
        "cr2-within": _("Shifts compared within their agent and their time of the week"),
        "randomisation": _(
            "By dealing the %(units)s again, by each of the %(deals)s registered deals", units=units, deals=deals
        ),
        "permutation": _("By dealing the %(units)s again at random, thousands of times", units=units),
    }.get(key, key)


def moderator(key: str) -> str:
    """Name what an effect may depend on."""
    return {"tenure": _("Tenure"), "region": _("Region"), "channel": _("Channel")}.get(key, key)


def groups(key: str) -> str:
    """Name the groups that a moderator tells apart, within a sentence."""
    return {
        "tenure": _("new and experienced agents"),
        "region": _("regions"),
        "channel": _("channels"),
    }.get(key, key)


def level(moderator_key: str, key: str) -> str:
    """Name one level of a moderator."""
    if moderator_key == "tenure":
        return {
            "new": _("New agents: first call less than 90 days before the start"),
            "experienced": _("Experienced agents: 90 days or more"),
        }.get(key, key)
    return key or _("not told")


def step_moved(fact: str, name: str, *, more: bool) -> str:
    """Say which step moved, and which way, within a sentence."""
    known = {
        "resolved": (_("more requests being resolved"), _("fewer requests being resolved")),
        "invited": (_("asking more often"), _("asking less often")),
        "accepted": (_("more of those asked saying yes"), _("fewer of those asked saying yes")),
        "joined": (_("more of those who said yes staying"), _("fewer of those who said yes staying")),
    }
    otherwise = (
        _("more going on to “%(step)s”", step=name),
        _("fewer going on to “%(step)s”", step=name),
    )
    return known.get(fact, otherwise)[0 if more else 1]
