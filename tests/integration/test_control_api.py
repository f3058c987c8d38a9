"""The control API: by hand for its promises, and by schemathesis for everything its contract says."""

import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import sys
import time

import pytest
import requests
import yaml

import models
from conftest import ROOT

CONTRACT = yaml.safe_load((ROOT / "api/openapi.yaml").read_text())


def put_blob(server, content):
    digest = hashlib.sha256(content).hexdigest()
    answer = server.session.put(f"{server.url}/api/v1/blobs/{digest}", data=content, timeout=60)
    assert answer.status_code == 201, answer.text
    return digest


@pytest.fixture
def api(server):
    server.session = requests.Session()
    return server


def document_of(server, path):
    content = pathlib.Path(path).read_bytes()
    shown = server.cli("inspect", path, json_output=True)
    return {"format": "onnx", "signature": shown["signature"],
            "files": [{"path": "model.onnx", "digest": put_blob(server, content), "size": len(content)}]}


def test_a_version_is_published_from_blobs(api, tmp_path):
    document = document_of(api, models.scale(tmp_path / "m.onnx", 2))

    first = api.post("/api/v1/models/scaled/versions", json=document)
    again = api.post("/api/v1/models/scaled/versions", json=document)

    assert first.status_code == 201, first.text
    assert again.status_code == 200
    assert first.json()["version"] == again.json()["version"] == 1


def test_a_version_needs_its_blobs(api, tmp_path):
    document = document_of(api, models.scale(tmp_path / "m.onnx", 2))
    document["files"][0]["digest"] = "0" * 64

    answer = api.post("/api/v1/models/scaled/versions", json=document)

    assert answer.status_code in (400, 409)
    assert "0" * 64 in answer.json()["detail"]
    assert api.get("/api/v1/models/scaled").status_code == 404


def test_blobs_are_checked_and_found(api):
    digest = put_blob(api, b"weights")

    head = api.session.head(f"{api.url}/api/v1/blobs/{digest}", timeout=60)
    assert head.status_code == 200
    assert head.headers["Content-Length"] == "7"
    assert api.get(f"/api/v1/blobs/{digest}").content == b"weights"
    wrong = api.session.put(f"{api.url}/api/v1/blobs/{'1' * 64}", data=b"weights", timeout=60)
    assert wrong.status_code == 400
    assert api.session.head(f"{api.url}/api/v1/blobs/{'1' * 64}", timeout=60).status_code == 404


def test_if_match_protects_against_lost_updates(api, tmp_path):
    api.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait")
    tag = api.get("/api/v1/models/scaled").headers["ETag"]

    first = api.session.patch(f"{api.url}/api/v1/models/scaled", json={"description": "a"}, headers={"If-Match": tag})
    second = api.session.patch(f"{api.url}/api/v1/models/scaled", json={"description": "b"}, headers={"If-Match": tag})

    assert first.status_code == 200
    assert second.status_code == 412
    assert api.get("/api/v1/models/scaled").json()["description"] == "a"


def test_an_idempotency_key_gives_the_first_answer_again(api, tmp_path):
    for factor in (2, 3):
        api.cli("push", "scaled", models.scale(tmp_path / f"{factor}.onnx", factor), "--wait")
    key = {"Idempotency-Key": "deploy-1"}

    first = api.post("/api/v1/endpoints/scaled:deploy", json={"version": 2}, headers=key)
    again = api.post("/api/v1/endpoints/scaled:deploy", json={"version": 2}, headers=key)
    other = api.post("/api/v1/endpoints/scaled:deploy", json={"version": 1}, headers=key)

    assert first.status_code == 200, first.text
    assert again.json() == first.json()
    assert again.headers["ETag"] == first.headers["ETag"]
    assert other.status_code == 409


