"""The command line against a real server: what people see, exit codes, and the files they give."""

import json
import socket
import time
import subprocess

import numpy as np
import onnx
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
        assert "junk.onnx" in done.stdout + done.stderr


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


def golden_of(factor, path):
    """Golden samples that `scale` with that factor reproduces."""
    path.write_text(json.dumps({"samples": [{
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 4], "data": [factor * v for v in (1, 2, 3, 4)]}]}]}))
    return path


def test_a_version_that_serves_is_given_no_golden_samples_that_it_does_not_reproduce(scaled, tmp_path):
    again = ("push", "scaled", tmp_path / "1.onnx", "--deploy", "--wait", "--golden")

    refused = scaled.cli(*again, golden_of(3, tmp_path / "wrong.json"), check=False)

    assert refused.returncode == 4 and "golden sample 0" in refused.stderr, refused.stderr
    assert "golden" not in scaled.cli("show", "scaled/1").stdout
    assert scaled.cli(*again, golden_of(2, tmp_path / "right.json")).stdout.strip().endswith("deployed and ready")
    assert scaled.cli("show", "scaled/1", json_output=True)["attachments"][0]["kind"] == "golden"


def test_the_right_golden_samples_mend_a_version_at_once(server, tmp_path):
    push = ("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait", "--golden")
    wrong, right = golden_of(3, tmp_path / "wrong.json"), golden_of(2, tmp_path / "right.json")

    assert server.cli(*push, wrong, check=False).returncode == 4
    assert server.cli(*push, wrong, check=False).returncode == 4, "again is no better"
    assert server.cli("push", "scaled", tmp_path / "m.onnx", "--wait", check=False).returncode == 4
    assert server.cli(*push, right).stdout.strip() == "already there: version 1 of 'scaled', deployed and ready"
    assert ask(server, "scaled") == 2


def test_apply_refuses_names_that_no_command_could_use(scaled):
    for name in ("a b", "x/y", "..", "", "z@1", "é", "e" * 400):
        refused = scaled.cli("apply", "-f", "-", stdin=json.dumps(
            {"endpoints": {name: {"model": "scaled", "version": 1}}}), check=False)
        assert refused.returncode == 1 and "not a model name" in refused.stderr, (name, refused.stderr)


def test_apply_deploys_the_alias_that_it_moves(scaled):
    scaled.cli("alias", "set", "scaled", "champion", "1")
    document = json.dumps({"models": {"scaled": {"aliases": {"champion": 2}}},
                           "endpoints": {"scaled": {"alias": "champion"}}})

    first = scaled.cli("apply", "-f", "-", stdin=document, json_output=False).stdout
    assert "endpoint.deploy" in first and "alias.set" in first
    assert "nothing to change" in scaled.cli("apply", "-f", "-", stdin=document).stdout


@pytest.mark.parametrize("arguments", [
    ("push", "m", "{model}", "--golden", ""), ("validate", "{model}", "--golden", ""),
    ("validate", "{model}", "--junit", ""), ("config", "--config", ""), ("models", "--api-key-file", ""),
    ("restore", "backup", "--data", ""),
])
def test_an_empty_path_is_no_file_that_was_left_out(tmp_path, arguments):
    model = models.scale(tmp_path / "m.onnx", 2)

    done = offline(*(argument.format(model=model) for argument in arguments))

    assert done.returncode == 2 and "an empty path names no file" in done.stderr, done.stderr


