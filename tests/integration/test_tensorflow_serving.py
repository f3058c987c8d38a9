"""TensorFlow Serving's REST, by hand: row and column form, status, metadata, labels."""

import base64

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import models

COLUMNS = ["age", "income", "debt"]


def two_inputs(path):
    """total = Σ n; s passes through."""
    n = helper.make_tensor_value_info("n", TensorProto.INT64, ["rows", 2])
    s = helper.make_tensor_value_info("s", TensorProto.STRING, ["rows"])
    total = helper.make_tensor_value_info("total", TensorProto.INT64, ["rows"])
    same = helper.make_tensor_value_info("same_bytes", TensorProto.STRING, ["rows"])
    axes = onnx.numpy_helper.from_array(np.array([1], dtype=np.int64), "axes")
    nodes = [helper.make_node("ReduceSum", ["n", "axes"], ["total"], keepdims=0),
             helper.make_node("Identity", ["s"], ["same_bytes"])]
    return models.save(helper.make_graph(nodes, "two", [n, s], [total, same], [axes]), path)


@pytest.fixture(scope="module")
def tfs(shared_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    signature = folder / "signature.json"
    signature.write_text("""{"inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3],
        "features": ["age", "income", "debt"]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 3]}], "batched": true}""")
    shared_server.cli("push", "scaled", models.scale(folder / "1.onnx", 2, 3), "--signature", signature, "--wait")
    shared_server.cli("push", "scaled", models.scale(folder / "2.onnx", 3, 3), "--signature", signature,
                      "--alias", "challenger")
    shared_server.cli("push", "two", two_inputs(folder / "two.onnx"), "--wait")
    for _ in range(600):
        if shared_server.post("/v1/models/scaled/labels/challenger:predict",
                              json={"instances": [[0, 0, 0]]}).status_code == 200:
            break
    return shared_server


def predict(server, model, document):
    return server.post(f"/v1/models/{model}:predict", json=document)


def test_rows_in_rows_out(tfs):
    answer = predict(tfs, "scaled", {"instances": [[1, 2, 3], [4, 5, 6]]})

    assert answer.status_code == 200
    assert answer.json() == {"predictions": [[2, 4, 6], [8, 10, 12]]}
    assert answer.headers["Modelyard-Version"] == "1"
    assert len(answer.headers["Modelyard-Prediction-Id"]) == 36


def test_columns_in_columns_out(tfs):
    assert predict(tfs, "scaled", {"inputs": [[1, 2, 3]]}).json() == {"outputs": [[2, 4, 6]]}


def test_a_row_may_name_its_features_in_any_order(tfs):
    row = {"debt": 3, "age": 1, "income": 2}
    assert predict(tfs, "scaled", {"instances": [row]}).json() == {"predictions": [[2, 4, 6]]}


@pytest.mark.parametrize("row, named", [
    ({"age": 1, "income": 2}, "debt"),
    ({"age": 1, "income": 2, "debt": 3, "dept": 4}, "dept"),
])
def test_missing_and_unknown_features_are_named(tfs, row, named):
    answer = predict(tfs, "scaled", {"instances": [row]})

    assert answer.status_code == 400
    assert named in answer.json()["error"]


def test_several_inputs_and_bytes(tfs):
    text = base64.b64encode(b"\xff\x00").decode()
    rows = predict(tfs, "two", {"instances": [{"n": [1, 2], "s": "a"}, {"n": [3, 4], "s": {"b64": text}}]})
    columns = predict(tfs, "two", {"inputs": {"n": [[1, 2], [3, 4]], "s": ["a", {"b64": text}]}})

    assert rows.status_code == 200, rows.text
    assert [row["total"] for row in rows.json()["predictions"]] == [3, 7]
    assert rows.json()["predictions"][1]["same_bytes"] == {"b64": text}
    assert columns.json()["outputs"]["total"] == [3, 7]


def test_versions_and_labels(tfs):
    document = {"instances": [[1, 1, 1]]}

    assert tfs.post("/v1/models/scaled/versions/2:predict", json=document).json() == {"predictions": [[3, 3, 3]]}
    assert tfs.post("/v1/models/scaled/labels/challenger:predict", json=document).json() == {"predictions": [[3, 3, 3]]}
    assert tfs.post("/v1/models/scaled/versions/9:predict", json=document).status_code == 404
    assert tfs.post("/v1/models/scaled/labels/nobody:predict", json=document).status_code == 404


def test_status_and_metadata(tfs):
    status = tfs.get("/v1/models/scaled").json()
    metadata = tfs.get("/v1/models/scaled/metadata").json()

    states = {row["version"]: row["state"] for row in status["model_version_status"]}
    assert states == {"1": "AVAILABLE", "2": "AVAILABLE"}
    assert metadata["model_spec"]["name"] == "scaled"
    signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["x"]["dtype"] == "DT_FLOAT"


@pytest.mark.parametrize("document", [
    {}, {"instances": []}, {"instances": 3}, {"instances": [[1, 2]]}, {"instances": [[1, 2, "a"]]},
    {"instances": [[1, 2, 3]], "inputs": [[1, 2, 3]]}, {"instances": [[1, 2, 3], [1, 2]]}, {"instances": [{}]},
    {"inputs": {"z": [1]}}, [],
])
def test_wrong_documents_are_refused_with_a_reason(tfs, document):
    answer = predict(tfs, "scaled", document)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_an_unknown_model_is_not_found(tfs):
    assert predict(tfs, "nobody", {"instances": [[1]]}).status_code == 404
