"""The floor: plain Flask addresses that read JSON and answer JSON, and do nothing in between."""

from flask import Flask, request

app = Flask(__name__)


@app.post("/api/v1/assignments")
def assign() -> dict[str, object]:
    asked = request.get_json()
    return {"call_id": asked["call_id"], "scenario": asked["scenario"], "arm": "control", "invite": True}


@app.post("/ofrep/v1/evaluate/flags/<key>")
def evaluate(key: str) -> dict[str, object]:
    asked = request.get_json()
    return {"key": key, "value": asked["context"]["targetingKey"], "reason": "SPLIT", "variant": "control"}
