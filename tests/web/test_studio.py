"""The design studio: what is typed is kept, what is wrong is said beside it, and what is kept goes to the board."""

import gzip
import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from werkzeug.datastructures import MultiDict

from experiments.board import cards
from experiments.check.metrics import MetricSpec
from experiments.do.assignments import Floor
from experiments.errors import Conflict, Problem
from experiments.plan.designs import edits_of, experiment_named
from experiments.wording import Message
from tests.builders import (
    a_draft,
    a_submitted_plan,
    approved,
    moved,
)
from tests.web.conftest import Clock
from tests.web.visitors import NOW, Visitor, a_test_under_way, a_visitor
from web.language import locale
from web.studio import read
from web.studio.measured import promised
from web.studio.problems import Problems
from web.studio.typed import Typed, TypedAudience, TypedMetric, TypedRow, typed_audience, typed_plan

TEMPLATE = "/studio?scenario=policy_enquiry&template=ask_choice"


@pytest.fixture(autouse=True)
def _a_week_later(clock: Clock) -> None:
    clock.now = NOW


@pytest.fixture
def lead(app: APIFlask, floor: Floor) -> Visitor:
    return a_visitor(app, floor, "lead")


def form_of(page: str) -> MultiDict[str, str]:
    """Read off a page what its form would send, were nothing typed."""
    inside = page[page.index('id="studio"') :]
    found: MultiDict[str, str] = MultiDict()
    for tag, attributes, body in re.findall(r"<(input|textarea|select)\b([^>]*)>(?:(.*?)</\1>)?", inside, re.DOTALL):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
        flags = set(re.findall(r"\b(checked|disabled)\b", re.sub(r'"[^"]*"', "", attributes)))
        if "name" not in given or "disabled" in flags:
            continue
        if given.get("type") in ("radio", "checkbox") and "checked" not in flags:
            continue
        value = given.get("value", "")
        if tag == "textarea":
            value = body
        if tag == "select":
            value = (re.findall(r'<option value="([^"]*)" selected>', body) or re.findall(r'value="([^"]*)"', body))[0]
        found.add(given["name"], html.unescape(value))
    return found


def sent(lead: Visitor, path: str, form: MultiDict[str, str], **typed: str) -> Any:
    """Send a form, with these fields typed otherwise."""
    changed = MultiDict(form)
    for name, value in typed.items():
        changed[name] = value
    return lead.client.post(path, data=changed)


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def beside(page: str, place: str) -> str:
    """Read what is said to be wrong beside a field."""
    (said,) = re.findall(rf'id="{re.escape(place)}-error" data-live>(.*?)</div>\n', page + "\n", re.DOTALL)[:1] or [""]
    return text_of(said).strip()


class TestWhoMayWrite:
    def test_is_leads_alone(self, app: APIFlask, floor: Floor) -> None:
        a_draft(floor)
        for role in ("manager", "agent"):
            visitor = a_visitor(app, floor, role)
            assert visitor.get("/studio").status_code == 403
            assert visitor.post("/studio/change_benefit", action="draft").status_code == 403
            assert "needs one of the roles Service-marketing lead" in text_of(visitor.get("/studio").text)
            assert "/studio" not in visitor.get("/board").text + visitor.get("/experiments/change_benefit").text

    def test_finds_its_way_from_the_pages_where_tests_are_thought_of(self, lead: Visitor, floor: Floor) -> None:
        a_draft(floor)
        assert 'href="/studio"' in lead.get("/board").text
        assert 'href="/studio?scenario=policy_change"' in lead.get("/scenarios/policy_change").text
        assert 'href="/studio/change_benefit"' in lead.get("/experiments/change_benefit").text


