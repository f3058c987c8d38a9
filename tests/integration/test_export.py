"""Predictions that are taken out of the journal, in the forms that other systems read."""

import http.server
import json
import ssl
import struct
import threading

import grpc
import pytest
from google.protobuf import descriptor_pb2, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from google.protobuf.descriptor_pool import DescriptorPool

import models
from test_authorisation import bearer, offline_key
from test_capture import infer, publish
from test_tls import Authority

CAPTURE_ALL = "capture.share=1"


def export(server, *arguments, **options):
    return server.cli("journal", "export", "scaled", *arguments, **options)


def test_records_come_as_lines_of_json(server, tmp_path):
    publish(server, tmp_path)
    ids = [infer(server) for _ in range(30)]

    lines = [json.loads(line) for line in export(server).stdout.splitlines()]

    assert [line["prediction_id"] for line in lines] == ids[::-1]
    assert "payload" not in lines[0]


def test_payloads_come_along_when_they_are_asked_for(server, tmp_path):
    publish(server, tmp_path)
    bare = infer(server)
    server.cli("record", "scaled", CAPTURE_ALL)
    full = infer(server)

    first, second = (json.loads(line) for line in export(server, "--payload").stdout.splitlines())

    assert first["prediction_id"] == full and first["payload"]["outputs"][0]["data"] == [2, 4, 6, 8, 10, 12]
    assert second["prediction_id"] == bare and second["payload"] is None
    seen = [row for row in server.get("/api/v1/audit").json()["items"] if row["action"] == "payload.list"]
    assert seen and seen[-1]["detail"]["predictions"] == 2


def test_lines_of_sagemaker_hold_what_was_sent_and_answered(server, tmp_path):
    publish(server, tmp_path, CAPTURE_ALL, 'capture.mask=["age"]')
    server.post("/v2/models/scaled/infer", json={"inputs": []})  # failed: nothing that SageMaker would hold
    prediction = infer(server, headers={"X-Request-Id": "order-7"})
    output = tmp_path / "capture.jsonl"

    done = export(server, "--format", "sagemaker", "--output", output)

    assert "1 predictions in" in done.stderr and "1 were left out" in done.stderr
    line, = (json.loads(text) for text in output.read_text().splitlines())
    assert line["eventVersion"] == "0" and line["eventMetadata"]["eventId"] == prediction
    assert line["eventMetadata"]["inferenceId"] == "order-7"
    asked, answered = line["captureData"]["endpointInput"], line["captureData"]["endpointOutput"]
    assert (asked["mode"], asked["encoding"], answered["mode"]) == ("INPUT", "JSON", "OUTPUT")
    assert {field["name"] for field in json.loads(asked["data"])["inputs"]} == {"x.income", "x.debt"}
    assert json.loads(answered["data"])["outputs"] == [
        {"name": "y", "datatype": "FP32", "shape": [2, 3], "data": [2, 4, 6, 8, 10, 12]}]


def masked_crc(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    crc ^= 0xffffffff
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff


def tf_records(data):
    while data:
        length, of_length = struct.unpack_from("<QI", data)
        record, of_record = data[12:12 + length], struct.unpack_from("<I", data, 12 + length)[0]
        assert of_length == masked_crc(data[:8]) and of_record == masked_crc(record)
        yield record
        data = data[16 + length:]


def prediction_log(server):
    """The message of TensorFlow Serving, by its published field numbers, around those that the server describes."""
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(grpc.insecure_channel(server.address)))
    predict = pool.FindMessageTypeByName("tensorflow.serving.PredictRequest").file
    model = pool.FindMessageTypeByName("tensorflow.serving.ModelSpec").file
    file = descriptor_pb2.FileDescriptorProto(name="log.proto", package="log", syntax="proto3",
                                              dependency=[predict.name, model.name])
    for name, fields in {"LogMetadata": [("model_spec", 1, ".tensorflow.serving.ModelSpec")],
                         "PredictLog": [("request", 1, ".tensorflow.serving.PredictRequest"),
                                        ("response", 2, ".tensorflow.serving.PredictResponse")],
                         "PredictionLog": [("log_metadata", 1, ".log.LogMetadata"),
                                           ("predict_log", 6, ".log.PredictLog")]}.items():
        message = file.message_type.add(name=name)
        for field, number, of_type in fields:
            message.field.add(name=field, number=number, type=11, label=1, type_name=of_type)
    own = DescriptorPool()
    for one in descriptors(predict) + descriptors(model):
        own.AddSerializedFile(one)
    own.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(own.FindMessageTypeByName("log.PredictionLog"))


