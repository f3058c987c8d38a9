"""Traces over OTLP: a collector of our own, which reads them with OpenTelemetry's messages."""

import pathlib
import queue
import re
import signal
import socket
import time

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

import models
from collector import Collector, attributes_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, NOT_SAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"
ASK = {"inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP32", "data": [1] * 8}]}
PHASES = ["prepare", "queue", "compute"]


@pytest.fixture
def collector():
    running = Collector()
    yield running
    running.close()


@pytest.fixture
def traced(make_server, collector, tmp_path):
    """Starts a server that sends what callers want kept, and a share of the rest."""
    def make(share=None):
        shares = [] if share is None else ["--trace-share", share]
        server = make_server("--otlp-endpoint", collector.url, *shares)
        server.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2), "--wait")
        return server

    return make


def infer(server, traceparent=None, headers=None, ask=ASK, name="scaled"):
    headers = dict(headers or {})
    if traceparent:
        headers["traceparent"] = traceparent
    return server.post(f"/v2/models/{name}/infer", json=ask, headers=headers)


def counted(server):
    text = server.get("/metrics").text
    return {result: int(value) for result, value in
            re.findall(r'^modelyard_trace_spans_total\{result="(\w+)"\} (\d+)$', text, re.M)}


def wait_for_count(server, ready):
    deadline = time.monotonic() + 60
    while not ready(counted(server)):
        assert time.monotonic() < deadline, counted(server)
    return counted(server)


def test_a_request_of_a_kept_trace_is_a_span_below_the_callers(traced, collector):
    server = traced()
    before = time.time_ns()

    answer = infer(server, SAMPLED, {"tracestate": "congo=t61rcWkgMzE,rojo=1"})
    (span,), children = collector.requests(1)

    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, SPAN)
    assert span.trace_state == "congo=t61rcWkgMzE,rojo=1"
    assert span.flags == 0x301  # sampled; the parent is known to be remote
    assert span.name == "infer scaled"
    assert span.status.code == span.status.STATUS_CODE_UNSET
    assert attributes_of(span) == {
        "modelyard.endpoint": "scaled", "modelyard.model": "scaled", "modelyard.version": 1,
        "modelyard.plan_revision": 1, "modelyard.prediction_id": answer.headers["Modelyard-Prediction-Id"],
        "modelyard.request_id": answer.headers["X-Request-Id"], "modelyard.protocol": "oip", "modelyard.rows": 2,
        "modelyard.batch.rows": 2, "http.request.method": "POST", "http.response.status_code": 200}
    assert answer.headers["X-Request-Id"] == TRACE
    assert before - 10**9 < span.start_time_unix_nano < span.end_time_unix_nano <= time.time_ns()
    phases = children[span.span_id]
    assert [phase.name for phase in phases] == PHASES
    assert {phase.trace_id.hex() for phase in phases} == {TRACE}
    assert len({phase.span_id for phase in phases} | {span.span_id}) == 4
    assert phases[0].start_time_unix_nano == span.start_time_unix_nano
    for earlier, later in zip(phases, phases[1:]):
        assert earlier.end_time_unix_nano == later.start_time_unix_nano
    assert phases[-1].end_time_unix_nano <= span.end_time_unix_nano
    assert phases[-1].end_time_unix_nano > phases[-1].start_time_unix_nano
    taken = collector.taken[0]
    assert taken.resource["service.name"] == "modelyard"
    assert taken.resource["host.name"] == socket.gethostname()
    assert re.fullmatch(r"\d+\.\d+\.\d+", taken.resource["service.version"])
    assert taken.scope.name == "modelyard"
    assert counted(server) == {"exported": 4, "dropped": 0, "failed": 0}


def test_the_caller_decides_whether_its_trace_is_kept(traced, collector):
    server = traced(1)

    infer(server, NOT_SAMPLED)
    infer(server, NOT_SAMPLED.replace(TRACE, TRACE[::-1]))
    infer(server, SAMPLED)
    spans, _ = collector.requests(1)

    assert [span.trace_id.hex() for span in spans] == [TRACE]


@pytest.mark.parametrize("traceparent", ["", "00-" + "0" * 32 + f"-{SPAN}-01", SAMPLED.upper(), "ff" + SAMPLED[2:],
                                         SAMPLED + "-more", SAMPLED[:-1], "x" * 4000, SAMPLED.replace("4bf9", "4bg9")])
def test_a_trace_without_a_caller_begins_at_the_prediction(traced, collector, traceparent):
    server = traced(1)

    answer = infer(server, traceparent or None)
    (span,), _ = collector.requests(1)

    assert span.trace_id.hex() == answer.headers["Modelyard-Prediction-Id"].replace("-", "")
    assert span.parent_span_id == b""
    assert span.trace_state == "ot=th:0"
    assert span.flags == 0x103


