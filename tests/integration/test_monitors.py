"""Live profiles, references, monitors and alerts, on a server whose windows are a second wide."""

import csv
import datetime
import hashlib
import hmac
import http.server
import json
import threading
import time

import numpy as np
import pytest
import requests
from scipy import stats

import models
from test_capture import SIGNATURE

FEATURES = ["age", "income", "debt"]
ROWS = 400


@pytest.fixture
def quick(make_server):
    return make_server("--profile-window-seconds", "1")


def rows_of(seed, count=ROWS, **moved):
    rows = np.random.default_rng(seed).normal(size=(count, len(FEATURES))).astype(np.float32)
    for name, shift in moved.items():
        rows[:, FEATURES.index(name)] += shift
    return rows


def write_table(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *FEATURES])
        writer.writerows([i, *map(float, row)] for i, row in enumerate(rows))
    return path


def publish(server, tmp_path, *arguments):
    signature = tmp_path / "signature.json"
    signature.write_text(json.dumps(SIGNATURE))
    server.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2, 3), "--signature", signature, "--wait",
               *arguments)


def send(server, values):
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": list(values.shape),
                        "data": [float(value) for value in values.ravel()]}]}
    answer = server.post("/v2/models/scaled/infer", json=body)
    assert answer.status_code == 200, answer.text


