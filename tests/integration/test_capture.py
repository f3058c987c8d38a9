"""Captured payloads: what predictions were asked and answered, as far as their endpoint lets it be kept."""

import base64
import json
import os
import queue
import re
import subprocess

import numpy as np
import pytest
import requests
import tritonclient.grpc as triton_grpc

import journal_reader
import models
from conftest import BINARY
from test_authorisation import bearer, offline_key

ONES = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2, 3], "data": [1, 2, 3, 4, 5, 6]}]}
SIGNATURE = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3], "features": ["age", "income", "debt"]}],
             "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 3]}], "batched": True}


def publish(server, tmp_path, *settings):
    signature = tmp_path / "signature.json"
    signature.write_text(json.dumps(SIGNATURE))
    server.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2, 3), "--signature", signature,
               "--alias", "stable", "--wait")
    if settings:
        server.cli("record", "scaled", *settings)
    return server


def infer(server, body=ONES, path="scaled", **options):
    answer = server.post(f"/v2/models/{path}/infer", json=body, **options)
    return answer.headers.get("Modelyard-Prediction-Id")


def payload(server, prediction, **options):
    return server.get(f"/api/v1/predictions/{prediction}/payload", **options)


def fields(document, side="inputs"):
    return {field["name"]: field for field in document[side]}


def is_captured(server, prediction):
    return payload(server, prediction).status_code == 200


def test_nothing_is_captured_unless_the_endpoint_says_so(server, tmp_path):
    publish(server, tmp_path)
    answer = payload(server, infer(server))

    assert answer.status_code == 404 and "nothing" in answer.json()["detail"]


def test_a_captured_prediction_shows_what_it_was_asked_and_what_it_answered(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    trace = "0af7651916cd43dd8448eb211c80319c"
    prediction = infer(server, headers={"X-Request-Id": "order-7", "Modelyard-Unit": "customer-9",
                                        "traceparent": f"00-{trace}-b7ad6b7169203331-01"})

    document = payload(server, prediction).json()

    assert document["prediction_id"] == prediction and document["endpoint"] == "scaled" and document["version"] == 1
    assert (document["request_id"], document["unit"], document["trace_id"]) == ("order-7", "customer-9", trace)
    assert document["route_reason"] == "plan" and document["engine"].startswith("ONNX Runtime ")
    assert document["batch_rows"] == 2 and document["row_offset"] == 0 and document["computed_ns"] > 0
    assert document["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [2, 3], "treatment": "kept",
                                   "data": [1, 2, 3, 4, 5, 6]}]
    assert fields(document, "outputs")["y"]["data"] == [2, 4, 6, 8, 10, 12]
    for path, reason in (("scaled/versions/1", "version"), ("scaled/versions/stable", "alias")):
        assert payload(server, infer(server, path=path)).json()["route_reason"] == reason


def test_units_that_are_long_and_begin_alike_are_told_apart(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    units = {payload(server, infer(server, headers={"Modelyard-Unit": "u" * 300 + end})).json()["unit"]
             for end in "ab"}

    assert len(units) == 2 and all(unit.startswith("sha256:") for unit in units)


def test_every_protocol_is_captured(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    ask = triton_grpc.InferInput("x", [1, 3], "FP32")
    ask.set_data_from_numpy(np.array([[1, 2, 3]], np.float32))
    with triton_grpc.InferenceServerClient(server.address) as client:
        client.infer("scaled", [ask], headers={"modelyard-unit": "by-grpc"})
    server.post("/v1/models/scaled:predict", json={"instances": [[1, 2, 3]]}, headers={"Modelyard-Unit": "by-tfs"})

    found = server.get("/api/v1/predictions", params={"endpoint": "scaled"}).json()["items"]
    documents = [payload(server, one["prediction_id"]).json() for one in found]

    assert sorted(document["unit"] for document in documents) == ["by-grpc", "by-tfs"]
    for document in documents:
        assert fields(document)["x"]["data"] == [1, 2, 3] and fields(document, "outputs")["y"]["data"] == [2, 4, 6]


def test_fields_are_kept_masked_and_hashed_by_tensor_and_by_feature(server, tmp_path):
    publish(server, tmp_path, 'capture={"share":1,"fields":["income","y"],"mask":["age"],"hash":["debt"]}')
    first = payload(server, infer(server)).json()
    again = payload(server, infer(server)).json()

    seen = fields(first)
    assert seen["x.income"] == {"name": "x.income", "datatype": "FP32", "shape": [2], "treatment": "kept",
                                "data": [2, 5]}
    assert seen["x.age"] == {"name": "x.age", "datatype": "FP32", "shape": [2], "treatment": "masked"}
    hashed = seen["x.debt"]
    assert hashed["datatype"] == "BYTES" and hashed["treatment"] == "hashed" and len(set(hashed["data"])) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", text) for text in hashed["data"])
    assert fields(again)["x.debt"] == hashed, "equal values are seen to be equal"
    assert fields(first, "outputs")["y"]["treatment"] == "kept"


def test_what_is_masked_never_reaches_the_disk(server, tmp_path):
    publish(server, tmp_path, 'capture={"share":1,"mask":["x"]}')
    secret = 1234.5
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [secret, secret, secret]}]}
    document = payload(server, infer(server, body)).json()

    assert fields(document)["x"]["treatment"] == "masked"
    written = b"".join(path.read_bytes() for path in (server.folder / "data" / "journal").rglob("payloads-*"))
    assert np.float32(secret).tobytes() not in written and len(written) > 100