def test_repeats_of_a_key_at_the_same_time_act_once(api, tmp_path):
    for factor in (2, 3):
        api.cli("push", "scaled", models.scale(tmp_path / f"{factor}.onnx", factor), "--deploy", "--wait")

    def roll_back(_):
        return requests.post(f"{api.url}/api/v1/endpoints/scaled:rollback", headers={"Idempotency-Key": "back-1"}, timeout=60)

    for _ in range(5):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(roll_back, range(8)))
        assert {answer.status_code for answer in answers} <= {200, 409}, [answer.text for answer in answers]

    assert roll_back(0).json()["version"] == 1
    assert len(api.get("/api/v1/endpoints/scaled/plans").json()["items"]) == 3  # two deployments, one step back


def test_a_call_without_a_body_refuses_one(api):
    refused = api.post("/api/v1/gc", json={"dry_run": True})

    assert refused.status_code == 400 and "takes no body" in refused.json()["detail"], refused.text
    assert api.post("/api/v1/gc", json={}).status_code == 200


@pytest.mark.parametrize("method, path, headers, status", [
    ("GET", "/api/v1/nope", {}, 404),
    ("POST", "/api/v1/models", {}, 405),
    ("GET", "/api/v1/models/m:restore", {}, 405),
    ("PUT", f"/api/v1/blobs/{'0' * 64}", {"Content-Encoding": "gzip"}, 415),
    ("PATCH", "/api/v1/models/m", {"Content-Encoding": "br"}, 501),
    ("PATCH", "/api/v1/models/m", {"Content-Encoding": "gzip"}, 400),
])
def test_what_is_refused_before_its_call_is_a_problem_document(api, method, path, headers, status):
    answer = api.session.request(method, api.url + path, data=b"x", headers=headers, timeout=60)

    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    if status == 501:
        assert answer.headers["Accept-Encoding"] == "gzip, deflate, zstd"


def test_preconditions_that_cannot_be_kept_are_refused(api, tmp_path):
    api.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2))

    def describe(**headers):
        return api.session.patch(f"{api.url}/api/v1/models/scaled", json={"description": "a"},
                                 headers={name.replace("_", "-"): value for name, value in headers.items()}).status_code

    assert describe(If_Match='"bogus"') == 412
    assert describe(If_Match='W/"1"') == 412
    assert describe(If_None_Match="*") == 400
    assert describe(If_Match="*") == 200


@pytest.mark.parametrize("body", [{}, {"version": 0}, {"version": -1}])
def test_a_deployment_says_what_it_deploys(api, tmp_path, body):
    api.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2))

    assert api.post("/api/v1/endpoints/scaled:deploy", json=body).status_code == 400


def ask(api):
    body = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
    answer = api.post("/v2/models/scaled/infer", json=body)
    return answer.json()["outputs"][0]["data"] if answer.ok else answer.status_code


def test_a_model_of_a_purged_ones_name_is_another_one(api, tmp_path):
    api.cli("push", "scaled", models.scale(tmp_path / "2.onnx", 2), "--wait")
    assert ask(api) == [2, 4, 6, 8]
    api.cli("undeploy", "scaled", "--wait")
    api.cli("delete", "scaled", "--hard")

    api.cli("push", "scaled", models.scale(tmp_path / "3.onnx", 3), "--wait")

    assert ask(api) == [3, 6, 9, 12]
    assert [item["version"] for item in api.get("/api/v1/models/scaled/versions").json()["items"]] == [2]


def test_what_was_deleted_has_no_grace(api, tmp_path):
    api.cli("push", "scaled", models.scale(tmp_path / "2.onnx", 2), "--wait")
    api.cli("undeploy", "scaled", "--wait")
    by_number = "/v2/models/scaled/versions/1/ready"
    assert api.get(by_number).status_code == 200  # within the grace

    api.cli("delete", "scaled/1")

    end = time.monotonic() + 10  # the grace is 30 seconds
    while api.get(by_number).status_code == 200:
        assert time.monotonic() < end, "it goes on"


