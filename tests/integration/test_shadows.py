"""Copies for a version whose answers nobody sees, and stable's answer when the candidate fails."""

import pytest

import models
from test_rollouts import (ENDPOINT, GATES, Traffic, begin, phase, phases, publish, served, show, wait_until)

NEVER = {"most_duration": "1h", "min_samples": 1_000_000}


def stages(*shadow_gates, **fields):
    return [{"shadow": {"hold": "1s", "min_samples": 100, "gates": list(shadow_gates), **fields}},
            {"canary": {"steps": [50], "hold": "1s", "min_samples": 30}}]


def begin_stages(server, stages):
    spec = {"candidate": 2, "stages": stages, "gates": GATES, "keep_warm": "1s", "cooling": "1s"}
    answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json=spec)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def metric(server, name):
    lines = [line for line in server.get("/metrics").text.splitlines() if line.startswith(name + "{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_a_shadow_that_answers_alike_comes_to_the_canary_and_nobody_saw_it(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "alike.onnx", 2.0001))
    with Traffic(server) as traffic:
        rollout = begin_stages(server, stages("disagreement <= 10% min 100", share=50))
        wait_until(lambda: phase(server, rollout) == "shadow")
        assert served(server) == [{"version": 1, "weight": 10000}]
        wait_until(lambda: not show(server, rollout)["live"])
    ended = show(server, rollout)
    assert ended["state"]["ending"] == "promoted"
    assert phases(ended) == ["verifying", "shadow", "canary", "full", "done"]
    assert {status for _, status, _, _ in traffic.answers} == {200}
    first_of_two = next(i for i, (_, _, _, version) in enumerate(traffic.answers) if version == "2")
    assert first_of_two > 100, "the candidate answered nobody before it had its copies"


def test_a_shadow_that_answers_otherwise_is_taken_back(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "other.onnx", 3.0))
    with Traffic(server) as traffic:
        rollout = begin_stages(server, stages("disagreement <= 10% min 100"))
        wait_until(lambda: not show(server, rollout)["live"])
    ended = show(server, rollout)
    assert ended["state"]["ending"] == "rejected"
    assert ended["state"]["fired"]["gate"] == "disagreement <= 10% min 100"
    assert {(status, version) for _, status, _, version in traffic.answers} == {(200, "1")}


def test_a_tolerance_says_what_is_alike(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "other.onnx", 2.1))
    with Traffic(server):
        rollout = begin_stages(server, stages("disagreement <= 10% min 100", tolerance=0.2))
        wait_until(lambda: phase(server, rollout) == "canary")


@pytest.mark.parametrize("make, gate", [(models.failing, GATES[0]), (models.not_a_number, GATES[1])])
def test_callers_see_nothing_of_a_shadow_that_fails(server, tmp_path, make, gate):
    publish(server, tmp_path, make(tmp_path / "bad.onnx"))
    with Traffic(server) as traffic:
        rollout = begin_stages(server, stages())
        wait_until(lambda: not show(server, rollout)["live"])
    assert show(server, rollout)["state"]["fired"]["gate"] == gate
    assert {(status, version) for _, status, _, version in traffic.answers} == {(200, "1")}


def test_a_slow_shadow_answers_nobody(server, tmp_path):
    publish(server, tmp_path, models.slow(tmp_path / "slow.onnx"))
    with Traffic(server) as traffic:
        begin_stages(server, [{"shadow": {"share": 100, **NEVER}}])
        wait_until(lambda: metric(server, "modelyard_rollout_candidate_requests") > 20)
    assert {(status, version) for _, status, _, version in traffic.answers} == {(200, "1")}
    assert "modelyard_rollout_dropped_copies_total{" in server.get("/metrics").text


def test_stable_answers_what_the_candidate_fails_to(server, tmp_path):
    publish(server, tmp_path, models.failing(tmp_path / "bad.onnx"))
    with Traffic(server) as traffic:
        rollout = begin(server, fallback=True, min_samples=100_000, most_duration="10m", cooling="10s",
                        gates=["error_rate <= 90% min 30"])
        wait_until(lambda: metric(server, "modelyard_rollout_fallbacks_total") > 20)
        wait_until(lambda: not show(server, rollout)["live"])
    ended = show(server, rollout)
    assert ended["state"]["ending"] == "rejected", "its failures count, though nobody saw them"
    assert {(status, version) for _, status, _, version in traffic.answers} == {(200, "1")}
    assert {arm for _, _, arm, _ in traffic.answers if arm} == {"stable"}


@pytest.mark.parametrize("stages, gates, why", [
    ([{"shadow": {}}], ["p99_ms <= 40"], "a queue of their own"),
    ([{"shadow": {"tolerance": 2}}], [], "tolerance"),
    ([{"canary": {"steps": [50]}}], ["disagreement <= 2%"], "without a stage 'shadow'"),
])
def test_what_a_shadow_cannot_tell_is_refused(server, tmp_path, stages, gates, why):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json={"candidate": 2, "stages": stages, "gates": gates})
    assert answer.status_code == 400, answer.text
    assert why in answer.json()["detail"]
    assert server.get("/api/v1/rollouts").json()["items"] == []
