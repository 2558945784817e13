"""The catalogues and the demo centre agree with the field's figures and with themselves."""

import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
KEYS = ["insurance", "telecom", "bank"]
LOCALES = {"zh-CN", "en"}
FACTS = {
    *("calls", "eligible", "exposed", "resolved", "invited", "accepted", "joined", "declined", "handed_over"),
    *("converted", "cancelled", "complaint", "connected", "past_30s", "early_refusal", "appointed", "fulfilled"),
    *("deviation", "spoken"),
}
SUMS = {"handled_seconds", "value", "satisfaction"}
STANDINGS = {"candidate", "suitable", "limited", "unsuitable"}
MARKETING_TYPES = {"service", "cross", "precise", "proactive"}
INVITATION = {"timing", "opening", "benefit", "ask", "objection"}
Table = dict[str, Any]


def load(path: str) -> Table:
    return tomllib.loads((CONFIGS / path).read_text(encoding="utf-8"))


@pytest.fixture(params=KEYS)
def catalogue(request: pytest.FixtureRequest) -> Table:
    return load(f"catalogues/{request.param}.toml")


@pytest.fixture
def insurance() -> Table:
    return load("catalogues/insurance.toml")


@pytest.fixture
def demo() -> Table:
    return load("demo.toml")


def by_key(tables: list[Table]) -> dict[str, Table]:
    keyed = {table["key"]: table for table in tables}
    assert len(keyed) == len(tables), "a key stands twice"
    return keyed


def leaves(catalogue: Table) -> list[Table]:
    parents = {scenario.get("parent") for scenario in catalogue["scenario"]}
    return [scenario for scenario in catalogue["scenario"] if scenario["key"] not in parents]


def spoken(script: Table) -> dict[str, Table]:
    return {step["element"]: step for step in script["steps"]}


def translated(node: Any, at: str = "") -> Iterator[tuple[str, Table]]:
    """Yield every table that holds words for people, with its path."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from translated(item, f"{at}[{index}]")
    elif isinstance(node, dict):
        if LOCALES & node.keys():
            yield at, node
        for key, item in node.items():
            yield from translated(item, f"{at}.{key}")


def odds_times(chance: float, multiplier: float) -> float:
    """Multiply the odds of a chance in [0, 1], which stays one."""
    return multiplier * chance / (1 - chance + multiplier * chance)


def expected(demo: Table, rate: Table) -> tuple[float, float]:
    """Give the chance per eligible call of being invited and of staying joined, averaged over the agents' calls."""
    invited = joined = 0.0
    for agent in demo["agent"]:
        asked = odds_times(rate["invited"], agent["asking"])
        invited += agent["calls_share"] * asked
        joined += agent["calls_share"] * asked * odds_times(rate["accepted"], agent["success"]) * rate["stays"]
    return invited, joined


def inviting(demo: Table) -> dict[str, Table]:
    return {rate["scenario"]: rate for rate in demo["rate"] if "invited" in rate}