def wait_until(condition, seconds=60):
    """Windows end by the clock, so that there is something to wait for."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < end:
        if found := condition():
            return found
        pause.wait(0.05)
    raise AssertionError("it did not come")


def drift(server, **params):
    answer = server.get("/api/v1/endpoints/scaled/drift", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def verdicts(report):
    return {feature["feature"]: feature["verdict"] for feature in report["features"]}


def test_live_data_is_compared_with_the_rows_that_the_version_was_published_with(quick, tmp_path):
    reference, live = rows_of(1), rows_of(2, income=1)
    publish(quick, tmp_path, "--reference", write_table(tmp_path / "train.csv", reference))
    send(quick, live)

    report = drift(quick)

    assert report["source"] == "live" and report["reference"]["attached_to"] == 1
    assert report["reference"]["rows"] == report["current"]["rows"] == report["current"]["profiled_rows"] == ROWS
    features = {feature["feature"]: feature for feature in report["features"]}
    assert {name: features[name]["verdict"] for name in FEATURES} == {
        "age": "stable", "income": "drifted", "debt": "stable"}
    # Outputs are not in the table.
    assert features["y[0]"]["verdict"] == "nodata" and "the reference does not have it" in features["y[0]"]["change"]
    for column, name in enumerate(FEATURES):
        a, b = (rows[:, column].astype(np.float64) for rows in (reference, live))
        # The live sketch keeps some of the rows; what it says of ranks is off by 1.3 % at most.
        assert features[name]["distance"] == pytest.approx(stats.wasserstein_distance(a, b) / a.std(), abs=0.05)


def test_without_a_reference_the_time_before_is_compared(quick, tmp_path):
    publish(quick, tmp_path)
    send(quick, rows_of(1))
    sent = int(time.time())
    wait_until(lambda: int(time.time()) > sent)  # the next window
    middle = datetime.datetime.fromtimestamp(sent + 1, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    send(quick, rows_of(2, debt=1))

    report = drift(quick, **{"from": middle})

    assert "attached_to" not in report["reference"]
    assert verdicts(report) == {"age": "stable", "income": "stable", "debt": "drifted",
                                "y[0]": "stable", "y[1]": "stable", "y[2]": "drifted"}


def test_a_period_of_production_becomes_the_reference(quick, tmp_path):
    publish(quick, tmp_path)
    send(quick, rows_of(1))
    shown = quick.cli("reference", "scaled/1", "--endpoint", "scaled", "--from", "1h").stdout
    assert f"{ROWS} of them looked at" in shown and "y[2]" in shown
    send(quick, rows_of(2, age=1))

    report = drift(quick)

    assert report["reference"]["attached_to"] == 1
    # The time that became the reference is in the day that is looked at, too: half of it has moved.
    assert verdicts(report)["age"] == "drifted" and verdicts(report)["debt"] == "stable"
    answer = quick.get("/api/v1/models/scaled/versions/1/reference").json()
    assert answer["rows"] == ROWS and answer["features"]["y[0]"]["kind"] == "number"


@pytest.mark.parametrize("table, why", [
    ("a,b\n1,2\n", "no column is an input or output of the model: it has age, income, debt"),
    ("age\nold\n", "line 2, column 'age': 'old' is no number"),
    ("age\n", "there are no rows"),
])
def test_a_reference_that_says_nothing_of_the_model_is_refused_and_nothing_is_published(quick, tmp_path, table, why):
    path = tmp_path / "train.csv"
    path.write_text(table)
    done = quick.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2, 3), "--signature",
                     write_signature(tmp_path), "--reference", path, check=False)
    assert done.returncode != 0 and why in done.stderr
    assert quick.get("/api/v1/models/scaled").status_code == 404


def write_signature(tmp_path):
    path = tmp_path / "signature.json"
    path.write_text(json.dumps(SIGNATURE))
    return path


def test_profiles_survive_a_restart(quick, tmp_path):
    publish(quick, tmp_path)
    send(quick, rows_of(1))
    quick.stop()
    quick.start()

    profiles = quick.get("/api/v1/endpoints/scaled/profiles").json()["items"]

    assert [item["rows"] for item in profiles] == [ROWS]
    assert profiles[0]["features"]["age"]["rows"] == ROWS
    assert profiles[0]["answered"] == 1 and profiles[0]["latency_ms"]["p99"] > 0


def test_quality_shows_ranges_and_missing_values(quick, tmp_path):
    publish(quick, tmp_path)
    rows = rows_of(1)
    rows[:100, 0] = np.nan
    binary = json.dumps({"inputs": [{"name": "x", "datatype": "FP32", "shape": list(rows.shape),
                                     "parameters": {"binary_data_size": rows.nbytes}}]}).encode()
    answer = quick.post("/v2/models/scaled/infer", data=binary + rows.tobytes(),
                        headers={"Inference-Header-Content-Length": str(len(binary))})
    assert answer.status_code == 200, answer.text

    item = quick.get("/api/v1/endpoints/scaled/profiles").json()["items"][0]

    assert item["features"]["age"]["missing"] == 100
    assert item["features"]["income"]["smallest"] == pytest.approx(float(rows[:, 1].min()))
    assert item["features"]["income"]["mean"] == pytest.approx(float(rows[:, 1].astype(np.float64).mean()))
    assert sum(item["features"]["income"]["histogram"]["shares"]) == pytest.approx(1)
    shown = quick.cli("quality", "scaled").stdout
    assert "25 %" in shown and "income" in shown and "█" in shown


def test_what_capture_masks_is_not_profiled(quick, tmp_path):
    publish(quick, tmp_path, "--reference", write_table(tmp_path / "train.csv", rows_of(1)))
    quick.cli("record", "scaled", 'capture.mask=["income"]', 'capture.hash=["debt"]')
    send(quick, rows_of(2, age=1))

    profile = quick.get("/api/v1/endpoints/scaled/profiles").json()["items"][0]

    assert "age" in profile["features"] and not {"income", "debt"} & set(profile["features"])
    assert verdicts(drift(quick)) == {"age": "drifted", "income": "nodata", "debt": "nodata",
                                      "y[0]": "nodata", "y[1]": "nodata", "y[2]": "nodata"}


def watch(server, **monitors):
    endpoint = server.get("/api/v1/endpoints/scaled").json()
    settings = {key: endpoint[key] for key in ("model", "objectives", "scheduling", "journal", "evaluation")}
    return requests.put(server.url + "/api/v1/endpoints/scaled", json={**settings, "monitors": monitors}, timeout=60)


QUICK_ALERT = {"windows": 2, "failed": 2, "clear": 2}


def alerts(server, state=None):
    found = server.get("/api/v1/alerts", params={"state": state} if state else {}).json()["items"]
    return {alert["id"]: alert for alert in found}


class Flow:
    """Rows that come all the time, until the test has seen enough."""

    def __init__(self, server, **moved):
        self.server, self.moved, self.ended = server, moved, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        seed = 100
        while not self.ended.is_set():
            seed += 1
            send(self.server, rows_of(seed, 200, **self.moved))
            self.ended.wait(0.05)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def test_drift_becomes_an_alert_that_ends_when_the_data_are_as_before(quick, tmp_path):
    publish(quick, tmp_path, "--reference", write_table(tmp_path / "train.csv", rows_of(1, 2000)))
    answer = watch(quick, inputs={"kind": "drift", "window": "1s", "features": FEATURES, "alert": QUICK_ALERT})
    assert answer.status_code == 200, answer.text
    with Flow(quick, income=1) as flow:
        alert = wait_until(lambda: alerts(quick, "firing").get("scaled.inputs/income"))
        assert set(alerts(quick, "firing")) == {"scaled.inputs/income"}
        assert alert["severity"] == "ticket" and alert["kind"] == "drift"
        assert "`income`: median" in alert["sentence"] and alert["numbers"]["distance"] > 0.8
        metrics = quick.get("/metrics").text
        labels = 'endpoint="scaled",monitor="inputs",kind="drift"'
        assert f"modelyard_monitor_failed_subjects{{{labels}}} 1" in metrics
        assert f'modelyard_monitor_value{{{labels},subject="income"}} ' in metrics
        assert 'modelyard_alerts_firing{endpoint="scaled",severity="ticket"} 1' in metrics
        quick.cli("monitor", "ack", "scaled.inputs/income", "--note", "looking at it")
        assert alerts(quick)["scaled.inputs/income"]["acknowledged"]["note"] == "looking at it"
        shown = quick.cli("monitor", "list").stdout
        assert "2 of 2 windows: ticket" in shown and "fail" in shown
        assert "median" in quick.cli("monitor", "show", "scaled", "inputs").stdout
        assert quick.cli("monitor", "test", "scaled", "inputs", check=False).returncode == 1
        flow.moved = {}
        wait_until(lambda: alerts(quick)["scaled.inputs/income"]["state"] == "resolved")
    history = quick.get("/api/v1/alerts/history").json()["items"]
    assert [entry["event"] for entry in history] == ["resolved", "fired"]


def test_a_silence_keeps_an_alert_from_being_told(quick, tmp_path):
    publish(quick, tmp_path, "--reference", write_table(tmp_path / "train.csv", rows_of(1, 2000)))
    quick.cli("monitor", "silence", "scaled.*", "--for", "1h", "--reason", "a known change")
    watch(quick, inputs={"kind": "drift", "window": "1s", "features": FEATURES, "alert": QUICK_ALERT})
    with Flow(quick, debt=1):
        wait_until(lambda: alerts(quick, "firing"))
    history = quick.get("/api/v1/alerts/history").json()["items"]
    assert history and not any(entry["told"] for entry in history)
    assert "a known change" in quick.cli("monitor", "silences").stdout
    number = quick.get("/api/v1/silences").json()["items"][0]["id"]
    quick.cli("monitor", "unsilence", number)
    assert quick.get("/api/v1/silences").json()["items"] == []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_failures_page_through_a_signed_webhook(make_server, tmp_path, receiver):
    secret = tmp_path / "secret"
    secret.write_text("quite secret\n")
    sinks = tmp_path / "sinks.yaml"
    sinks.write_text(f"- {{kind: webhook, url: 'http://127.0.0.1:{receiver.server_port}/hook', "
                     f"secret_file: '{secret}', severity: page}}\n")
    server = make_server("--profile-window-seconds", "1", "--alert-sinks", str(sinks))
    publish(server, tmp_path)
    answer = watch(server, calls={"kind": "volume", "window": "1s", "at_most": 2,
                                  "alert": {**QUICK_ALERT, "severity": "page"}})
    assert answer.status_code == 200, answer.text
    with Flow(server):
        headers, body = wait_until(lambda: receiver.got and receiver.got[0])
    stamp, signature = (part.split("=", 1)[1] for part in headers["Modelyard-Signature"].split(","))
    assert signature == hmac.new(b"quite secret", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    document = json.loads(body)
    assert "scaled.calls" in json.dumps(document) and "requests in 1s" in json.dumps(document)
    deliveries = wait_until(lambda: [one for one in server.get("/api/v1/alerts/deliveries").json()["items"]
                                     if one["sink"] != "log"])
    assert deliveries[-1]["result"] == "taken"


def test_an_alert_of_a_monitor_that_is_removed_ends(quick, tmp_path):
    publish(quick, tmp_path)
    watch(quick, calls={"kind": "volume", "window": "1s", "at_least": 1000, "alert": QUICK_ALERT})
    wait_until(lambda: alerts(quick, "firing"))
    watch(quick)
    wait_until(lambda: not alerts(quick, "firing"))


def test_monitors_are_applied_from_a_file(quick, tmp_path):
    publish(quick, tmp_path)
    document = tmp_path / "monitors.yaml"
    document.write_text("""