class TestABeginning:
    def test_asks_where_and_then_fills_the_form(self, lead: Visitor) -> None:
        where = lead.get("/studio?template=invite_or_not").text
        assert "“Do we invite here at all?” fits these scenarios." in text_of(where)
        assert "scenario=claim_enquiry&amp;template=invite_or_not" in where
        assert "scenario=claim_notification" not in where
        form = form_of(lead.get("/studio?scenario=claim_enquiry&template=invite_or_not").text)
        assert (form["kind"], form["variable"], form["key"]) == ("scenario", "ask", "claim_enquiry_ask")

    def test_from_nothing_that_is_there_is_not_found(self, lead: Visitor) -> None:
        for query in (
            "scenario=none",
            "scenario=policy_change&template=none",
            "from_signal=7",
            "from_signal=x",
            "anew=none",
        ):
            assert lead.get(f"/studio?{query}").status_code == 404
        assert lead.get("/studio?scenario=enquiry").status_code == 409
        assert lead.get("/studio/none").status_code == 404

    def test_speaks_both_languages(self, app: APIFlask, floor: Floor) -> None:
        page = text_of(a_visitor(app, floor, "lead", locale="zh-CN").get(TEMPLATE).text)
        for told in ("新建测试", "保存并提交", "诉求解决之后才会显示", "随机化单位", "立即停止"):
            assert told in page


class TestWhatIsTyped:
    def test_is_kept_with_each_problem_beside_its_field(self, lead: Visitor) -> None:
        form = form_of(lead.get("/studio?scenario=policy_enquiry&variable=benefit").text)
        typed = {
            "title.en": "A <b>bold</b> title", "effect": "a lot", "looks": "50, 40", "key": "no spaces please",
            "metrics.complaint.margin": "", "audience.mode": "rows", "audience.1.fact": "region",
            "audience.1.values": "", "arms.1.weight": "60",
        }  # fmt: skip
        answer = sent(lead, "/studio", form, action="submit", **typed)
        page = answer.text
        assert answer.status_code == 422
        again = form_of(page)
        assert {name: again[name] for name in typed} == typed
        assert "<b>bold" not in page
        told = {
            "title": "The Chinese text is missing.",
            "hypothesis": "The English text is missing.",
            "effect": "Give more than 0.001 and less than 100 points.",
            "looks": "Give rising shares of the planned calls",
            "key": "Give 1 to 64 Latin letters",
            "metrics.complaint": "A guardrail has a margin above 0.",
            "audience": "Every condition names a fact and at least one value.",
            "arms": "come to 100 percent together",
        }
        assert {place: words in beside(page, place) for place, words in told.items()} == dict.fromkeys(told, True)
        assert "Its size is worked out as soon as the numbers" in text_of(page)
        assert "Two arms have the same value" in beside(page, "arms")

    def test_is_not_blamed_for_what_nobody_has_written_yet(self, lead: Visitor) -> None:
        page = lead.get("/studio?scenario=policy_enquiry&variable=benefit").text
        assert 'aria-invalid="true"' not in page
        assert "Still open: 5" in text_of(page)

    def test_follows_another_scenario_where_nobody_wrote(self, lead: Visitor) -> None:
        form = form_of(lead.get("/studio?scenario=policy_enquiry&variable=benefit").text)
        page = sent(lead, "/studio", form, action="refresh", scenario="claim_enquiry", **{"title.en": "Mine"}).text
        again = form_of(page)
        assert (again["title.en"], again["key"]) == ("Mine", "claim_enquiry_benefit")
        assert again["arms.1.value.en"].startswith("our WeCom account tells you of every step")
        mine = sent(lead, "/studio", again, action="refresh", variable="ask", **{"arms.1.value.en": "My words."}).text
        assert form_of(mine)["arms.1.value.en"] == "My words."

    def test_grows_and_loses_challengers_with_weights_made_even(self, lead: Visitor) -> None:
        form = form_of(lead.get(TEMPLATE).text)
        three = form_of(sent(lead, "/studio", form, action="arm").text)
        assert [three[f"arms.{n}.weight"] for n in range(3)] == ["33.34", "33.33", "33.33"]
        two = form_of(sent(lead, "/studio", three, action="drop.1").text)
        assert (two["arms.1.key"], two["arms.1.weight"], "arms.2.key" in two) == ("new_2", "50", False)

    def test_of_a_size_that_never_answers_is_explained(self, lead: Visitor, floor: Floor) -> None:
        a_test_under_way(floor)
        form = form_of(lead.get("/studio?scenario=policy_change&template=benefit").text)
        few = text_of(sent(lead, "/studio", form, action="refresh", unit="agent", effect="1").text)
        assert "With so few units no number of calls would show this effect." in few
        slow = sent(lead, "/studio", form, action="refresh", effect="1")
        assert "after 28 days a scenario has mostly changed" in text_of(slow.text)
        (source,) = re.findall(r'data-source="(/studio/pictures/[^"]+)"', slow.text)
        drawn = json.loads(gzip.decompress(lead.get(html.unescape(source)).data))["item"]
        assert all(f'"{unit}"' in json.dumps(drawn) for unit in ("Call", "Agent-shift"))
        assert '"item"' not in slow.text, "the page carries no chart"
        assert "60 calls a day Counted, of 60 a day" in text_of(slow.text)

    def test_of_no_history_is_sized_by_the_rate_that_is_typed(self, lead: Visitor) -> None:
        form = form_of(lead.get(TEMPLATE).text)
        unknown = text_of(sent(lead, "/studio", form, action="refresh").text)
        assert "Too few calls heard this control to say its rate" in unknown
        assert "Can be kept as a draft" in unknown
        stated = text_of(sent(lead, "/studio", form, action="refresh", base_rate="20").text)
        assert "The scenario has no calls yet" in stated
        assert "Ready to be handed in" in stated

    def test_is_shown_as_agents_will_see_it(self, lead: Visitor) -> None:
        form = form_of(lead.get(TEMPLATE).text)
        page = sent(lead, "/studio", form, action="refresh", **{"arms.1.value.en": "Shall I, then?"}).text
        seen = page[page.index('id="studio-heard"') :]
        challenger = text_of(seen[seen.index("Challenger “which number”") :])
        places = [
            challenger.index(each)
            for each in ("Greeting", "Only once the request is resolved", "Shall I, then?", "Disclosure · locked")
        ]
        assert places == sorted(places)
        assert "under test" not in challenger


