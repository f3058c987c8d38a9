"""The Open Inference Protocol over gRPC, spoken by tritonclient, grpcio and its health and reflection packages."""

import asyncio
import itertools
import queue
import time

import grpc
import ml_dtypes
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

import models
from test_open_inference_protocol import NUMPY_TYPES, values_of


@pytest.fixture(scope="module")
def client(shared_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for datatype in models.TENSOR_TYPES:
        path = models.identity(folder / f"{datatype}.onnx", datatype)
        shared_server.cli("push", f"identity-{datatype}", path, "--wait")
    shared_server.cli("push", "scaled", models.scale(folder / "scaled.onnx", 2), "--wait")
    shared_server.cli("push", "wide", models.wide(folder / "wide.onnx"), "--wait")
    with triton.InferenceServerClient(shared_server.address) as client:
        yield client


@pytest.fixture(scope="module")
def stub(shared_server, client):
    with grpc.insecure_channel(shared_server.address) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


@pytest.fixture
def health(shared_server):
    with grpc.insecure_channel(shared_server.address) as channel:
        yield health_pb2_grpc.HealthStub(channel)


def tensor(values, datatype="FP32"):
    made = triton.InferInput("x", list(values.shape), datatype)
    made.set_data_from_numpy(values)
    return made


def ones(rows=1):
    return tensor(np.ones((rows, 4), np.float32))


def raw_request(values, model="scaled"):
    request = service_pb2.ModelInferRequest(model_name=model, id="9")
    request.inputs.add(name="x", datatype="FP32", shape=values.shape)
    request.raw_input_contents.append(values.tobytes())
    return request


@pytest.mark.parametrize("datatype", sorted(NUMPY_TYPES))
def test_every_datatype_returns_unchanged(client, datatype):
    values = values_of(datatype)

    answer = client.infer(f"identity-{datatype}", [tensor(values, datatype)]).as_numpy("y")

    assert answer.dtype == values.dtype
    assert answer.tobytes() == values.tobytes()


def test_bf16_returns_unchanged(client):
    values = np.array([[1.5, -2, 0, 3]], dtype=ml_dtypes.bfloat16)
    made = triton.InferInput("x", [1, 4], "BF16")
    made.set_data_from_numpy(values)
    np.testing.assert_array_equal(client.infer("identity-BF16", [made]).as_numpy("y"), values)


def test_strings_return_unchanged(client):
    values = np.array([["", "ä", "x" * 1000, "\0"]], dtype=object)
    answer = client.infer("identity-BYTES", [tensor(values, "BYTES")]).as_numpy("y")
    assert [text.decode() for text in answer[0]] == list(values[0])


@pytest.mark.parametrize("datatype, field", [
    ("BOOL", "bool_contents"), ("INT8", "int_contents"), ("INT16", "int_contents"), ("INT32", "int_contents"),
    ("INT64", "int64_contents"), ("UINT8", "uint_contents"), ("UINT16", "uint_contents"),
    ("UINT32", "uint_contents"), ("UINT64", "uint64_contents"), ("FP32", "fp32_contents"), ("FP64", "fp64_contents"),
])
def test_typed_contents_are_answered_raw(stub, datatype, field):
    values = values_of(datatype)
    request = service_pb2.ModelInferRequest(model_name=f"identity-{datatype}")
    given = request.inputs.add(name="x", datatype=datatype, shape=values.shape)
    getattr(given.contents, field).extend(values.flatten().tolist())

    answer = stub.ModelInfer(request)

    assert answer.raw_output_contents[0] == values.tobytes()
    assert not answer.outputs[0].HasField("contents")


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_messages_are_answered_compressed(client, shared_server, algorithm):
    values = np.tile(np.arange(4, dtype=np.float32), (20_000, 1))
    answer = client.infer("scaled", [tensor(values)], compression_algorithm=algorithm)
    np.testing.assert_array_equal(answer.as_numpy("y"), values * 2)


def test_large_tensors_go_through_flow_control(client):
    values = np.random.default_rng(1).random((1_000_000, 4), np.float32)  # 16 MB each way
    np.testing.assert_array_equal(client.infer("scaled", [tensor(values)]).as_numpy("y"), values * 2)


def test_an_answer_names_prediction_version_and_request(stub):
    _, call = stub.ModelInfer.with_call(raw_request(np.ones((1, 4), np.float32)),
                                        metadata=[("x-request-id", "mine")])
    metadata = dict(call.initial_metadata())
    assert metadata["x-request-id"] == "mine"
    assert metadata["modelyard-model"] == "scaled" and metadata["modelyard-version"] == "1"
    assert len(metadata["modelyard-prediction-id"]) == 36


def test_health_metadata_and_configuration(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("scaled") and client.is_model_ready("scaled", "1")
    assert not client.is_model_ready("nosuch") and not client.is_model_ready("scaled", "2")
    assert "binary_tensor_data" in client.get_server_metadata().extensions
    metadata = client.get_model_metadata("scaled")
    assert list(metadata.versions) == ["1"] and list(metadata.inputs[0].shape) == [-1, 4]
    config = client.get_model_config("scaled").config
    assert config.max_batch_size > 0 and list(config.input[0].dims) == [4] and config.backend == "onnxruntime"


def test_statistics_count_what_was_answered(client):
    before = client.get_inference_statistics("scaled").model_stats[0]
    client.infer("scaled", [ones(3)])
    after = client.get_inference_statistics("scaled").model_stats[0]
    assert after.inference_count - before.inference_count == 3
    assert after.inference_stats.success.count - before.inference_stats.success.count == 1
    assert len(client.get_inference_statistics().model_stats) >= 2


@pytest.mark.parametrize("change, code, words", [
    (lambda r: setattr(r, "model_name", "nosuch"), "NOT_FOUND", "unknown model: 'nosuch'"),
    (lambda r: setattr(r, "model_version", "7"), "NOT_FOUND", "version 7 is not found"),
    (lambda r: setattr(r.inputs[0], "name", "z"), "INVALID_ARGUMENT", "unexpected inference input 'z'"),
    (lambda r: setattr(r.inputs[0], "datatype", "INT8"), "INVALID_ARGUMENT", "INT8"),
    (lambda r: r.inputs[0].shape.append(1), "INVALID_ARGUMENT", "shape"),
    (lambda r: r.inputs[0].shape.__setitem__(0, -1), "INVALID_ARGUMENT", "-1"),
    (lambda r: r.inputs[0].shape.__setitem__(0, 2**62), "INVALID_ARGUMENT", ""),
    (lambda r: r.raw_input_contents.__setitem__(0, b"1234"), "INVALID_ARGUMENT", ""),
    (lambda r: r.raw_input_contents.append(b"1234"), "INVALID_ARGUMENT", "raw_input_contents"),
    (lambda r: r.inputs[0].contents.fp32_contents.append(1), "INVALID_ARGUMENT", "must not be specified"),
    (lambda r: r.outputs.add(name="z"), "INVALID_ARGUMENT", "unexpected inference output 'z'"),
    (lambda r: r.inputs[0].parameters["shared_memory_region"].CopyFrom(
        service_pb2.InferParameter(string_param="r")), "INVALID_ARGUMENT", "shared_memory_byte_size"),
    (lambda r: r.parameters["sequence_id"].CopyFrom(service_pb2.InferParameter(int64_param=5)), "INVALID_ARGUMENT",
     "sequences"),
])
def test_wrong_requests_are_told_what_is_wrong(stub, change, code, words):
    request = raw_request(np.ones((1, 4), np.float32))
    change(request)
    with pytest.raises(grpc.RpcError) as refusal:
        stub.ModelInfer(request)
    assert refusal.value.code().name == code
    assert words in refusal.value.details()
    stub.ModelInfer(raw_request(np.ones((1, 4), np.float32)))  # the connection lives on


def test_bytes_that_are_no_message_are_refused(shared_server, client):
    with grpc.insecure_channel(shared_server.address) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        with pytest.raises(grpc.RpcError) as refusal:
            call(b"\x0a\xff\xff\xff\xff\x0f nothing")
        assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.RpcError) as refusal:
            channel.unary_unary("/inference.GRPCInferenceService/NoSuch")(b"")
        assert refusal.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_failure_carries_its_details_in_the_trailers(stub):
    request = raw_request(np.ones((1, 4), np.float32), model="größe")
    with pytest.raises(grpc.RpcError) as refusal:
        stub.ModelInfer(request)
    assert "größe" in refusal.value.details()
    details = dict(refusal.value.trailing_metadata())["grpc-status-details-bin"]
    assert details.startswith(b"\x08\x05") and "größe".encode() in details


def test_a_deadline_that_has_passed_is_said(stub):
    slow = raw_request(np.ones((4096, 2048), np.float32), model="wide")
    with pytest.raises(grpc.RpcError) as refusal:
        stub.ModelInfer(slow, timeout=0.001)
    assert refusal.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_message_beyond_the_limit_is_refused(make_server, tmp_path):
    server = make_server()
    server.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait")
    huge = raw_request(np.ones((5_000_000, 4), np.float32))  # 80 MB; the limit is 64 MiB
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(server.address, options=options) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as refusal:
            stub.ModelInfer(huge)
        assert refusal.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        stub.ModelInfer(raw_request(np.ones((1, 4), np.float32)))


def test_a_stream_answers_in_order_and_survives_a_failure(client):
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for number in range(50):
        # Dear and cheap requests take different ways through the server.
        model = "nosuch" if number == 20 else "wide" if number % 7 == 0 else "scaled"
        columns = 2048 if model == "wide" else 4
        client.async_stream_infer(model, [tensor(np.ones((1, columns), np.float32))], request_id=str(number))
    seen = [answers.get(timeout=60) for _ in range(50)]
    client.stop_stream()
    assert [int(result.get_response().id) for result, error in seen if error is None] == [
        number for number in range(50) if number != 20]
    assert "nosuch" in str(seen[20][1])


def test_an_endless_stream_is_answered_as_it_goes(stub):
    one = raw_request(np.ones((1, 4), np.float32))
    sent = itertools.count()

    def requests():
        while next(sent) < 5000:
            yield one

    answers = sum(1 for answer in stub.ModelStreamInfer(requests()) if not answer.error_message)
    assert answers == 5000


def test_a_stream_may_ask_for_its_end_at_the_first_failure(stub):
    bad = raw_request(np.ones((1, 4), np.float32), model="nosuch")
    with pytest.raises(grpc.RpcError) as refusal:
        list(stub.ModelStreamInfer(iter([bad]), metadata=[("triton_grpc_error", "true")]))
    assert refusal.value.code() == grpc.StatusCode.NOT_FOUND


def test_asynchronous_clients_share_a_connection(shared_server, client):
    async def ask_many():
        async with triton_aio.InferenceServerClient(shared_server.address) as many:
            return await asyncio.gather(*(many.infer("scaled", [ones()], request_id=str(i)) for i in range(200)))

    answers = asyncio.run(ask_many())
    assert [answer.get_response().id for answer in answers] == [str(i) for i in range(200)]


def test_cancelled_calls_leave_the_connection_usable(stub):
    for _ in range(20):
        stub.ModelInfer.future(raw_request(np.ones((64, 2048), np.float32), model="wide")).cancel()
    assert stub.ModelInfer(raw_request(np.ones((1, 4), np.float32))).model_name == "scaled"


def test_repository_index_load_and_unload(server, tmp_path):
    server.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait")
    with triton.InferenceServerClient(server.address) as client:
        assert [(m.name, m.state) for m in client.get_model_repository_index().models] == [("scaled", "READY")]
        client.unload_model("scaled")
        assert not client.is_model_ready("scaled")
        with pytest.raises(InferenceServerException):
            client.infer("scaled", [ones()])
        client.load_model("scaled")
        assert client.infer("scaled", [ones()]).as_numpy("y")[0][0] == 2
        with pytest.raises(InferenceServerException, match="nosuch"):
            client.load_model("nosuch")
        with pytest.raises(InferenceServerException, match="not supported"):
            client.load_model("scaled", config="{}")


def test_health_is_checked(health, client):
    for service in ("", "inference.GRPCInferenceService", "scaled"):
        assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == 1  # SERVING
    with pytest.raises(grpc.RpcError) as refusal:
        health.Check(health_pb2.HealthCheckRequest(service="nosuch"))
    assert refusal.value.code() == grpc.StatusCode.NOT_FOUND


def test_health_is_watched(server, tmp_path):
    with grpc.insecure_channel(server.address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="scaled"))
        assert next(watch).status == 3  # SERVICE_UNKNOWN
        server.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait")
        while (status := next(watch).status) != 1:  # SERVING, perhaps after NOT_SERVING
            assert status == 2
        server.cli("undeploy", "scaled", "--wait")
        assert next(watch).status in (2, 3)
        watch.cancel()


