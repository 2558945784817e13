"""The words around charts, in the language of the request."""

from flask_babel import gettext as _

from web.charts.data import DayWords, EffectWords, FunnelWords, ShareWords


def funnel_words() -> FunnelWords:
    """Translate the words around a funnel."""
    return FunnelWords(
        arm=_("Arm"),
        step=_("Step"),
        calls=_("Calls"),
        share=_("Share of assigned calls"),
        interval=_("Interval"),
        low=_("Interval, from"),
        high=_("Interval, to"),
        onward=_("Of the step before"),
        lost=_("Lost since the step before"),
    )


def effect_words() -> EffectWords:
    """Translate the words around effects."""
    return EffectWords(
        what=_("Metric"),
        effect=_("Difference to control"),
        axis=_("Difference to control, percentage points"),
        unit=_("pp"),
        interval=_("Interval"),
        low=_("Interval, from"),
        high=_("Interval, to"),
        margin=_("Allowed harm"),
        smallest=_("Smallest effect worth having"),
        reading=_("Reading"),
        good=_("better"),
        bad=_("worse"),
        unclear=_("may be nothing"),
    )


def share_words() -> ShareWords:
    """Translate the words around shares."""
    return ShareWords(what=_("Call type"), share=_("Share of calls"), calls=_("Calls"), standing=_("Standing"))


def day_words() -> DayWords:
    """Translate the words around a rate by day."""
    return DayWords(
        day=_("Day"),
        calls=_("Calls"),
        rate=_("Share on the day"),
        usual=_("Usual"),
        limits=_("Limits"),
        smoothed=_("Smoothed"),
        signal=_("Signal"),
    )
