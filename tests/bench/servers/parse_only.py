"""Batches of outcomes read and judged with our own reader, and not kept: what storing them is measured against."""

from datetime import UTC, datetime

from flask import Flask, request

from experiments.do.pseudonyms import Pseudonyms
from experiments.do.telling import Teller, read

app = Flask(__name__)
PSEUDONYMS = Pseudonyms(b"a key that only the bench knows")


@app.post("/api/v1/outcomes")
def report() -> dict[str, int]:
    told = read(Teller("bench", {}, PSEUDONYMS, datetime.now(UTC)), request.get_json()["outcomes"])
    return {"accepted": len(told.facts), "rejected": len(told.rejected)}
