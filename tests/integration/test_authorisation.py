"""API keys and the one gate: every route and method, met without a credential, without the verb, and for another model."""

import json
import os
import queue
import re
import socket
import subprocess

import grpc
import numpy as np
import pytest
import requests
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from google.protobuf import descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.utils import InferenceServerException

import models
from conftest import BINARY
from test_control_api import CONTRACT

OPEN_ROUTES = {("GET", "/livez"), ("GET", "/readyz"), ("GET", "/v2/health/live"), ("GET", "/v2/health/ready")}
OPEN_METHODS = {"/inference.GRPCInferenceService/ServerLive", "/inference.GRPCInferenceService/ServerReady",
                "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"}


def offline_key(folder, name, *arguments):
    done = subprocess.run([BINARY, "key", "create", name, "--data", folder / "data", *arguments], capture_output=True,
                          text=True, timeout=60, env={k: v for k, v in os.environ.items() if k != "MODELYARD_API_KEY"})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def bearer(key):
    return {"Authorization": f"Bearer {key}"} if key else {}


class Keys:
    """A server that asks, an administrator, and keys of one verb each, on one model."""

    def __init__(self, server, admin):
        self.server, self.admin = server, admin
        self.of = {}
        for verb in ("infer", "read", "publish", "deploy"):
            self.of[verb] = self.create(f"only-{verb}", "--verbs", verb, "--models", "scaled,walked")
        self.of["elsewhere"] = self.create("elsewhere", "--verbs", "infer,read,publish,deploy,payload", "--models", "other-*")

    def cli(self, *arguments, key=None, **options):
        os.environ["MODELYARD_API_KEY"] = key or self.admin
        try:
            return self.server.cli(*arguments, **options)
        finally:
            del os.environ["MODELYARD_API_KEY"]

    def create(self, name, *arguments):
        return self.cli("key", "create", name, *arguments).stdout.strip()

    def ask(self, method, path, key=None, **options):
        return requests.request(method, self.server.url + path, headers={**bearer(key), **options.pop("headers", {})},
                                timeout=60, **options)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    from conftest import Server
    folder = tmp_path_factory.mktemp("authorisation")
    admin = offline_key(folder, "first", "--verbs", "admin")
    server = Server(folder, ["--authentication", "required"])
    made = Keys(server, admin)
    for name, factor in (("scaled", 2), ("walked", 2), ("other-one", 3)):
        made.cli("push", name, models.scale(folder / f"{name}.onnx", factor), "--wait")
    yield made
    assert server.stop() == 0, server.log_path.read_text()[-4000:]


def filled(path):
    for name, value in (("model", "walked"), ("version", "1"), ("alias", "live"), ("key", "k"), ("endpoint", "walked"),
                        ("digest", "0" * 64), ("name", "nobody")):
        path = path.replace("{%s}" % name, value)
    return path