class TestWhatIsKept:
    def test_is_a_draft_or_a_submitted_plan(self, lead: Visitor, floor: Floor) -> None:
        form = form_of(lead.get(TEMPLATE).text)
        draft = sent(lead, "/studio", form, action="draft")
        assert (draft.status_code, draft.location) == (303, "/experiments/policy_enquiry_ask")
        here = "/experiments/policy_enquiry_ask"
        assert "The draft is kept." in lead.get(here).text
        refused = sent(lead, "/studio/policy_enquiry_ask", form_of(lead.get("/studio/policy_enquiry_ask").text),
                       action="submit")  # fmt: skip
        assert refused.status_code == 422
        assert "Too little history to size this test" in text_of(refused.text)
        with floor.store.read() as session:
            assert cards.card_of(session, "policy_enquiry_ask").review == "draft"
            assert len(edits_of(session, experiment_named(session, "policy_enquiry_ask"))) == 1
        sent(lead, "/studio/policy_enquiry_ask", form_of(refused.text), action="submit", base_rate="20")
        assert "The plan is handed in" in lead.get(here).text
        taken = sent(lead, "/studio", form, action="draft")
        assert "The key policy_enquiry_ask is taken." in beside(taken.text, "key")

    def test_amended_after_a_refusal_voids_what_was_approved(self, lead: Visitor, floor: Floor) -> None:
        key = a_submitted_plan(floor)
        approved(floor, key, "compliance", at=NOW)
        assert lead.get(f"/studio/{key}").status_code == 409
        moved(floor, key, "refuse", "manager", at=NOW, reason="Shorter, please.")
        with floor.store.read() as session:
            before = experiment_named(session, key).content_hash
        form = form_of(lead.get(f"/studio/{key}").text)
        sent(lead, f"/studio/{key}", form, action="submit", **{"arms.1.value.en": "One message is enough."})
        with floor.store.read() as session:
            card = cards.card_of(session, key)
            assert (card.review, card.experiment.arms[1].value["en"]) == ("in_review", "One message is enough.")
            assert card.experiment.content_hash == card.review_hash != before
            assert card.experiment.salt == "a fixed salt"
            assert edits_of(session, card.experiment)[-1].editor == "new_lead"
        page = text_of(lead.get(f"/experiments/{key}").text)
        assert page.count("awaited") == 3

    def test_amended_as_it_was_is_the_same_plan(self, lead: Visitor, floor: Floor) -> None:
        audience = {"caller_relation": {"$in": ["self"]}, "age": {"$gte": 18.5, "$lte": 65}}
        key = a_draft(floor, audience=audience, looks=(0.3, 0.7, 1.0), coverage=3333, effect=0.0455)
        with floor.store.read() as session:
            before = experiment_named(session, key).content_hash
        assert sent(lead, f"/studio/{key}", form_of(lead.get(f"/studio/{key}").text), action="draft").status_code == 303
        with floor.store.read() as session:
            assert experiment_named(session, key).content_hash == before

    def test_never_writes_over_what_somebody_else_wrote_meanwhile(self, lead: Visitor, floor: Floor) -> None:
        key = a_draft(floor)
        mine, theirs = form_of(lead.get(f"/studio/{key}").text), form_of(lead.get(f"/studio/{key}").text)
        assert sent(lead, f"/studio/{key}", theirs, action="draft", effect="7").status_code == 303
        answer = sent(lead, f"/studio/{key}", mine, action="draft", effect="9")
        assert answer.status_code == 422
        assert "Somebody changed this draft while you wrote" in text_of(answer.text)
        assert form_of(answer.text)["effect"] == "9"

    def test_needs_the_forms_own_token(self, lead: Visitor) -> None:
        form = form_of(lead.get(TEMPLATE).text)
        assert sent(lead, "/studio", form, action="draft", csrf_token="made up").status_code == 400


