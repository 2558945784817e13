"""The one address that GrowthBook's SDKs know: `{apiHost}/api/features/{clientKey}`."""

import hashlib
from dataclasses import dataclass

from apiflask import APIBlueprint
from flask import Response, current_app, request

from experiments.do.payload import payload
from experiments.do.snapshot import Snapshot
from experiments.errors import NotAllowed
from experiments.store import canonical
from web.auth import actor
from web.house import House, house

SCOPE = "evaluate"
"""All that a client key may do."""

features = APIBlueprint("features", __name__, url_prefix="/api/features")

_HEADERS = {
    # A desktop in a browser asks from its own origin; no cookie is looked at here.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
    # SDKs keep it for a minute themselves; nobody else does without asking whether it is still so.
    "Cache-Control": "private, no-cache",
}


@dataclass(frozen=True, slots=True)
class _Written:
    """The payload of one snapshot, as it is sent."""

    snapshot: Snapshot
    body: bytes
    tag: str


@features.get("/<client_key>")
def read_payload(client_key: str) -> Response:
    """Read everything in force as GrowthBook's SDKs do, or that it is what the SDK has: `apiHost` is this server.

    The key in the address is a token with the scope `evaluate` and no other, since others may read addresses. A desktop
    evaluates by itself, offline too, and reports what it served as outcomes of type `served`.
    """
    if actor().scopes != {SCOPE}:
        raise NotAllowed("A client key may have the scope %(scope)s only: addresses are read by others.", scope=SCOPE)
    written = _written(house())
    response = Response(written.body, mimetype="application/json", headers=_HEADERS)
    response.set_etag(written.tag)
    response.make_conditional(request)
    return response


def _written(here: House) -> _Written:
    """Write the payload once for each snapshot: they are swapped whole."""
    known: _Written | None = current_app.extensions.get("features")
    snapshot = here.snapshot()
    if known is not None and known.snapshot is snapshot:
        return known
    body = canonical(payload(snapshot, here.calendar)).encode("utf-8", "surrogatepass")
    made = current_app.extensions["features"] = _Written(snapshot, body, hashlib.sha256(body).hexdigest())
    return made