class TestEveryCatalogue:
    def test_words_stand_in_both_languages(self, catalogue: Table) -> None:
        for path, words in translated(catalogue):
            assert words.keys() == LOCALES, path
            assert all(text == text.strip() != "" for text in words.values()), path

    def test_everything_with_a_key_has_a_name(self, catalogue: Table) -> None:
        named = [
            catalogue,
            *(row for kind in ("element", "metric", "metric_set", "scenario") for row in catalogue[kind]),
        ]
        assert all(row["name"].keys() == LOCALES for row in named)
        assert all(metric["note"].keys() == LOCALES for metric in catalogue["metric"])
        assert all(step["name"].keys() == LOCALES for group in catalogue["metric_set"] for step in group["steps"])

    def test_elements_are_in_the_order_of_their_positions(self, catalogue: Table) -> None:
        positions = [element["position"] for element in catalogue["element"]]
        assert positions == sorted(set(positions))

    def test_elements_after_the_service_part_and_only_those_are_after_the_request(self, catalogue: Table) -> None:
        service = by_key(catalogue["element"])["service"]["position"]
        assert all(e["after_request"] == (e["position"] > service) for e in catalogue["element"])

    def test_only_the_disclosure_is_locked(self, catalogue: Table) -> None:
        assert [e["key"] for e in catalogue["element"] if e["locked"]] == ["disclosure"]

    def test_metrics_count_known_facts(self, catalogue: Table) -> None:
        for metric in by_key(catalogue["metric"]).values():
            assert metric["numerator"] in (SUMS if metric["kind"] == "mean" else FACTS), metric["key"]
            assert metric["denominator"] in {*FACTS, "reported"}, metric["key"]
            assert metric["better"] in {"higher", "lower"}, metric["key"]
            assert metric["window_days"] >= 0, metric["key"]

    def test_metric_sets_name_known_metrics_once(self, catalogue: Table) -> None:
        metrics = by_key(catalogue["metric"])
        for group in by_key(catalogue["metric_set"]).values():
            named = [group["primary"], *(g["metric"] for g in group["guardrails"]), *group["secondary"]]
            assert set(named) <= metrics.keys(), group["key"]
            assert len(named) == len(set(named)), group["key"]
            assert {step["fact"] for step in group["steps"]} <= FACTS, group["key"]

    def test_complaints_are_only_watched_and_every_margin_is_positive(self, catalogue: Table) -> None:
        for guardrail in (g for group in catalogue["metric_set"] for g in group["guardrails"]):
            assert guardrail["margin"] > 0
            assert guardrail["watch"] or guardrail["metric"] != "complaint"

    def test_what_surrounds_the_ask_needs_it(self, catalogue: Table) -> None:
        needing = {e["key"] for e in catalogue["element"] if e.get("needs") == "ask"}
        assert needing == INVITATION - {"ask"}

    def test_primary_metrics_are_per_eligible_call(self, catalogue: Table) -> None:
        metrics = by_key(catalogue["metric"])
        assert {metrics[group["primary"]]["denominator"] for group in catalogue["metric_set"]} == {"eligible"}

    def test_children_sum_to_their_parent(self, catalogue: Table) -> None:
        scenarios = by_key(catalogue["scenario"])
        for parent in {s["parent"] for s in scenarios.values() if "parent" in s}:
            children = sum(s["share"] for s in scenarios.values() if s.get("parent") == parent)
            assert children == pytest.approx(scenarios[parent]["share"], abs=1e-9), parent

    def test_only_leaves_have_a_metric_set_and_an_audience(self, catalogue: Table) -> None:
        groups, leaf_keys = by_key(catalogue["metric_set"]), {leaf["key"] for leaf in leaves(catalogue)}
        for scenario in catalogue["scenario"]:
            assert ("metric_set" in scenario) == (scenario["key"] in leaf_keys), scenario["key"]
            assert "audience" not in scenario or scenario["key"] in leaf_keys, scenario["key"]
            if "metric_set" in scenario:
                assert groups[scenario["metric_set"]]["direction"] == scenario["direction"], scenario["key"]

    def test_standings_and_marketing_types_are_known(self, catalogue: Table) -> None:
        for scenario in catalogue["scenario"]:
            assert scenario["standing"] in STANDINGS, scenario["key"]
            assert set(scenario["marketing_types"]) <= MARKETING_TYPES, scenario["key"]

    def test_every_leaf_has_exactly_one_standard_script(self, catalogue: Table) -> None:
        scripts = by_key(catalogue["script"]).values()
        assert sorted(s["scenario"] for s in scripts) == sorted(leaf["key"] for leaf in leaves(catalogue))
        assert all(script["key"] == f"{script['scenario']}_standard" for script in scripts)

    def test_scripts_speak_known_elements_in_order(self, catalogue: Table) -> None:
        elements = by_key(catalogue["element"])
        for script in catalogue["script"]:
            positions = [elements[step["element"]]["position"] for step in script["steps"]]
            assert positions == sorted(set(positions)), script["key"]

    def test_a_step_has_words_or_a_position_as_its_element_asks(self, catalogue: Table) -> None:
        elements = by_key(catalogue["element"])
        for script in catalogue["script"]:
            for step in script["steps"]:
                held = "text" if elements[step["element"]]["kind"] == "text" else "after"
                assert step.keys() == {"element", held}, (script["key"], step["element"])
                assert held == "text" or step["after"] in spoken(script), script["key"]

    def test_locked_elements_stand_in_every_script(self, catalogue: Table) -> None:
        locked = {e["key"] for e in catalogue["element"] if e["locked"]}
        assert all(locked <= spoken(script).keys() for script in catalogue["script"])

    def test_an_unsuitable_scenario_invites_nobody(self, catalogue: Table) -> None:
        scenarios = by_key(catalogue["scenario"])
        for script in catalogue["script"]:
            unsuitable = scenarios[script["scenario"]]["standing"] == "unsuitable"
            assert INVITATION & spoken(script).keys() == (set() if unsuitable else INVITATION), script["key"]