def descriptors(file):
    """Of a file and all that it needs, those first."""
    needed = [one for dependency in file.dependencies for one in descriptors(dependency)]
    return needed + [file.serialized_pb]


def test_tf_records_are_read_by_the_messages_of_tensorflow_serving(server, tmp_path):
    publish(server, tmp_path, CAPTURE_ALL)
    for _ in range(3):
        infer(server)
    output = tmp_path / "predictions.tfrecord"
    export(server, "--format", "tfrecord", "--output", output)

    logs = [prediction_log(server).FromString(record) for record in tf_records(output.read_bytes())]

    assert len(logs) == 3
    for log in logs:
        assert (log.log_metadata.model_spec.name, log.log_metadata.model_spec.version.value) == ("scaled", 1)
        asked = log.predict_log.request.inputs["x"]
        assert [dim.size for dim in asked.tensor_shape.dim] == [2, 3]
        assert list(asked.float_val) == [1, 2, 3, 4, 5, 6]
        assert list(log.predict_log.response.outputs["y"].float_val) == [2, 4, 6, 8, 10, 12]


class Receiver:
    """Takes events by HTTP; answers as it is told, 200 when nothing is left to be told."""

    def __init__(self, *answers, tls=None):
        self.answers, self.events = list(answers), []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 200
                if status == 200:
                    receiver.events.append((dict(self.headers), json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}/events"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def test_cloud_events_reach_their_sink_though_it_refuses_for_a_while(server, tmp_path):
    publish(server, tmp_path, CAPTURE_ALL)
    ids = [infer(server) for _ in range(2)]
    with Receiver(503, 429) as receiver:
        export(server, "--format", "cloudevents", "--sink", receiver.url)

    kinds = [(headers["ce-id"], headers["ce-type"].rsplit(".", 1)[1]) for headers, _ in receiver.events]
    assert kinds == [(one, kind) for one in ids[::-1] for kind in ("request", "response")]
    headers, body = receiver.events[0]
    assert headers["ce-specversion"] == "1.0" and headers["ce-inferenceservicename"] == "scaled"
    assert headers["ce-type"].startswith("org.kubeflow.serving.inference.") and headers["ce-time"].endswith("Z")
    assert body["inputs"][0]["data"] == [1, 2, 3, 4, 5, 6]
    assert receiver.events[1][1]["outputs"][0]["data"] == [2, 4, 6, 8, 10, 12]


def test_an_export_that_is_interrupted_goes_on_where_it_was(server, tmp_path):
    publish(server, tmp_path, CAPTURE_ALL)
    ids = [infer(server) for _ in range(250)]
    progress = tmp_path / "progress"
    send = ["--format", "cloudevents", "--progress", progress]
    with Receiver(*[200] * 300, 400) as receiver:  # of the second page, one is refused for good
        failed = export(server, *send, "--sink", receiver.url, check=False)
        assert failed.returncode != 0 and "answered 400" in failed.stderr
        other = export(server, *send, "--sink", receiver.url, "--resume", "--status", "ok", check=False)
        assert other.returncode == 4 and "other predictions" in other.stderr
        export(server, *send, "--sink", receiver.url, "--resume")
    got = [headers["ce-id"] for headers, _ in receiver.events if headers["ce-type"].endswith("response")]
    assert set(got) == set(ids) and len(got) <= 250 + 100  # at least once: what stood on the page comes again
    assert not progress.exists()

    output = tmp_path / "records.jsonl"
    whole = export(server, "--output", output) and output.read_bytes()
    assert export(server, "--output", output, check=False).returncode == 4
    assert "no interrupted export" in export(server, "--output", output, "--resume", check=False).stderr
    first_hundred = b"".join(whole.splitlines(keepends=True)[:100])
    last = json.loads(first_hundred.splitlines()[-1])
    page = server.get("/api/v1/predictions", params={"endpoint": "scaled", "limit": 100}).json()
    asked = "endpoint=scaled version= status= by= from= to="
    (tmp_path / "records.jsonl.progress").write_text(json.dumps(
        {"asked": asked, "query": "&endpoint=scaled", "form": "jsonl", "cursor": page["next_cursor"],
         "bytes": len(first_hundred), "records": 100}))
    assert last["prediction_id"] in page["next_cursor"]
    output.write_bytes(first_hundred[:50])
    assert "shorter than" in export(server, "--output", output, "--resume", check=False).stderr
    output.write_bytes(first_hundred + b'{"half a li')  # as the end of a process leaves it
    export(server, "--output", output, "--resume")
    assert output.read_bytes() == whole


def test_what_was_left_out_is_counted_over_an_interruption(server, tmp_path):
    publish(server, tmp_path)
    for _ in range(3):
        infer(server)  # not captured, and on the last page
    server.cli("record", "scaled", CAPTURE_ALL)
    for number in range(150):
        infer(server)
        if number == 140:
            server.post("/v2/models/scaled/infer", json={"inputs": []})  # fails, on the first page
    send = ["--format", "cloudevents", "--progress", tmp_path / "progress"]
    with Receiver(*[200] * 250, 400) as receiver:
        assert export(server, *send, "--sink", receiver.url, check=False).returncode == 5
        assert json.loads((tmp_path / "progress").read_text())["left_out"] == 1
        done = export(server, *send, "--sink", receiver.url, "--resume")
    assert "150 predictions in" in done.stderr and "; 4 were left out" in done.stderr


def test_events_go_to_a_sink_whose_certificate_is_signed_by_whom_we_trust(server, tmp_path):
    publish(server, tmp_path, CAPTURE_ALL)
    infer(server)
    authority, other = Authority(tmp_path, "authority"), Authority(tmp_path, "other")
    send = ["--format", "cloudevents", "--sink"]
    with Receiver(tls=authority.sign("sink", "IP:127.0.0.1")) as receiver:
        export(server, *send, receiver.url, "--sink-ca", authority.certificate)
        assert len(receiver.events) == 2
        refused = export(server, *send, receiver.url, "--sink-ca", other.certificate, check=False)
    assert refused.returncode == 5 and "certificate" in refused.stderr
    assert len(receiver.events) == 2


def test_an_endpoint_that_nobody_knows_is_no_empty_export(server, tmp_path):
    publish(server, tmp_path)
    output = tmp_path / "records.jsonl"
    done = server.cli("journal", "export", "scalde", "--output", output, check=False)
    assert done.returncode == 3 and "scalde" in done.stderr and not output.exists()
    export(server, "--output", output)  # it has no predictions
    assert output.read_bytes() == b""


def test_who_may_read_one_endpoint_exports_it(make_server, tmp_path, monkeypatch):
    root = offline_key(tmp_path, "root", "--verbs", "admin", "--models", "*")
    reader = offline_key(tmp_path, "reader", "--verbs", "read,infer", "--models", "scaled")
    server = make_server("--authentication", "required")
    monkeypatch.setenv("MODELYARD_API_KEY", root)
    publish(server, tmp_path)
    infer(server, headers=bearer(reader))
    monkeypatch.setenv("MODELYARD_API_KEY", reader)
    assert len(export(server).stdout.splitlines()) == 1


def test_an_export_that_was_refused_at_first_goes_on(server, tmp_path):
    publish(server, tmp_path)
    output = tmp_path / "records.jsonl"
    infer(server)
    assert export(server, "--output", output, "--status", "bogus", check=False).returncode == 1
    assert export(server, "--output", output, check=False).returncode == 4
    (tmp_path / "records.jsonl.progress").unlink()
    output.unlink()
    export(server, "--output", output)
    assert len(output.read_text().splitlines()) == 1


@pytest.mark.parametrize("wrong", [("--format", "cloudevents"), ("--sink", "http://127.0.0.1:1"), ("--resume",),
                                   ("--format", "xml")])
def test_what_does_not_go_together_is_refused(server, tmp_path, wrong):
    publish(server, tmp_path)
    assert export(server, *wrong, check=False).returncode in (1, 2)


def test_every_datatype_is_taken_out(server, tmp_path):
    values = {"FP64": [0.1, -2.5, 1e300, 3], "INT64": [-(2 ** 60), 2 ** 60, 0, 1], "BOOL": [True, False, True, True],
              "UINT8": [0, 255, 1, 2], "BYTES": ["a", "é", "", "z"]}
    for datatype, data in values.items():
        name = datatype.lower()
        server.cli("push", name, models.identity(tmp_path / f"{name}.onnx", datatype), "--wait")
        server.cli("record", name, CAPTURE_ALL)
        body = {"inputs": [{"name": "x", "datatype": datatype, "shape": [1, 4], "data": data}]}
        assert server.post(f"/v2/models/{name}/infer", json=body).status_code == 200
        output = tmp_path / f"{name}.tfrecord"
        server.cli("journal", "export", name, "--format", "tfrecord", "--output", output)
        record, = tf_records(output.read_bytes())
        tensor = prediction_log(server).FromString(record).predict_log.request.inputs["x"]
        got = next(list(getattr(tensor, field)) for field in
                   ("double_val", "int64_val", "bool_val", "int_val", "string_val") if getattr(tensor, field))
        assert got == [value.encode() if isinstance(value, str) else value for value in data]
