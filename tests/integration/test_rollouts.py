"""New versions, step by step, with real requests: the good one stays, each bad one goes by its own gate."""

import threading
import time

import numpy as np
import pytest
import requests
import tritonclient.grpc

import models
from conftest import BINARY

ENDPOINT = "scorer"
GATES = ["error_rate <= 20% min 30", "nonfinite_rate <= 20% min 30"]
QUICK = {"strategy": "canary", "steps": [50], "hold": "1s", "min_samples": 30, "keep_warm": "1s", "cooling": "1s",
         "gates": GATES}
PATIENCE = 120


def publish(server, tmp_path, candidate):
    """Version 1 doubles and is deployed; version 2 is the candidate."""
    server.cli("push", ENDPOINT, models.scale(tmp_path / "stable.onnx", 2.0), "--wait")
    server.cli("push", ENDPOINT, candidate)


class Traffic:
    """Requests of a hundred units, all the time."""

    def __init__(self, server, units=100):
        self.server, self.units = server, units
        self.ended = threading.Event()
        self.answers = []  # (unit, status, arm, version)
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(2)]

    def run(self, seed):
        random = np.random.default_rng(seed)
        with requests.Session() as session:
            while not self.ended.is_set():
                unit = int(random.integers(self.units))
                answer = session.post(
                    f"{self.server.url}/v2/models/{ENDPOINT}/infer", headers={"Modelyard-Unit": f"user{unit}"}, timeout=60,
                    json={"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]})
                self.answers.append((unit, answer.status_code, answer.headers.get("Modelyard-Arm"),
                                     answer.headers.get("Modelyard-Version")))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def wait_for(self, count):
        wait_until(lambda: len(self.answers) >= count)


def wait_until(holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        threading.Event().wait(0.1)


def begin(server, **changes):
    answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json={"candidate": 2, **QUICK, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def show(server, rollout):
    return server.get(f"/api/v1/rollouts/{rollout}").json()


def phase(server, rollout):
    return show(server, rollout)["state"]["phase"]


def order(server, rollout, verb, reason="the test says so"):
    return server.post(f"/api/v1/rollouts/{rollout}:{verb}", json={"reason": reason})


def served(server):
    return server.get(f"/api/v1/endpoints/{ENDPOINT}/plans").json()["items"][0]["shares"]


def samples_of(server, rollout):
    return [verdict["candidate_samples"] for verdict in show(server, rollout)["state"]["verdicts"]]


def settled_samples(server, rollout):
    """When nobody asks any more, and a few looks have found nothing new."""
    seen = [samples_of(server, rollout)]

    def is_settled():
        seen.append(samples_of(server, rollout))
        return len(seen) > 30 and seen[-1] == seen[-30]

    wait_until(is_settled)
    return seen[-1]


def phases(rollout):
    return [move["to"] for move in rollout["state"]["history"]]


def test_a_good_candidate_is_promoted_and_nobody_notices(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    with Traffic(server) as traffic:
        done = server.cli("rollout", "start", ENDPOINT, "--to", 2, "--steps", "20,60", "--hold", "1s", "--min-samples", 30,
                          "--gate", GATES[0], "--gate", "p99_ms <= 5000 min 30", "--wait", check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        seen = len(traffic.answers)
        traffic.wait_for(seen + 50)
    rollout = show(server, 1)
    assert phases(rollout) == ["verifying", "canary", "canary", "full", "done"]
    assert rollout["state"]["ending"] == "promoted"
    assert [move["weight"] for move in rollout["state"]["history"]] == [0, 2000, 6000, 10000, 10000]
    assert served(server) == [{"version": 2, "weight": 10000}]
    assert {status for _, status, _, _ in traffic.answers} == {200}
    assert {version for _, _, _, version in traffic.answers[-20:]} == {"2"}


def test_units_stay_where_they_are_while_a_canary_grows(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    with Traffic(server, units=30) as traffic:
        rollout = begin(server, steps=[20, 60], keep_warm="0s")
        wait_until(lambda: phase(server, rollout) == "done")
    moved = set()
    for unit, _, _, version in traffic.answers:
        if version == "2":
            moved.add(unit)
        else:
            assert unit not in moved, f"user{unit} went back"
    assert moved


@pytest.mark.parametrize("make, gate, statuses", [
    (models.failing, GATES[0], {200, 400}),
    (models.not_a_number, GATES[1], {200}),
    (models.slow, "p50_ms <= stable * 2 min 30", {200}),
])
def test_a_bad_candidate_is_rolled_back_by_its_own_gate(server, tmp_path, make, gate, statuses):
    publish(server, tmp_path, make(tmp_path / "bad.onnx"))
    gates = [*dict.fromkeys([*GATES, gate])]
    with Traffic(server) as traffic:
        rollout = begin(server, gates=gates, most_duration="10m", min_samples=100_000)
        wait_until(lambda: not show(server, rollout)["live"])
        seen = len(traffic.answers)
        traffic.wait_for(seen + 50)
    ended = show(server, rollout)
    assert phases(ended) == ["verifying", "canary", "aborting", "cooling", "ended"]
    assert ended["state"]["ending"] == "rejected"
    assert ended["state"]["fired"]["gate"] == gate
    assert served(server) == [{"version": 1, "weight": 10000}]
    assert {status for _, status, _, _ in traffic.answers} == statuses
    # Nobody else was hurt: failures name no arm, and end with the candidate.
    assert {status for _, status, arm, _ in traffic.answers if arm == "stable"} == {200}
    assert {status for _, status, _, _ in traffic.answers[-50:]} == {200}
    assert {version for _, _, _, version in traffic.answers[-20:]} == {"1"}
    done = server.cli("rollout", "status", rollout, "--wait", check=False)
    assert done.returncode == 10
    assert gate in done.stdout


def test_a_candidate_that_does_not_load_never_answers(server, tmp_path):
    golden = tmp_path / "golden.json"
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    blob = max((server.folder / "data" / "blobs").rglob("*"), key=lambda file: file.is_file() and file.stat().st_mtime)
    assert not golden.exists()
    blob.write_bytes(b"broken")
    with Traffic(server) as traffic:
        rollout = begin(server)
        wait_until(lambda: not show(server, rollout)["live"])
    ended = show(server, rollout)
    assert phases(ended) == ["verifying", "aborting", "cooling", "ended"]
    assert ended["state"]["reason"] and ended["state"]["ending"] == "rejected"
    assert {(status, version) for _, status, _, version in traffic.answers} == {(200, "1")}


def test_without_requests_nothing_is_promoted(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    rollout = begin(server, most_duration="2s")
    done = server.cli("rollout", "status", rollout, "--wait", check=False)
    assert done.returncode == 11
    state = show(server, rollout)["state"]
    assert (state["phase"], state["held_for"]) == ("holding", "nodata")
    assert order(server, rollout, "abort").status_code == 200
    done = server.cli("rollout", "status", rollout, "--wait", check=False)
    assert done.returncode == 12
    assert served(server) == [{"version": 1, "weight": 10000}]


@pytest.mark.parametrize("wanted, ending", [("fail", "rejected"), ("pass", "promoted")])
def test_a_gate_says_what_its_silence_is_worth_when_time_is_up(server, tmp_path, wanted, ending):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    gate = f"metric:revenue >= 5 nodata {wanted}"
    with Traffic(server):
        rollout = begin(server, gates=[gate, "error_rate <= 50%"], most_duration="2s")
        wait_until(lambda: not show(server, rollout)["live"])
    state = show(server, rollout)["state"]
    assert state["ending"] == ending
    assert state.get("fired", {}).get("gate") == (gate if wanted == "fail" else None)


@pytest.mark.parametrize("at", ["verifying", "canary", "full", "cooling"])
def test_a_killed_server_goes_on_where_it_stood(server, tmp_path, at):
    bad = at == "cooling"
    publish(server, tmp_path, (models.not_a_number if bad else models.scale)(tmp_path / "two.onnx", *([] if bad else [3.0])))
    changes = {"keep_warm": "5s", "cooling": "5s", "min_samples": 10**9 if at == "canary" else 300}
    if at == "verifying":
        rollout = begin(server, **changes)
    else:
        with Traffic(server):
            rollout = begin(server, **changes)
            wait_until(lambda: phase(server, rollout) == at)
            if at == "canary":
                wait_until(lambda: any(samples_of(server, rollout)))
    before, samples = show(server, rollout), settled_samples(server, rollout)
    server.kill()
    server.start()
    assert phases(show(server, rollout))[: len(phases(before))] == phases(before)
    if at == "canary":
        wait_until(lambda: samples_of(server, rollout))
        assert samples_of(server, rollout) == samples, "kept, and not doubled"
        assert order(server, rollout, "promote").status_code == 200
    with Traffic(server):
        wait_until(lambda: not show(server, rollout)["live"])
    assert show(server, rollout)["state"]["ending"] == ("rejected" if bad else "promoted")


def test_people_stop_it_send_it_on_and_take_it_back(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    rollout = begin(server, steps=[10, 50], most_duration="1h")
    wait_until(lambda: phase(server, rollout) == "canary")
    assert order(server, rollout, "pause").json()["state"]["phase"] == "paused"
    assert order(server, rollout, "pause").status_code == 409
    refused = server.post(f"/api/v1/endpoints/{ENDPOINT}:deploy", json={"version": 2})
    assert refused.status_code == 409
    assert f"rollout {rollout} decides" in refused.json()["detail"]
    assert server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json={"candidate": 2, **QUICK}).status_code == 409
    assert order(server, rollout, "resume").json()["state"]["phase"] == "canary"
    assert server.post(f"/api/v1/rollouts/{rollout}:abort", json={}).status_code == 400  # why?
    aborted = server.cli("rollout", "abort", rollout, "--reason", "a bad feeling", json_output=True)
    assert aborted["state"]["phase"] in ("aborting", "cooling")
    wait_until(lambda: not show(server, rollout)["live"])
    assert served(server) == [{"version": 1, "weight": 10000}]
    audit = [(row["action"], row["object"]) for row in server.get("/api/v1/audit").json()["items"]]
    for action in ("begin", "pause", "resume", "abort", "canary", "ended"):
        assert (f"rollout.{action}", ENDPOINT) in audit
    again = begin(server)
    wait_until(lambda: phase(server, again) == "canary")
    assert order(server, again, "promote").json()["state"]["phase"] == "full"
    wait_until(lambda: not show(server, again)["live"])
    assert served(server) == [{"version": 2, "weight": 10000}]
    listed = server.cli("rollout", "list").stdout
    assert "promoted" in listed and "aborted" in listed


@pytest.mark.parametrize("changes, status, why", [
    ({"candidate": 1}, 409, "serves version 1 already"),
    ({"candidate": 9}, 404, "version 9"),
    ({"stable": 2, "candidate": 1}, 409, "serves version 1, not 2"),
    ({"steps": [50, 10]}, 400, "steps"),
    ({"steps": []}, 400, "steps"),
    ({"steps": [number / 2 for number in range(1, 101)]}, 400, "at most 99 steps in all"),
    ({"gates": ["eror_rate <= 1%"]}, 400, "error_rate"),
    ({"gates": ["output_distance <= 0.1"]}, 501, "output_distance"),
    ({"gates": ["error_rate <= 1% over 5s"]}, 400, "from 10s"),
    ({"gates": ["accuracy >= 0.9 over 10m"]}, 400, "labels come late"),
    ({"gates": ["error_rate <= 1% over 10m nodata pass"]}, 400, "by chance"),
    ({"gates": [f"error_rate <= 1% over {minutes}m" for minutes in range(1, 6)]}, 400, "at most 4"),
    ({"strategy": "bandit", "steps": None, "reward": "conversion >= stable"}, 400, "name of a metric"),
    ({"strategy": "bandit", "steps": None, "reward": "accuracy"}, 409, "capture.share=1"),
    ({"speed": 2}, 400, "speed"),
])
def test_what_cannot_be_is_refused_before_anything_moves(server, tmp_path, changes, status, why):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    spec = {key: value for key, value in {"candidate": 2, **QUICK, **changes}.items() if value is not None}
    answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json=spec)
    assert answer.status_code == status, answer.text
    assert why in answer.json()["detail"]
    assert server.get("/api/v1/rollouts").json()["items"] == []
    assert served(server) == [{"version": 1, "weight": 10000}]


def test_answers_of_both_protocols_say_their_arm(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    rollout = begin(server, most_duration="1h", min_samples=100_000)
    wait_until(lambda: len(served(server)) == 2 and phase(server, rollout) == "canary")
    with Traffic(server) as traffic:
        traffic.wait_for(200)
    seen = {(arm, version) for _, _, arm, version in traffic.answers[-100:]}
    assert seen == {("stable", "1"), ("candidate", "2")}
    by_unit = {unit: (arm, version) for unit, _, arm, version in traffic.answers[-100:]}
    client = tritonclient.grpc.InferenceServerClient(server.address)
    x = tritonclient.grpc.InferInput("x", [1, 4], "FP32")
    x.set_data_from_numpy(np.ones((1, 4), dtype=np.float32))
    for unit, (_, version) in list(by_unit.items())[:20]:
        answer = client.infer(ENDPOINT, [x], headers={"modelyard-unit": f"user{unit}"})
        assert answer.get_response().model_version == version, "the same arm over gRPC"
    pinned = server.post(f"/v2/models/{ENDPOINT}/versions/1/infer", json={
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]})
    assert "Modelyard-Arm" not in pinned.headers, "who names a version is in no arm"


@pytest.mark.parametrize("sticky", ["header:Modelyard-Unit", "none"])
def test_a_split_that_is_not_as_planned_is_told_and_promotes_nothing(server, tmp_path, sticky):
    """The candidate wants five numbers: callers get told so, which is no failure of a version, and nobody counts for it."""
    publish(server, tmp_path, models.scale(tmp_path / "wider.onnx", 3.0, columns=5))
    rollout = begin(server, sticky=sticky, gates=["error_rate <= stable + 20% min 30"], min_samples=0, hold="1h")
    with Traffic(server, units=1000):
        wait_until(lambda: phase(server, rollout) == "holding")

    state = show(server, rollout)["state"]
    assert state["held_for"] == "srm"
    assert "0 % of" in state["reason"] and "planned were 50 %" in state["reason"]
    assert "units" in state["reason"]


@pytest.mark.skipif("asan" in BINARY or "tsan" in BINARY, reason="sanitizers have times of their own")
def test_a_breach_ends_within_a_second_of_being_seen_by_the_caller(server, tmp_path):
    """From the hundredth NaN, which is beyond the gate for certain, to the last request that the candidate got."""
    publish(server, tmp_path, models.not_a_number(tmp_path / "nan.onnx"))
    rollout = begin(server, gates=["nonfinite_rate <= 20% min 30"])
    times = []
    rows = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]}
    with requests.Session() as session:

        def is_over():
            answer = session.post(f"{server.url}/v2/models/{ENDPOINT}/infer", json=rows, timeout=60,
                                  headers={"Modelyard-Unit": f"user{len(times)}-{time.monotonic_ns()}"})
            assert answer.status_code == 200
            if answer.headers.get("Modelyard-Arm") == "candidate":
                times.append(time.monotonic())
            return len(times) > 100 and time.monotonic() - times[-1] > 2

        end = time.monotonic() + PATIENCE
        while not is_over():
            assert time.monotonic() < end
    assert show(server, rollout)["state"]["fired"]["gate"] == "nonfinite_rate <= 20% min 30"
    print(f"from the breach to the last request of the candidate: {times[-1] - times[100]:.2f} s")
    assert times[-1] - times[100] <= 1.0
