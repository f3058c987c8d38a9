"""Monitors of what models answer: shares of classes, calibration."""

import json
import re

import numpy as np
import pytest
import requests

import models
from test_ground_truth import label

CLASSES = ["granted", "asked", "refused"]


@pytest.fixture
def quick(make_server):
    return make_server("--profile-window-seconds", "1")


def send(server, name, values):
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": list(values.shape),
                        "data": [float(value) for value in values.ravel()]}]}
    answer = server.post(f"/v2/models/{name}/infer", json=body)
    assert answer.status_code == 200, answer.text
    return answer.headers["Modelyard-Prediction-Id"]


def watch(server, name, **monitors):
    endpoint = server.get(f"/api/v1/endpoints/{name}").json()
    settings = {key: endpoint[key] for key in ("model", "objectives", "scheduling", "journal", "evaluation")}
    return requests.put(f"{server.url}/api/v1/endpoints/{name}", json={**settings, "monitors": monitors}, timeout=60)


def findings(server, name, monitor):
    answer = server.post(f"/api/v1/endpoints/{name}/monitors/{monitor}:test")
    assert answer.status_code == 200, answer.text
    return {finding["subject"]: finding for finding in answer.json()["findings"]}


def one_hot(counts):
    return np.eye(len(counts), dtype=np.float32)[np.repeat(np.arange(len(counts)), counts)]


def table(path, counts, name="label"):
    rows = [str(place) for place, count in enumerate(counts) for _ in range(count)]
    path.write_text("\n".join([name, *rows]) + "\n")
    return path


def test_a_class_that_is_answered_more_often_than_in_the_reference_is_named(quick, tmp_path):
    quick.cli("push", "loans", models.chooser(tmp_path / "loans.onnx"), "--wait",
              "--reference", table(tmp_path / "train.csv", [500, 380, 120]))
    quick.cli("evaluate", "loans", f"classes={json.dumps(CLASSES)}")
    answer = watch(quick, "loans", answers={"kind": "class_share"})
    assert answer.status_code == 200, answer.text
    assert "nothing was profiled" in findings(quick, "loans", "answers")[""]["sentence"]
    send(quick, "loans", one_hot([310, 380, 310]))

    found = findings(quick, "loans", "answers")

    assert {name: finding["outcome"] for name, finding in found.items()} == {
        "granted": "fail", "asked": "pass", "refused": "fail"}
    # Numbers are counted by sketches, which are off by one in a hundred.
    assert re.match(r"`refused` went from 1[123].* % to 3[012].* % of answers \(limit 5 points\), p ",
                    found["refused"]["sentence"])
    assert found["refused"]["numbers"]["share"] == pytest.approx(0.31, abs=0.015)
    assert {one["kind"] for one in quick.get("/api/v1/monitors").json()["items"]} == {"class_share"}


def test_classes_that_cannot_be_counted_have_no_verdict_and_a_reason(quick, tmp_path):
    table(tmp_path / "train.csv", [200, 200, 200], "x[0]")
    quick.cli("push", "scores", models.scale(tmp_path / "scores.onnx", 2, 3), "--wait",
              "--reference", tmp_path / "train.csv")
    watch(quick, "scores", answers={"kind": "class_share"})
    send(quick, "scores", one_hot([200, 200, 200]))
    assert "a profile keeps each score by itself" in findings(quick, "scores", "answers")[""]["sentence"]
    quick.cli("push", "loans", models.chooser(tmp_path / "loans.onnx"), "--wait", "--reference",
              tmp_path / "train.csv")
    watch(quick, "loans", answers={"kind": "class_share"})
    send(quick, "loans", one_hot([200, 200, 200]))
    assert "the reference does not have `label`" in findings(quick, "loans", "answers")[""]["sentence"]


def test_probabilities_that_are_too_sure_are_found_by_labels(quick, tmp_path):
    quick.cli("push", "says", models.identity(tmp_path / "says.onnx", shape=("rows", 1)), "--wait")
    quick.cli("evaluate", "says", "task=binary", "score=y")
    quick.cli("record", "says", "capture.share=1")
    answer = watch(quick, "says", p={"kind": "calibration"}, lax={"kind": "calibration", "at_most": 0.3})
    assert answer.status_code == 200, answer.text
    assert findings(quick, "says", "p")["calibration_error"]["outcome"] == "nodata"
    draw = np.random.default_rng(5)
    said = draw.uniform(size=(1000, 1)).astype(np.float32)
    happened = draw.uniform(size=1000) < 0.25 + 0.5 * said[:, 0]
    prediction = send(quick, "says", said)
    label(quick, "\n".join(json.dumps({"prediction_id": prediction, "row": row, "value": int(value)})
                           for row, value in enumerate(happened)), "application/x-ndjson")

    found = findings(quick, "says", "p")["calibration_error"]

    assert found["outcome"] == "fail" and found["threshold"] == 0.05
    bins = np.minimum((said[:, 0].astype(np.float64) * 10).astype(int), 9)
    error = sum((bins == i).mean() * abs(happened[bins == i].mean() - said[bins == i].mean()) for i in range(10))
    assert found["value"] == pytest.approx(error, rel=1e-5)
    assert "of 1000 labelled rows" in found["sentence"] and "where the model says" in found["sentence"]
    assert findings(quick, "says", "lax")["calibration_error"]["outcome"] == "pass"