def test_two_traceparents_are_none(traced, collector):
    server = traced(1)
    with socket.create_connection(server.address.split(":")) as connection:
        body = b'{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,1,1,1]}]}'
        connection.sendall(b"POST /v2/models/scaled/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           b"traceparent: %s\r\nTraceparent: %s\r\nContent-Length: %d\r\n\r\n%s"
                           % (SAMPLED.encode(), SAMPLED.encode(), len(body), body))
        while connection.recv(65536):
            pass

    (span,), _ = collector.requests(1)

    assert span.parent_span_id == b""


def test_a_share_of_the_other_traces_is_kept(traced, collector):
    server = traced(0.25)
    ids = [infer(server).headers["Modelyard-Prediction-Id"].replace("-", "") for _ in range(400)]
    infer(server, SAMPLED)
    kept = [one for one in ids if int(one[-14:], 16) >= 0xC0000000000000]

    spans, _ = collector.requests(len(kept) + 1)
    server.stop()

    assert sorted(span.trace_id.hex() for span in spans) == sorted([*kept, TRACE])
    assert 60 < len(kept) < 140  # 400 of a quarter: 100 with a deviation of 8.7
    assert {span.trace_state for span in spans if span.trace_id.hex() != TRACE} == {"ot=th:c"}


def test_other_protocols_make_spans_too(traced, collector):
    server = traced()
    server.post("/v1/models/scaled:predict", json={"instances": [[1, 2, 3, 4]]}, headers={"traceparent": SAMPLED})
    (first,), _ = collector.requests(1)
    with triton.InferenceServerClient(server.address) as client:
        answer = client.infer("scaled", [tensor(3)], headers={"traceparent": SAMPLED, "tracestate": "a=1"})
        spans, children = collector.requests(2)

    assert attributes_of(first)["modelyard.protocol"] == "tfs"
    called = attributes_of(spans[1])
    assert called["modelyard.protocol"] == "oip_grpc"
    assert (called["rpc.system"], called["rpc.grpc.status_code"], called["modelyard.rows"]) == ("grpc", 0, 3)
    assert (spans[1].trace_id.hex(), spans[1].trace_state) == (TRACE, "a=1")
    assert [phase.name for phase in children[spans[1].span_id]] == PHASES
    assert answer.as_numpy("y").shape == (3, 4)


def tensor(rows=1, columns=4):
    made = triton.InferInput("x", [rows, columns], "FP32")
    made.set_data_from_numpy(np.ones((rows, columns), np.float32))
    return made


def test_each_message_of_a_stream_is_a_span(traced, collector):
    server = traced()
    answers = queue.Queue()
    with triton.InferenceServerClient(server.address) as client:
        client.start_stream(lambda result, error: answers.put((result, error)), headers={"traceparent": SAMPLED})
        for number in range(3):
            client.async_stream_infer("scaled", [tensor()], request_id=f"message-{number}")
        for _ in range(3):
            assert answers.get(timeout=60)[1] is None
        client.stop_stream()

    spans, _ = collector.requests(3)

    assert {span.parent_span_id.hex() for span in spans} == {SPAN}
    assert sorted(attributes_of(span)["modelyard.request_id"] for span in spans) == [
        "message-0", "message-1", "message-2"]


def test_failures_are_spans_and_errors_when_the_server_is_at_fault(traced, collector):
    server = traced()
    bad = {"inputs": [{"name": "z", "shape": [1, 4], "datatype": "FP32", "data": [1] * 4}]}
    late = {"Modelyard-Timeout-Ms": "0"}

    assert infer(server, SAMPLED, ask=bad).status_code == 400
    assert infer(server, SAMPLED, ask="no request").status_code == 400
    assert infer(server, SAMPLED, name="absent").status_code == 404
    assert infer(server, SAMPLED, late).status_code == 504
    assert server.post("/v1/models/absent:predict", json={}, headers={"traceparent": SAMPLED}).status_code == 404
    assert server.post("/v1/models/scaled:predict", json={}, headers={"traceparent": SAMPLED}).status_code == 400
    with triton.InferenceServerClient(server.address) as client, pytest.raises(InferenceServerException):
        client.infer("absent", [tensor()], headers={"traceparent": SAMPLED})
    spans, children = collector.requests(7)

    seen = [(span.name, attributes_of(span).get("http.response.status_code"), attributes_of(span)["error.type"],
             span.status.code) for span in spans]
    assert sorted(seen, key=str) == sorted([
        ("infer scaled", 400, "invalid_argument", 0), ("infer scaled", 400, "invalid_argument", 0),
        ("infer scaled", 400, "invalid_argument", 0), ("infer", 404, "not_found", 0), ("infer", 404, "not_found", 0),
        ("infer scaled", 504, "deadline_exceeded", 2), ("infer", None, "not_found", 0)], key=str)
    assert not children
    assert {span.parent_span_id.hex() for span in spans} == {SPAN}
    called = [attributes_of(span) for span in spans if "rpc.system" in attributes_of(span)]
    assert [one["rpc.grpc.status_code"] for one in called] == [grpc.StatusCode.NOT_FOUND.value[0]]


