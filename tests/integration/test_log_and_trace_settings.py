"""Triton's logging and trace extensions: what can be changed at run time, and what is refused."""

import json

import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException

import models

KINDS = {"http": triton_http, "grpc": triton_grpc}


@pytest.fixture(params=sorted(KINDS))
def client(server, request):
    with KINDS[request.param].InferenceServerClient(server.address) as client:
        yield client


def plain(settings):
    """The settings as REST tells them."""
    if isinstance(settings, dict) and "settings" not in settings:
        return settings
    return {key: next(iter(value.values())) if value else None for key, value in settings["settings"].items()}


def log_settings(client):
    is_grpc = isinstance(client, triton_grpc.InferenceServerClient)
    return plain(client.get_log_settings(as_json=True) if is_grpc else client.get_log_settings())


def trace_settings(client, model=""):
    if isinstance(client, triton_grpc.InferenceServerClient):
        told = client.get_trace_settings(model, as_json=True)["settings"]
        return {key: value.get("value", [""]) for key, value in told.items()}
    return {key: value if isinstance(value, list) else [value] for key, value in client.get_trace_settings(model).items()}


def requests_in(server):
    lines = [json.loads(line) for line in server.log_path.read_text().splitlines() if line.startswith("{")]
    return sum(line["message"] == "request" for line in lines)


def test_the_log_is_described(client):
    told = log_settings(client)
    assert told["log_info"] and told["log_warning"] and told["log_error"]
    assert int(told["log_verbose_level"] or 0) == 0 and told["log_format"] == "ISO8601"
    assert not told["log_file"]


def test_a_level_is_changed_while_the_server_runs(client, server):
    client.update_log_settings({"log_info": False})
    told = log_settings(client)
    assert not told["log_info"] and told["log_warning"] and told["log_error"]
    before = requests_in(server)
    for _ in range(20):
        server.get("/v2")
    client.update_log_settings({"log_info": True})
    assert log_settings(client)["log_info"]
    server.get("/v2")
    assert server.stop() == 0  # and the log is whole
    paths = [json.loads(line).get("path") for line in server.log_path.read_text().splitlines()]
    assert paths.count("/v2") == 1 and requests_in(server) > before


def test_verbosity_and_format_are_changed(client, server):
    client.update_log_settings({"log_verbose_level": 1, "log_format": "default"})
    told = log_settings(client)
    assert int(told["log_verbose_level"]) == 1 and told["log_format"] == "default"
    assert server.stop() == 0
    last = server.log_path.read_text().splitlines()[-1]
    assert not last.startswith("{") and "stopped" in last


@pytest.mark.parametrize("change", [
    {"log_file": "/tmp/elsewhere"}, {"log_error": False}, {"log_warning": False}, {"log_verbose_level": 9},
    {"log_format": "xml"}, {"no_such_setting": True},
])
def test_what_the_log_cannot_do_is_refused_and_changes_nothing(client, change):
    before = log_settings(client)
    with pytest.raises(InferenceServerException, match=next(iter(change))):
        client.update_log_settings({**change, "log_verbose_level": change.get("log_verbose_level", 1)})
    assert log_settings(client) == before


def test_wrong_types_of_log_settings_are_refused(server):
    for body in ('{"log_info":"yes"}', '{"log_verbose_level":-1}', '[]', '{"log_info":', '{"log_file":7}'):
        answer = server.post("/v2/logging", data=body)
        assert answer.status_code == 400 and answer.json()["error"], body
    assert server.post("/v2/logging", data="").json() == server.get("/v2/logging").json()


def test_only_the_logging_extension_is_advertised(server):
    extensions = server.get("/v2").json()["extensions"]
    assert "logging" in extensions and "trace" not in extensions


def test_trace_settings_are_told_for_the_server_and_for_models(client, server, tmp_path):
    server.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait")
    for model in ("", "scaled"):
        told = trace_settings(client, model)
        assert told["trace_level"] == ["OFF"]
        assert set(told) == {"trace_level", "trace_rate", "trace_count", "log_frequency", "trace_file"}
    with pytest.raises(InferenceServerException, match="nosuch"):
        client.get_trace_settings("nosuch")


def test_a_trace_that_would_not_happen_is_refused(client):
    client.update_trace_settings(settings={"trace_level": ["OFF"], "trace_rate": None})  # as it is
    with pytest.raises(InferenceServerException, match="does not trace"):
        client.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"]})
    with pytest.raises(InferenceServerException, match="trace_file"):
        client.update_trace_settings(settings={"trace_file": "/etc/cron.d/x"})
    with pytest.raises(InferenceServerException, match="not a trace setting"):
        client.update_trace_settings(settings={"trace_colour": "red"})
    assert trace_settings(client)["trace_level"] == ["OFF"]
