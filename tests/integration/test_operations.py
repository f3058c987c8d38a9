"""What an operator relies on: health, drain, restart, crash, backup, garbage, memory, metrics, logs."""

import hashlib
import json
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import numpy as np
import onnxruntime
import pytest
import requests

import conftest
import models
from conftest import BINARY, START_SECONDS, resident_kb

INSTANCES = {"instances": [[1, 1, 1, 1]]}
SANITIZED = "asan" in BINARY or "tsan" in BINARY


def value(server, path="/v1/models/scaled:predict"):
    answer = server.post(path, json=INSTANCES)
    return answer.json()["predictions"][0][0] if answer.status_code == 200 else answer.status_code


def test_health_and_readiness(server):
    for path in ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready"):
        assert server.get(path).status_code == 200, path


def test_a_restart_serves_what_it_served(make_server, tmp_path):
    first = make_server()
    first.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    first.cli("push", "scaled", models.scale(tmp_path / "2.onnx", 3), "--deploy", "--wait")
    assert first.stop() == 0

    second = make_server()

    assert value(second) == 3


def test_a_second_server_on_the_same_folder_is_refused(server):
    done = subprocess.run([BINARY, "serve", "--data", server.folder / "data", "--listen", "127.0.0.1:0"],
                          capture_output=True, text=True, timeout=START_SECONDS)
    assert done.returncode != 0
    assert "another modelyard" in done.stderr


def test_drain_finishes_what_runs(make_server, tmp_path):
    server = make_server()
    server.cli("push", "wide", models.wide(tmp_path / "w.onnx"), "--wait")
    answers, failures = [], []
    body = {"inputs": [{"name": "x", "shape": [64, 2048], "datatype": "FP32", "data": [0.5] * (64 * 2048)}]}

    def ask():
        try:
            answers.append(server.post("/v2/models/wide/infer", json=body))
        except requests.ConnectionError as failure:
            failures.append(str(failure))

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking[:1]:
        thread.join()
    code = server.stop()
    for thread in asking[1:]:
        thread.join()

    assert code == 0
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert answers[0].status_code == 200
    # Who comes too late is not let in; nobody who was let in is cut off.
    assert all("refused" in failure for failure in failures)


def test_hangup_reloads_and_keeps_serving(server, tmp_path):
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    server.process.send_signal(signal.SIGHUP)
    assert value(server) == 2


def test_hangup_takes_what_may_change_and_names_what_may_not(tmp_path, make_server):
    settings = tmp_path / "settings.yaml"
    settings.write_text("queue_capacity: 10\naccess_log_every: 1\n")
    server = make_server("--config", settings)

    settings.write_text("queue_capacity: 20\naccess_log_every: 0\n")
    server.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 20
    while "configuration reloaded" not in server.log_path.read_text():
        assert time.monotonic() < end, server.log_path.read_text()

    [warned] = [json.loads(line) for line in server.log_path.read_text().splitlines() if "needs a restart" in line]
    assert warned["setting"] == "queue_capacity" and warned["level"] == "warning"
    server.get("/livez?unlogged")
    server.stop()
    assert "/livez" not in server.log_path.read_text().split("configuration reloaded")[1]


@pytest.mark.parametrize("method, path", [
    ("GET", "/livez"), ("GET", "/v2"), ("GET", "/metrics"), ("GET", "/api/v1/models"), ("GET", "/nothing"),
    ("DELETE", "/v2"), ("POST", "/v2/models/nothing/infer")])
def test_every_answer_names_its_request(shared_server, method, path):
    given = requests.request(method, shared_server.url + path, headers={"X-Request-Id": "mine"}, timeout=60)
    made = requests.request(method, shared_server.url + path, timeout=60)

    assert given.headers["X-Request-Id"] == "mine"
    assert len(made.headers["X-Request-Id"]) == 36


def test_the_port_is_written_for_scripts(tmp_path, make_server):
    server = make_server("--port-file", tmp_path / "port")
    assert (tmp_path / "port").read_text().strip() == server.address.split(":")[1]


def test_metrics_count_what_was_asked(server, tmp_path):
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    for _ in range(3):
        value(server)

    text = server.get("/metrics").text
    open_metrics = server.get("/metrics", headers={"Accept": "application/openmetrics-text"})

    counts = [line for line in text.splitlines() if "_count" in line and 'model="scaled"' in line]
    assert any(line.endswith(" 3") for line in counts), counts
    assert open_metrics.headers["Content-Type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")


def test_logs_name_requests_and_never_their_content(server, tmp_path):
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    answer = server.post("/v1/models/scaled:predict", json={"instances": [[424242, 1, 1, 1]]},
                         headers={"X-Request-Id": "request-7"})
    assert answer.headers["X-Request-Id"] == "request-7"
    server.get("/livez")

    log = server.log_path.read_text()

    assert "424242" not in log
    for line in log.splitlines():
        if not line.startswith("="):
            json.loads(line)