class TestTheInsurer:
    # The centre's own list of call types, in per cent of inbound calls.
    SHARES: ClassVar = {
        "claim_notification": 41.33,
        "roadside_rescue": 7.70,
        "complaint_suggestion": 0.83,
        "policy_service": 20.53,
        "enquiry": 29.60,
    }

    def test_shares_are_the_centres_own(self, insurance: Table) -> None:
        top = {s["key"]: s["share"] * 100 for s in insurance["scenario"] if "parent" not in s}
        assert top == pytest.approx(self.SHARES)
        assert sum(top.values()) == pytest.approx(99.99)

    def test_changes_and_downloads_are_fifteen_per_cent(self, insurance: Table) -> None:
        scenarios = by_key(insurance["scenario"])
        assert scenarios["policy_change"]["share"] + scenarios["policy_download"]["share"] == pytest.approx(0.15)

    def test_only_the_two_types_are_candidates(self, insurance: Table) -> None:
        for scenario in insurance["scenario"]:
            tried = scenario.get("parent", scenario["key"]) in {"policy_service", "enquiry"}
            assert scenario["standing"] == ("candidate" if tried else "unsuitable"), scenario["key"]

    def test_the_audience_is_policy_customers(self, insurance: Table) -> None:
        audience = {"caller_relation": {"$in": ["self", "spouse", "relative"]}}
        assert all(leaf["audience"] == audience for leaf in leaves(insurance))


def test_the_telecom_shares_sum_to_one() -> None:
    scenarios = load("catalogues/telecom.toml")["scenario"]
    assert sum(s["share"] for s in scenarios if "parent" not in s) == pytest.approx(1)


def test_the_bank_has_one_outbound_campaign() -> None:
    (campaign,) = load("catalogues/bank.toml")["scenario"]
    assert (campaign["key"], campaign["direction"]) == ("deposit_campaign", "outbound")


