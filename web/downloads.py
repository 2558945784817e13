"""Files that carry people's names out of the house: each leaves an entry in the audit log."""

from typing import Any

from flask import request

from experiments import audit
from web import auth
from web.house import house


def note_download(subject: str, **asked: Any) -> None:
    """Write down who takes a file out that names people, before it is handed over.

    A GET that writes is the exception here, on purpose: it changes nothing that anybody is shown or served, and a file
    that is out cannot be called back, so that what was taken has to be known. Where it cannot be written down, the
    error leaves no file to take. Whoever asks for the head alone takes nothing.

    Args:
        subject: what is taken, e.g. `report:calls`.
        asked: what was asked of it.
    """
    if request.method == "HEAD":
        return
    here = house()
    with here.store.write() as session:
        audit.record(session, actor=auth.actor().name, verb="download", subject=subject, now=here.clock(), **asked)