endpoints:
  scaled:
    objectives: {latency_p99_ms: 50, error_rate: 0.01}
    monitors:
      inputs: {kind: drift, window: 1h, features: ["age", "inc*"], reference: 7d}
      quality: {kind: quality}
      errors: {kind: errors, burn: 14.4}
      latency: {kind: latency, alert: {windows: 5, failed: 3, for: 10m}}
      labels: {kind: label_lag, at_most: 3d}
      age: {kind: staleness}
      estimate: {kind: estimated_accuracy}
      accuracy: {kind: accuracy, at_least: 0.9}
""")
    assert "endpoint.put" in quick.cli("apply", "-f", document, "--dry-run").stdout
    quick.cli("apply", "-f", document)
    listed = {one["monitor"]: one for one in quick.get("/api/v1/monitors").json()["items"]}
    assert set(listed) == {"inputs", "quality", "errors", "latency", "labels", "age", "estimate", "accuracy"}
    assert listed["latency"]["alert"] == {"windows": 5, "failed": 3, "clear": 2, "for": "10m", "severity": "page"}
    send(quick, rows_of(1))
    for monitor, word in {"inputs": "reference's time", "quality": "no reference", "latency": "answered requests",
                          "labels": "no label has come", "age": "days old", "accuracy": "no verdict"}.items():
        findings = quick.post(f"/api/v1/endpoints/scaled/monitors/{monitor}:test").json()["findings"]
        assert any(word in finding["sentence"] for finding in findings), (monitor, findings)


@pytest.mark.parametrize("monitor, why", [
    ({"kind": "drift", "features": ["agee"]}, "no version of model 'scaled' has 'agee'; they have age, debt, income"),
    ({"kind": "drfit"}, "did you mean 'drift'?"),
    ({"kind": "drift", "windw": "1h"}, "windw"),
    ({"kind": "volume"}, "at_least"),
    ({"kind": "drift", "importance": {"agee": 2}}, "no version of model 'scaled' has 'agee'"),
    ({"kind": "drift", "alert": {"windows": 2, "failed": 3}}, "monitors.m.alert"),
])
def test_a_monitor_that_cannot_watch_is_refused(quick, tmp_path, monitor, why):
    publish(quick, tmp_path)
    answer = watch(quick, m=monitor)
    assert answer.status_code == 400 and why in answer.json()["detail"], answer.text
    assert quick.get("/api/v1/monitors").json()["items"] == []


def test_texts_that_are_no_utf8_do_no_harm(quick, tmp_path):
    quick.cli("push", "texts", models.identity(tmp_path / "texts.onnx", "BYTES", ("rows", 1)), "--wait")
    texts = [b"\xff\xfe broken", "ä".encode() * 200] * 100
    raw = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    head = json.dumps({"inputs": [{"name": "x", "datatype": "BYTES", "shape": [len(texts), 1],
                                   "parameters": {"binary_data_size": len(raw)}}],
                       "parameters": {"binary_data_output": True}}).encode()
    answer = quick.post("/v2/models/texts/infer", data=head + raw,
                        headers={"Inference-Header-Content-Length": str(len(head))})
    assert answer.status_code == 200, answer.text
    period = {"endpoint": "texts", "from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}

    made = quick.post("/api/v1/models/texts/versions/1/reference", json=period, headers={"Idempotency-Key": "once"})

    assert made.status_code == 201, made.text
    again = quick.post("/api/v1/models/texts/versions/1/reference", json=period, headers={"Idempotency-Key": "once"})
    assert again.json() == made.json()
    texts = [one["text"] for one in made.json()["features"]["x"]["categories"]]
    assert "ä" * 128 in texts  # cut between characters


def test_a_reference_is_made_of_endpoints_of_its_model_only(quick, tmp_path):
    publish(quick, tmp_path)
    quick.cli("push", "other", models.scale(tmp_path / "other.onnx", 3, 3), "--wait")
    send(quick, rows_of(1))

    answer = quick.post("/api/v1/models/other/versions/1/reference",
                        json={"endpoint": "scaled", "from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"})

    assert answer.status_code == 400 and "is of model 'scaled', not of 'other'" in answer.json()["detail"]


def test_who_may_not_see_payloads_sees_that_a_monitor_fails_and_no_words(make_server, tmp_path):
    server = make_server("--profile-window-seconds", "1")
    publish(server, tmp_path, "--reference", write_table(tmp_path / "train.csv", rows_of(1, 2000)))
    watch(server, inputs={"kind": "drift", "window": "1s", "features": FEATURES, "alert": QUICK_ALERT})
    with Flow(server, income=1):
        wait_until(lambda: alerts(server, "firing"))
    keys = {verbs: server.cli("key", "create", verbs.replace(",", "-"), "--verbs", verbs).stdout.strip().splitlines()[-1]
            for verbs in ("read", "read,payload")}
    server.stop()
    server.start(("--profile-window-seconds", "1", "--authentication", "required"))

    def seen(verbs):
        headers = {"Authorization": "Bearer " + keys[verbs]}
        return server.get("/api/v1/alerts", headers=headers).json()["items"][0]

    assert seen("read")["state"] == "firing" and seen("read")["subject"] == "income"
    assert seen("read")["sentence"] == "" and seen("read")["numbers"] == {}
    assert "median" in seen("read,payload")["sentence"]


def test_nothing_is_watched_when_it_is_switched_off(make_server, tmp_path):
    server = make_server("--profile-cpu-percent", "0")
    publish(server, tmp_path)
    send(server, rows_of(1))
    for path in ("/api/v1/monitors", "/api/v1/alerts", "/api/v1/endpoints/scaled/profiles"):
        answer = server.get(path)
        assert answer.status_code == 409 or answer.status_code == 412, answer.text
        assert "profile_cpu_percent" in answer.json()["detail"]
    assert not (server.folder / "data" / "profiles.db").exists()


def test_the_same_rows_as_a_table_and_as_tensors_of_32_bits_are_the_same(quick, tmp_path):
    rows = np.random.default_rng(1).integers(1, 4, size=(ROWS, len(FEATURES))) / 10
    table = tmp_path / "train.csv"
    table.write_text("\n".join([",".join(FEATURES), *(",".join(map(str, row)) for row in rows)]))
    publish(quick, tmp_path, "--reference", table)
    send(quick, rows.astype(np.float32))
    watch(quick, quality={"kind": "quality", "window": "1h", "features": ["age"]})

    findings = quick.post("/api/v1/endpoints/scaled/monitors/quality:test").json()["findings"]

    assert {finding["outcome"] for finding in findings} == {"pass"}  # none is outside of 0.1 … 0.3
    features = {feature["feature"]: feature for feature in drift(quick)["features"]}
    assert features["age"]["p"] > 0.05
