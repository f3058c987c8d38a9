"""Candidates that are judged by what callers measure and post."""

import json

import numpy as np
import pytest

import models
from test_rollouts import ENDPOINT, Traffic, begin, order, publish, show, wait_until

GATE = "metric:revenue >= stable - 0.5 min 50"


def post(server, values, endpoint=ENDPOINT):
    return server.post("/api/v1/metrics", json={"endpoint": endpoint, "values": values})


def counted(server, values):
    answer = post(server, values)
    assert answer.status_code == 200, answer.text
    return answer.json()


def is_split(server, rollout):
    return show(server, rollout)["state"]["phase"] == "canary"


def start(server, tmp_path, **changes):
    publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))
    rollout = begin(server, **{"gates": [GATE], **changes})
    wait_until(lambda: is_split(server, rollout))
    return rollout


def arms_of(traffic):
    return {f"user{unit}": arm for unit, _, arm, _ in traffic.answers}


def samples(server, rollout):
    verdicts = show(server, rollout)["state"]["verdicts"]
    return (verdicts[0]["candidate_samples"], verdicts[0]["stable_samples"]) if verdicts else (0, 0)


@pytest.mark.parametrize("loss, ending", [(3.0, "rejected"), (-1.0, "promoted")])
def test_users_of_the_candidate_spend_less_and_it_goes_or_more_and_it_stays(server, tmp_path, loss, ending):
    rollout = start(server, tmp_path)
    random = np.random.default_rng(5)
    with Traffic(server, units=400) as traffic:
        traffic.wait_for(2000)
        arms = arms_of(traffic)

        def has_ended():
            if not is_split(server, rollout):
                return not show(server, rollout)["live"]
            post(server, [{"unit": unit, "metric": "revenue", "value": random.normal(10 - loss * (arm == "candidate"), 1)}
                          for unit, arm in arms.items()])
            return False

        wait_until(has_ended)

    state = show(server, rollout)["state"]
    assert state["ending"] == ending
    if ending == "rejected":
        assert state["fired"]["gate"] == GATE
        assert "revenue is" in state["fired"]["because"]
    assert {status for _, status, _, _ in traffic.answers} == {200}


def verdicts(server, rollout):
    return {verdict["gate"]: verdict for verdict in show(server, rollout)["state"]["verdicts"]}


def test_a_window_forgets_the_good_times_and_sees_the_bad_ones(server, tmp_path):
    lately = "metric:revenue >= 5 over 10s min 50"
    rollout = start(server, tmp_path, gates=["metric:revenue >= 5 min 50", lately], hold="1h", most_duration="2h")
    values = [{"unit": f"user{i}", "metric": "revenue"} for i in range(5000)]
    counted(server, [{**value, "value": 9 + i % 3} for i, value in enumerate(values)])
    wait_until(lambda: verdicts(server, rollout).get(lately, {}).get("outcome") == "pass")
    server.kill()
    server.start()
    wait_until(lambda: is_split(server, rollout) and verdicts(server, rollout).get(lately, {}).get("candidate_samples") == 0)
    all_times = verdicts(server, rollout)["metric:revenue >= 5 min 50"]
    assert all_times["outcome"] == "pass" and all_times["candidate_samples"] > 1000

    counted(server, [{**value, "value": 1 + i % 3} for i, value in enumerate(values[:1000])])
    wait_until(lambda: not show(server, rollout)["live"])
    state = show(server, rollout)["state"]
    assert (state["ending"], state["fired"]["gate"]) == ("rejected", lately)


def test_values_are_counted_once_also_after_a_kill(server, tmp_path):
    rollout = start(server, tmp_path, gates=["metric:revenue >= 0 min 10000"])
    report = counted(server, [{"unit": f"user{i}", "metric": "revenue", "value": i} for i in range(500)])
    assert report == {"rollout": rollout, "counted": 500, "refused": 0, "refusals": []}
    server.kill()
    server.start()
    wait_until(lambda: samples(server, rollout)[0] > 0)
    before = samples(server, rollout)[0]
    assert 150 < before < 350

    counted(server, [{"unit": f"user{i}", "metric": "revenue", "value": i} for i in range(500)])

    wait_until(lambda: samples(server, rollout)[0] == 2 * before)
    order(server, rollout, "abort")


