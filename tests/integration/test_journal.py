"""Decision records: which version decided, when, for whom; what a crash and a full disk cost."""

import json
import os
import random
import subprocess
import threading
import time
import uuid

import grpc
import numpy as np
import pytest
import requests
import tritonclient.grpc as triton_grpc

import models
from test_authorisation import offline_key
from test_tensorflow_grpc import Service

ONES = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 1, 1, 1]}]}
WRONG = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 1, 1]}]}


def publish(server, tmp_path, name="scaled", versions=1):
    for factor in range(2, 2 + versions):
        server.cli("push", name, models.scale(tmp_path / f"{name}-{factor}.onnx", factor),
                   "--alias", f"times-{factor}", "--wait")
    return server


def infer(server, path="scaled", body=ONES, **options):
    return server.post(f"/v2/models/{path}/infer", json=body, **options)


def prediction_id(answer):
    assert answer.status_code == 200, answer.text
    return answer.headers["Modelyard-Prediction-Id"]


def find(server, prediction, **options):
    return server.get(f"/api/v1/predictions/{prediction}", **options)


def records(server, **query):
    answer = server.get("/api/v1/predictions", params={"limit": 1000, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_a_record_says_which_version_decided_as_soon_as_the_answer_is_there(server, tmp_path):
    publish(server, tmp_path, versions=2)
    before = time.time()
    by_plan, by_name = prediction_id(infer(server)), prediction_id(infer(server, "scaled/versions/2"))

    record = find(server, by_plan).json()

    assert record["prediction_id"] == by_plan and record["endpoint"] == record["model"] == "scaled"
    assert record["version"] == 1 and record["plan_revision"] == 1 and record["status"] == "ok"
    assert record["rows"] == 1 and 0 < record["latency_us"] < 60e6 and record["protocol"] == "oip"
    assert record["principal"] == "anonymous" and record["arm"] is None
    stamp = int(uuid.UUID(by_plan).hex[:12], 16) / 1000
    assert before - 1 < stamp < time.time() + 1
    pinned = find(server, by_name).json()
    assert pinned["version"] == 2 and pinned["plan_revision"] is None


def test_every_protocol_leaves_a_record(server, tmp_path):
    publish(server, tmp_path)
    ones = triton_grpc.InferInput("x", [3, 4], "FP32")
    ones.set_data_from_numpy(np.ones((3, 4), np.float32))
    infer(server)
    server.post("/v1/models/scaled:predict", json={"instances": [[1, 1, 1, 1], [2, 2, 2, 2]]})
    with triton_grpc.InferenceServerClient(server.address) as client:
        client.infer("scaled", [ones])
        answered = threading.Event()
        client.start_stream(lambda result, error: answered.set())
        client.async_stream_infer("scaled", [ones])
        assert answered.wait(60)
        client.stop_stream()
    with grpc.insecure_channel(server.address) as channel:
        service = Service(channel)
        service.call("PredictionService", "Predict", service.predict_request())

    found = sorted((record["protocol"], record["rows"]) for record in records(server))

    assert found == [("oip", 1), ("oip_grpc", 3), ("oip_grpc", 3), ("tfs", 2), ("tfs_grpc", 1)]


def test_what_failed_leaves_a_record_and_what_was_never_taken_in_leaves_none(server, tmp_path):
    publish(server, tmp_path)
    assert infer(server, body=WRONG).status_code == 400
    assert infer(server, headers={"Modelyard-Timeout-Ms": "0"}).status_code == 504
    assert server.post("/v2/models/scaled/infer", data="{").status_code == 400
    assert infer(server, "other").status_code == 404

    assert [record["status"] for record in records(server)] == ["deadline_exceeded", "invalid_argument"]
    assert len(records(server, status="failed")) == 2 and records(server, status="ok") == []


def test_records_are_found_by_what_one_remembers_of_them(server, tmp_path):
    publish(server, tmp_path, versions=2)
    publish(server, tmp_path, "other")
    ids = [prediction_id(infer(server, f"scaled/versions/{1 + i % 2}")) for i in range(20)]
    prediction_id(infer(server, "other"))

    assert [r["prediction_id"] for r in records(server, endpoint="scaled")] == ids[::-1]
    assert [r["prediction_id"] for r in records(server, endpoint="scaled", version=2)] == ids[1::2][::-1]
    middle = find(server, ids[10]).json()["time"]
    assert [r["prediction_id"] for r in records(server, endpoint="scaled", **{"from": middle})] == ids[10:][::-1]
    assert [r["prediction_id"] for r in records(server, endpoint="scaled", to=middle)] == ids[:11][::-1]
    pages, cursor = [], None
    while True:
        page = server.get("/api/v1/predictions",
                          params={"endpoint": "scaled", "limit": 7, **({"cursor": cursor} if cursor else {})}).json()
        pages += [record["prediction_id"] for record in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == ids[::-1]


@pytest.mark.parametrize("query", [{"status": "fine"}, {"from": "yesterday"}, {"version": "x"}, {"cursor": "7"},
                                   {"limit": "0"}, {"model": "scaled"}])
def test_a_question_that_makes_no_sense_is_refused(shared_server, query):
    answer = shared_server.get("/api/v1/predictions", params=query)
    assert answer.status_code == 400
    assert list(query)[0] in answer.json()["detail"]


def test_an_id_that_is_none_or_unknown_is_told_apart(shared_server):
    assert find(shared_server, "17").status_code == 400
    assert find(shared_server, uuid.uuid4()).status_code == 404


def test_records_are_for_those_who_may_read_the_model(make_server, tmp_path):
    keys = {name: offline_key(tmp_path, name, "--verbs", verbs, "--models", of) for name, verbs, of in
            [("root", "admin", "*"), ("shop", "infer,read", "scaled"), ("caller", "infer", "scaled"),
             ("stranger", "infer,read", "other")]}
    bearer = {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}
    os.environ["MODELYARD_API_KEY"] = keys["root"]
    try:
        server = publish(make_server("--authentication", "required"), tmp_path)
    finally:
        del os.environ["MODELYARD_API_KEY"]
    mine = prediction_id(infer(server, headers=bearer["shop"]))
    of_caller = prediction_id(infer(server, headers=bearer["caller"]))

    assert find(server, mine, headers=bearer["shop"]).json()["principal"] == "key:shop"
    assert find(server, of_caller, headers=bearer["root"]).json()["principal"] == "key:caller"
    assert find(server, mine, headers=bearer["caller"]).status_code == 403
    assert find(server, mine, headers=bearer["stranger"]).status_code == 404, "whose it is, is not told"
    ask = lambda who, **query: server.get("/api/v1/predictions", params=query, headers=bearer[who])
    assert ask("shop").status_code == 403, "of all models"
    for path in ("predictions?endpoint=", "events?model=", "status?model="):
        assert server.get(f"/api/v1/{path}", headers=bearer["shop"]).status_code == 403, "nor by an empty name"
    assert len(ask("shop", endpoint="scaled").json()["items"]) == 2
    assert [r["principal"] for r in ask("root", principal="key:caller").json()["items"]] == ["key:caller"]


def test_with_group_durability_no_answer_is_given_whose_record_a_crash_can_lose(make_server, tmp_path):
    server = publish(make_server("--journal-durability", "group"), tmp_path)
    seeds = random.Random(20261126)
    answered = []

    def ask_until_it_dies():
        with requests.Session() as session:
            try:
                while True:
                    answered.append(prediction_id(session.post(server.url + "/v2/models/scaled/infer", json=ONES)))
            except requests.RequestException:
                pass

    for _ in range(4):
        threads = [threading.Thread(target=ask_until_it_dies) for _ in range(4)]
        for thread in threads:
            thread.start()
        threading.Event().wait(seeds.uniform(0.05, 0.4))  # the point of the crash
        server.kill()
        for thread in threads:
            thread.join()
        server.start()
    assert len(answered) > 50
    found = {record["prediction_id"] for record in records(server)}
    for prediction in answered:
        assert prediction in found or find(server, prediction).status_code == 200


def test_a_stopped_server_has_lost_nothing(make_server, tmp_path):
    server = publish(make_server("--journal-durability", "none"), tmp_path)
    ids = [prediction_id(infer(server)) for _ in range(50)]
    assert server.stop() == 0
    server.start()
    assert [record["prediction_id"] for record in records(server)] == ids[::-1]


class SmallDisk:
    def __init__(self, path):
        self.path = path
        path.mkdir(parents=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", path], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr}")

    def fill(self):
        try:
            with open(self.path / "filler", "wb") as filler:
                while True:
                    filler.write(b"x" * 4096)
                    filler.flush()
        except OSError:
            pass

    def free(self):
        (self.path / "filler").unlink()


@pytest.fixture
def small_disk(tmp_path):
    disk = SmallDisk(tmp_path / "data/journal")
    yield disk
    subprocess.run(["umount", "-l", disk.path], check=True)


def until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.05)


def lost_for_disk(server):
    return server.get("/api/v1/journal").json()["lost"]["disk"]


def test_a_full_disk_stops_records_and_never_serving(small_disk, make_server, tmp_path):
    server = publish(make_server(), tmp_path)
    prediction_id(infer(server))
    until(lambda: server.get("/api/v1/journal").json()["records"] == 1)
    small_disk.fill()

    def ask_and_see_a_loss():
        assert infer(server).status_code == 200
        return lost_for_disk(server) > 0

    until(ask_and_see_a_loss)
    assert "modelyard_journal_records_lost_total{reason=\"disk\"}" in server.get("/metrics").text
    assert "records were lost" in server.cli("journal", "stats").stdout
    small_disk.free()
    assert find(server, prediction_id(infer(server))).status_code == 200
    assert server.log_path.read_text().count("decision records cannot be written") == 1


def test_an_endpoint_that_requires_records_answers_nothing_without_one(small_disk, make_server, tmp_path):
    server = publish(make_server(), tmp_path)
    assert "required" in server.cli("record", "scaled", "required=true").stdout
    until(lambda: infer(server).status_code == 200)
    small_disk.fill()
    answers = []
    until(lambda: answers.append(infer(server)) or answers[-1].status_code == 503)
    assert "record" in answers[-1].json()["error"] and "Retry-After" in answers[-1].headers
    small_disk.free()
    until(lambda: infer(server).status_code == 200)
    ids = [prediction_id(infer(server)) for _ in range(5)]
    server.kill()
    server.start()
    for prediction in ids:
        assert find(server, prediction).status_code == 200


def test_settings_of_an_endpoints_records_are_checked_kept_and_shown(server, tmp_path):
    publish(server, tmp_path)
    assert "has the defaults" in server.cli("record", "scaled").stdout
    server.cli("record", "scaled", "required=true")
    server.cli("schedule", "scaled", "max_batch_size=4")
    endpoint = server.get("/api/v1/endpoints/scaled").json()
    assert endpoint["journal"] == {"required": True} and endpoint["scheduling"] == {"max_batch_size": 4}
    refused = server.cli("record", "scaled", "requred=true", check=False)
    assert refused.returncode == 1 and "did you mean 'required'" in refused.stderr
    applied = server.cli("apply", "-f", "-", stdin="endpoints: {scaled: {journal: {}}}")
    assert "required" in applied.stdout
    assert server.get("/api/v1/endpoints/scaled").json()["journal"] == {}


def test_a_server_without_a_journal_says_so(make_server, tmp_path):
    server = publish(make_server("--journal", "false"), tmp_path)
    assert infer(server).status_code == 200
    answer = server.get("/api/v1/predictions")
    assert answer.status_code == 409 and "'journal'" in answer.json()["detail"]
    server.cli("record", "scaled", "required=true")
    until(lambda: infer(server).status_code == 503)
    assert not (tmp_path / "data/journal").exists()


def test_people_find_and_read_records_on_the_command_line(server, tmp_path):
    publish(server, tmp_path)
    prediction = prediction_id(infer(server))
    infer(server, body=WRONG)
    table = server.cli("predictions", "find", "scaled").stdout.splitlines()
    assert len(table) == 3 and "scaled/1" in table[1] and "invalid_argument" in table[1] and prediction in table[2]
    assert len(server.cli("predictions", "find", "--status", "ok", "--from", "1h", json_output=True)) == 1
    assert "no such predictions" in server.cli("predictions", "find", "--to", "1h").stdout
    shown = server.cli("predictions", "show", prediction).stdout
    assert "decided by     scaled/1" in shown and "traffic plan 1" in shown
    assert server.cli("predictions", "show", str(uuid.uuid4()), check=False).returncode == 3
    assert server.cli("predictions", "show", "17", check=False).returncode == 2
    assert "2 records" in server.cli("journal", "stats").stdout


def test_an_auditor_verifies_the_records_without_a_server(server, tmp_path):
    publish(server, tmp_path)
    infer(server)
    server.stop()
    data = tmp_path / "data"
    assert "1 files with 1 records, 0 of them damaged" in server.cli("journal", "verify", "--data", data).stdout
    file, = (data / "journal/endpoints/scaled").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:] + whole[16:])  # one block damaged, one whole
    found = server.cli("journal", "verify", "--data", data, check=False)
    assert found.returncode == 1 and "damaged scaled/decisions-0000000001.open" in found.stdout
    assert "1 records, 1 of them damaged" in found.stdout


def test_records_on_legal_hold_stay_and_their_endpoint_with_them(make_server, tmp_path):
    server = publish(make_server("--journal-max-age-days", "1"), tmp_path)
    server.cli("record", "scaled", "hold=true", "max_age_days=2")
    infer(server)
    endpoint, = server.get("/api/v1/journal").json()["endpoints"]
    assert endpoint["hold"] is True and endpoint["max_age_days"] == 2
    assert "hold" in server.cli("journal", "stats").stdout
    server.cli("undeploy", "scaled", "--wait")
    refused = requests.delete(server.url + "/api/v1/endpoints/scaled", timeout=60)
    assert refused.status_code == 409 and "legal hold" in refused.json()["detail"]
    refused = server.cli("record", "scaled", "max_bytes=5", check=False)
    assert refused.returncode == 1 and "journal.max_bytes" in refused.stderr
    server.cli("record", "scaled", "hold=")
    assert requests.delete(server.url + "/api/v1/endpoints/scaled", timeout=60).status_code == 204
