"""Signatures of webhooks as Standard Webhooks 1.0 has them (standardwebhooks.com): `v1`, HMAC-SHA256."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

_PREFIX = "whsec_"
_LEAST, _MOST = 24, 64
"""Bytes of a secret that the standard allows: 192 to 512 bits."""


def key_of(secret: str) -> bytes:
    """Read a secret as it is written down, `whsec_` and base64.

    Raises:
        ValueError: it is not one; the message does not say what it was.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if secret.startswith(_PREFIX) else b""
    except ValueError:
        key = b""
    if not _LEAST <= len(key) <= _MOST:
        raise ValueError(f"a secret is {_PREFIX} and the base64 of {_LEAST} to {_MOST} random bytes.")
    return key


def headers(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Give the three headers that a receiver checks; signed by every key, so that it may change to a new one in peace.

    Args:
        keys: the secrets' bytes.
        message_id: the same however often the message is sent; without full stops.
        timestamp: when this attempt is made, Unix seconds.
        body: exactly what is sent.
    """
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    signatures = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
