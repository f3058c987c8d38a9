"""Settings of an endpoint: batching, queues, limits, cache; and what clients that leave do to a queue."""

import concurrent.futures
import http.client
import json
import re
import threading

import numpy as np
import pytest
import requests
import tritonclient.grpc as triton_grpc
import yaml

import models


@pytest.fixture(scope="module")
def served(shared_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    shared_server.cli("push", "scaled", models.scale(folder / "scaled.onnx", 2), "--wait")
    shared_server.cli("push", "wide", models.wide(folder / "wide.onnx"), "--wait")
    return shared_server


@pytest.fixture
def endpoint(served):
    """Sets an endpoint's scheduling; all have the defaults again afterwards."""
    def put(name, **scheduling):
        return served_put(served, name, scheduling)
    yield put
    for name in ("scaled", "wide"):
        assert served_put(served, name, {}).status_code == 200


def served_put(server, name, scheduling):
    answer = requests.put(f"{server.url}/api/v1/endpoints/{name}", json={"scheduling": scheduling}, timeout=60)
    if answer.status_code == 200:
        revision = answer.json()["revision"]
        wait_for(lambda: server.get("/api/v1/status").json()["observed_revision"] >= revision)
    return answer


def wait_for(condition, what="the condition"):
    for _ in range(20_000):
        if condition():
            return
    raise AssertionError(f"{what} did not come true")


def ask(server, name="scaled", value=1.0, **options):
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [value] * 4}]}
    return server.post(f"/v2/models/{name}/infer", json=body, **options)


def metric(server, name, **labels):
    for line in server.get("/metrics").text.splitlines():
        match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if match and match[1] == name and all(f'{k}="{v}"' in (match[2] or "") for k, v in labels.items()):
            return float(match[3])
    return None


def test_settings_are_kept_and_shown(served, endpoint):
    wanted = {"max_batch_size": 8, "preferred_batch_size": [4, 8], "max_queue_delay_microseconds": 200,
              "queue_policy": {"max_queue_size": 9}}

    assert endpoint("wide", **wanted).status_code == 200
    assert served.get("/api/v1/endpoints/wide").json()["scheduling"] == wanted
    assert "queue_policy.max_queue_size" in served.cli("schedule", "wide").stdout


@pytest.mark.parametrize("scheduling, named", [
    ({"max_batch_sise": 3}, "max_batch_sise"),
    ({"intra_op_threads": 257}, "intra_op_threads"),
    ({"max_batch_size": 1, "max_queue_delay_microseconds": 3}, "max_batch_size"),
    ({"priority_queue_policy": {"7": {}}}, "priority_queue_policy.7"),
    ({"queue_policy": {"allow_timeout_override": False}}, "allow_timeout_override"),
])
def test_what_cannot_be_honoured_is_refused(endpoint, scheduling, named):
    answer = endpoint("scaled", **scheduling)

    assert answer.status_code == 400
    assert named in answer.json()["detail"]


def test_the_command_line_changes_single_settings(served, endpoint):
    served.cli("schedule", "scaled", "max_in_flight=5", "queue_policy.timeout_action=DELAY")
    shown = served.cli("schedule", "scaled", "queue_policy.timeout_action=", json_output=True)
    refused = served.cli("schedule", "scaled", "max_in_flight=many", check=False)

    assert shown == {"max_in_flight": 5, "queue_policy": {}}
    assert refused.returncode == 1 and "max_in_flight" in refused.stderr
    assert served.cli("schedule", "scaled", "--reset", json_output=True) == {}


def test_apply_takes_scheduling_too(served, endpoint, tmp_path):
    path = tmp_path / "wanted.yaml"
    path.write_text(yaml.safe_dump({"endpoints": {"scaled": {"scheduling": {"max_in_flight": 12}}}}))

    first = served.cli("apply", "-f", path).stdout
    again = served.cli("apply", "-f", path, json_output=True)

    assert "endpoint.put" in first
    assert again["changes"] == []
    assert served.get("/api/v1/endpoints/scaled").json()["scheduling"] == {"max_in_flight": 12}