def rest_routes():
    for path, operations in CONTRACT["paths"].items():
        for method in operations:
            if method != "parameters":
                yield method.upper(), path
    for method, path in (("GET", "/livez"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/v2"),
                         ("GET", "/v2/health/live"), ("GET", "/v2/health/ready"), ("GET", "/v2/models/stats"),
                         ("POST", "/v2/repository/index"), ("POST", "/v2/repository/models/{model}/load"),
                         ("POST", "/v2/repository/models/{model}/unload"), ("GET", "/v2/logging"),
                         ("POST", "/v2/logging"), ("GET", "/v2/trace/setting"), ("POST", "/v2/trace/setting"),
                         ("GET", "/v2/models/{model}/trace/setting"), ("POST", "/v2/models/{model}/trace/setting"),
                         *(("GET", f"/v2/{kind}sharedmemory{of}/status") for kind in ("system", "cuda")
                           for of in ("", "/region/r")),
                         *(("POST", f"/v2/{kind}sharedmemory{of}/unregister") for kind in ("system", "cuda")
                           for of in ("", "/region/r")),
                         ("POST", "/v2/systemsharedmemory/region/r/register"),
                         ("POST", "/v2/cudasharedmemory/region/r/register")):
        yield method, path
    for model in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        for method, tail in (("GET", ""), ("GET", "/ready"), ("GET", "/config"), ("GET", "/stats"), ("POST", "/infer")):
            yield method, model + tail
    for model in ("/v1/models/{model}", "/v1/models/{model}/versions/{version}", "/v1/models/{model}/labels/{alias}"):
        for method, tail in (("GET", ""), ("GET", "/metadata"), ("POST", ":predict"), ("POST", ":classify"),
                             ("POST", ":regress")):
            yield method, model + tail


REST_ROUTES = sorted(set(rest_routes()))

# The verbs of which one is enough, by what a path and method are; read from the top.
NEEDED = [
    (r"GET /(livez|readyz|v2/health/.*)", None),
    (r"GET /api/v1/(version|openapi.yaml)", {"infer", "read", "publish", "deploy", "label"}),
    (r"\w+ /api/v1/(keys.*|gc|backup|audit.*)", {"admin"}),
    (r"GET /api/v1/(models|endpoints|journal|rollouts)", {"read on all"}),
    (r"GET /api/v1/blobs/.*", {"read on all"}),
    (r"HEAD /api/v1/blobs/.*", {"read", "publish"}),
    (r"PUT /api/v1/blobs/.*", {"publish"}),
    (r"POST /api/v1/apply", {"deploy on all"}),
    (r"\w+ /api/v1/predictions/.*(/payload|/ground-truth|:replay)", {"payload"}),
    (r"GET /api/v1/endpoints/.*/(drift|profiles)", {"payload"}),
    (r"POST /api/v1/endpoints/.*/monitors/.*:test", {"payload"}),
    (r"GET /api/v1/models/.*/reference", {"payload"}),
    (r"GET /api/v1/(alerts/.*|silences)", {"read on all"}),
    (r"POST /api/v1/alerts:acknowledge", {"deploy"}),
    (r"\w+ /api/v1/silences.*", {"deploy on all"}),
    (r"POST /api/v1/(ground-truth|metrics)", {"label"}),
    (r"GET /api/v1/.*", {"read"}),
    (r"\w+ /api/v1/.*/(pin|aliases/.*)", {"deploy"}),
    (r"POST /api/v1/endpoints/.*/rollouts:plan", {"read"}),
    (r"\w+ /api/v1/endpoints/.*", {"deploy"}),
    (r"POST /api/v1/rollouts/.*", {"deploy"}),
    (r"\w+ /api/v1/models/.*", {"publish"}),
    (r"\w+ /v2/\w+sharedmemory/.*", {"infer on all"}),
    (r"\w+ /v2/(logging|trace/setting|models/.*/trace/setting)", {"read"}),
    (r"GET /(metrics|v2/models/stats)", {"read on all"}),
    (r"POST /v2/repository/index", {"read on all"}),
    (r"POST /v2/repository/.*", {"deploy"}),
    (r"GET /v[12].*", {"infer", "read"}),
    (r"POST /v[12].*", {"infer"}),
]


def needed(method, path):
    for pattern, verbs in NEEDED:
        if re.fullmatch(pattern, f"{method} {path}"):
            return verbs
    raise AssertionError(f"nothing says who may {method} {path}")


@pytest.mark.parametrize("method, path", REST_ROUTES)
def test_every_route_asks_who_calls_and_what_they_may(keys, method, path):
    wanted = needed(method, path)
    answer = keys.ask(method, filled(path))
    if wanted is None:
        assert (method, path) in OPEN_ROUTES
        assert answer.status_code == 200
        return
    assert answer.status_code == 401, answer.text
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for verb in ("infer", "read", "publish", "deploy"):
        answer = keys.ask(method, filled(path), keys.of[verb], data=b"{")
        assert (answer.status_code in (401, 403)) == (verb not in wanted), f"{verb}: {answer.status_code} {answer.text}"


@pytest.mark.parametrize("method, path", [route for route in REST_ROUTES if re.search(r"\{(model|endpoint)\}", route[1])])
def test_no_route_touches_a_model_of_others(keys, method, path):
    answer = keys.ask(method, filled(path), keys.of["elsewhere"], data=b"{}")

    assert answer.status_code == 403, answer.text
    assert "walked" in answer.text


@pytest.mark.parametrize("credential", ["", "Basic YTpi", "Bearer", "Bearer mdy_00000000_" + "A" * 43, "Bearer x" * 500])
def test_what_is_no_key_is_nobody(keys, credential):
    answer = requests.get(keys.server.url + "/v2/models/scaled", headers={"Authorization": credential}, timeout=60)

    assert answer.status_code == 401
    assert "error" in answer.json()


def test_a_key_with_another_secret_is_nobody(keys):
    forged = keys.admin[:-4] + ("AAAA" if not keys.admin.endswith("AAAA") else "BBBB")

    assert keys.ask("GET", "/api/v1/models", forged).status_code == 401


def test_no_body_is_read_for_nobody(keys):
    """A refusal comes on the head: ten announced megabytes that are never sent do not delay it."""
    host, port = keys.server.address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(b"PUT /api/v1/blobs/" + b"0" * 64 + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n")
        assert wire.recv(4096).startswith(b"HTTP/1.1 401")


def test_errors_keep_the_form_of_their_protocol(keys):
    open_inference = keys.ask("GET", "/v2/models/scaled")
    tensorflow = keys.ask("POST", "/v1/models/scaled:predict", json={"instances": [[1, 2, 3, 4]]})
    control = keys.ask("GET", "/api/v1/models")

    assert set(open_inference.json()) == set(tensorflow.json()) == {"error"}
    assert control.headers["Content-Type"] == "application/problem+json"
    assert control.json()["code"] == "unauthenticated"


def channel_of(keys):
    return grpc.insecure_channel(keys.server.address)


def metadata(key):
    return (("authorization", f"Bearer {key}"),) if key else ()


def reflected_methods(keys):
    """Every method that the server itself says it has."""
    class WithKey(grpc.StreamStreamClientInterceptor):
        def intercept_stream_stream(self, continuation, details, requests_):
            class Details(grpc.ClientCallDetails):
                method, timeout, credentials = details.method, details.timeout, details.credentials
                metadata = [("authorization", f"Bearer {keys.admin}")]
            return continuation(Details(), requests_)

    with channel_of(keys) as channel:
        database = ProtoReflectionDescriptorDatabase(grpc.intercept_channel(channel, WithKey()))
        pool = descriptor_pool.DescriptorPool(database)
        for service in database.get_services():
            yield from pool.FindServiceByName(service).methods


def request_of(method, model):
    message = GetMessageClass(method.input_type)()
    for field in ("model_name", "name"):
        if field in method.input_type.fields_by_name:
            setattr(message, field, model)
    if "model_spec" in method.input_type.fields_by_name:
        message.model_spec.name = model
    return message


def status_of(channel, method, request, key):
    path = f"/{method.containing_service.full_name}/{method.name}"
    stream = channel.stream_stream(path, type(request).SerializeToString, GetMessageClass(method.output_type).FromString)
    call = stream(iter([request]), metadata=metadata(key), timeout=20)
    try:
        next(iter(call), None)
        call.cancel()
        return grpc.StatusCode.OK, ""
    except grpc.RpcError as error:
        return error.code(), error.details()


def test_every_grpc_method_asks_who_calls(keys):
    methods = list(reflected_methods(keys))
    assert len(methods) > 25
    with channel_of(keys) as channel:
        for method in methods:
            path = f"/{method.containing_service.full_name}/{method.name}"
            code, text = status_of(channel, method, request_of(method, "walked"), None)
            if path in OPEN_METHODS:
                assert code not in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED), path
            else:
                assert code == grpc.StatusCode.UNAUTHENTICATED, (path, code, text)


# Methods that are about a model, and the verbs of which one is enough.
MODEL_METHODS = {
    "ModelReady": {"infer", "read"}, "ModelMetadata": {"infer", "read"}, "ModelConfig": {"infer", "read"},
    "ModelInfer": {"infer"}, "ModelStatistics": {"infer", "read"}, "RepositoryModelLoad": {"deploy"},
    "RepositoryModelUnload": {"deploy"}, "Predict": {"infer"}, "GetModelMetadata": {"infer", "read"},
    "GetModelStatus": {"infer", "read"},
}


def test_grpc_methods_ask_for_the_verb_and_the_model(keys):
    methods = {method.name: method for method in reflected_methods(keys)}
    with channel_of(keys) as channel:
        for name, wanted in MODEL_METHODS.items():
            method = methods[name]
            for verb in ("infer", "read", "publish", "deploy"):
                code, text = status_of(channel, method, request_of(method, "walked"), keys.of[verb])
                refused = code == grpc.StatusCode.PERMISSION_DENIED
                assert refused == (verb not in wanted), (name, verb, code, text)
            code, text = status_of(channel, method, request_of(method, "walked"), keys.of["elsewhere"])
            assert code == grpc.StatusCode.PERMISSION_DENIED, (name, code, text)
            assert "walked" in text


def test_only_an_administrator_changes_what_all_share(keys):
    methods = {method.name: method for method in reflected_methods(keys)}
    with channel_of(keys) as channel:
        for name in ("TraceSetting", "LogSettings"):
            change = request_of(methods[name], "")
            if name == "LogSettings":
                change.settings["log_verbose_level"].uint32_param = 1
            else:
                change.settings["trace_level"].value.append("OFF")
            for verb, key in keys.of.items():
                code, _ = status_of(channel, methods[name], change, key)
                assert code == grpc.StatusCode.PERMISSION_DENIED, (name, verb, code)
            assert status_of(channel, methods[name], change, keys.admin)[0] == grpc.StatusCode.OK
    assert keys.ask("GET", "/v2/logging", keys.of["read"]).status_code == 200
    assert keys.ask("POST", "/v2/logging", keys.of["read"], json={"log_verbose_level": 1}).status_code == 403


def test_health_says_nothing_about_models_to_nobody(keys):
    with channel_of(keys) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", "inference.GRPCInferenceService"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        for service in ("scaled", "no-such-model"):
            with pytest.raises(grpc.RpcError) as refusal:
                health.Check(health_pb2.HealthCheckRequest(service=service))
            assert refusal.value.code() == grpc.StatusCode.UNAUTHENTICATED
        answer = health.Check(health_pb2.HealthCheckRequest(service="scaled"), metadata=metadata(keys.of["read"]))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def tensor(client):
    made = client.InferInput("x", [1, 4], "FP32")
    made.set_data_from_numpy(np.ones((1, 4), np.float32))
    return made


def test_triton_clients_show_a_key(keys):
    http = triton_http.InferenceServerClient(keys.server.address)
    rpc = triton_grpc.InferenceServerClient(keys.server.address)
    lower = {"authorization": f"Bearer {keys.of['infer']}"}

    for client, made in ((http, tensor(triton_http)), (rpc, tensor(triton_grpc))):
        assert client.infer("scaled", [made], headers=dict(lower)).as_numpy("y").tolist() == [[2, 2, 2, 2]]
        with pytest.raises(InferenceServerException):
            client.infer("scaled", [made])


def test_an_open_stream_ends_with_its_key(keys):
    key = keys.create("streamer", "--verbs", "infer", "--models", "*")
    answers = queue.Queue()
    rpc = triton_grpc.InferenceServerClient(keys.server.address)
    rpc.start_stream(lambda result, error: answers.put((result, error)), headers={"authorization": f"Bearer {key}"})
    rpc.async_stream_infer("scaled", [tensor(triton_grpc)])
    assert answers.get(timeout=20)[1] is None

    keys.cli("key", "revoke", "streamer")
    rpc.async_stream_infer("scaled", [tensor(triton_grpc)])

    error = answers.get(timeout=20)[1]
    assert error is not None and "key" in str(error)
    rpc.stop_stream(cancel_requests=True)


def test_a_stream_names_a_model_with_every_message(keys):
    answers = queue.Queue()
    rpc = triton_grpc.InferenceServerClient(keys.server.address)
    rpc.start_stream(lambda result, error: answers.put((result, error)),
                     headers={"authorization": f"Bearer {keys.of['infer']}"})
    rpc.async_stream_infer("scaled", [tensor(triton_grpc)])
    rpc.async_stream_infer("other-one", [tensor(triton_grpc)])
    rpc.async_stream_infer("scaled", [tensor(triton_grpc)])
    errors = [answers.get(timeout=20)[1] for _ in range(3)]
    rpc.stop_stream()

    assert [error is None for error in errors] == [True, False, True]
    assert "other-one" in str(errors[1])


def test_a_label_or_endpoint_hides_no_other_model(keys):
    """A key of `other-*` may not send the traffic of its endpoint to a model that is not its own."""
    answer = keys.ask("PUT", "/api/v1/endpoints/other-one", keys.of["elsewhere"],
                      json={"targets": [{"model": "scaled", "version": 1, "weight": 1}]})

    assert answer.status_code in (400, 403), answer.text


def test_publishing_is_not_deploying(keys, tmp_path):
    key = keys.create("publisher", "--verbs", "publish,read", "--models", "drafts")

    keys.cli("push", "drafts", models.scale(tmp_path / "a.onnx", 5), key=key)

    assert keys.ask("GET", "/api/v1/models/drafts/versions/1", key).status_code == 200
    assert keys.ask("GET", "/api/v1/endpoints/drafts", key).status_code == 404


def test_lists_show_what_the_key_may_read(keys):
    status = keys.ask("GET", "/api/v1/status", keys.of["read"]).json()
    events = keys.ask("GET", "/api/v1/events", keys.of["read"]).json()

    assert "scaled" in json.dumps(status) and "other-one" not in json.dumps(status)
    assert "scaled" in json.dumps(events) and "other-one" not in json.dumps(events)


def test_a_rotated_key_goes_on_until_its_grace_is_over(keys):
    first = keys.create("rotating", "--verbs", "read", "--models", "scaled")
    second = keys.cli("key", "rotate", "rotating", "--grace", "1h").stdout.strip()

    assert keys.ask("GET", "/v2/models/scaled", first).status_code == 200
    assert keys.ask("GET", "/v2/models/scaled", second).status_code == 200
    keys.cli("key", "revoke", first.split("_", 2)[1])
    assert keys.ask("GET", "/v2/models/scaled", first).status_code == 401
    assert keys.ask("GET", "/v2/models/scaled", second).status_code == 200


def test_keys_are_listed_with_state_and_last_use(keys):
    table = keys.cli("key", "list").stdout
    listed = {key["name"]: key for key in keys.cli("key", "list", json_output=True)["items"]}

    assert re.search(r"^only-read .* live +read +scaled", table, re.MULTILINE), table
    assert listed["only-read"]["verbs"] == "read"
    assert "mdy_" not in json.dumps(listed)
    assert not any("hash" in key for key in listed.values())


def test_keys_survive_a_restart_and_are_named_in_the_audit(make_server, tmp_path):
    admin = offline_key(tmp_path, "first", "--verbs", "admin")
    server = make_server("--authentication", "required")
    ask = lambda path: requests.get(server.url + path, headers=bearer(admin), timeout=60)
    os.environ["MODELYARD_API_KEY"] = admin
    try:
        server.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait")
    finally:
        del os.environ["MODELYARD_API_KEY"]
    assert server.stop() == 0

    server.start(["--authentication", "required"])

    rows = ask("/api/v1/audit").json()["items"]
    assert {row["actor"] for row in rows} == {"offline", "key:first"}
    assert ask("/api/v1/keys").json()["items"][0]["last_used"] is not None
    content = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path.is_file())
    assert admin.split("_", 2)[2].encode() not in content + server.log_path.read_bytes()