@pytest.fixture
def spoken(app: APIFlask) -> Iterator[None]:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert locale() == "en"
        yield


COMPLAINT = MetricSpec("complaint", "proportion", "complaint", "eligible", "lower", 0, {"en": "Complaint"})
PROMISES = [
    # (role, margin, watch) → what is promised in plain words
    (
        TypedMetric("guardrail", "1.5"),
        "beyond doubt higher, and nobody wins before it is shown to rise by less than 1.5 pp",
    ),
    (TypedMetric("guardrail", "0.2", watch=True), "beyond doubt higher. It is rare: nobody need show"),
    (TypedMetric("guardrail", "none"), "Say how much worse it may get"),
    (TypedMetric("primary"), "This decides"),
    (TypedMetric("secondary"), "it decides nothing"),
]


@pytest.mark.usefixtures("spoken")
@pytest.mark.parametrize(("typed", "promise"), PROMISES, ids=[row[1][:20] for row in PROMISES])
def test_a_role_is_a_promise_in_plain_words(typed: TypedMetric, promise: str) -> None:
    assert promise in promised(COMPLAINT, typed)


@pytest.mark.usefixtures("spoken")
def test_a_problem_of_a_metric_stands_at_its_key_and_one_of_nothing_shown_is_listed() -> None:
    body = {"metrics": [{"metric": "complaint"}]}
    found = [Problem("metrics.0.margin", "margin", Message("Too small.")), Problem("salt", "odd", Message("Odd."))]
    problems = Problems(found, body, tried=False)
    assert (problems.beside("metrics.complaint"), problems.beside("metrics")) == (["Too small."], [])
    assert [point.target for point in problems.points({"metrics.complaint": "Complaint"})] == [
        "metrics.complaint-error",
        "",
    ]


AUDIENCES = [
    # condition → how the form shows it
    (None, "scenario"),
    ({"region": {"$in": ["east", "west"]}}, "rows"),
    ({"age": {"$gte": 18, "$lte": 65.5}, "team": {"$nin": ["a"]}}, "rows"),
    ({"region": "east"}, "exact"),
    ({"$or": [{"region": "east"}]}, "exact"),
    ({"vip": {"$in": [True]}}, "exact"),
    ({"name": {"$in": ["Wang, Li"]}}, "exact"),
    ({}, "exact"),
]


