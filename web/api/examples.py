"""One worked example of every body, from the insurer's catalogue. The documentation shows them; a test sends them."""

from typing import Any

CENTRE = "http://127.0.0.1:8000"
KEY, VERB, SCENARIO = "change_benefit", "approve", "policy_change"

ASSIGNMENT: dict[str, Any] = {
    "call_id": "20261121-0001",
    "scenario": "policy_change",
    "agent_id": "1024",
    "customer_id": "C-80231",
    "team": "hangzhou-2",
    "region": "hangzhou",
    "channel": "hotline",
    "locale": "zh-CN",
    "attributes": {"caller_relation": "self"},
}

OUTCOMES: dict[str, Any] = {
    "outcomes": [
        {"id": "1", "call_id": "20261121-0001", "type": "resolved", "at": "2026-11-21T09:33:10+08:00"},
        {"id": "2", "call_id": "20261121-0001", "type": "invited", "at": "2026-11-21T09:33:40+08:00"},
        {"id": "3", "call_id": "20261121-0001", "type": "accepted", "at": "2026-11-21T09:33:55+08:00"},
        {"id": "4", "call_id": "20261121-0001", "type": "handled", "at": "2026-11-21T09:34:20+08:00", "value": 248},
    ]
}

EVALUATION: dict[str, Any] = {
    "context": {
        "targetingKey": "20261121-0001",
        "agent_id": "1024",
        "customer_id": "C-80231",
        "region": "hangzhou",
        "caller_relation": "self",
    }
}
_STEPS = [
    {"element": "greeting", "text": "您好，很高兴为您服务。"},
    {"element": "benefit", "text": "添加后，您下次批改只要发条消息，不用再排队。"},
]
EVALUATED: dict[str, Any] = {
    "key": "policy_change",
    "value": {"script": "policy_change", "version": 2, "locale": "zh-CN", "invite": True, "steps": _STEPS},
    "reason": "SPLIT",
    "variant": "no_queue",
    "metadata": {
        "assignment_id": "019aa4c1-5b7e-7d43-a1c2-3f0e9d8c7b6a",
        "experiment": "change_benefit",
        "reason": "split",
        "reason_detail": "change_benefit",
        "agent_shift": "1024|2026-11-21|am",
        "traffic_revision": 2,
    },
}
EVALUATIONS: dict[str, Any] = {"flags": [EVALUATED], "metadata": {"version": "14"}}

_STANDARD: dict[str, Any] = {
    "script": "policy_change",
    "version": 1,
    "invite": True,
    "steps": {"zh-CN": _STEPS[:1], "en": [{"element": "greeting", "text": "Good morning, how can I help you?"}]},
    "experiment": None,
    "arm": None,
    "traffic_revision": 2,
}
_OF_THE_TEST = {"experiment": "change_benefit"}
PAYLOAD: dict[str, Any] = {
    "status": 200,
    "features": {
        "policy_change": {
            "defaultValue": _STANDARD | {"invite": False},
            "rules": [
                {
                    "id": "change_benefit",
                    "condition": {"caller_relation": {"$in": ["self", "spouse"]}},
                    "filters": [
                        {
                            "attribute": "call_id",
                            "seed": "layer:policy_change",
                            "hashVersion": 2,
                            "ranges": [[0.0, 1.0]],
                        }
                    ],
                    "key": "change_benefit",
                    "hashAttribute": "call_id",
                    "hashVersion": 2,
                    "seed": "change_benefit:1",
                    "variations": [
                        _STANDARD | _OF_THE_TEST | {"arm": "control"},
                        _STANDARD | _OF_THE_TEST | {"arm": "no_queue", "version": 2},
                    ],
                    "ranges": [[0.0, 0.5], [0.5, 1.0]],
                    "meta": [{"key": "control"}, {"key": "no_queue"}],
                },
                {"id": "standard", "condition": {"caller_relation": {"$in": ["self", "spouse"]}}, "force": _STANDARD},
            ],
        }
    },
    "shifts": {"timezone": "Asia/Shanghai", "noon": "12:00"},
}

PLAN: dict[str, Any] = {
    "key": "change_benefit",
    "scenario": "policy_change",
    "title": {"zh-CN": "批改：换一种利益点", "en": "Policy change: another benefit"},
    "hypothesis": {
        "zh-CN": "说清楚下次不用排队，会让更多客户同意添加。",
        "en": "Saying that next time needs no queue makes more callers agree.",
    },
    "variable": "benefit",
    "unit": "call",
    "arms": [
        {
            "key": "control",
            "weight": 5000,
            "value": {
                "zh-CN": "我们有官方企业微信，以后修改联系方式、车牌、地址，都可以在上面直接联系我们办理。",
                "en": (
                    "We have an official WeCom account, where you can reach us to change your contact details, plate "
                    "or address."
                ),
            },
        },
        {
            "key": "no_queue",
            "weight": 5000,
            "value": {
                "zh-CN": "添加后，您下次批改只要发条消息，不用再排队。",
                "en": "Next time one message is enough, without queueing.",
            },
        },
    ],
    "metrics": [
        {"metric": "accepted", "role": "primary"},
        {"metric": "complaint", "role": "guardrail", "margin": 0.002, "watch": True},
        {"metric": "converted", "role": "secondary"},
    ],
    "effect": 0.04,
    "base_rate": 0.3,
}

HEARD: dict[str, Any] = {"call_id": "20261121-0001", "heard": "no_queue"}

TICK: dict[str, Any] = {"item": "offer_review"}

COMMENT: dict[str, Any] = {"text": "Does “no queue” hold on Mondays, too?"}

NOTE: dict[str, Any] = {
    "speaks": "for",
    "text": "The trainers heard the same in the pilot in Ningbo.",
    "url": "https://wiki.example.com/pilot-ningbo",
}

MOVE: dict[str, Any] = {"reason": "The words are clear and promise nothing that we cannot keep."}

REVIEW: dict[str, Any] = {
    "owner": "lead.lin",
    "review_by": 20270219,
    "note": "Heard 20 calls of each region: said as written, and callers follow.",
}