def test_reflection_describes_every_service(shared_server, client):
    with grpc.insecure_channel(shared_server.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        services = set(database.get_services())
        assert {"inference.GRPCInferenceService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection"} <= services
        pool = DescriptorPool(database)
        service = pool.FindServiceByName("inference.GRPCInferenceService")
        ours = {field.name: field.number for field in
                pool.FindMessageTypeByName("inference.ModelInferRequest").fields}
        theirs = {field.name: field.number for field in service_pb2.ModelInferRequest.DESCRIPTOR.fields}
        assert ours == theirs
        assert "ModelStreamInfer" in service.methods_by_name


def test_every_method_of_the_service_is_there(shared_server, client):
    with grpc.insecure_channel(shared_server.address) as channel:
        service = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
        for method in service.methods:
            call = channel.unary_unary(f"/{service.full_name}/{method.name}")
            if method.name == "ModelStreamInfer":
                continue
            try:
                call(b"")
            except grpc.RpcError as refusal:
                assert "there is no method" not in refusal.details(), method.name


def test_field_numbers_are_those_that_clients_know(shared_server, client):
    with grpc.insecure_channel(shared_server.address) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        for name, theirs in service_pb2.DESCRIPTOR.message_types_by_name.items():
            ours = pool.FindMessageTypeByName(f"inference.{name}")
            known = {field.name: (field.number, field.type) for field in theirs.fields}
            for field in ours.fields:
                assert known[field.name] == (field.number, field.type), f"{name}.{field.name}"


def test_a_draining_server_ends_streams_after_their_calls(make_server, tmp_path):
    server = make_server()
    server.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait")
    with grpc.insecure_channel(server.address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        stub.ModelInfer(raw_request(np.ones((1, 4), np.float32)))
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 10