def test_lists_come_in_pages(api, tmp_path):
    for factor in range(1, 6):
        api.cli("push", "scaled", models.scale(tmp_path / f"{factor}.onnx", factor))
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get("/api/v1/models/scaled/versions", params={"limit": 2, "cursor": cursor} if cursor else {"limit": 2})
        seen += [item["version"] for item in page.json()["items"]]
        cursor = page.json()["next_cursor"]

    assert sorted(seen) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("method, path, body, status", [
    ("GET", "/api/v1/models/nobody", None, 404),
    ("GET", "/api/v1/models?limt=3", None, 400),
    ("GET", "/api/v1/models?limit=0", None, 400),
    ("POST", "/api/v1/models/m/versions", "{", 400),
    ("POST", "/api/v1/models/m/versions", '{"version": 3}', 400),
    ("DELETE", "/api/v1/models/nobody", None, 404),
    ("PUT", "/api/v1/models/nobody/aliases/a", '{"version": 1}', 404),
    ("POST", "/api/v1/endpoints/nobody:deploy", '{"version": 1}', 404),
    ("PATCH", "/api/v1/events", None, 405),
    ("GET", "/api/v1/blobs/short", None, 400),
])
def test_problems_follow_rfc_9457(api, method, path, body, status):
    answer = api.session.request(method, api.url + path, data=body, timeout=60)

    assert answer.status_code == status
    if status != 405:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert answer.json()["detail"]


def test_the_contract_is_served(api):
    assert api.get("/api/v1/openapi.yaml").text == (ROOT / "api/openapi.yaml").read_text()


def test_every_operation_of_the_contract_has_a_route(api):
    for path, operations in CONTRACT["paths"].items():
        for method in operations:
            if method in ("parameters", "summary", "description"):
                continue
            target = path.replace("{model}", "m").replace("{version}", "1").replace("{alias}", "a")
            target = target.replace("{key}", "k").replace("{endpoint}", "m").replace("{digest}", "0" * 64)
            target = target.replace("{name}", "n")
            answer = api.session.request(method, api.url + target, timeout=60)
            assert answer.status_code != 405, f"{method} {path}"
            assert answer.text != '{"error":"Not Found"}', f"{method} {path}"


def test_schemathesis_finds_nothing(api, tmp_path):
    """Generated requests of every kind: no 5xx, and no answer that the contract does not know."""
    api.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait")
    done = subprocess.run(
        [pathlib.Path(sys.executable).parent / "schemathesis", "run", ROOT / "api/openapi.yaml", "--url", api.url,
         "--max-examples", os.environ.get("SCHEMATHESIS_EXAMPLES", "15"), "--seed", "7", "--no-color",
         "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
         "--phases", "examples,coverage,fuzzing", "--exclude-operation-id", "backUp"],
        capture_output=True, text=True, cwd=tmp_path, timeout=280)

    assert done.returncode == 0, done.stdout[-6000:]


def test_documents_follow_the_published_schemas(api, tmp_path):
    import json

    import jsonschema_rs
    schemas = {name: json.loads((ROOT / f"api/schemas/{name}.schema.json").read_text())
               for name in ("version", "attachments", "config")}
    document = document_of(api, models.scale(tmp_path / "m.onnx", 2))
    jsonschema_rs.validator_for(schemas["version"]).validate(document)
    assert api.post("/api/v1/models/scaled/versions", json=document).status_code == 201

    attachments = jsonschema_rs.validator_for(schemas["attachments"])
    for content in ({"kind": "metrics", "content": {"auc": 0.5}}, {"kind": "card", "content": {"overview": "o"}},
                    {"kind": "lineage", "content": {"code": {"commit": "a", "dirty": True}}},
                    {"kind": "evidence", "content": {"title": "review"}},
                    {"kind": "metrics", "content": {"auc": "high"}}, {"kind": "card", "content": {"overveiw": "o"}}):
        answer = api.post("/api/v1/models/scaled/versions/1/attachments", json=content)
        assert attachments.is_valid(content) == (answer.status_code in (200, 201)), (content, answer.text)
    assert jsonschema_rs.validator_for(schemas["config"]).is_valid({"listen": "127.0.0.1:1"})
