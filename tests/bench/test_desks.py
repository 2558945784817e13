import json
from itertools import islice
from typing import Any

from experiments.do.outcomes import OutcomeReport
from tests.bench.desks import BATCH, KINDS, Desks, ordered_ids
from web.api.schemas.calls import AssignmentRequest
from web.ofrep.context import call_of


def body_of(request: bytes) -> Any:
    head, _, body = request.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}" in head.decode().split("\r\n")
    return json.loads(body)


def called(desks: Desks, many: int, what: str = "assignments") -> list[str]:
    return [body_of(desks.supplies[what].take())["call_id"] for _ in range(many)]


def test_ids_are_all_different_and_sort_by_their_milliseconds() -> None:
    made = list(islice(ordered_ids(), 10_000))

    assert len(set(made)) == len(made)
    assert [each[:13] for each in made] == sorted(each[:13] for each in made)
    assert {len(each) for each in made} == {36}


def test_a_desk_sends_what_the_api_reads_for_many_agents_and_three_customers_in_five() -> None:
    supply = Desks("a token").supplies["assignments"]
    asked = [AssignmentRequest.model_validate(body_of(supply.take())) for _ in range(1_000)]

    assert len({each.agent_id for each in asked}) == 200
    assert sum(each.customer_id is not None for each in asked) == 600
    assert {"caller_relation"} == {name for each in asked for name in each.attributes}


def test_what_openfeature_sends_tells_of_the_same_calls() -> None:
    desks = Desks("a token")
    asked, evaluated = (body_of(desks.supplies[what].take()) for what in ("assignments", "evaluations"))
    call = call_of(evaluated, asked["scenario"])

    assert call.attributes.keys() == asked["attributes"].keys()
    assert call.model_dump(exclude_unset=True).keys() == asked.keys()


def test_a_token_is_sent_and_none_without() -> None:
    assert b"\r\nAuthorization: Bearer secret\r\n" in Desks("secret").supplies["assignments"].take()
    assert b"Authorization" not in Desks().supplies["assignments"].take()


def test_only_calls_that_were_sent_are_asked_for_again() -> None:
    desks = Desks()
    desks.supplies["assignments"].prepare(50)
    sent = called(desks, 7)

    assert called(desks, 14, "repeats") == sent * 2


def test_a_batch_tells_three_facts_of_each_call_that_was_sent() -> None:
    desks = Desks()
    sent = called(desks, 400)
    facts = [OutcomeReport.model_validate(each) for each in body_of(desks.supplies["batches"].take())["outcomes"]]

    assert len({each.id for each in facts}) == len(facts) == BATCH
    assert {each.call_id for each in facts} <= set(sent)
    assert [each.type.value for each in facts[: 2 * len(KINDS)]] == list(KINDS) * 2