@pytest.mark.parametrize(("condition", "mode"), AUDIENCES)
def test_an_audience_is_typed_and_read_back_as_it_was(condition: dict[str, Any] | None, mode: str) -> None:
    typed = typed_audience(condition)
    assert typed.mode == mode
    assert read.audience_of(typed) == (condition, [])


def test_an_audience_that_cannot_be_read_says_why() -> None:
    twice = [TypedRow("region", "$in", "east"), TypedRow("region", "$in", "west")]
    codes = [read.audience_of(typed)[1][0].code for typed in (
        TypedAudience("exact", (), "{"), TypedAudience("exact", (), "[]"), TypedAudience("rows", twice),
        TypedAudience("rows", [TypedRow("", "$in", "east")]),
    )]  # fmt: skip
    assert codes == ["json", "json", "twice", "half"]


def test_a_form_carries_what_it_does_not_show_and_nothing_that_no_plan_has() -> None:
    body = {"arms": [{"key": "a", "weight": 5000}, {"key": "b", "weight": 5000}], "metrics": [], "salt": "fixed"}
    typed = typed_plan(body, {})
    again = read.typed_form(MultiDict({"carried": typed.carried_text}))
    assert again.carried == {"salt": "fixed"}
    assert read.typed_form(MultiDict({"carried": '{"planned_calls": 1}'})).carried == {}
    assert read.typed_form(MultiDict({"carried": "[" * 100_000})).carried == {}


@pytest.mark.parametrize(
    ("typed", "read_as"), [("1.5", 1.5), ("−2 %", -2.0), ("1e308", 0.0), ("nan", 0.0), ("many", 0.0)]
)
def test_a_number_that_nobody_means_is_none(typed: str, read_as: float) -> None:
    assert read.number(typed) == read_as


def test_an_empty_form_is_read_as_an_empty_plan() -> None:
    typed: Typed = read.typed_form(MultiDict())
    body, _problems = read.body_of(typed, position=False, control=None, in_points={})
    plan = read.plan_of(body)
    assert (len(plan.arms), plan.effect, plan.coverage, plan.metrics) == (2, 0.0, 0, ())


class TestANewPhase:
    """What may not be changed about a running test is changed in its next phase, which deals everybody anew."""

    @pytest.fixture
    def key(self, floor: Floor) -> str:
        return a_test_under_way(floor)

    def test_begins_as_the_plan_stands_and_follows_from_it(self, lead: Visitor, floor: Floor, key: str) -> None:
        assert f'href="/studio?anew={key}"' in lead.get(f"/experiments/{key}").text
        form = form_of(lead.get(f"/studio?anew={key}").text)
        assert form["key"] == f"{key}_again"
        changed = {"arms.0.weight": "70", "arms.1.weight": "30"}
        answer = sent(lead, "/studio", form, **changed, action="submit")
        assert answer.status_code == 303, text_of(answer.text)
        with floor.store.read() as session:
            first, again = experiment_named(session, key), experiment_named(session, f"{key}_again")
            assert [arm.weight for arm in again.arms] == [7000, 3000]
            assert [arm.value for arm in again.arms] == [arm.value for arm in first.arms]
            assert (again.parent, again.salt != first.salt) == (first, True)

    def test_waits_until_the_one_before_is_closed(self, lead: Visitor, floor: Floor, key: str) -> None:
        sent(lead, "/studio", form_of(lead.get(f"/studio?anew={key}").text), action="submit")
        approved(floor, f"{key}_again", "compliance", "manager", "trainer", at=NOW)
        with pytest.raises(Conflict):
            moved(floor, f"{key}_again", "start", "manager", at=NOW)
        moved(floor, key, "stop", "lead", reason="Another split.", at=NOW)
        moved(floor, key, "abandon", "lead", reason="Its next phase answers it.", at=NOW)
        moved(floor, f"{key}_again", "start", "manager", at=NOW)

    def test_a_draft_is_amended_instead(self, lead: Visitor, floor: Floor) -> None:
        assert lead.get(f"/studio?anew={a_draft(floor, key='a_draft', salt='x')}").status_code == 409