def test_the_command_line_reads_a_key_from_a_file(keys, tmp_path):
    path = tmp_path / "key"
    path.write_text(keys.admin + "\n")

    assert "scaled" in keys.server.cli("models", "--api-key-file", path).stdout


def test_the_command_line_says_what_is_missing(keys):
    nobody = keys.server.cli("models", check=False)
    reader = keys.cli("deploy", "scaled", "1", key=keys.of["read"], check=False)

    assert nobody.returncode != 0 and "MODELYARD_API_KEY" in nobody.stderr
    assert reader.returncode != 0 and "deploy" in reader.stderr


def test_a_server_for_other_machines_must_ask(tmp_path):
    def serve(*arguments):
        return subprocess.run([BINARY, "serve", "--data", tmp_path / "data", "--listen", "0.0.0.0:0", *arguments],
                              capture_output=True, text=True, timeout=60)
    refused = serve()

    assert refused.returncode == 4, refused.stderr
    assert "key create" in refused.stderr and "authentication: required" in refused.stderr


def test_a_server_with_keys_may_listen_to_other_machines(make_server, tmp_path):
    key = offline_key(tmp_path, "first", "--verbs", "admin")
    server = make_server("--authentication", "required", "--listen", "0.0.0.0:0")

    port = server.address.rsplit(":", 1)[1]
    assert requests.get(f"http://127.0.0.1:{port}/api/v1/models", timeout=60).status_code == 401
    assert requests.get(f"http://127.0.0.1:{port}/api/v1/models", headers=bearer(key), timeout=60).status_code == 200
    assert "clear text" in server.log_path.read_text()


def test_an_idempotency_key_keeps_no_secret(keys):
    options = {"json": {"name": "once", "verbs": "read"}, "headers": {"Idempotency-Key": "make-once"}}
    first = keys.ask("POST", "/api/v1/keys", keys.admin, **options)
    again = keys.ask("POST", "/api/v1/keys", keys.admin, **{**options, "headers": {"Idempotency-Key": "make-once"}})

    assert first.status_code == 201 and first.json()["key"].startswith("mdy_")
    assert again.status_code == 409 and "mdy_" not in again.text
    content = b"".join(path.read_bytes() for path in (keys.server.folder / "data").iterdir() if path.is_file())
    assert first.json()["key"].split("_", 2)[2].encode() not in content
