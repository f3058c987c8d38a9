"""Which inputs and outputs have changed between two periods, against what scipy says of the same rows."""

import datetime
import json

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

import models
from test_capture import publish

ROWS = 300  # less than a sketch needs before it forgets anything


def now():
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def send(server, values, path="scaled"):
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": list(values.shape),
                        "data": [float(value) for value in values.ravel()]}]}
    answer = server.post(f"/v2/models/{path}/infer", json=body)
    assert answer.status_code == 200, answer.text


@pytest.fixture
def two_periods(server, tmp_path):
    """Rows of a reference, and of a time in which `income` has moved, and their drift report."""
    publish(server, tmp_path, "capture.share=1")
    random = np.random.default_rng(7)
    before = random.normal(size=(ROWS, 3)).astype(np.float32)
    after = random.normal(size=(ROWS, 3)).astype(np.float32)
    after[:, 1] += 1
    start = now()
    send(server, before)
    middle = now()
    send(server, after)
    return {"reference_from": start, "reference_to": middle, "from": middle, "to": now()}, before, after


def drift(server, expect=200, **params):
    answer = server.get("/api/v1/endpoints/scaled/drift", params={"source": "captured", **params})
    assert answer.status_code == expect, answer.text
    return answer.json()


def test_what_has_moved_is_found_with_the_distances_of_scipy(server, two_periods):
    periods, before, after = two_periods

    report = drift(server, **periods)

    features = {feature["feature"]: feature for feature in report["features"]}
    assert set(features) == {"age", "income", "debt", "y[0]", "y[1]", "y[2]"}
    for column, name in enumerate(["age", "income", "debt"]):
        a, b = before[:, column].astype(np.float64), after[:, column].astype(np.float64)
        expected = stats.wasserstein_distance(a, b) / a.std()
        assert features[name]["distance"] == pytest.approx(expected, rel=1e-9)
        assert features[name]["reference_rows"] == features[name]["current_rows"] == ROWS
    assert {name for name, feature in features.items() if feature["verdict"] == "drifted"} == {"income", "y[1]"}
    assert [feature["feature"] for feature in report["features"]][:2] in (["income", "y[1]"], ["y[1]", "income"])
    medians = np.quantile(before[:, 1], 0.5, method="lower"), np.quantile(after[:, 1], 0.5, method="lower")
    assert features["income"]["change"] == "median {:.4g} → {:.4g}".format(*medians)


def test_categories_are_compared_by_their_shares(server, tmp_path):
    server.cli("push", "scaled", models.identity(tmp_path / "texts.onnx", "BYTES", ("rows", 1)), "--wait")
    server.cli("record", "scaled", "capture.share=1")

    def ask(texts):
        body = {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [len(texts), 1], "data": texts}]}
        assert server.post("/v2/models/scaled/infer", json=body).status_code == 200

    start = now()
    ask(["de"] * 600 + ["fr"] * 400)
    middle = now()
    ask(["de"] * 300 + ["fr"] * 400 + ["pl"] * 300)
    report = drift(server, reference_from=start, reference_to=middle, **{"from": middle, "to": now()})

    feature = next(one for one in report["features"] if one["feature"] == "x")
    assert feature["kind"] == "category" and feature["verdict"] == "drifted"
    assert feature["distance"] == pytest.approx(jensenshannon([.6, .4, 0], [.3, .4, .3]), rel=1e-9)
    assert feature["change"] in ("'de' 60 % → 30 %", "'pl' 0 % → 30 %")


def test_an_output_that_is_called_as_an_input_is_told_apart(server, tmp_path):
    graph = models.identity(tmp_path / "same.onnx", "FP32", ("rows", 1))
    server.cli("push", "scaled", graph, "--wait")
    signature = server.get("/api/v1/models/scaled/versions/1").json()["signature"]
    signature["inputs"][0]["features"] = signature["outputs"][0]["features"] = ["amount"]
    (tmp_path / "signature.json").write_text(json.dumps(signature))
    server.cli("push", "scaled", graph, "--signature", tmp_path / "signature.json", "--deploy", "--wait")
    server.cli("record", "scaled", "capture.share=1")
    start = now()
    send(server, np.ones((200, 1), np.float32))
    middle = now()
    send(server, np.ones((200, 1), np.float32))
    report = drift(server, reference_from=start, reference_to=middle, **{"from": middle, "to": now()})
    assert {one["feature"]: one["current_rows"] for one in report["features"]} == {"amount": 200, "amount (output)": 200}


def test_the_command_line_shows_a_table_and_says_by_its_exit_code_that_something_has_drifted(server, two_periods):
    periods, _, _ = two_periods
    flags = [text for name, time in periods.items() for text in (f"--{name.replace('_', '-')}", time)]

    shown = server.cli("drift", "scaled", "--source", "captured", *flags, check=False)

    assert shown.returncode == 1 and "drifted" in shown.stdout and "█" in shown.stdout
    assert shown.stdout.index("income") < shown.stdout.index("age")
    same = dict(periods, **{"from": periods["reference_from"], "to": periods["reference_to"]})
    flags = [text for name, time in same.items() for text in (f"--{name.replace('_', '-')}", time)]
    assert server.cli("drift", "scaled", "--source", "captured", *flags).returncode == 0


def test_periods_without_captured_predictions_are_told(server, two_periods):
    periods, _, _ = two_periods
    empty = drift(server, expect=409, **{**periods, "reference_from": "2020-01-01T00:00:00Z",
                                         "reference_to": "2020-01-02T00:00:00Z"})
    assert "nothing is captured of endpoint 'scaled' from 2020-01-01" in empty["detail"]
    drift(server, expect=400, **{**periods, "to": periods["reference_from"]})
    assert server.get("/api/v1/endpoints/nowhere/drift").status_code == 404