def test_the_environment_names_the_configuration_file(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("queue_capacity: 7\n")
    monkeypatch.setenv("MODELYARD_CONFIG", str(tmp_path / "mine.yaml"))
    assert json.loads(offline("config", "--json").stdout)["queue_capacity"]["value"] == "7"

    monkeypatch.setenv("MODELYARD_CONFIG", str(tmp_path / "absent.yaml"))
    assert offline("config").returncode == 3


def test_a_server_that_is_silent_is_not_waited_for_for_ever(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = offline("models", "--server", f"http://127.0.0.1:{silent.getsockname()[1]}", "--timeout", "1")

    assert done.returncode == 7 and "did not answer in time" in done.stderr, done.stderr


def test_a_backup_without_a_folder_is_refused():
    done = offline("backup", "")

    assert done.returncode == 1 and "is no folder" in done.stderr


def test_a_deleted_model_says_so(server, tmp_path):
    server.cli("push", "gone", models.scale(tmp_path / "m.onnx", 2), "--wait")
    server.cli("undeploy", "gone", "--wait")
    server.cli("delete", "gone")

    assert server.cli("models").stdout.splitlines()[1].split()[:2] == ["gone", "deleted"]


def test_a_model_with_two_endpoints_is_shown_by_the_one_that_answers(scaled):
    scaled.cli("apply", "-f", "-", stdin=json.dumps({"endpoints": {"zz": {"model": "scaled"}}}))

    assert scaled.cli("models").stdout.splitlines()[1].split()[:2] == ["scaled", "ready"]
    assert "zz (of scaled)" in scaled.cli("status").stdout


def test_a_dash_is_standard_input(scaled):
    assert '"predictions":[[2' in scaled.cli("predict", "scaled", "-", stdin="[[1, 1, 1, 1]]").stdout.replace(" ", "")


def test_what_is_no_model_fails_its_validation_in_junit_too(tmp_path):
    (tmp_path / "text.onnx").write_text("hello")

    done = offline("validate", tmp_path / "text.onnx", "--junit", tmp_path / "report.xml")

    assert done.returncode == 4 and "FAILED load" in done.stdout, done.stderr
    assert 'failures="1"' in (tmp_path / "report.xml").read_text()


def test_a_reference_is_rows_and_errors_name_their_file(server, tmp_path):
    model = models.scale(tmp_path / "m.onnx", 2)
    (tmp_path / "bad.json").write_text("{}")

    binary = server.cli("push", "m", model, "--reference", model, check=False)
    shapeless = server.cli("push", "m", model, "--golden", tmp_path / "bad.json", check=False)

    assert binary.returncode == 1 and "neither a Parquet file nor CSV" in binary.stderr
    assert shapeless.returncode == 1 and "bad.json" in shapeless.stderr
    assert server.cli("models", json_output=True) == []


@pytest.mark.parametrize("arguments, meant", [
    (("predict", "scaled@champoin", "-d", "[[1, 1, 1, 1]]"), "champion"), (("deploy", "scaled", "@champoin"), "champion"),
    (("alias", "unset", "scaled", "champoin"), "champion"), (("alias", "sett", "scaled", "a", "1"), "set"),
    (("tag", "unsett", "scaled", "a"), "unset"),
])
def test_misspelt_aliases_and_subcommands_are_guessed(scaled, arguments, meant):
    scaled.cli("alias", "set", "scaled", "champion", "1")

    done = scaled.cli(*arguments, check=False)

    assert done.returncode in (2, 3) and f"did you mean '{meant}'" in done.stderr, done.stderr


def test_inspect_shows_what_it_can_of_a_model_that_would_be_refused(tmp_path):
    model = onnx.load(models.scale(tmp_path / "plain.onnx", 2))
    model.graph.node[0].domain = "my.ops"
    model.opset_import.add(domain="my.ops", version=1)
    onnx.save(model, tmp_path / "custom.onnx")
    model = onnx.load(models.wide(tmp_path / "wide.onnx"))
    onnx.save_model(model, tmp_path / "external.onnx", save_as_external_data=True, location="weights.bin")
    (tmp_path / "weights.bin").unlink()

    for name, words in (("custom", "custom domain 'my.ops'"), ("external", "external data 'weights.bin' is missing")):
        done = offline("inspect", tmp_path / f"{name}.onnx")
        assert done.returncode == 4 and "opset" in done.stdout and words in done.stdout, done
        assert offline("validate", tmp_path / f"{name}.onnx").returncode == 4


@pytest.mark.parametrize("arguments, words", [
    (("push", "m", "m.onnx", "--metric", "auc=high"), "'auc=high' is not KEY=NUMBER"),
    (("deploy", "m", "champion"), "'champion' is not a version number: expected 1, 2, 3…, or @ALIAS"),
    (("alias", "set", "m", "a", "-1"), ""), (("deploy", "m", "0"), "is not a version number"),
])
def test_arguments_of_a_wrong_kind_are_usage_errors(arguments, words):
    done = offline(*arguments)

    assert done.returncode == 2 and words in done.stderr, done.stderr


def test_events_of_a_model_that_never_was_are_not_found(server):
    assert server.cli("events", "nobody", check=False).returncode == 3
