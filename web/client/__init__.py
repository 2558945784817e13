"""A desktop's client: which script to read in a call, and what happened in it, delivered once whatever happens.

Standard library only, and nothing of this project: copy the folder, under any name. Facts are written to a queue on
the disk first and sent in the background, so that a desktop waits for nothing and loses nothing, not even when it is
killed.

    from pathlib import Path
    from web.client.desk import Desk

    with Desk("http://127.0.0.1:8000", token, queue=Path("facts.db")) as desk:
        script = desk.assign("call-17", "policy_enquiry", "A7", attributes={"caller_relation": "self"})
        print(script.arm, script.steps)
        desk.report("resolved", call_id="call-17")
        desk.report("accepted", call_id="call-17", value=12)
"""