class TestTheDemoCentre:
    def test_words_stand_in_both_languages(self, demo: Table) -> None:
        for path, words in translated(demo):
            assert words.keys() == LOCALES, path
            assert all(text == text.strip() != "" for text in words.values()), path

    def test_shares_and_weights_sum_to_one(self, demo: Table) -> None:
        assert sum(demo["relations"].values()) == pytest.approx(1)
        assert sum(demo["hour_weights"]) == pytest.approx(1)
        assert sum(demo["weekday_weights"]) == pytest.approx(7)
        assert sum(agent["calls_share"] for agent in demo["agent"]) == pytest.approx(1)
        assert sum(region["share"] for region in demo["region"]) == pytest.approx(1)

    def test_agents_carry_their_regions_share(self, demo: Table) -> None:
        teams = by_key(demo["team"])
        for region in demo["region"]:
            carried = sum(a["calls_share"] for a in demo["agent"] if teams[a["team"]]["region"] == region["key"])
            assert carried == pytest.approx(region["share"]), region["key"]

    def test_forty_per_cent_are_policy_customers(self, demo: Table) -> None:
        assert sum(demo["relations"][who] for who in ("self", "spouse", "relative")) == pytest.approx(0.40)

    def test_every_leaf_has_its_rates_and_nothing_else_has(self, demo: Table, insurance: Table) -> None:
        assert sorted(r["scenario"] for r in demo["rate"]) == sorted(leaf["key"] for leaf in leaves(insurance))
        candidates = {leaf["key"] for leaf in leaves(insurance) if leaf["standing"] == "candidate"}
        assert inviting(demo).keys() == candidates

    def test_rates_are_chances_and_nobody_is_invited_unresolved(self, demo: Table) -> None:
        for rate in demo["rate"]:
            chances = [v for k, v in rate.items() if k not in {"scenario", "handled_mean", "handled_sd", "value_mean"}]
            assert all(0 < chance <= 1 for chance in chances), rate["scenario"]
            assert rate.get("invited", 0) < rate["resolved"], rate["scenario"]

    def test_the_centre_stays_small_enough_to_build(self, demo: Table, insurance: Table) -> None:
        shares = {s["key"]: s["share"] for s in insurance["scenario"]}
        sampled = sum(shares[rate["scenario"]] * rate["assigned_share"] for rate in demo["rate"])
        assert 20_000 < sampled * demo["switch_calls_per_day"] * demo["days"] <= 25_000

    def test_per_thousand_calls_160_are_invited_and_96_joined(self, demo: Table, insurance: Table) -> None:
        shares = {s["key"]: s["share"] for s in insurance["scenario"]}
        chances = {key: expected(demo, rate) for key, rate in inviting(demo).items()}
        volume = sum(shares[key] for key in chances)
        invited = sum(shares[key] * chance[0] for key, chance in chances.items()) / volume
        joined = sum(shares[key] * chance[1] for key, chance in chances.items()) / volume
        assert (400 * invited, 400 * joined) == (pytest.approx(160, abs=5), pytest.approx(96, abs=4))

    def test_policy_change_joins_most_and_claim_enquiry_least(self, demo: Table) -> None:
        joined = {key: expected(demo, rate)[1] for key, rate in inviting(demo).items()}
        assert (max(joined, key=joined.__getitem__), min(joined, key=joined.__getitem__)) == (
            "policy_change",
            "claim_enquiry",
        )
        assert joined["policy_change"] == pytest.approx(0.45, abs=0.01)

    def test_the_best_agent_closes_about_295_times_the_weakest(self, demo: Table, insurance: Table) -> None:
        shares = {s["key"]: s["share"] for s in insurance["scenario"]}

        def closes(agent: Table) -> float:
            alone = {"agent": [agent]}
            return sum(float(shares[key]) * expected(alone, rate)[1] for key, rate in inviting(demo).items())

        counts = [closes(agent) for agent in demo["agent"]]
        assert max(counts) / min(counts) == pytest.approx(886 / 3, rel=0.15)