def test_values_of_predictions_go_to_the_arm_that_answered(server, tmp_path):
    rollout = start(server, tmp_path, sticky="none", gates=["metric:revenue >= 0 min 1", "metric:minutes >= stable - 1 min 10000"])
    ids = {"candidate": [], "stable": []}
    for _ in range(60):
        answer = server.post(f"/v2/models/{ENDPOINT}/infer", json={
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]})
        ids[answer.headers["Modelyard-Arm"]].append(answer.headers["Modelyard-Prediction-Id"])

    values = [{"prediction_id": one, "metric": "minutes", "value": 1} for arm in ids.values() for one in arm]
    assert counted(server, values)["counted"] == 60

    def verdict():
        verdicts = show(server, rollout)["state"]["verdicts"]
        return next((one for one in verdicts if one["gate"].startswith("metric:minutes")), {})

    wait_until(lambda: verdict().get("candidate_samples") == len(ids["candidate"]))
    order(server, rollout, "abort")


def test_what_cannot_be_counted_is_refused_one_by_one_with_the_reason(server, tmp_path):
    start(server, tmp_path)
    answer = server.post(f"/v2/models/{ENDPOINT}/infer", json={
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]})
    stranger = "01a21ba0-ce0a-7586-9941-511d1ef8ba0a"

    report = counted(server, [
        {"unit": "user1", "metric": "clicks", "value": 1},
        {"prediction_id": stranger, "metric": "revenue", "value": 1},
        {"prediction_id": answer.headers["Modelyard-Prediction-Id"], "metric": "revenue", "value": 1},
        {"unit": "user1", "metric": "revenue", "value": 1e300},
        {"unit": "user1", "metric": "revenue", "value": 1}])

    assert (report["counted"], report["refused"]) == (1, 4)
    for refusal, words in zip(report["refusals"], ("no gate", stranger, "by unit", "revenue")):
        assert words in refusal["reason"], refusal


@pytest.mark.parametrize("body, status", [
    ({"endpoint": ENDPOINT, "values": [{"metric": "revenue", "value": 1}]}, 400),
    ({"endpoint": ENDPOINT, "values": [{"metric": "revenue", "value": "1", "unit": "a"}]}, 400),
    ({"endpoint": ENDPOINT, "values": [{"metric": "revenue", "value": 1, "unit": "a", "user": 1}]}, 400),
    ({"endpoint": ENDPOINT, "values": [{"metric": "revenue", "value": 1, "unit": "a"}]}, 409),
    ({"endpoint": ENDPOINT}, 400)])
def test_a_body_that_says_something_else_is_refused_whole(server, tmp_path, body, status):
    assert server.post("/api/v1/metrics", json=body).status_code == status


def test_labels_are_no_posted_metric(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))
    answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json={
        "candidate": 2, "strategy": "immediate", "gates": ["metric:accuracy >= 0.9"]})
    assert answer.status_code == 400 and "without 'metric:'" in answer.text


def test_an_experiment_is_a_rollout_that_one_metric_decides(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))
    begun = server.cli("experiment", "start", ENDPOINT, "--to", "2", "--metric", GATE, "--guardrail", "error_rate <= 50%",
                       "--weight", "40", "--hold", "1s", "--min-samples", "30", "--json").stdout
    spec = json.loads(begun)["spec"]
    experiment = spec["stages"][0]["experiment"]
    assert (experiment["metric"], experiment["guardrails"], experiment["weight"]) == (GATE, ["error_rate <= 50%"], 40)
    wait_until(lambda: show(server, 1)["state"]["phase"] == "experiment")
    assert "40 % of the requests" in server.cli("experiment", "status", "1").stdout

    server.cli("experiment", "stop", "1", "--reason", "the test says so")

    wait_until(lambda: show(server, 1)["state"]["ending"] == "aborted")
    assert "<html" in server.cli("experiment", "report", "1").stdout
