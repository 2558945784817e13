"""Sends a text to a chat or mailbox through Apprise: the one module that imports it, when it is first needed.

Apprise knows from the HTTP status alone whether a robot took a text. WeCom, DingTalk and Feishu also refuse inside a
200 (a wrong key, too many a minute), which nobody is told of: hence one text a turn, and a way to try a target out.
"""

import logging
from functools import lru_cache
from typing import Any

from experiments.notices.faults import NotSent


def check(url: str) -> None:
    """See whether Apprise understands an address.

    Raises:
        ValueError: it does not; the message does not say what it was.
    """
    if _service(url) is None:
        raise ValueError("Apprise does not understand its url.")


def send(url: str, title: str, text: str, *, seconds: float) -> None:
    """Send a text, and return when the service has taken it.

    Args:
        url: an Apprise address.
        title: the subject of a mail; chats show it above the text.
        text: plain text, several lines.
        seconds: how long it may take. What takes longer may still arrive, and will be sent again.

    Raises:
        NotSent: the service did not take it in time, or nobody knows.
    """
    apprise: Any = _apprise()
    service = _service(url)
    if service is None:
        raise NotSent("address not understood")
    courier = apprise.Apprise(asset=_asset())
    courier.add(service)
    result = courier.notify(text, title=title, body_format=apprise.NotifyFormat.TEXT, timeout=seconds)
    if not result:
        raise NotSent("too slow" if result.timeout_count else "not taken")


@lru_cache(maxsize=1)
def _apprise() -> Any:
    import apprise

    logging.getLogger("apprise").setLevel(logging.WARNING)  # below that it writes addresses with their keys
    return apprise


@lru_cache(maxsize=1)
def _asset() -> Any:
    return _apprise().AppriseAsset(
        app_id="Scriptbench",
        app_desc="Scriptbench",
        app_url="",
        http_redirects=False,
        allow_templates=False,
    )


def _service(url: str) -> Any:
    # Each time anew: a service that is kept sleeps between two texts.
    service = _apprise().Apprise.instantiate(url, asset=_asset())
    if service is not None:
        service.redirects = False  # whatever the address asks for
    return service
