"""The Open Inference Protocol over REST, spoken by tritonclient and by hand."""

import gzip
import json
import struct
import zlib

import ml_dtypes
import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton
import zstandard
from tritonclient.utils import InferenceServerException

import models

NUMPY_TYPES = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16,
    "FP32": np.float32, "FP64": np.float64,
}


def values_of(datatype):
    """Two rows of four with the extremes of the datatype."""
    kind = NUMPY_TYPES[datatype]
    if datatype == "BOOL":
        return np.array([[True, False, True, True], [False] * 4])
    if np.issubdtype(kind, np.integer):
        limits = np.iinfo(kind)
        return np.array([[limits.min, limits.max, 0, 1], [1, 2, 3, limits.max - 1]], dtype=kind)
    limits = np.finfo(kind)
    return np.array([[limits.min, limits.max, limits.tiny, -0.0], [np.nan, np.inf, -np.inf, 0.1]], dtype=kind)


@pytest.fixture(scope="module")
def client(shared_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for datatype in models.TENSOR_TYPES:
        path = models.identity(folder / f"{datatype}.onnx", datatype)
        shared_server.cli("push", f"identity-{datatype}", path, "--wait")
    shared_server.cli("push", "any-shape", models.identity(folder / "any.onnx", "FP32", ("a", "b", "c")), "--wait")
    with triton.InferenceServerClient(shared_server.address) as client:
        yield client


def infer(client, datatype, values, binary):
    tensor = triton.InferInput("x", list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=binary)
    wanted = triton.InferRequestedOutput("y", binary_data=binary)
    return client.infer(f"identity-{datatype}", [tensor], outputs=[wanted])


@pytest.mark.parametrize("datatype", sorted(NUMPY_TYPES))
def test_every_datatype_returns_unchanged_in_binary(client, datatype):
    values = values_of(datatype)

    answer = infer(client, datatype, values, binary=True).as_numpy("y")

    assert answer.dtype == values.dtype
    assert answer.tobytes() == values.tobytes()


@pytest.mark.parametrize("datatype", sorted(set(NUMPY_TYPES) - {"FP16"}))
def test_every_datatype_of_json_returns_unchanged_in_json(client, datatype):
    values = values_of(datatype)

    answer = infer(client, datatype, values, binary=False).as_numpy("y")

    np.testing.assert_array_equal(answer, values)


def test_bf16_returns_unchanged_in_binary(client, shared_server):
    values = np.array([[1.5, -0.0, 3.0e38, 1e-38]], dtype=ml_dtypes.bfloat16)
    head = json.dumps({
        "inputs": [{"name": "x", "datatype": "BF16", "shape": [1, 4], "parameters": {"binary_data_size": 8}}],
        "parameters": {"binary_data_output": True},
    }).encode()

    answer = shared_server.post("/v2/models/identity-BF16/infer", data=head + values.tobytes(),
                                headers={"Inference-Header-Content-Length": str(len(head))})

    assert answer.status_code == 200, answer.text
    length = int(answer.headers["Inference-Header-Content-Length"])
    assert answer.content[length:] == values.tobytes()


@pytest.mark.parametrize("binary", [True, False])
def test_strings_return_unchanged(client, binary):
    values = np.array([["", "ä€", "a\0b", "x" * 1000]], dtype=np.object_)

    answer = infer(client, "BYTES", values, binary).as_numpy("y")

    decoded = [v.decode() if isinstance(v, bytes) else v for v in answer.ravel()]
    assert decoded == list(values.ravel())


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 5), (0, 0, 0)])
def test_dimensions_of_size_zero_are_answered(client, shape, binary):
    tensor = triton.InferInput("x", list(shape), "FP32")
    tensor.set_data_from_numpy(np.zeros(shape, dtype=np.float32), binary_data=binary)

    answer = client.infer("any-shape", [tensor], outputs=[triton.InferRequestedOutput("y", binary_data=binary)])

    assert answer.get_output("y")["shape"] == list(shape)


