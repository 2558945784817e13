"""The floor: a plain Flask address that reads JSON and answers JSON, and does nothing in between."""

from flask import Flask, request

app = Flask(__name__)


@app.post("/api/v1/assignments")
def assign() -> dict[str, object]:
    asked = request.get_json()
    return {"call_id": asked["call_id"], "scenario": asked["scenario"], "arm": "control", "invite": True}
