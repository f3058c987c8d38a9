"""`modelyard tune` against a real server: what it measures, keeps, says and sets."""

import json
import os

import jsonschema_rs
import pytest

import models
from conftest import ROOT

SCHEMA = json.loads((ROOT / "api/schemas/tuning.schema.json").read_text())
SIZES = [8, 64, 64, 2]


@pytest.fixture(scope="module")
def served(shared_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    shared_server.cli("push", "small", models.perceptron(folder / "small.onnx", SIZES), "--wait")
    shared_server.cli("push", "fixed", models.perceptron(folder / "fixed.onnx", SIZES, rows=1), "--wait")
    return shared_server


def evidence(server, version):
    attachments = server.cli("show", version, json_output=True)["attachments"]
    return [attachment["content"] for attachment in attachments if attachment["kind"] == "evidence"]


def test_the_report_is_kept_as_evidence(served):
    report = served.cli("tune", "small/1", "--seconds", "4", json_output=True)

    jsonschema_rs.validator_for(SCHEMA).validate(report)
    assert report["complete"] and report["inputs"] == "made up" and "applied" not in report
    assert report["machine"]["cores"] == len(os.sched_getaffinity(0))
    kept = evidence(served, "small/1")[-1]
    assert kept["facts"] == {key: value for key, value in report.items() if key != "attachment"}
    assert kept["title"] == "Tuning on " + report["machine"]["host"]
    assert report["explanation"][0] in kept["text"]


def test_the_plan_is_one_of_the_cells_and_as_good_as_the_best(served):
    report = served.cli("tune", "small", "--seconds", "4", json_output=True)

    plan, cells = report["plan"], report["cells"]
    chosen, = [cell for cell in cells if (cell["instances"], cell["intra_op_threads"], cell["batch_size"]) == (
        plan["instances"], plan["intra_op_threads"], plan["max_batch_size"])]
    assert chosen["rows_per_second"] * 1.06 > max(cell["rows_per_second"] for cell in cells)
    cores = report["machine"]["cores"]
    assert all(cell["instances"] * cell["intra_op_threads"] <= cores for cell in cells)


def test_apply_keeps_the_other_settings_and_takes_effect(served):
    served.cli("schedule", "small", "max_in_flight=50")

    report = served.cli("tune", "small", "--seconds", "4", "--apply", json_output=True)

    expected = {**report["plan"], "max_in_flight": 50}
    assert report["applied"]["scheduling"] == expected
    assert served.cli("schedule", "small", json_output=True) == expected
    revision = report["applied"]["revision"]
    for _ in range(20_000):
        status = served.get("/api/v1/status?model=small").json()
        version, = status["versions"]
        observed = status["observed_revision"] >= revision
        if observed and version["intra_op_threads"] == report["plan"]["intra_op_threads"]:
            return
    raise AssertionError(status)


def test_a_model_without_a_batch_dimension_is_measured_with_single_rows(served):
    done = served.cli("tune", "fixed", "--seconds", "2", "--target", "latency")

    assert "max_batch_size=1" in done.stdout
    assert "the model has no batch dimension" in done.stdout
    assert "apply it with: modelyard schedule fixed instances=" in done.stdout
    assert "on the machine that the command ran on" in done.stdout
    assert done.stderr == "", "a bar is for a terminal"


def test_golden_samples_are_what_it_measures_with(served, tmp_path):
    golden = tmp_path / "golden.json"
    golden.write_text(json.dumps({"samples": [{
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [2, 4], "data": [1, 2, 3, 4, 5, 6, 7, 8]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [2, 4], "data": [2, 4, 6, 8, 10, 12, 14, 16]}]}]}))
    served.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2), "--golden", golden, "--wait")

    report = served.cli("tune", "scaled", "--seconds", "2", "--most-rows", "4", json_output=True)

    assert report["inputs"] == "golden samples"
    assert {cell["batch_size"] for cell in report["cells"]} <= {1, 2, 4}


def test_a_version_that_is_not_deployed_can_be_tuned(served, tmp_path):
    served.cli("push", "small", models.perceptron(tmp_path / "2.onnx", [8, 32, 2]))

    assert served.cli("tune", "small/2", "--seconds", "3", json_output=True)["version"] == 2
    assert served.cli("tune", "small", "--seconds", "3", json_output=True)["version"] == 1


@pytest.mark.parametrize("arguments, code, words", [
    (["nobody"], 3, "nobody"),
    (["small/77"], 3, "77"),
    (["small", "--seconds", "0"], 2, "--seconds"),
    (["small", "--target", "speed"], 2, "--target"),
    (["small", "--seconds", "1", "--most-rows", "65536"], 1, "need at least"),
    (["small", "--apply", "--endpoint", "elsewhere"], 3, "--apply needs an endpoint"),
    (["small", "--apply", "--endpoint", "fixed"], 4, "is of model"),
    (["small", "--onnxruntime-lib", "/nowhere"], 1, "/nowhere"),
])
def test_what_cannot_be_measured_is_refused_at_once(served, arguments, code, words):
    done = served.cli("tune", *arguments, check=False)

    assert done.returncode == code, (done.stdout, done.stderr)
    assert words in done.stderr
    assert not done.stdout


def test_nothing_is_left_behind(served, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # others use the common one meanwhile
    served.cli("tune", "fixed", "--seconds", "1")
    served.cli("tune", "fixed", "--seconds", "1", "--most-rows", "65536", check=False)
    assert list(tmp_path.glob("modelyard-*")) == []
