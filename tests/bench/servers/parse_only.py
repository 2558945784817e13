"""Batches of outcomes read and judged with our own reader, and not kept: what storing them is measured against."""

from datetime import UTC, datetime

from flask import Flask, request

from experiments.do.outcomes import Rejection, _read
from experiments.do.pseudonyms import Pseudonyms

app = Flask(__name__)
PSEUDONYMS = Pseudonyms(b"a key that only the bench knows")


@app.post("/api/v1/outcomes")
def report() -> dict[str, int]:
    now = datetime.now(UTC)
    read = [_read(i, raw, {}, "bench", PSEUDONYMS, now) for i, raw in enumerate(request.get_json()["outcomes"])]
    rejected = sum(isinstance(row, Rejection) for row in read)
    return {"accepted": len(read) - rejected, "rejected": rejected}