def test_metadata_describes_server_and_model(client):
    server = client.get_server_metadata()
    model = client.get_model_metadata("identity-FP32")

    assert server["name"] == "modelyard"
    assert "binary_tensor_data" in server["extensions"]
    assert model["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}]
    assert model["versions"] == ["1"]


def test_health_and_readiness_are_told(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("identity-FP32")
    assert client.is_model_ready("identity-FP32", "1")
    assert not client.is_model_ready("nosuch")


def test_statistics_count_what_was_answered(client):
    def figures():
        [version] = client.get_inference_statistics("identity-INT8")["model_stats"]
        runs = {batch["batch_size"]: batch["compute_infer"] for batch in version["batch_stats"]}
        return version["inference_stats"]["success"]["count"], runs

    infer(client, "INT8", values_of("INT8"), binary=True)
    answered, runs = figures()
    infer(client, "INT8", values_of("INT8"), binary=True)
    answered_then, runs_then = figures()

    assert answered_then == answered + 1
    [size] = [size for size in runs_then if runs_then[size] != runs[size]]
    assert size == len(values_of("INT8"))
    assert runs_then[size]["count"] == runs[size]["count"] + 1 and runs_then[size]["ns"] > runs[size]["ns"]


def test_what_could_not_be_read_counts_as_failed(shared_server, client):
    def failed():
        return client.get_inference_statistics("identity-INT16")["model_stats"][0]["inference_stats"]["fail"]["count"]

    before = failed()
    path = "/v2/models/identity-INT16/infer"
    assert shared_server.post(path, data=b"{").status_code == 400
    assert shared_server.post("/v1/models/identity-INT16:predict", data=b"{").status_code == 400
    with triton_grpc.InferenceServerClient(shared_server.address) as grpc_client:
        wrong = triton_grpc.InferInput("x", [1, 4], "FP32")
        wrong.set_data_from_numpy(np.ones((1, 4), np.float32))
        unknown = triton_grpc.InferInput("x", [1, 4], "INT16")
        unknown.set_shared_memory("no-region", 8)
        for one in (wrong, unknown):
            with pytest.raises(InferenceServerException):
                grpc_client.infer("identity-INT16", [one])

    assert failed() == before + 4
    assert 'code="invalid_argument"' in shared_server.get("/metrics").text


def test_configuration_has_the_shape_that_clients_read(client):
    config = client.get_model_config("identity-FP32")

    assert config["input"][0]["data_type"] == "TYPE_FP32"
    assert config["backend"] == "onnxruntime"


def test_repository_index_load_and_unload(server, tmp_path):
    server.cli("push", "scale", models.scale(tmp_path / "m.onnx", 2.0), "--wait")
    with triton.InferenceServerClient(server.address) as client:
        assert {"name": "scale", "version": "1", "state": "READY", "reason": ""} in client.get_model_repository_index()

        client.unload_model("scale")
        assert not client.is_model_ready("scale")
        unloaded = {"name": "scale", "version": "1", "state": "UNAVAILABLE", "reason": "unloaded"}
        assert unloaded in client.get_model_repository_index()

        client.load_model("scale")
        assert client.is_model_ready("scale")

        with pytest.raises(InferenceServerException):
            client.load_model("nosuch")


def test_every_answer_names_prediction_version_and_request(shared_server, client):
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]}

    first = shared_server.post("/v2/models/identity-FP32/infer", json=body, headers={"X-Request-Id": "mine"})
    second = shared_server.post("/v2/models/identity-FP32/infer", json={**body, "id": "42"})

    assert first.headers["X-Request-Id"] == "mine"
    assert first.headers["Modelyard-Version"] == "1"
    assert len(first.headers["Modelyard-Prediction-Id"]) == 36
    assert "id" not in first.json()
    assert second.json()["id"] == "42"
    assert first.headers["Modelyard-Prediction-Id"] != second.headers["Modelyard-Prediction-Id"]


def body_of(values):
    return json.dumps({"inputs": [{"name": "x", "datatype": "FP32", "shape": list(np.shape(values)), "data": values}]}).encode()


@pytest.mark.parametrize("encoding, compress", [
    ("gzip", gzip.compress), ("gzip", lambda body: gzip.compress(body[:20]) + gzip.compress(body[20:])), ("deflate", zlib.compress), ("zstd", zstandard.ZstdCompressor().compress)])
def test_compressed_requests_are_inflated(shared_server, client, encoding, compress):
    answer = shared_server.post("/v2/models/identity-FP32/infer", data=compress(body_of([[1.0, 2.0, 3.0, 4.0]])),
                                headers={"Content-Encoding": encoding})

    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"][0]["data"] == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_large_answers_are_compressed_on_request(shared_server, client, encoding):
    rows = [[1.5, 2.5, 3.5, 4.5]] * 500

    answer = shared_server.post("/v2/models/identity-FP32/infer", data=body_of(rows), headers={"Accept-Encoding": encoding})

    assert answer.headers["Content-Encoding"] == encoding
    assert len(answer.json()["outputs"][0]["data"]) == 2000


