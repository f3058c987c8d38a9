"""Candidates that answer quickly, without errors, and wrongly: only labels tell, and they come later."""

import json

import numpy as np
import pytest
from sklearn import datasets, linear_model

from test_ground_truth import fit, label
from test_rollouts import order, show, wait_until

ENDPOINT = "tumours"
GATE = "accuracy >= stable - 0.05 min 50"
SPEC = {"candidate": 2, "strategy": "canary", "steps": [50], "hold": "1s", "min_samples": 30, "keep_warm": "1s", "cooling": "1s",
        "gates": [GATE, "error_rate <= 50%"]}


class Practice:
    """Patients come and are told; what they have is known some rounds later."""

    def __init__(self, server, tmp_path, candidate_is_right):
        data = datasets.load_breast_cancer()
        self.server = server
        path, self.rows, self.truth = fit(tmp_path, linear_model.LogisticRegression(max_iter=5000), data.data, data.target, "stable")
        server.cli("push", ENDPOINT, path, "--wait")
        truth = data.target if candidate_is_right else np.random.default_rng(3).permutation(data.target)
        strength = 0.5 if candidate_is_right else 1.0
        path, _, _ = fit(tmp_path, linear_model.LogisticRegression(C=strength, max_iter=5000), data.data, truth, "candidate")
        server.cli("push", ENDPOINT, path)
        self.random = np.random.default_rng(1)
        self.unlabelled, self.statuses, self.of_candidate = [], [], 0

    def serve(self, count=50, **headers):
        for _ in range(count):
            place = int(self.random.integers(len(self.rows)))
            body = {"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, self.rows.shape[1]],
                                "data": [float(value) for value in self.rows[place]]}]}
            answer = self.server.post(f"/v2/models/{ENDPOINT}/infer", json=body,
                                      headers={"Modelyard-Unit": f"patient{self.random.integers(400)}", **headers})
            self.statuses.append(answer.status_code)
            self.of_candidate += answer.headers.get("Modelyard-Arm") == "candidate"
            self.unlabelled.append((answer.headers["Modelyard-Prediction-Id"], int(self.truth[place])))

    def label(self):
        lines = [json.dumps({"prediction_id": prediction, "value": value}) for prediction, value in self.unlabelled]
        label(self.server, "\n".join(lines), "application/x-ndjson")
        self.unlabelled = []


def begin(server, **changes):
    answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json={**SPEC, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def is_over(server, rollout):
    return not show(server, rollout)["live"]


def test_a_wrong_candidate_is_taken_back_once_labels_say_so(server, tmp_path):
    practice = Practice(server, tmp_path, candidate_is_right=False)
    server.cli("record", ENDPOINT, "capture.share=1")
    rollout = begin(server)

    def has_ended():
        practice.serve()
        practice.label()
        return is_over(server, rollout)

    wait_until(has_ended)

    state = show(server, rollout)["state"]
    assert state["ending"] == "rejected"
    records = server.get("/api/v1/predictions", params={"endpoint": ENDPOINT, "limit": 1000}).json()["items"]
    assert {(record["arm"], record["version"]) for record in records} >= {("stable", 1), ("candidate", 2)}
    assert state["fired"]["gate"] == GATE
    assert "labelled answers were right" in state["fired"]["because"]
    assert set(practice.statuses) == {200}


def test_a_candidate_that_is_as_right_waits_for_labels_and_is_promoted(server, tmp_path):
    practice = Practice(server, tmp_path, candidate_is_right=True)
    server.cli("record", ENDPOINT, "capture.share=1")
    rollout = begin(server, alpha=0.2, gates=["accuracy >= stable - 0.2 min 50", "error_rate <= 50%"])
    wait_until(lambda: show(server, rollout)["state"]["phase"] == "canary")
    practice.serve(300)

    wait_until(lambda: any(one["outcome"] == "pass" for one in show(server, rollout)["state"]["verdicts"]))
    waiting = show(server, rollout)["state"]
    assert waiting["phase"] == "canary"  # its time and its samples are there, and no label is
    assert {one["gate"]: one["outcome"] for one in waiting["verdicts"]}["accuracy >= stable - 0.2 min 50"] == "nodata"

    def has_ended():
        practice.serve(100)
        practice.label()
        return is_over(server, rollout)

    wait_until(has_ended)
    assert show(server, rollout)["state"]["ending"] == "promoted"


def test_labels_are_counted_once_also_after_a_kill(server, tmp_path):
    practice = Practice(server, tmp_path, candidate_is_right=True)
    server.cli("record", ENDPOINT, "capture.share=1")
    rollout = begin(server, gates=["accuracy >= 10% min 10000"])  # whatever comes, it waits

    def are_counted():
        verdicts = show(server, rollout)["state"]["verdicts"]
        return bool(verdicts) and verdicts[0]["candidate_samples"] == practice.of_candidate

    wait_until(lambda: show(server, rollout)["state"]["phase"] == "canary")
    practice.serve(200)
    practice.serve(20, **{"Modelyard-Unit": "patient1"})
    practice.label()
    wait_until(are_counted)
    server.kill()
    server.start()
    practice.serve(50)
    practice.label()

    wait_until(are_counted)
    assert order(server, rollout, "abort").status_code == 200


@pytest.mark.parametrize("prepare, changes, words", [
    ((), {}, "modelyard record tumours capture.share=1"),
    (("capture.share=1",), {"sticky": "header:X-Customer"}, "Modelyard-Unit"),
])
def test_what_labels_could_never_say_is_refused_before_anything_moves(server, tmp_path, prepare, changes, words):
    Practice(server, tmp_path, candidate_is_right=True)
    if prepare:
        server.cli("record", ENDPOINT, *prepare)

    answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json={**SPEC, **changes})

    assert answer.status_code == 409, answer.text
    assert words in answer.text
    assert server.get("/api/v1/rollouts").json()["items"] == []


def test_numbers_are_neither_right_nor_wrong(server, tmp_path):
    data = datasets.load_diabetes()
    for strength in (1, 2):
        path, _, _ = fit(tmp_path, linear_model.Ridge(strength), data.data, data.target, f"ridge{strength}")
        server.cli("push", ENDPOINT, path, "--wait")
    server.cli("record", ENDPOINT, "capture.share=1")

    answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json=SPEC)

    assert "judged as regression" in answer.text


def test_a_bandit_leaves_the_candidate_that_labels_call_wrong(server, tmp_path):
    practice = Practice(server, tmp_path, candidate_is_right=False)
    server.cli("record", ENDPOINT, "capture.share=1")
    answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json={
        "candidate": 2, "strategy": "bandit", "reward": "accuracy", "floor": 10, "hold": "10s", "min_samples": 100, "cooling": "1s"})
    assert answer.status_code == 201, answer.text
    rollout, weights = answer.json()["id"], []

    def has_ended():
        practice.serve(100)
        practice.label()
        now = show(server, rollout)
        weights.append(now["weight"])
        return not now["live"]

    wait_until(has_ended)

    state = show(server, rollout)["state"]
    assert state["ending"] == "rejected" and state["fired"]["gate"] == "reward accuracy", state["reason"]
    assert 1000 in weights and max(weights) == 5000
