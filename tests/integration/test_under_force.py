"""Under force: versions are swapped and the server is restarted while clients ask; no request may fail.

SWAPS and RESTARTS in the environment ask for more than a quick run does.
"""

import contextlib
import http.client
import json
import os
import socket

import numpy as np
import pytest
import tritonclient.grpc as triton

import models
from conftest import BINARY, resident_kb
from crowd import Crowd

SANITIZED = "asan" in BINARY or "tsan" in BINARY
SWAPS = int(os.environ.get("SWAPS", 20 if SANITIZED else 100))
RESTARTS = int(os.environ.get("RESTARTS", 3 if SANITIZED else 10))

BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 1, 1, 1]}]})


def http_client(address):
    """Keeps its connection until the server says `Connection: close`, and asks nothing twice."""
    with contextlib.closing(http.client.HTTPConnection(address, timeout=60)) as connection:
        while True:
            connection.request("POST", "/v2/models/scaled/infer", BODY)
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, (answer.status, text)
            yield checked(int(answer.headers["Modelyard-Version"]), json.loads(text)["outputs"][0]["data"][0])


def grpc_client(address):
    """One channel, which follows GOAWAY as gRPC wants it."""
    x = triton.InferInput("x", [1, 4], "FP32")
    x.set_data_from_numpy(np.ones((1, 4), np.float32))
    with triton.InferenceServerClient(address) as client:
        while True:
            answer = client.infer("scaled", [x], client_timeout=60)
            yield checked(int(answer.get_response().model_version), float(answer.as_numpy("y")[0, 0]))


def checked(version, value):
    assert value == version + 1, f"version {version} answered {value}"
    return version


def crowd(address):
    """Clients of both protocols that ask without a pause."""
    def over_http():
        return http_client(address)

    def over_grpc():
        return grpc_client(address)
    return Crowd(4 * [over_http, over_grpc])


def push_two(server, folder):
    """Version n answers n + 1."""
    for number in (1, 2):
        server.cli("push", "scaled", models.scale(folder / f"{number}.onnx", number + 1), "--wait")


@pytest.mark.parametrize("inline_below_us", [50, 0], ids=["on loops", "on workers"])
def test_swaps_fail_no_request_and_keep_no_memory(make_server, tmp_path, inline_below_us):
    # Without a grace, every swap loads a version and unloads the other.
    server = make_server("--version-grace-seconds", 0, "--inline-below-us", inline_below_us, "--access-log-every", 0)
    push_two(server, tmp_path)
    seen = []
    with crowd(server.address) as load:
        load.wait_for(10)
        for swap in range(SWAPS):
            version = 2 - swap % 2
            answer = server.post("/api/v1/endpoints/scaled:deploy", json={"version": version, "wait_seconds": 60})
            assert answer.status_code == 200, answer.text
            load.wait_for(2)
            seen.append(resident_kb(server))

    assert load.failures == []
    if not SANITIZED:  # sanitizers keep freed memory
        early = max(seen[len(seen) // 5:len(seen) // 2])
        assert max(seen[-10:]) < early + 8192, (seen[:10], seen[-10:])
    print(f"{SWAPS} swaps, {load.counts}, resident {seen[::max(1, SWAPS // 10)]} kB")


@pytest.fixture
def listener():
    """A listening socket that outlives the servers, as systemd keeps it."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as made:
        yield made


def test_restarts_on_a_kept_socket_fail_no_request(make_server, listener, tmp_path):
    server = make_server("--access-log-every", 0, listener=listener)
    assert server.address.endswith(f":{listener.getsockname()[1]}")
    push_two(server, tmp_path)
    with crowd(server.address) as load:
        load.wait_for(10)
        for _ in range(RESTARTS):
            assert server.stop() == 0, server.log_path.read_text()[-4000:]
            server.start()
            load.wait_for(50)

    assert load.failures == []
    print(f"{RESTARTS} restarts, {load.counts}")


def test_a_restart_answers_who_asks_on_an_idle_connection(make_server, listener, tmp_path):
    server = make_server(listener=listener)
    push_two(server, tmp_path)
    client = http_client(server.address)
    next(client)
    server.process.terminate()
    server.wait_for_log("draining")

    assert next(client) == 1
    client.close()
    assert server.stop() == 0
