"""Models as people have them: with external data, with maps from classical libraries, with optional inputs, damaged."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import models


def with_external_data(folder, location="weights.bin"):
    """y = x · w, with w in a file of its own."""
    folder.mkdir()
    path = models.scale(folder / "model.onnx", 2)
    model = onnx.load(path)
    weights = numpy_helper.from_array(np.full(4, 5, dtype=np.float32), "factor")
    model.graph.initializer[0].CopyFrom(weights)
    tensor = model.graph.initializer[0]
    (folder / "weights.bin").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "16")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    onnx.save(model, path)
    return folder


def classifier(path, zipmap):
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression
    values = np.array([[0, 0], [1, 1], [0, 1], [2, 2]], dtype=np.float32)
    fitted = LogisticRegression().fit(values, [0, 1, 0, 1])
    path.write_bytes(to_onnx(fitted, values[:1], options={"zipmap": zipmap}, target_opset=17).SerializeToString())
    return path, fitted


def test_external_data_is_published_and_served_with_the_model(server, tmp_path):
    server.cli("push", "external", with_external_data(tmp_path / "model"), "--wait")

    answer = server.post("/v1/models/external:predict", json={"instances": [[1, 2, 3, 4]]})

    assert answer.json() == {"predictions": [[5, 10, 15, 20]]}
    assert len(server.cli("show", "external/1", json_output=True)["files"]) == 2


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "missing.bin"])
def test_external_data_stays_within_the_version(server, tmp_path, location):
    folder = with_external_data(tmp_path / "model", location)
    (tmp_path / "weights.bin").write_bytes((folder / "weights.bin").read_bytes())

    done = server.cli("push", "external", folder, "--wait", check=False)

    assert done.returncode != 0
    assert location.split("/")[-1] in done.stderr or location in done.stderr
    assert server.cli("models", json_output=True) == []


def test_a_classifier_without_zipmap_is_served(server, tmp_path):
    path, fitted = classifier(tmp_path / "plain.onnx", zipmap=False)
    server.cli("push", "plain", path, "--wait")

    rows = [[0.2, 0.1], [3, 3]]
    answer = server.post("/v1/models/plain:predict", json={"instances": rows}).json()["predictions"]

    assert [row["label"] for row in answer] == fitted.predict(rows).tolist()
    assert np.allclose([row["probabilities"] for row in answer], fitted.predict_proba(rows), atol=1e-6)


def test_a_map_output_is_converted_or_refused_with_the_remedy(server, tmp_path):
    path, fitted = classifier(tmp_path / "zipmap.onnx", zipmap=True)

    done = server.cli("push", "zipmap", path, "--wait", check=False)

    if done.returncode == 0:
        answer = server.post("/v1/models/zipmap:predict", json={"instances": [[3, 3]]})
        assert answer.status_code == 200, answer.text
    else:
        assert "zipmap" in done.stderr.lower()


def test_an_input_with_a_default_may_be_left_out(server, tmp_path):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 2])
    bias = helper.make_tensor_value_info("bias", TensorProto.FLOAT, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 2])
    default = numpy_helper.from_array(np.array([10], dtype=np.float32), "bias")
    graph = helper.make_graph([helper.make_node("Add", ["x", "bias"], ["y"])], "bias", [x, bias], [y], [default])
    server.cli("push", "biased", models.save(graph, tmp_path / "m.onnx"), "--wait")

    def infer(*inputs):
        answer = server.post("/v2/models/biased/infer", json={"inputs": list(inputs)})
        assert answer.status_code == 200, answer.text
        return answer.json()["outputs"][0]["data"]

    given = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}
    assert infer(given) == [11, 12]
    assert infer(given, {"name": "bias", "shape": [1], "datatype": "FP32", "data": [100]}) == [101, 102]


@pytest.mark.parametrize("damage", ["truncated", "garbled", "empty"])
def test_damaged_models_are_refused_and_nothing_is_published(server, tmp_path, damage):
    path = models.wide(tmp_path / "m.onnx", 64)
    content = path.read_bytes()
    path.write_bytes({"truncated": content[: len(content) // 2], "garbled": b"\x00" + content[::-1],
                      "empty": b""}[damage])

    done = server.cli("push", "damaged", path, "--wait", check=False)

    assert done.returncode != 0
    assert done.stderr.strip()
    assert server.cli("models", json_output=True) == []