def test_a_share_is_the_same_requests_wherever_the_unit_is_the_same(server, tmp_path):
    publish(server, tmp_path, "capture.share=0.5")
    units = [f"customer-{i}" for i in range(60)]
    ask = lambda unit, trace: is_captured(server, infer(server, headers={"Modelyard-Unit": unit,
                                                                         "X-Request-Id": trace}))
    first = [ask(unit, f"a-{unit}") for unit in units]
    again = [ask(unit, f"b-{unit}") for unit in units]

    assert first == again
    assert 15 <= sum(first) <= 45


def test_failures_are_captured_beyond_the_share_when_wanted(server, tmp_path):
    publish(server, tmp_path, "capture.errors=true")
    wrong = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
    assert infer(server, wrong) is None
    good = infer(server)
    failed = server.get("/api/v1/predictions", params={"status": "failed"}).json()["items"][0]["prediction_id"]

    assert not is_captured(server, good)
    document = payload(server, failed).json()
    assert fields(document)["x"]["data"] == [1, 2] and document["outputs"] == [] and document["batch_rows"] == 0


def test_what_json_cannot_say_comes_as_its_bytes(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    ask = triton_grpc.InferInput("x", [1, 3], "FP32")
    values = np.array([[np.nan, np.inf, 1]], np.float32)
    ask.set_data_from_numpy(values)
    with triton_grpc.InferenceServerClient(server.address) as client:
        client.infer("scaled", [ask])
    found = server.get("/api/v1/predictions").json()["items"][0]["prediction_id"]

    field = fields(payload(server, found).json())["x"]

    assert base64.b64decode(field["data_base64"]) == values.tobytes()


def test_a_field_that_is_too_large_leaves_its_shape(server, tmp_path):
    publish(server, tmp_path, "capture.share=1", "capture.max_field_bytes=20")
    field = fields(payload(server, infer(server)).json())["x"]

    assert field == {"name": "x", "datatype": "FP32", "shape": [2, 3], "treatment": "too_large"}


@pytest.mark.parametrize("settings, why", [
    ({"capture": {"share": 2}}, "not from 0 to 1"),
    ({"capture": {}}, "captures nothing"),
    ({"capture": {"share": 1, "mask": ["incme"]}}, "no version of model 'scaled' has a tensor or feature 'incme'"),
    ({"capture": {"share": 1, "mask": ["x"], "hash": ["x"]}}, "masked and hashed"),
    ({"capture": {"share": 1, "sample": 3}}, "sample"),
    ({"capture": {"share": 1, "max_field_bytes": 1 << 30}}, "max_field_bytes"),
])
def test_a_capture_that_cannot_be_honoured_is_refused(server, tmp_path, settings, why):
    publish(server, tmp_path)
    answer = requests.put(server.url + "/api/v1/endpoints/scaled", json={"model": "scaled", "journal": settings},
                          timeout=60)

    assert answer.status_code == 400 and why in answer.json()["detail"], answer.text


def test_payloads_survive_a_restart_and_a_kill(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    ids = [infer(server) for _ in range(20)]
    assert is_captured(server, ids[-1]), "what was read is in its file"
    server.kill()
    server.start()

    for prediction in ids:
        assert fields(payload(server, prediction).json())["x"]["data"] == [1, 2, 3, 4, 5, 6]


def test_payloads_are_for_those_who_may_see_them_and_who_did_is_written_down(make_server, tmp_path):
    keys = {name: offline_key(tmp_path, name, "--verbs", verbs, "--models", of) for name, verbs, of in
            [("root", "admin", "*"), ("reader", "infer,read", "scaled"), ("auditor", "payload", "scaled"),
             ("stranger", "payload", "other")]}
    os.environ["MODELYARD_API_KEY"] = keys["root"]
    try:
        server = publish(make_server("--authentication", "required"), tmp_path, "capture.share=1")
    finally:
        del os.environ["MODELYARD_API_KEY"]
    prediction = infer(server, headers=bearer(keys["reader"]))

    status = {name: payload(server, prediction, headers=bearer(key)).status_code for name, key in keys.items()}

    assert status == {"root": 200, "reader": 403, "auditor": 200, "stranger": 404}
    rows = server.get("/api/v1/audit", headers=bearer(keys["root"])).json()["items"]
    seen = [row for row in rows if row["action"] == "payload.show"]
    assert [row["actor"] for row in seen] == ["key:root", "key:auditor"]
    assert all(row["detail"]["prediction_id"] == prediction for row in seen)


def test_the_command_line_shows_a_payload(server, tmp_path):
    publish(server, tmp_path, "capture.share=1", 'capture.mask=["age"]')
    prediction = infer(server, headers={"Modelyard-Unit": "customer-9"})

    text = server.cli("predictions", "show", prediction, "--payload").stdout

    assert "customer-9" in text and "masked" in text
    assert re.search(r"x\.income +FP32 +\[2\] +2, 5", text), text
    document = json.loads(server.cli("predictions", "show", prediction, "--payload", "--json").stdout)
    assert document["payload"]["unit"] == "customer-9" and document["version"] == 1


def test_what_is_captured_is_counted_and_verified(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    assert is_captured(server, infer(server)) and is_captured(server, infer(server)), "two blocks"
    metrics = requests.get(server.url + "/metrics", timeout=60).text
    assert "modelyard_capture_payloads_total 2\n" in metrics and "modelyard_capture_payloads_kept 2\n" in metrics
    report = server.get("/api/v1/journal").json()
    assert report["payloads"]["recorded"] == report["payloads"]["records"] == 2 and report["payloads"]["bytes"] > 0
    assert report["endpoints"][0]["payloads"]["records"] == 2
    assert "2 captured payloads in" in server.cli("journal", "stats").stdout
    server.stop()
    done = subprocess.run([BINARY, "journal", "verify", "--data", server.folder / "data"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    file = next((server.folder / "data" / "journal").rglob("payloads-*"))
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    done = subprocess.run([BINARY, "journal", "verify", "--data", server.folder / "data"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode != 0 and file.name in done.stdout + done.stderr


def replay(server, prediction):
    return server.post(f"/api/v1/predictions/{prediction}:replay")


def many_at_once(server, name, rows, columns, count):
    """Predictions of which some share runs."""
    asks = []
    with triton_grpc.InferenceServerClient(server.address, verbose=False) as client:
        for i in range(count):
            ask = triton_grpc.InferInput("x", [rows, columns], "FP32")
            ask.set_data_from_numpy(np.random.default_rng(i).standard_normal((rows, columns)).astype(np.float32))
            asks.append(ask)
        answered = queue.Queue()
        client.start_stream(lambda result, error: answered.put((result, error)))
        for ask in asks:
            client.async_stream_infer(name, [ask])
        for _ in asks:
            assert answered.get(timeout=60)[1] is None
        client.stop_stream()
    found = server.get("/api/v1/predictions", params={"endpoint": name, "limit": 1000}).json()["items"]
    return [one["prediction_id"] for one in found]


def test_a_replay_gives_the_same_answer_bit_for_bit_also_of_rows_that_shared_a_run(server, tmp_path):
    server.cli("push", "wide", models.wide(tmp_path / "wide.onnx", 256), "--wait")
    server.cli("record", "wide", "capture.share=1")
    server.cli("schedule", "wide", "max_queue_delay_microseconds=20000")  # they meet, however slowly they are sent
    predictions = many_at_once(server, "wide", 2, 256, 60)
    shared = [one for one in predictions if payload(server, one).json()["batch_rows"] > 2]

    assert shared, "none of 60 requests at once shared a run"
    for prediction in predictions[:10] + shared[:20]:
        told = replay(server, prediction).json()
        assert told["verdict"] == "same" and told["reproduced"] and told["unlike"] == [], told


def test_a_replay_of_texts_gives_the_same_answer(server, tmp_path):
    server.cli("push", "texts", models.identity(tmp_path / "texts.onnx", "BYTES", ["rows", 2]), "--wait")
    server.cli("record", "texts", "capture.share=1")
    body = {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [2, 2], "data": ["a", "", "ccc", "d"]}]}
    told = replay(server, infer(server, body, "texts")).json()

    assert told["verdict"] == "same", told


def test_a_replay_tells_what_was_not_as_it_was_and_an_answer_that_is_another(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    prediction = infer(server)
    assert is_captured(server, prediction)
    server.stop()
    file = next((server.folder / "data" / "journal").rglob("payloads-*"))
    content = file.read_bytes()
    outputs = np.array([2, 4, 6, 8, 10, 12], np.float32).tobytes()
    assert outputs in content and b"ONNX Runtime" in content
    near = np.array([2, 4, 6, 8, 10, 12 + 1e-5], np.float32).tobytes()
    rewrite(file, content.replace(b"ONNX Runtime", b"ANNX Runtime").replace(outputs, near))
    server.start()

    told = replay(server, prediction).json()
    assert told["verdict"] == "within_tolerance" and told["reproduced"] and "engine: ANNX Runtime" in told["unlike"][0]

    server.stop()
    far = np.array([2, 4, 6, 8, 10, 13], np.float32).tobytes()
    rewrite(file, content.replace(outputs, far))
    server.start()
    told = replay(server, prediction).json()
    assert told["verdict"] == "different" and not told["reproduced"] and told["unlike"] == []
    assert "output 'y', element 5: got 12, recorded 13" in told["difference"]
    done = server.cli("predictions", "replay", prediction, check=False)
    assert done.returncode == 1 and "another answer" in done.stdout


def rewrite(file, content):
    """With the checksum of its only block."""
    block = bytearray(content[16:])
    block[4:8] = journal_reader.crc32c(bytes(block[8:])).to_bytes(4, "little")
    file.write_bytes(content[:16] + bytes(block))


def test_what_was_masked_cannot_be_asked_again_and_the_answer_says_so(server, tmp_path):
    publish(server, tmp_path, 'capture={"share":1,"mask":["age"]}')
    answer = replay(server, infer(server))

    assert answer.status_code == 409 and "masked" in answer.json()["detail"], answer.text


def test_the_command_line_replays(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    done = server.cli("predictions", "replay", infer(server))

    assert done.stdout == "scaled/1 gives the same answer, bit for bit\n"


def test_refused_requests_of_every_kind_are_captured_without_harm(server, tmp_path):
    publish(server, tmp_path, 'capture={"share":1,"errors":true,"hash":["debt"]}')
    x = {"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}
    wrong = [{"inputs": [x, x]}, {"inputs": [x, {**x, "name": "z"}]}, {"inputs": []},
             {"inputs": [{**x, "shape": [1] * 12 + [3]}]}, {"inputs": [{**x, "datatype": "INT64"}]},
             {"inputs": [{**x, "shape": [3]}]}, {"inputs": [{**x, "shape": [0, 3], "data": []}]},
             {"inputs": [x], "outputs": [{"name": "nothing"}]}]
    for body in wrong:
        infer(server, body)
    last = infer(server)

    assert fields(payload(server, last).json())["x.income"]["data"] == [2, 5]
    found = server.get("/api/v1/predictions", params={"endpoint": "scaled"}).json()["items"]
    assert len(found) >= 4
    for one in found:
        assert payload(server, one["prediction_id"]).status_code == 200, one
    assert 'modelyard_capture_payloads_lost_total{reason="disk"} 0' in requests.get(server.url + "/metrics",
                                                                                   timeout=60).text


def test_what_becomes_too_large_by_hashing_is_left_out(server, tmp_path):
    server.cli("push", "same", models.identity(tmp_path / "same.onnx", "BOOL", ["rows", 4]), "--wait")
    server.cli("record", "same", 'capture={"share":1,"hash":["x","y"],"max_field_bytes":300}')
    ask = lambda rows: infer(server, {"inputs": [{"name": "x", "datatype": "BOOL", "shape": [rows, 4],
                                                  "data": [True] * 4 * rows}]}, "same")

    assert fields(payload(server, ask(2)).json())["x"]["treatment"] == "hashed"
    assert fields(payload(server, ask(3)).json())["x"]["treatment"] == "too_large"
