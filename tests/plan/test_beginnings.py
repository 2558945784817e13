"""What a plan begins with: a scenario, a template or another plan gives a body that is whole but for people's words."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from configs.settings import catalogue_documents, template_documents
from experiments import people
from experiments.do.assignments import Floor
from experiments.errors import Conflict, Invalid, Unknown
from experiments.plan import beginnings, catalogue, sketches
from experiments.plan.beginnings import Template
from experiments.plan.designs import experiment_named
from experiments.plan.rules import ArmPlan, Kind
from experiments.plan.scenarios import every_scenario, scenario_named
from experiments.store import Store
from tests.builders import MONDAY, a_draft, a_floor, a_plan
from web.api.schemas.plans import PlanBody

TEMPLATES = [
    (name, template)
    for name, document in template_documents().items()
    for template in beginnings.templates_in(document).template
]
every_template = pytest.mark.parametrize(
    ("name", "template"), TEMPLATES, ids=[f"{name}-{template.key}" for name, template in TEMPLATES]
)


@pytest.fixture(scope="module")
def centre(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """A store with every catalogue, opened once: nothing here writes but for what it undoes."""
    path = tmp_path_factory.mktemp("beginnings") / "centre.db"
    path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
    floor = a_floor(Store(f"sqlite:///{path}"))
    with floor.store.write() as session:
        for document in catalogue_documents().values():
            catalogue.load(session, catalogue.parse(document), actor=people.system("test"), now=MONDAY)
    yield floor
    floor.store.dispose()


def problems(session: Session, body: dict[str, Any]) -> list[tuple[str, str]]:
    found = sketches.sketch(session, PlanBody.model_validate(body).as_plan()).problems
    return [(problem.field, problem.code) for problem in found]


@every_template
def test_every_template_gives_a_valid_plan_in_every_scenario_that_it_fits(
    centre: Floor, name: str, template: Template
) -> None:
    with centre.store.read() as session:
        leaves = [s for s in every_scenario(session) if s.catalogue == name and s.metric_set is not None]
        fitting = [s for s in leaves if beginnings.fits(session, s, template)]
        assert fitting
        for scenario in fitting:
            assert problems(session, beginnings.begin_from(session, scenario, template)) == [], scenario.key


@every_template
def test_every_template_speaks_both_languages(name: str, template: Template) -> None:
    said = [template.name, template.advice, template.title, template.hypothesis]
    said += [challenger.text for challenger in template.challenger if challenger.text is not None]
    assert all(texts.keys() == {"zh-CN", "en"} and all(texts.values()) for texts in said)


def test_the_templates_have_catalogues_and_keys_of_their_own() -> None:
    assert set(template_documents()) <= set(catalogue_documents())
    assert all(document["catalogue"] == name for name, document in template_documents().items())
    assert len({(name, template.key) for name, template in TEMPLATES}) == len(TEMPLATES)


def test_a_template_that_says_more_than_is_known_is_refused() -> None:
    with pytest.raises(Invalid, match="no such field"):
        beginnings.templates_in({"catalogue": "insurance", "template": [], "colour": "red"})


class TestAScenarioAlone:
    def test_leaves_only_the_words_to_be_written(self, centre: Floor) -> None:
        with centre.store.read() as session:
            body = beginnings.begin(session, scenario_named(session, "policy_change"), "benefit")
            assert {field for field, _ in problems(session, body)} == {"title", "hypothesis", "arms"}
            control, challenger = (arm["value"] for arm in body["arms"][:2])
            assert control is not None
            assert control == challenger
            assert [metric["role"] for metric in body["metrics"]].count("primary") == 1

    def test_begins_a_scenario_card_without_the_ask_in_its_control(self, centre: Floor) -> None:
        with centre.store.read() as session:
            body = beginnings.begin(session, scenario_named(session, "claim_enquiry"), "benefit", Kind.SCENARIO)
        assert (body["variable"], body["arms"][0]["value"]) == ("ask", None)
        assert body["arms"][1]["value"]["en"].startswith("Shall I send you the contact request")

    def test_takes_the_first_element_where_the_one_asked_for_cannot_differ(self, centre: Floor) -> None:
        with centre.store.read() as session:
            body = beginnings.begin(session, scenario_named(session, "policy_change"), "disclosure")
        assert body["variable"] == "timing"

    def test_that_only_sums_others_begins_nothing(self, centre: Floor) -> None:
        with centre.store.read() as session, pytest.raises(Conflict, match="no standard script"):
            beginnings.begin(session, scenario_named(session, "enquiry"))
        with centre.store.read() as session, pytest.raises(Unknown, match="sums others"):
            beginnings.metrics_to_begin_with(session, scenario_named(session, "enquiry"))


def test_weights_are_as_even_as_whole_numbers_are() -> None:
    assert [beginnings.even_weights(arms) for arms in (2, 3, 4)] == [[5000] * 2, [3334, 3333, 3333], [2500] * 4]


class TestASketch:
    def test_writes_nothing_and_is_what_would_be_registered(self, centre: Floor) -> None:
        with centre.store.read() as session:
            sketched = sketches.sketch(session, a_plan(centre))
            assert (sketched.problems, list(session.new)) == ([], [])
            assert sketches.free_key(session, "change_benefit") == "change_benefit"
        key = a_draft(centre)
        a_draft(centre, key=f"{key}_2", salt="another")
        with centre.store.read() as session:
            kept = experiment_named(session, key)
            assert sketches.plan_of(kept) == a_plan(centre, audience=kept.audience)
            assert kept.audience == sketched.experiment.audience
            assert sketches.free_key(session, key) == "change_benefit_3"
            assert sketches.free_key(session, "x" * 80) == "x" * 60

    def test_says_whether_what_is_wrong_leaves_it_a_size(self, centre: Floor) -> None:
        weightless = a_plan(centre, variable="unknown", arms=(ArmPlan("control", 0), ArmPlan("new", 0)))
        plans = [a_plan(centre, title={}), a_plan(centre, effect=0.0), weightless]
        with centre.store.read() as session:
            sketched = [sketches.sketch(session, plan) for plan in plans]
        assert all(each.problems for each in sketched)
        assert [each.can_be_sized for each in sketched] == [True, False, False]