def test_backup_and_restore(make_server, tmp_path):
    server = make_server()
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    server.cli("backup", tmp_path / "backup")
    server.stop()
    other = tmp_path / "other"
    other.mkdir()
    done = subprocess.run([BINARY, "restore", tmp_path / "backup", "--data", other / "data"], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr

    assert value(make_server(folder=other)) == 2


def test_a_backup_beside_a_running_server_has_its_labels_and_alerts(make_server, tmp_path):
    server = make_server()
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    value(server)
    [record] = server.cli("predictions", "find", "scaled", json_output=True)
    server.cli("label", "--prediction", record["prediction_id"], "--value", "2")
    server.cli("monitor", "silence", "scaled.*", "--for", "1h", "--reason", "of the test")
    made = server.cli("backup", tmp_path / "backup", json_output=True)
    server.cli("label", "--prediction", record["prediction_id"], "--value", "3")
    server.stop()
    other = tmp_path / "other"
    other.mkdir()

    done = subprocess.run([BINARY, "restore", tmp_path / "backup", "--data", other / "data"], capture_output=True,
                          text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    assert set(made["databases"]) == {"ground-truth.db", "profiles.db", "alerts.db"}
    assert "ground-truth.db" in done.stdout
    restored = make_server(folder=other)
    with sqlite3.connect(f"file:{other / 'data/ground-truth.db'}?mode=ro", uri=True) as labels:
        assert labels.execute("SELECT value FROM labels").fetchall() == [(2.0,)]
    assert [e["endpoint"] for e in restored.get("/api/v1/ground-truth").json()["items"]] == ["scaled"]
    [silence] = restored.get("/api/v1/silences").json()["items"]
    assert silence["reason"] == "of the test"


def test_garbage_is_shown_before_it_goes(server, tmp_path):
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    done = server.cli("gc", "--dry-run")
    assert done.returncode == 0
    assert value(server) == 2


def test_without_an_engine_it_says_what_it_cannot_serve(tmp_path, make_server, monkeypatch):
    # Away from its checkout, the program finds the engine only where the system has it.
    elsewhere = shutil.copy(BINARY, tmp_path / "modelyard")
    monkeypatch.setattr(conftest, "BINARY", elsewhere)
    server = make_server()
    [served] = server.get("/api/v1/version").json()["formats"]
    if served["served"]:
        pytest.skip("an engine is installed system-wide")
    done = server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait", check=False)
    assert server.get("/livez").status_code == 200
    assert done.returncode == 1
    assert "ONNX Runtime" in done.stderr


def test_a_damaged_blob_is_healed_by_a_push(server, tmp_path):
    model = models.scale(tmp_path / "1.onnx", 2)
    server.cli("push", "scaled", model, "--wait")
    [blob] = (server.folder / "data/blobs/sha256").glob("*/*")
    blob.chmod(0o600)
    blob.write_bytes(b"damaged" + blob.read_bytes()[7:])

    server.cli("push", "again", model, "--wait")

    assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
    assert value(server, "/v1/models/again:predict") == 2


def blobs_verify(data):
    for blob in (data / "blobs/sha256").glob("*/*"):
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name


class Ledger:
    """What was acknowledged, and the one change that may or may not have happened when the server was killed."""

    def __init__(self):
        self.versions, self.aliases, self.deployed, self.deleted = set(), {}, None, set()
        self.unsure = None

    def change(self, server, chance, folder):
        """One random change; False when the server did not acknowledge it."""
        free = sorted(self.versions - self.deleted - set(self.aliases.values()) - {self.deployed})
        kept = sorted(self.versions - self.deleted)
        kind = chance.choice(["push", "alias", "deploy", "delete"] if len(free) > 2 else ["push"])
        if kind == "push":
            number = len(self.versions) + len(list(folder.glob("*.onnx"))) + 2
            path = models.scale(folder / f"{number}.onnx", number)
            done = server.cli("push", "scaled", path, "--json", check=False)
            if done.returncode == 0:
                version = json.loads(done.stdout)["version"]
                self.versions.add(version)
                self.deployed = self.deployed or version
        elif kind == "alias":
            self.unsure = (f"a{chance.randrange(3)}", chance.choice(kept))
            done = server.cli("alias", "set", "scaled", *self.unsure, check=False)
            if done.returncode == 0:
                self.aliases[self.unsure[0]] = self.unsure[1]
        elif kind == "deploy":
            self.unsure = ("deploy", chance.choice(kept))
            done = server.cli("deploy", "scaled", self.unsure[1], check=False)
            if done.returncode == 0:
                self.deployed = self.unsure[1]
        else:
            self.unsure = ("delete", chance.choice(free))
            done = server.cli("delete", f"scaled/{self.unsure[1]}", check=False)
            if done.returncode == 0:
                self.deleted.add(self.unsure[1])
        if done.returncode == 0:
            self.unsure = None
        return done.returncode == 0

    def check(self, server):
        """Nothing acknowledged is lost; what is not sure is taken as the server has it."""
        listed = server.get("/api/v1/models/scaled/versions?limit=1000")
        if listed.status_code == 404 and not self.versions:
            return
        rows = listed.json()["items"]
        states = {row["version"]: row["state"] for row in rows}
        aliases = {row["alias"]: row["version"] for row in server.get("/api/v1/models/scaled/aliases").json()["items"]}
        plans = server.get("/api/v1/endpoints/scaled/plans").json()["items"]
        deployed = plans[0]["shares"][0]["version"]
        # A first push that was not acknowledged may have deployed its version.
        self.deployed = self.deployed or deployed
        kind, version = self.unsure or (None, None)
        if kind == "deploy" and deployed == version:
            self.deployed = version
        elif kind == "delete" and states.get(version) == "deleted":
            self.deleted.add(version)
        elif kind in ("a0", "a1", "a2") and aliases.get(kind) == version:
            self.aliases[kind] = version
        self.unsure = None
        assert self.versions <= set(states)
        self.versions = set(states)  # a push that was not acknowledged may be there, whole
        assert {version for version, state in states.items() if state == "deleted"} == self.deleted
        assert aliases == self.aliases
        assert deployed == self.deployed


def test_kill_at_random_points_loses_nothing_acknowledged(make_server, tmp_path):
    """push, alias, deploy, delete, while the server is killed at a random moment, again and again."""
    chance, ledger = random.Random(11), Ledger()
    folder, data = tmp_path / "models", tmp_path / "data"
    folder.mkdir()
    server = make_server()
    rounds, longest = (6, 2.0) if SANITIZED else (200, 0.08)
    for number in range(rounds):
        killer = threading.Timer(chance.uniform(0.0, longest), server.kill)
        killer.start()
        while ledger.change(server, chance, folder):
            pass
        killer.join()
        server.start()
        ledger.check(server)
        assert not list((data / "blobs/uploads").iterdir())
        if number % 20 == 0:
            blobs_verify(data)
    blobs_verify(data)
    assert len(ledger.versions) > 3
    assert server.post("/api/v1/audit:verify").json()["intact"]


@pytest.mark.skipif(SANITIZED, reason="sanitizers keep freed memory")
def test_memory_comes_back_when_versions_are_unloaded(server, tmp_path):
    server.cli("push", "wide", models.wide(tmp_path / "w.onnx", 1024), "--wait")
    seen = []
    for _ in range(200):
        assert server.post("/v2/repository/models/wide/unload").status_code == 200
        assert server.post("/v2/repository/models/wide/load").status_code == 200
        seen.append(resident_kb(server))

    # 4 MiB of weights each time: a leak of one load in fifty would be seen.
    assert max(seen[-10:]) < max(seen[5:15]) + 8192, (seen[5:15], seen[-10:])


def test_a_real_model_answers_as_its_engine_does(server, tmp_path):
    """Magika's file-type model, as its package ships it, bit for bit."""
    import magika
    folder = pathlib.Path(magika.__file__).parent
    path = next(iter(sorted(folder.glob("models/**/*.onnx"))))
    server.cli("push", "magika", path, "--wait")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    chance = np.random.default_rng(3)
    for rows in (1, 3, 17):
        tokens = chance.integers(0, 257, size=(rows, given.shape[1])).astype(np.int32)
        expected = session.run(None, {given.name: tokens})
        import tritonclient.http as triton
        with triton.InferenceServerClient(server.address) as client:
            tensor = triton.InferInput(given.name, list(tokens.shape), "INT32")
            tensor.set_data_from_numpy(tokens)
            answer = client.infer("magika", [tensor])
        for output, values in zip(session.get_outputs(), expected):
            assert answer.as_numpy(output.name).tobytes() == values.tobytes(), (rows, output.name)


@pytest.mark.parametrize("triton_names", ["false", "true"])
def test_metrics_follow_the_rules_of_prometheus(make_server, tmp_path, triton_names):
    server = make_server("--metrics-triton-names", triton_names)
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    value(server)
    text = server.get("/metrics").text

    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)

    assert ("nv_inference_request_success" in text) == (triton_names == "true")
    # Triton's own names break the rules; ours do not.
    complaints = [line for line in done.stderr.splitlines() + done.stdout.splitlines() if not line.startswith("nv_")]
    assert not [line for line in complaints if line.strip()], complaints