class TestTheDemoExperiments:
    def test_there_is_one_at_every_place_of_the_board(self, demo: Table) -> None:
        assert [(e["stage"], e["state"]) for e in demo["experiment"]] == [
            ("plan", "draft"),
            ("plan", "in_review"),
            ("plan", "approved"),
            ("do", "running"),
            ("do", "running"),
            ("do", "paused"),
            ("check", "in_review"),
            ("act", "promoted"),
            ("act", "stopped_for_good"),
            ("act", "abandoned"),
        ]

    def test_references_resolve_to_candidate_leaves(self, demo: Table, insurance: Table) -> None:
        candidates = {leaf["key"] for leaf in leaves(insurance) if leaf["standing"] == "candidate"}
        open_elements = {e["key"] for e in insurance["element"] if e["after_request"] and not e["locked"]}
        for experiment in by_key(demo["experiment"]).values():
            assert experiment["scenario"] in candidates, experiment["key"]
            assert experiment["variable"] in open_elements, experiment["key"]
            assert experiment["title"].keys() == experiment["hypothesis"].keys() == LOCALES, experiment["key"]

    def test_weights_fill_the_slice(self, demo: Table) -> None:
        for experiment in demo["experiment"]:
            assert sum(arm["weight"] for arm in experiment["arm"]) == 10_000, experiment["key"]

    def test_slices_of_one_scenario_and_the_holdback_are_disjoint(self, demo: Table) -> None:
        closed = ("promoted", "abandoned", "stopped_for_good")  # their buckets are free again
        held = [e for e in demo["experiment"] if e["state"] not in closed]
        for scenario in {e["scenario"] for e in held}:
            slices = sorted([*(e["slice"] for e in held if e["scenario"] == scenario), demo["holdback"]])
            assert all(left[1] <= right[0] for left, right in pairwise(slices)), scenario

    def test_arms_differ_in_one_value_of_the_right_kind(self, demo: Table, insurance: Table) -> None:
        elements = by_key(insurance["element"])
        for experiment in demo["experiment"]:
            kind = "text" if elements[experiment["variable"]]["kind"] == "text" else "after"
            values = [{k: v for k, v in arm.items() if k not in {"key", "weight"}} for arm in experiment["arm"]]
            assert all(value == {"absent": True} or value.keys() == {kind} for value in values), experiment["key"]
            control, challenger = values
            assert control != challenger, experiment["key"]

    def test_a_script_card_keeps_the_standard_and_a_scenario_card_tries_it(self, demo: Table, insurance: Table) -> None:
        standards = {script["scenario"]: spoken(script) for script in insurance["script"]}
        for experiment in demo["experiment"]:
            control, challenger = experiment["arm"]
            standard = standards[experiment["scenario"]][experiment["variable"]]
            tried = challenger if experiment["kind"] == "scenario" else control
            assert {**standard, "element": ""} == {"element": "", **{k: tried[k] for k in tried if k in standard}}
            assert control.get("absent", False) == (experiment["kind"] == "scenario"), experiment["key"]

    def test_effects_stay_chances(self, demo: Table) -> None:
        rates = inviting(demo)
        for experiment in demo["experiment"]:
            effect, rate = experiment["effect"], rates[experiment["scenario"]]
            assert all(rate[step] * effect.get(step, 1) < 1 for step in ("invited", "accepted", "complaint"))
            assert rate["invited"] * effect.get("invited", 1) < rate["resolved"], experiment["key"]

    def test_only_started_experiments_have_days_within_the_demo(self, demo: Table) -> None:
        for experiment in demo["experiment"]:
            assert ("start_day" in experiment) == (experiment["stage"] != "plan"), experiment["key"]
            if "start_day" in experiment:
                assert 0 <= experiment["start_day"] < experiment["end_day"] < demo["days"], experiment["key"]

    def test_the_promoted_one_has_conversions_older_than_their_window(self, demo: Table, insurance: Table) -> None:
        (promoted,) = (e for e in demo["experiment"] if e["state"] == "promoted")
        window = by_key(insurance["metric"])["converted"]["window_days"]
        assert demo["days"] - window - promoted["start_day"] >= 7

    def test_a_fault_names_an_arm(self, demo: Table) -> None:
        for experiment in (e for e in demo["experiment"] if "fault" in e):
            assert experiment["fault"]["arm"] in {arm["key"] for arm in experiment["arm"]}, experiment["key"]

    def test_margins_are_of_guardrails_the_scenario_has(self, demo: Table, insurance: Table) -> None:
        groups, scenarios = by_key(insurance["metric_set"]), by_key(insurance["scenario"])
        for experiment in demo["experiment"]:
            group = groups[scenarios[experiment["scenario"]]["metric_set"]]
            guardrails = {guardrail["metric"] for guardrail in group["guardrails"]}
            assert experiment.get("guardrail_margins", {}).keys() <= guardrails, experiment["key"]
