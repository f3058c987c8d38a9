"""What a rollout would take, and what it did: plan, watch and report, with real requests."""

import pytest

import models
from test_rollouts import ENDPOINT, GATES, QUICK, Traffic, begin, phase, publish, served, show, wait_until

PLAN = f"/api/v1/endpoints/{ENDPOINT}/rollouts:plan"


@pytest.fixture
def two_versions(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    return server


def plan(server, query="", **changes):
    answer = server.post(PLAN + query, json={"candidate": 2, **QUICK, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_plan_says_what_the_gates_need_and_changes_nothing(two_versions):
    server = two_versions
    with Traffic(server) as traffic:
        traffic.wait_for(1200)
    made = plan(server, steps=[10, 50], gates=["error_rate <= 2%", "p99_ms <= stable * 3"], hold="1m")
    assert made["spec"]["stable"] == 1
    assert made["traffic"]["source"] == "journal"
    assert made["traffic"]["requests"] >= 1200
    assert made["traffic"]["error_rate"] == 0
    first, second = made["steps"]
    assert (first["share"], second["share"]) == (1000, 5000)
    errors, latency = first["outlook"]
    assert errors["gate"] == "error_rate <= 2%"
    assert 100 < errors["samples"] < 1000
    assert errors["harm"] == pytest.approx(0.04)
    assert latency["unit"] == "ms" and latency["foreseeable"]
    assert first["needed_samples"] >= max(errors["samples"], latency["samples"] or 0)
    assert second["outlook"][0]["power"] > first["outlook"][0]["power"], "with more samples more is seen"
    assert server.get("/api/v1/rollouts").json()["items"] == []
    assert served(server) == [{"version": 1, "weight": 10000}]
    table = server.cli("rollout", "plan", ENDPOINT, "--to", 2, "--steps", "10,50", "--gate", "error_rate <= 2%").stdout
    assert "nothing is changed" in table and "PASSES AT" in table


def test_a_plan_by_a_given_rate_says_when_each_step_is_over(two_versions):
    made = plan(two_versions, "?requests_per_second=100&harm=5", steps=[1, 50], hold="10s", gates=["error_rate <= 2%"])
    assert made["traffic"]["requests_per_second"] == 100
    assert made["harm_times"] == 5
    first, second = made["steps"]
    assert first["end_seconds"] == pytest.approx(first["needed_samples"], abs=1), "a hundredth of a hundred a second"
    assert second["begin_seconds"] == first["end_seconds"]
    assert made["earliest_seconds"] == second["end_seconds"]


def test_a_plan_without_requests_gets_nowhere_and_says_so(two_versions):
    made = plan(two_versions)
    assert made["earliest_seconds"] is None
    assert made["steps"][0]["has_enough"] is False
    shown = two_versions.cli("rollout", "plan", ENDPOINT, "--to", 2, "--steps", 50).stdout
    assert "it does not get there" in shown


@pytest.mark.parametrize("changes, status, why", [
    ({"candidate": 1}, 409, "serves version 1 already"),
    ({"candidate": 9}, 404, "version 9"),
    ({"steps": [50, 10]}, 400, "steps"),
    ({"gates": ["eror_rate <= 1%"]}, 400, "error_rate"),
])
def test_a_plan_refuses_what_a_start_refuses(two_versions, changes, status, why):
    spec = {"candidate": 2, **QUICK, **changes}
    planned = two_versions.post(PLAN, json=spec)
    started = two_versions.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json=spec)
    assert planned.status_code == started.status_code == status
    assert why in planned.json()["detail"]
    assert planned.json()["detail"] == started.json()["detail"]
    for query in ("?harm=1", "?requests_per_second=-1", "?requests_per_second=many"):
        assert two_versions.post(PLAN + query, json=spec).status_code == 400


def test_while_a_rollout_is_under_way_another_one_is_not_planned(two_versions):
    rollout = begin(two_versions, most_duration="1h")
    wait_until(lambda: phase(two_versions, rollout) == "canary")
    refused = two_versions.post(PLAN, json={"candidate": 2, **QUICK})
    assert refused.status_code == 409
    assert f"rollout {rollout} decides" in refused.json()["detail"]
