"""The command line against a real server: what people see, exit codes, and the files they give."""

import json
import time
import subprocess

import numpy as np
import pytest

import models
from conftest import BINARY


@pytest.fixture
def scaled(server, tmp_path):
    """A server that serves version 1 of `scaled` (y = 2x) and holds version 2 (y = 3x)."""
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    server.cli("push", "scaled", models.scale(tmp_path / "2.onnx", 3))
    return server


def offline(*arguments, cwd=None):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=cwd)


def ask(server, *arguments):
    answer = server.cli("predict", *arguments, "-d", '{"instances": [[1, 1, 1, 1]]}', json_output=True)
    return answer["predictions"][0][0]


def test_the_first_push_serves_and_later_ones_only_publish(scaled):
    assert ask(scaled, "scaled") == 2
    assert scaled.cli("predict", "scaled/2", "-d", "{}", check=False).returncode == 3
    assert [row["version"] for row in scaled.cli("versions", "scaled", json_output=True)] == [1, 2]


def test_deploy_and_roll_back(scaled):
    scaled.cli("deploy", "scaled", "2", "--wait")
    assert ask(scaled, "scaled") == 3
    scaled.cli("rollback", "scaled", "--wait")
    assert ask(scaled, "scaled") == 2


def test_an_alias_can_be_deployed_and_asked(scaled):
    scaled.cli("alias", "set", "scaled", "next", "2")
    scaled.cli("deploy", "scaled", "@next", "--wait")
    assert ask(scaled, "scaled@next") == 3
    assert "next" in scaled.cli("alias", "list", "scaled").stdout
    scaled.cli("alias", "unset", "scaled", "next")


def wait_until_ready(server, version):
    model, number = version.split("/")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for known in server.cli("status", json_output=True)["versions"]:
            if known["model"] == model and known["version"] == int(number) and known["phase"] == "ready":
                return
    raise AssertionError(f"{version} is not ready: {server.cli('status').stdout}")


def test_a_pinned_version_stays_loaded_without_an_endpoint(scaled):
    scaled.cli("undeploy", "scaled", "--wait")
    scaled.cli("pin", "scaled/1")
    wait_until_ready(scaled, "scaled/1")
    assert "pinned" in scaled.cli("show", "scaled/1").stdout
    assert scaled.cli("delete", "scaled/1", check=False).returncode == 4

    scaled.kill()
    scaled.start()
    wait_until_ready(scaled, "scaled/1")
    scaled.cli("unpin", "scaled/1")
    assert scaled.cli("unpin", "scaled/1", check=False).returncode != 0
    scaled.cli("delete", "scaled/1")


def test_undeploy_answers_nothing(scaled):
    scaled.cli("undeploy", "scaled", "--wait")
    done = scaled.cli("predict", "scaled", "-d", '{"instances": [[1, 1, 1, 1]]}', check=False)
    assert done.returncode != 0
    assert done.stderr


def test_what_serves_is_not_deleted(scaled):
    done = scaled.cli("delete", "scaled/1", check=False)
    assert done.returncode == 4
    assert "served by endpoint 'scaled'" in done.stderr
    scaled.cli("delete", "scaled/2")
    scaled.cli("restore-version", "scaled/2")
    assert ask(scaled, "scaled/1") == 2


def test_tables_and_events_are_for_people(scaled):
    status = scaled.cli("status").stdout
    assert "scaled" in status and "ready" in status
    assert "version_ready" in scaled.cli("events").stdout or "ready" in scaled.cli("events").stdout
    assert "scaled" in scaled.cli("models").stdout
    assert "onnx" in scaled.cli("show", "scaled/1").stdout


def test_a_request_is_told_why_nothing_answers(server, tmp_path):
    golden = tmp_path / "golden.json"
    golden.write_text(json.dumps({"samples": [{
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 4], "data": [9, 9, 9, 9]}]}]}))
    server.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--golden", golden, "--wait", check=False)
    body = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}

    failing = server.post("/v2/models/scaled/infer", json=body)
    server.cli("undeploy", "scaled", "--wait")
    stopped = server.post("/v2/models/scaled/infer", json=body)

    assert failing.status_code == 503 and "version 1: " in failing.text and "golden sample 0" in failing.text
    assert stopped.status_code in (400, 404, 503) and "golden" not in stopped.text


def test_tags_metrics_and_golden_samples_are_kept(server, tmp_path):
    golden = tmp_path / "golden.json"
    golden.write_text(json.dumps({"samples": [{
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 4], "data": [2, 4, 6, 8]}]}]}))
    server.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--golden", golden, "--tag", "team=risk",
               "--metric", "auc=0.9", "--alias", "champion", "--wait")

    shown = json.dumps(server.cli("show", "scaled/1", json_output=True))

    assert "risk" in shown and "0.9" in shown and "golden" in shown and "champion" in shown