def test_a_compression_bomb_is_refused(shared_server, client):
    bomb = gzip.compress(b" " * (200 << 20), 9)

    answer = shared_server.post("/v2/models/identity-FP32/infer", data=bomb, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 413


def test_a_raw_binary_request_needs_no_json(shared_server, client):
    values = np.array([1, 2, 3, 4], dtype=np.float32)

    answer = shared_server.post("/v2/models/identity-FP32/infer", data=values.tobytes(),
                                headers={"Inference-Header-Content-Length": "0"})

    length = int(answer.headers["Inference-Header-Content-Length"])
    assert answer.content[length:] == values.tobytes()


def test_classification_gives_the_largest_values_first(shared_server, client):
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 4, 2, 3]}],
            "outputs": [{"name": "y", "parameters": {"classification": 2}}]}

    output = shared_server.post("/v2/models/identity-FP32/infer", json=body).json()["outputs"][0]

    assert output["datatype"] == "BYTES"
    assert [text.split(":")[1] for text in output["data"]] == ["1", "3"]


GOOD = {"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}


@pytest.mark.parametrize("path, body, status, words", [
    ("nosuch/infer", {"inputs": [GOOD]}, 404, "Request for unknown model: 'nosuch' is not found"),
    ("identity-FP32/versions/9/infer", {"inputs": [GOOD]}, 404, "version 9 is not found"),
    ("identity-FP32/infer", {}, 400, "inputs"),
    ("identity-FP32/infer", {"inputs": [{**GOOD, "name": "z"}]}, 400, "unexpected inference input 'z'"),
    ("identity-FP32/infer", {"inputs": [{**GOOD, "datatype": "INT32"}]}, 400, "FP32"),
    ("identity-FP32/infer", {"inputs": [{**GOOD, "shape": [1, 5]}]}, 400, "[1,5]"),
    ("identity-FP32/infer", {"inputs": [{**GOOD, "data": [1, 2, 3]}]}, 400, "x"),
    ("identity-FP32/infer", {"inputs": [{**GOOD, "shape": [-1, 4]}]}, 400, ""),
    ("identity-FP32/infer", {"inputs": [{**GOOD, "data": ["a", 2, 3, 4]}]}, 400, "x"),
    ("identity-FP32/infer", {"inputs": [{**GOOD, "shape": [2, 2], "data": [[1, 2], [3]]}]}, 400, ""),
    ("identity-FP32/infer", {"inputs": [GOOD], "outputs": [{"name": "nosuch"}]}, 400, "nosuch"),
    ("identity-INT8/infer", {"inputs": [{**GOOD, "datatype": "INT8", "data": [1, 2, 3, 128]}]}, 400, "x"),
    ("identity-FP16/infer", {"inputs": [{**GOOD, "datatype": "FP16"}]}, 400, "binary"),
])
def test_wrong_requests_are_told_what_is_wrong(shared_server, client, path, body, status, words):
    answer = shared_server.post("/v2/models/" + path, json=body)

    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]


def test_left_over_bytes_after_binary_inputs_are_refused(shared_server, client):
    head = json.dumps({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4],
                                   "parameters": {"binary_data_size": 16}}]}).encode()

    answer = shared_server.post("/v2/models/identity-FP32/infer", data=head + struct.pack("<5f", 1, 2, 3, 4, 5),
                                headers={"Inference-Header-Content-Length": str(len(head))})

    assert answer.status_code == 400
    assert "unexpected additional input data" in answer.json()["error"]


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/v2/models/identity-FP32/infer", 405), ("DELETE", "/v2", 405), ("GET", "/v2/nosuch", 404),
    ("GET", "/nosuch", 404)])
def test_wrong_methods_and_paths_are_refused_with_json(shared_server, client, method, path, status):
    import requests

    answer = requests.request(method, shared_server.url + path, timeout=30)

    assert answer.status_code == status
    assert "error" in answer.json()
    assert ("Allow" in answer.headers) == (status == 405)


def test_an_unknown_content_encoding_names_the_known_ones(shared_server, client):
    answer = shared_server.post("/v2/models/identity-FP32/infer", data=b"x", headers={"Content-Encoding": "br"})

    assert answer.status_code == 501
    assert "gzip" in answer.headers["Accept-Encoding"]
