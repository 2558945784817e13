"""The protocol's two addresses."""

import hashlib
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from experiments.do import assignments, previewing
from experiments.store import canonical
from web.api.bodies import expect_json
from web.house import house
from web.ofrep.answers import FLAG, PREFIX, evaluated
from web.ofrep.context import call_of

ofrep = APIBlueprint("ofrep", __name__, url_prefix=PREFIX)
ofrep.before_request(expect_json)

_ANY = "any"  # bulk asks for every scenario; a call has to have one


@ofrep.post(f"{FLAG}<key:key>")
def evaluate(key: str) -> dict[str, Any]:
    """Evaluate one flag (OFREP 0.3): assign a call a script of one scenario, and record it; asked again it is the same.

    The flag's key is the scenario's, the value is the script, the variant the arm.
    """
    here = house()
    snapshot = here.snapshot()
    snapshot.scenario(key)
    asked = call_of(request.get_json(), key)
    (answer,) = assignments.assign(here.floor, snapshot, [asked.as_call(here.clock())])
    return evaluated(answer, recorded=True)


@ofrep.post(FLAG.rstrip("/"))
def evaluate_all() -> Response | dict[str, Any]:
    """Evaluate all flags (OFREP 0.3): what every scenario would serve a call. Nothing is recorded.

    The tag covers all that the answer is made of: what is in force, the context, the agent's shift, and what is known
    of the call's assignments. What it says is unchanged is so.
    """
    here = house()
    body = request.get_json()
    call = call_of(body, _ANY).as_call(here.clock())
    snapshot = here.snapshot()
    known = previewing.assigned_already(here.floor, snapshot, call)
    shift = here.calendar.shift(call.agent_id, call.at)
    assigned = sorted(str(record.id) for record in known.records.values())
    parts = canonical([snapshot.version, body["context"], shift, known.whole, assigned])
    tag = hashlib.sha256(parts.encode()).hexdigest()
    response = Response(mimetype="application/json")
    response.set_etag(tag)
    if request.if_none_match.contains_weak(tag) or request.if_none_match.star_tag:
        response.status_code = 304
        return response
    flags = [
        evaluated(each.answer, recorded=each.assigned) for each in previewing.preview(here.floor, snapshot, call, known)
    ]
    response.set_data(canonical({"flags": flags, "metadata": {"version": str(snapshot.version)}}))
    return response