def test_a_version_that_does_not_reproduce_its_samples_gets_no_traffic(server, tmp_path):
    golden = tmp_path / "golden.json"
    golden.write_text(json.dumps({"samples": [{
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 4], "data": [2, 4, 6, 8]}]}]}))
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--golden", golden, "--wait")

    done = server.cli("push", "scaled", models.scale(tmp_path / "2.onnx", 5), "--golden", golden, "--deploy", "--wait",
                      check=False)

    assert done.returncode in (1, 4)
    assert "golden sample 0" in done.stderr
    assert ask(server, "scaled") == 2


@pytest.mark.parametrize("arguments, code, words", [
    (["frobnicate"], 2, ""),
    (["push", "scaled"], 2, ""),
    (["show", "nobody"], 3, "nobody"),
    (["status", "scalde"], 3, "did you mean 'scaled'?"),
    (["predict", "scaeld", "-d", "{}"], 3, "did you mean 'scaled'?"),
    (["deploy", "scaled", "9"], 3, "9"),
    (["tag", "set", "scaled", "risk"], 2, "KEY=VALUE"),
    (["tag", "set", "scaled", "=high"], 2, "KEY=VALUE"),
    (["restore-version", "scaled/1"], 4, "published already"),
    (["push", "bad name", "1.onnx"], 1, "name"),
    (["push", "scaled", "missing.onnx"], 3, "missing.onnx"),
])
def test_exit_codes_tell_what_went_wrong(scaled, arguments, code, words):
    done = scaled.cli(*arguments, check=False)

    assert done.returncode == code, (done.stdout, done.stderr)
    assert words in done.stderr
    assert done.stderr.strip()


def test_a_server_that_is_not_there_is_exit_code_5(tmp_path):
    done = offline("models", "--server", "http://127.0.0.1:1", cwd=tmp_path)

    assert done.returncode == 5
    assert "127.0.0.1:1" in done.stderr


def test_a_file_that_is_no_model_is_refused(tmp_path):
    junk = tmp_path / "junk.onnx"
    junk.write_bytes(b"this is not a model")

    for command in ("inspect", "validate"):
        done = offline(command, junk)
        assert done.returncode != 0
        assert "junk.onnx" in done.stderr or "ONNX" in done.stderr


def test_inspect_and_validate_need_no_server(tmp_path):
    path = models.scale(tmp_path / "m.onnx", 2)
    report = tmp_path / "report.xml"

    assert "Mul" in offline("inspect", path).stdout
    done = offline("validate", path, "--junit", report)

    assert done.returncode == 0, done.stderr
    assert "<testsuite" in report.read_text()


def test_serve_publishes_files_under_their_own_names(make_server, tmp_path):
    path = models.scale(tmp_path / "doubler.onnx", 2)
    server = make_server(path)

    assert ask(server, "doubler") == 2


def test_apply_makes_it_so_and_says_what_it_would_do(scaled, tmp_path):
    file = tmp_path / "wanted.yaml"
    file.write_text("endpoints:\n  scaled:\n    version: 2\n")

    planned = scaled.cli("apply", "-f", file, "--dry-run")
    assert planned.stdout.strip()
    assert ask(scaled, "scaled") == 2
    scaled.cli("apply", "-f", file)
    scaled.cli("deploy", "scaled", "2", "--wait")
    assert ask(scaled, "scaled") == 3


def test_settings_come_from_flags_then_environment_then_file(tmp_path):
    (tmp_path / "modelyard.yaml").write_text("listen: 127.0.0.1:7001\n")
    environment = {"PATH": "/usr/bin:/bin", "MODELYARD_LISTEN": "127.0.0.1:7002"}

    def listen(*flags, env=None):
        done = subprocess.run([BINARY, "config", "--json", *flags], capture_output=True, text=True, cwd=tmp_path,
                              env=env or {"PATH": "/usr/bin:/bin"}, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.dumps(json.loads(done.stdout))

    assert "127.0.0.1:7001" in listen()
    assert "127.0.0.1:7002" in listen(env=environment)


def test_an_unknown_setting_names_the_nearest(tmp_path):
    (tmp_path / "modelyard.yaml").write_text("lissten: 127.0.0.1:7001\n")

    done = offline("config", cwd=tmp_path)

    assert done.returncode != 0
    assert "listen" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_offered(shell):
    assert "modelyard" in offline("completion", shell).stdout


def test_a_wide_model_runs_on_workers(server, tmp_path):
    server.cli("push", "wide", models.wide(tmp_path / "w.onnx", 512), "--wait")
    answer = server.post("/v1/models/wide:predict", json={"instances": np.ones((64, 512)).tolist()})
    assert answer.status_code == 200
    assert np.array(answer.json()["predictions"]).shape == (64, 10)