def test_a_rate_is_kept_and_says_when_to_come_back(served, endpoint):
    endpoint("scaled", requests_per_second=0.001, burst=3)
    answers = [ask(served) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["Retry-After"]
    assert "requests_per_second" in answers[-1].json()["error"]
    rpc = triton_grpc.InferenceServerClient(served.address)
    made = triton_grpc.InferInput("x", [1, 4], "FP32")
    made.set_data_from_numpy(np.ones((1, 4), np.float32))
    with pytest.raises(triton_grpc.InferenceServerException) as refusal:
        rpc.infer("scaled", [made])
    assert refusal.value.status() == "StatusCode.RESOURCE_EXHAUSTED"
    assert ask(served, "wide").status_code == 400, "other endpoints have limits of their own"


def test_equal_requests_are_answered_from_the_cache(served, endpoint):
    endpoint("scaled", response_cache_bytes=100_000)
    values = [ask(served, value=value).json()["outputs"][0]["data"][0] for value in (3, 4, 3, 3, 4)]

    assert values == [6, 8, 6, 6, 8]
    assert metric(served, "modelyard_response_cache_hits_total", endpoint="scaled") == 3
    assert metric(served, "modelyard_response_cache_misses_total", endpoint="scaled") == 2
    [statistics] = served.get("/v2/models/scaled/stats").json()["model_stats"]
    assert statistics["inference_stats"]["cache_hit"]["count"] == 3


def wide_body(rows):
    return json.dumps({"inputs": [{"name": "x", "datatype": "FP32", "shape": [rows, 2048],
                                   "parameters": {"binary_data_size": rows * 2048 * 4}}]}).encode()


def send_wide(server, rows):
    """Sends a request and leaves the answer to whoever wants it."""
    host, port = server.address.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=120)
    head = wide_body(rows)
    connection.request("POST", "/v2/models/wide/infer", head + np.ones(rows * 2048, np.float32).tobytes(),
                       {"Inference-Header-Content-Length": str(len(head))})
    return connection


def waiting(server):
    return metric(server, "modelyard_queue_length", model="wide")


def test_requests_of_clients_that_leave_wait_no_longer(served, endpoint):
    endpoint("wide", instances=1, max_batch_size=1)
    long_one = send_wide(served, 4000)
    wait_for(lambda: metric(served, "modelyard_requests_in_flight") >= 1)
    leaving = [send_wide(served, 1) for _ in range(4)]
    staying = send_wide(served, 1)
    wait_for(lambda: waiting(served) == 5, "five wait")

    for connection in leaving:
        connection.close()
    wait_for(lambda: waiting(served) in (0, 1), "only the one that stayed waits")

    assert metric(served, "modelyard_http_requests_abandoned_total") >= 4
    assert long_one.getresponse().status == 200
    assert staying.getresponse().status == 200


def test_a_delay_fills_batches(served, endpoint):
    """With a delay, requests from several connections share a run; without other traffic one waits for it alone."""
    endpoint("wide", max_queue_delay_microseconds=300_000, max_batch_size=4)
    runs = metric(served, "modelyard_executions_total", model="wide")
    rows = metric(served, "modelyard_prediction_rows_total", model="wide")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        barrier = threading.Barrier(4)

        def one(_):
            barrier.wait()
            return send_wide(served, 1).getresponse().status
        assert list(pool.map(one, range(4))) == [200] * 4

    assert metric(served, "modelyard_prediction_rows_total", model="wide") - rows == 4
    assert metric(served, "modelyard_executions_total", model="wide") - runs == 1


def test_a_full_queue_is_the_endpoints_own(served, endpoint):
    endpoint("wide", instances=1, max_batch_size=1, queue_policy={"max_queue_size": 1})
    running = [send_wide(served, 4000)]
    wait_for(lambda: metric(served, "modelyard_requests_in_flight") >= 1)
    more = [send_wide(served, 1) for _ in range(4)]
    statuses = sorted(connection.getresponse().status for connection in more)

    assert statuses[0] == 200 and statuses[-1] == 503, statuses
    assert running[0].getresponse().status == 200


def version_of(server, name):
    return next(row for row in server.get(f"/api/v1/status?model={name}").json()["versions"])


def test_engine_threads_change_without_a_lost_request(served, endpoint):
    """The version is loaded again beside itself; whoever asks meanwhile is answered."""
    done = threading.Event()

    def ask_on():
        answers = []
        while not done.is_set():
            answers.append(ask(served).status_code)
        return answers

    with concurrent.futures.ThreadPoolExecutor() as pool:
        asking = pool.submit(ask_on)
        try:
            for threads in (2, 3, 2):
                assert endpoint("scaled", intra_op_threads=threads).status_code == 200
                wait_for(lambda: version_of(served, "scaled")["intra_op_threads"] == threads)
        finally:
            done.set()
        answers = asking.result()

    assert set(answers) == {200}
    assert "until it is loaded" not in served.cli("schedule", "scaled").stdout
    kinds = [json.loads(line)["kind"] for line in served.cli("events", "scaled", "--json").stdout.splitlines()]
    assert kinds.count("version_replaced") == 3 and "version_failed" not in kinds


def test_a_version_that_cannot_be_loaded_again_goes_on_and_says_so(server, tmp_path):
    server.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2), "--wait")
    for blob in [path for path in (server.folder / "data" / "blobs").rglob("*") if path.is_file()]:
        blob.unlink()

    server.cli("schedule", "scaled", "intra_op_threads=2")
    wait_for(lambda: "reason" in version_of(server, "scaled"))

    assert "version 1 answers with intra_op_threads 1 until it is loaded with 2" in server.cli("schedule", "scaled").stdout
    assert "goes on with intra_op_threads 1" in server.cli("status").stdout
    assert ask(server).status_code == 200
