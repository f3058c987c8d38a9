"""More requests than there is room for: each is answered or refused, none is lost, and nothing stays behind."""

import json
import re

import numpy as np
import pytest
from hyperframe import frame

import models
from conftest import BINARY, resident_kb
from test_http2 import Peer

SANITIZED = "asan" in BINARY or "tsan" in BINARY
WIDTHS = [1024, 512, 10] if SANITIZED else [1024, 2048, 2048, 10]
QUEUE = 8
BURST = 200  # streams of one connection


@pytest.fixture
def narrow(make_server, tmp_path):
    """One loop, one worker, and a short queue in front of a dear model."""
    server = make_server("--loops", 1, "--workers-per-version", 1, "--queue-capacity", QUEUE, "--inline-below-us", 0,
                         "--access-log-every", 0)
    server.cli("push", "wide", models.perceptron(tmp_path / "wide.onnx", WIDTHS), "--wait")
    return server


def request(peer, stream):
    values = np.ones((1, WIDTHS[0]), np.float32)
    head = json.dumps({"inputs": [{"name": "x", "shape": [1, WIDTHS[0]], "datatype": "FP32",
                                   "parameters": {"binary_data_size": values.nbytes}}]}).encode()
    headers = peer.headers(stream, "/v2/models/wide/infer", "POST", end=False,
                           extra=[("inference-header-content-length", str(len(head)))])
    return headers, frame.DataFrame(stream, data=head + values.tobytes(), flags=["END_STREAM"])


def burst(server):
    """Asks for all at once; the statuses, and the waiting times that refusals ask for."""
    peer = Peer(server.address)
    peer.send(*(one for i in range(BURST) for one in request(peer, 1 + 2 * i)))
    statuses, waits, ended = {}, set(), 0
    while ended < BURST:
        one = peer.next()
        assert one is not None, "the connection has ended"
        assert not isinstance(one, frame.RstStreamFrame), one
        if isinstance(one, frame.HeadersFrame):
            headers = dict(peer.decoder.decode(one.data))
            statuses[one.stream_id] = headers[":status"]
            waits.add(headers.get("retry-after"))
        ended += "END_STREAM" in one.flags
    peer.socket.close()
    return list(statuses.values()), waits


def metric(server, name):
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", server.get("/metrics").text, re.M))


def test_a_burst_is_answered_or_refused_and_leaves_nothing(narrow):
    answered = refused = 0
    burst(narrow)
    first_refused = metric(narrow, "modelyard_requests_refused_total")
    before = resident_kb(narrow)
    for _ in range(10):
        statuses, waits = burst(narrow)
        assert set(statuses) <= {"200", "503"} and len(statuses) == BURST
        assert waits == {None, "1"}  # of answers and refusals, both of which there are
        answered += statuses.count("200")
        refused += statuses.count("503")

    assert answered >= 10 * QUEUE
    assert metric(narrow, "modelyard_requests_refused_total") - first_refused == refused
    assert metric(narrow, "modelyard_queue_length") == metric(narrow, "modelyard_requests_in_flight") == 0
    if not SANITIZED:  # sanitizers keep freed memory
        assert resident_kb(narrow) < before + 16384
    assert burst(narrow)[0].count("200") >= QUEUE


def test_every_refusal_counts_as_an_answer_of_its_kind(narrow):
    statuses, _ = burst(narrow)

    text = narrow.get("/metrics").text
    counts = dict(re.findall(r'^modelyard_prediction_duration_seconds_count{.*code="(\w+)".*} (\d+)$', text, re.M))

    assert sum(map(int, counts.values())) == BURST
    assert int(counts["ok"]) == statuses.count("200")