def test_a_collector_that_is_busy_is_asked_again(make_server, tmp_path):
    collector = Collector(statuses=[503, 429], headers={"Retry-After": "1"})
    server = make_server("--otlp-endpoint", collector.url + "/")
    server.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2), "--wait")

    infer(server, SAMPLED)
    collector.requests(1)

    assert wait_for_count(server, lambda spans: spans["exported"] > 0) == {"exported": 4, "dropped": 0, "failed": 0}
    collector.close()


def test_spans_are_counted_while_the_collector_is_down_and_go_on_when_it_is_back(make_server, tmp_path):
    gone = Collector()
    gone.close()
    server = make_server("--otlp-endpoint", gone.url, "--trace-share", "1")
    server.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2), "--wait")

    infer(server)
    server.wait_for_log("spans are not taken")
    assert infer(server).status_code == 200
    wait_for_count(server, lambda spans: spans["failed"] >= 4)
    back = Collector(port=gone.port)
    infer(server)

    back.wait(lambda taken: len(taken) >= 4)
    server.wait_for_log("spans are taken again")
    spans = wait_for_count(server, lambda spans: spans["exported"] + spans["failed"] == 12)
    assert spans["dropped"] == 0
    assert server.log_path.read_text().count("spans are not taken") == 1
    back.close()


def test_a_server_that_ends_sends_what_it_has(traced, collector):
    server = traced()
    for _ in range(10):
        infer(server, SAMPLED)

    assert server.stop() == 0

    spans, children = collector.requests(10)
    assert len(spans) == 10 and len(children) == 10


def test_a_server_ends_when_its_collector_does_not_answer(make_server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = make_server("--otlp-endpoint", f"http://127.0.0.1:{silent.getsockname()[1]}")
        server.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2), "--wait")
        infer(server, SAMPLED)
        began = time.monotonic()

        assert server.stop() == 0

    assert time.monotonic() - began < 10


def test_header_lines_for_the_collector_come_from_a_file(make_server, collector, tmp_path):
    (tmp_path / "headers").write_text("# who sends\nauthorization: Bearer of-tests\nx-scope: a\n")
    server = make_server("--otlp-endpoint", collector.url, "--otlp-headers-file", tmp_path / "headers")
    server.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2), "--wait")

    infer(server, SAMPLED)
    collector.requests(1)

    sent = {name.lower(): value for name, value in collector.taken[0].headers.items()}
    assert (sent["authorization"], sent["x-scope"]) == ("Bearer of-tests", "a")


def test_latency_buckets_name_a_trace_in_open_metrics(traced, collector):
    server = traced()
    infer(server, SAMPLED)
    collector.requests(1)

    text = server.get("/metrics", headers={"Accept": "application/openmetrics-text"}).text

    named = re.findall(r'^modelyard_prediction_duration_seconds_bucket\{.*,le="([^"]+)"\} \d+ '
                       r'# \{trace_id="(\w+)"\} (\S+) (\S+)$', text, re.M)
    ((bound, trace, seconds, moment),) = named
    assert trace == TRACE
    assert 0 < float(seconds) <= float(bound)
    assert abs(float(moment) - time.time()) < 60
    assert "trace_id" not in server.get("/metrics").text


def test_without_an_endpoint_there_are_no_traces(server, tmp_path):
    server.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2), "--wait")

    assert infer(server, SAMPLED).headers["X-Request-Id"] == TRACE

    assert counted(server) == {}
    process = pathlib.Path(f"/proc/{server.process.pid}")
    assert "traces" not in [task.read_text().strip() for task in process.glob("task/*/comm")]
    assert "libcurl" not in (process / "maps").read_text()


def test_the_share_is_read_again(traced, collector, tmp_path):
    (tmp_path / "modelyard.yaml").write_text("trace_share: 0\n")
    server = traced()
    infer(server)
    (tmp_path / "modelyard.yaml").write_text("trace_share: 1\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_log("configuration reloaded")

    kept = infer(server).headers["Modelyard-Prediction-Id"].replace("-", "")

    spans, _ = collector.requests(1)
    assert [span.trace_id.hex() for span in spans] == [kept]
