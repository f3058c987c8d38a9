"""Rollouts in the files of `modelyard apply`."""

import json

import pytest

import models
from test_rollouts import ENDPOINT, Traffic, phase, publish, show, wait_until

SPEC = {"candidate": 2, "strategy": "canary", "steps": [50], "hold": "1s", "min_samples": 30, "keep_warm": "1s", "cooling": "1s"}


def apply(server, tmp_path, document, *arguments):
    file = tmp_path / "desired.json"
    file.write_text(json.dumps(document))
    done = server.cli("apply", "-f", file, "--json", *arguments)
    return [change["action"] for change in json.loads(done.stdout)["changes"]]


def desired(**changes):
    return {"endpoints": {ENDPOINT: {"rollout": {**SPEC, **changes}}}}


def test_a_rollout_is_begun_once_however_often_the_file_is_applied(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))

    assert apply(server, tmp_path, desired(), "--dry-run") == ["rollout.begin"]
    assert server.get("/api/v1/rollouts").json()["items"] == []
    assert apply(server, tmp_path, desired()) == ["rollout.begin"]
    assert apply(server, tmp_path, desired()) == []
    with Traffic(server):
        wait_until(lambda: phase(server, 1) == "done")
    assert apply(server, tmp_path, desired()) == []

    rollout = show(server, 1)
    assert rollout["state"]["ending"] == "promoted"
    assert len(server.get("/api/v1/rollouts").json()["items"]) == 1


def test_a_candidate_that_was_rejected_is_not_tried_again_by_the_same_file(server, tmp_path):
    publish(server, tmp_path, models.not_a_number(tmp_path / "nan.onnx"))
    document = desired(gates=["nonfinite_rate <= 20% min 30"])
    apply(server, tmp_path, document)
    with Traffic(server):
        wait_until(lambda: phase(server, 1) == "ended")

    assert apply(server, tmp_path, document) == []
    assert apply(server, tmp_path, desired(gates=["nonfinite_rate <= 30% min 30"])) == ["rollout.begin"]
    server.post("/api/v1/rollouts/2:abort", json={"reason": "enough"})


def test_a_candidate_that_answers_alone_already_is_no_change(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))

    assert apply(server, tmp_path, desired(candidate=1)) == []


def test_settings_of_the_same_file_count_for_the_rollout(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    document = desired(gates=["accuracy >= 50%"])
    document["endpoints"][ENDPOINT] |= {"journal": {"capture": {"share": 1}},
                                        "evaluation": {"task": "multiclass", "score": "y"}}

    assert apply(server, tmp_path, document) == ["endpoint.put", "rollout.begin"]
    server.post("/api/v1/rollouts/1:abort", json={"reason": "enough"})


@pytest.mark.parametrize("endpoint, words", [
    ({"rollout": {**SPEC, "stepz": [1]}}, "rollout"),
    ({"rollout": SPEC, "version": 2}, "one of"),
    ({"rollout": {**SPEC, "candidate": 9}}, "9")])
def test_what_cannot_be_is_refused_before_anything_changes(server, tmp_path, endpoint, words):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    document = {"models": {ENDPOINT: {"description": "new"}}, "endpoints": {ENDPOINT: endpoint}}

    answer = server.post("/api/v1/apply", json=document)

    assert answer.status_code in (400, 404, 409) and words in answer.text, answer.text
    assert server.get(f"/api/v1/models/{ENDPOINT}").json()["description"] != "new"
    assert server.get("/api/v1/rollouts").json()["items"] == []
