"""System shared memory: tritonclient's own use of it, and the ways a client may try to reach what is not its own."""

import asyncio
import os
import queue
import uuid

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.grpc.aio as triton_grpc_aio
import tritonclient.http as triton_http
import tritonclient.http.aio as triton_http_aio
import tritonclient.utils.shared_memory as shared_memory
from onnx import TensorProto, helper
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException, serialize_byte_tensor

import models
from conftest import Server

KINDS = {"http": triton_http, "grpc": triton_grpc}
VALUES = np.arange(8, dtype=np.float32).reshape(2, 4)


@pytest.fixture(scope="module")
def lender(tmp_path_factory):
    """A server that takes shared memory, at most four regions and 4 MiB a request."""
    folder = tmp_path_factory.mktemp("server")
    server = Server(folder, ["--shared-memory", "true", "--max-shared-memory-regions", "4",
                             "--max-body-bytes", str(4 << 20)])
    server.cli("push", "scaled", models.scale(folder / "m.onnx", 2), "--wait")
    server.cli("push", "texts", models.identity(folder / "t.onnx", "BYTES"), "--wait")
    server.cli("push", "wide", models.wide(folder / "w.onnx"), "--wait")
    yield server
    assert server.stop() == 0, server.log_path.read_text()[-4000:]


@pytest.fixture(params=sorted(KINDS))
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def client(lender, kind):
    with kind.InferenceServerClient(lender.address) as client:
        client.unregister_system_shared_memory()
        yield client
        client.unregister_system_shared_memory()


class Region:
    """An object under /dev/shm that no other test has, registered with the server."""

    def __init__(self, size):
        self.name = f"modelyard-test-{uuid.uuid4().hex}"
        self.key = "/" + self.name
        self.size = size
        self.path = "/dev/shm/" + self.name
        self.handle = shared_memory.create_shared_memory_region(self.name, self.key, size)

    def close(self):
        shared_memory.destroy_shared_memory_region(self.handle)


@pytest.fixture
def make_region():
    made = []

    def make(size):
        made.append(Region(size))
        return made[-1]

    yield make
    for region in made:
        region.close()


def lent_input(kind, region, values=VALUES, offset=0, datatype="FP32", size=None):
    made = kind.InferInput("x", list(values.shape), datatype)
    made.set_shared_memory(region.name, size if size is not None else values.nbytes, offset=offset)
    return made


def plain_input(kind, values=VALUES):
    made = kind.InferInput("x", list(values.shape), "FP32")
    made.set_data_from_numpy(values)
    return made


def lent_output(kind, region, size, offset=0):
    made = kind.InferRequestedOutput("y")
    made.set_shared_memory(region.name, size, offset=offset)
    return made


def status_of(client):
    status = client.get_system_shared_memory_status()
    if isinstance(status, list):
        return {one["name"]: (one["key"], one["offset"], one["byte_size"]) for one in status}
    return {name: (one.key, one.offset, one.byte_size) for name, one in status.regions.items()}


def test_inputs_and_outputs_travel_through_shared_memory(client, kind, make_region):
    given, taken = make_region(4096), make_region(4096)
    shared_memory.set_shared_memory_region(given.handle, [VALUES])
    client.register_system_shared_memory(given.name, given.key, 4096)
    client.register_system_shared_memory(taken.name, taken.key, 4096)

    answer = client.infer("scaled", [lent_input(kind, given)], outputs=[lent_output(kind, taken, 64, offset=32)])

    got = shared_memory.get_contents_as_numpy(taken.handle, np.float32, [2, 4], offset=32)
    np.testing.assert_array_equal(got, VALUES * 2)
    output = answer.get_output("y")
    if isinstance(output, dict):
        assert output == {"name": "y", "datatype": "FP32", "shape": [2, 4]}  # Triton's C++ client takes no parameters here
        return
    parameters = {key: getattr(value, value.WhichOneof("parameter_choice")) for key, value in output.parameters.items()}
    assert list(output.shape) == [2, 4]
    assert parameters == {"shared_memory_region": taken.name, "shared_memory_byte_size": 32, "shared_memory_offset": 32}


def test_regions_begin_where_they_were_registered(client, kind, make_region):
    region = make_region(4096)
    shared_memory.set_shared_memory_region(region.handle, [VALUES], offset=100)
    client.register_system_shared_memory(region.name, region.key, 200, offset=60)
    answer = client.infer("scaled", [lent_input(kind, region, offset=40)])
    np.testing.assert_array_equal(answer.as_numpy("y"), VALUES * 2)
    assert status_of(client) == {region.name: (region.key, 60, 200)}


def test_strings_travel_through_shared_memory(client, kind, make_region):
    region = make_region(4096)
    values = np.array([["a", "ä", "", "x" * 100]], dtype=object)
    serialized = serialize_byte_tensor(values)
    size = len(serialized.item())
    shared_memory.set_shared_memory_region(region.handle, [serialized])
    client.register_system_shared_memory(region.name, region.key, 4096)
    answer = client.infer("texts", [lent_input(kind, region, values, datatype="BYTES", size=size)])
    assert [text.decode() for text in answer.as_numpy("y")[0]] == list(values[0])


def test_raw_contents_belong_to_the_other_inputs(lender, make_region, tmp_path):
    tensor = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 4]) for name in ("a", "b", "sum")]
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["sum"])], "add", tensor[:2], tensor[2:])
    lender.cli("push", "add", models.save(graph, tmp_path / "add.onnx"), "--wait")
    region = make_region(4096)
    shared_memory.set_shared_memory_region(region.handle, [VALUES])
    with triton_grpc.InferenceServerClient(lender.address) as client:
        client.register_system_shared_memory(region.name, region.key, 4096)
        lent, sent = triton_grpc.InferInput("a", [2, 4], "FP32"), triton_grpc.InferInput("b", [2, 4], "FP32")
        lent.set_shared_memory(region.name, VALUES.nbytes)
        sent.set_data_from_numpy(VALUES * 10)
        np.testing.assert_array_equal(client.infer("add", [lent, sent]).as_numpy("sum"), VALUES * 11)
        client.unregister_system_shared_memory()


def test_streams_use_shared_memory(lender, make_region):
    region = make_region(4096)
    shared_memory.set_shared_memory_region(region.handle, [VALUES])
    with triton_grpc.InferenceServerClient(lender.address) as client:
        client.register_system_shared_memory(region.name, region.key, 4096)
        answers = queue.Queue()
        client.start_stream(lambda result, error: answers.put((result, error)))
        client.async_stream_infer("scaled", [lent_input(triton_grpc, region)],
                                  outputs=[lent_output(triton_grpc, region, 64, offset=1024)])
        result, error = answers.get(timeout=60)
        client.stop_stream()
        assert error is None and list(result.get_output("y").shape) == [2, 4]
        got = shared_memory.get_contents_as_numpy(region.handle, np.float32, [2, 4], offset=1024)
        np.testing.assert_array_equal(got, VALUES * 2)
        client.unregister_system_shared_memory()


@pytest.mark.parametrize("module", [triton_http_aio, triton_grpc_aio])
def test_asynchronous_clients_use_shared_memory(lender, make_region, module):
    region = make_region(4096)
    shared_memory.set_shared_memory_region(region.handle, [VALUES])

    async def ask():
        async with module.InferenceServerClient(lender.address) as client:
            await client.register_system_shared_memory(region.name, region.key, 4096)
            answer = await client.infer("scaled", [lent_input(module, region)])
            await client.unregister_system_shared_memory(region.name)
            return answer.as_numpy("y")

    np.testing.assert_array_equal(asyncio.run(ask()), VALUES * 2)


def test_a_classification_goes_where_the_output_would(lender, make_region):
    region = make_region(4096)
    lender.post(f"/v2/systemsharedmemory/region/{region.name}/register",
                json={"key": region.key, "byte_size": 4096}).raise_for_status()
    lent = {"shared_memory_region": region.name, "shared_memory_byte_size": 512, "classification": 1}
    answer = lender.post("/v2/models/scaled/infer", json={
        "inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}],
        "outputs": [{"name": "y", "parameters": lent}]})
    assert answer.json()["outputs"][0]["datatype"] == "BYTES", answer.text
    with open(region.path, "rb") as file:
        assert file.read(14)[4:] == b"8.000000:3"
    lender.post("/v2/systemsharedmemory/unregister").raise_for_status()


def test_status_names_what_is_registered(client, make_region):
    one, two = make_region(64), make_region(64)
    client.register_system_shared_memory(one.name, one.key, 64)
    client.register_system_shared_memory(two.name, two.key, 32, offset=32)
    assert status_of(client) == {one.name: (one.key, 0, 64), two.name: (two.key, 32, 32)}
    client.unregister_system_shared_memory(one.name)
    assert set(status_of(client)) == {two.name}
    client.unregister_system_shared_memory(one.name)  # again: nothing to do
    with pytest.raises(InferenceServerException, match="Unable to find"):
        client.get_system_shared_memory_status(one.name)


def test_the_extension_is_advertised_where_it_is_on(lender, shared_server):
    assert "system_shared_memory" in lender.get("/v2").json()["extensions"]
    assert "system_shared_memory" not in shared_server.get("/v2").json()["extensions"]
    for server in (lender, shared_server):
        assert "cuda_shared_memory" not in server.get("/v2").json()["extensions"]


def test_it_is_off_unless_allowed(shared_server, kind, make_region):
    region = make_region(64)
    with kind.InferenceServerClient(shared_server.address) as client:
        assert status_of(client) == {}
        client.unregister_system_shared_memory()  # what clients do before they begin
        with pytest.raises(InferenceServerException, match="shared memory is off"):
            client.register_system_shared_memory(region.name, region.key, 64)


def test_requests_are_refused_where_it_is_off(make_server, tmp_path, kind, make_region):
    server = make_server()
    server.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait")
    region = make_region(64)
    with kind.InferenceServerClient(server.address) as client:
        with pytest.raises(InferenceServerException, match="shared memory is off"):
            client.infer("scaled", [lent_input(kind, region)])
        with pytest.raises(InferenceServerException, match="shared memory is off"):
            client.infer("scaled", [plain_input(kind)], outputs=[lent_output(kind, region, 64)])


def test_cuda_shared_memory_is_told_to_be_absent(client, lender):
    assert lender.get("/v2/cudasharedmemory/status").json() == []
    assert lender.post("/v2/cudasharedmemory/unregister").status_code == 200
    client.unregister_cuda_shared_memory()
    with pytest.raises(InferenceServerException, match="CUDA shared memory is not supported"):
        client.register_cuda_shared_memory("c", b"AAAA", 0, 64)
    with grpc.insecure_channel(lender.address) as channel:
        with pytest.raises(grpc.RpcError) as refusal:
            service_pb2_grpc.GRPCInferenceServiceStub(channel).CudaSharedMemoryRegister(
                service_pb2.CudaSharedMemoryRegisterRequest(name="c"))
        assert refusal.value.code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("key", [
    "/../etc/passwd", "../etc/passwd", "/..", "..", "/", "", "/a/b", "//a", "/triton_python_backend_shm_region_1",
    "triton_python_backend_shm_region_1", "/sem.lock", "/nosuch-object", "/" + "x" * 300,
])
def test_keys_reach_nothing_but_plain_objects(client, key):
    with pytest.raises(InferenceServerException):
        client.register_system_shared_memory("r", key, 8)
    assert status_of(client) == {}


@pytest.mark.parametrize("name", ["triton_python_backend_shm_region_1", "a%2Fb", "a%0Ab"])
def test_names_are_checked(lender, make_region, name):
    region = make_region(64)
    answer = lender.post(f"/v2/systemsharedmemory/region/{name}/register", json={"key": region.key, "byte_size": 64})
    assert answer.status_code == 400, answer.text
    assert lender.get("/v2/systemsharedmemory/status").json() == []


def test_links_and_pipes_are_no_regions(client, make_region, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * 64)
    region = make_region(64)
    link, pipe = region.path + "-link", region.path + "-pipe"
    os.symlink(secret, link)
    os.mkfifo(pipe)
    try:
        texts = set()
        for path in (link, pipe):
            with pytest.raises(InferenceServerException) as refusal:
                client.register_system_shared_memory("r", path.removeprefix("/dev/shm"), 8)
            texts.add(str(refusal.value).replace(path.removeprefix("/dev/shm"), "KEY"))
        assert len(texts) == 1  # and nothing is told of what lies there
    finally:
        os.unlink(link)
        os.unlink(pipe)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_memory_of_another_user_is_refused(client, make_region):
    region = make_region(64)
    os.chmod(region.path, 0o666)
    os.chown(region.path, 12345, 12345)
    with pytest.raises(InferenceServerException, match="belongs to the user"):
        client.register_system_shared_memory(region.name, region.key, 64)


@pytest.mark.parametrize("offset, size", [(0, 65), (65, 1), (60, 5), (2**63 - 1, 2), (1, 2**63 - 1), (0, 0)])
def test_registered_bounds_lie_within_the_object(client, make_region, offset, size):
    region = make_region(64)
    with pytest.raises(InferenceServerException):
        client.register_system_shared_memory(region.name, region.key, size, offset=offset)
    assert status_of(client) == {}


def test_bounds_of_64_bits_do_not_wrap(lender, make_region):
    region = make_region(64)
    with grpc.insecure_channel(lender.address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        for offset, size in ((2**64 - 8, 16), (16, 2**64 - 8), (2**64 - 1, 2**64 - 1)):
            with pytest.raises(grpc.RpcError) as refusal:
                stub.SystemSharedMemoryRegister(service_pb2.SystemSharedMemoryRegisterRequest(
                    name=region.name, key=region.key, offset=offset, byte_size=size))
            assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    for body in ({"key": region.key, "byte_size": -1}, {"key": region.key, "byte_size": 8, "offset": -8},
                 {"key": region.key, "byte_size": 2**64}, {"key": region.key}, {"byte_size": 8}, [],
                 {"key": region.key, "byte_size": 8, "colour": "red"}):
        answer = lender.post(f"/v2/systemsharedmemory/region/{region.name}/register", json=body)
        assert answer.status_code == 400, (body, answer.text)


@pytest.mark.parametrize("offset, size", [(0, 72), (40, 32), (64, 32), (2**63 - 1, 32), (0, 31), (0, 33)])
def test_every_use_is_checked_against_the_region(client, kind, make_region, offset, size):
    region = make_region(4096)
    client.register_system_shared_memory(region.name, region.key, 64)
    with pytest.raises(InferenceServerException):
        client.infer("scaled", [lent_input(kind, region, offset=offset, size=size)])
    client.infer("scaled", [lent_input(kind, region)])


@pytest.mark.parametrize("offset, size", [(0, 72), (40, 32), (64, 32), (2**63 - 1, 32), (0, 31)])
def test_outputs_have_their_place_or_are_refused(client, kind, make_region, offset, size):
    region = make_region(4096)
    client.register_system_shared_memory(region.name, region.key, 64)
    with pytest.raises(InferenceServerException):
        client.infer("scaled", [plain_input(kind)], outputs=[lent_output(kind, region, size, offset=offset)])
    with open(region.path, "rb") as file:
        assert file.read() == bytes(4096)


def test_parameters_that_do_not_hold_together_are_refused(lender, make_region):
    region = make_region(64)
    lender.post(f"/v2/systemsharedmemory/region/{region.name}/register",
                json={"key": region.key, "byte_size": 64}).raise_for_status()
    of_region = {"shared_memory_region": region.name, "shared_memory_byte_size": 32}
    wrong = [
        ({"parameters": of_region, "data": [1] * 8}, "must not specify 'data'"),
        ({"parameters": {"shared_memory_region": region.name}}, "shared_memory_byte_size"),
        ({"parameters": {"shared_memory_byte_size": 32}}, "shared_memory_region"),
        ({"parameters": {**of_region, "shared_memory_offset": -1}}, "negative"),
        ({"parameters": {**of_region, "shared_memory_byte_size": -32}}, "negative"),
        ({"parameters": {**of_region, "shared_memory_region": 5}}, ""),
        ({"parameters": {**of_region, "shared_memory_region": "nosuch"}}, "Unable to find"),
    ]
    for parts, words in wrong:
        given = {"name": "x", "shape": [2, 4], "datatype": "FP32", **parts}
        answer = lender.post("/v2/models/scaled/infer", json={"inputs": [given]})
        assert answer.status_code in (400, 404) and words in answer.json()["error"], (parts, answer.text)
    lender.post("/v2/systemsharedmemory/unregister").raise_for_status()


def test_a_region_that_its_owner_shrinks_fails_the_request_alone(client, kind, make_region, lender):
    region = make_region(1 << 20)
    client.register_system_shared_memory(region.name, region.key, 1 << 20)
    rows = np.zeros((65536, 4), np.float32)
    client.infer("scaled", [lent_input(kind, region, rows)])
    os.truncate(region.path, 100)
    with pytest.raises(InferenceServerException, match="smaller than it was registered"):
        client.infer("scaled", [lent_input(kind, region, rows)])
    with pytest.raises(InferenceServerException, match="smaller than it was registered"):
        client.infer("scaled", [plain_input(kind)], outputs=[lent_output(kind, region, 64, offset=4096)])
    assert os.stat(region.path).st_size == 100
    assert lender.process.poll() is None
    os.truncate(region.path, 1 << 20)
    client.infer("scaled", [lent_input(kind, region, rows)])


def test_unregistering_does_not_disturb_the_requests_that_use_it(lender, make_region):
    region = make_region(1 << 20)
    rows = np.ones((64, 2048), np.float32)  # 512 KiB, dear: it runs on a worker
    shared_memory.set_shared_memory_region(region.handle, [rows])
    with triton_grpc.InferenceServerClient(lender.address) as client:
        answers = queue.Queue()
        for _ in range(30):
            client.register_system_shared_memory(region.name, region.key, 1 << 20)
            client.async_infer("wide", [lent_input(triton_grpc, region, rows)],
                               lambda result, error: answers.put((result, error)),
                               outputs=[lent_output(triton_grpc, region, 2560, offset=1 << 19)])
            client.unregister_system_shared_memory(region.name)
        done = [answers.get(timeout=60) for _ in range(30)]
        # Each was taken before the region went, and answered whole, or found it gone.
        assert all(error is None or "Unable to find" in str(error) for _, error in done)
        assert status_of(client) == {}


def test_a_name_is_taken_once(client, lender, make_region):
    region = make_region(64)
    client.register_system_shared_memory(region.name, region.key, 64)
    with pytest.raises(InferenceServerException, match="registered already"):
        client.register_system_shared_memory(region.name, region.key, 64)
    with grpc.insecure_channel(lender.address) as channel:
        with pytest.raises(grpc.RpcError) as refusal:
            service_pb2_grpc.GRPCInferenceServiceStub(channel).SystemSharedMemoryRegister(
                service_pb2.SystemSharedMemoryRegisterRequest(name=region.name, key=region.key, byte_size=64))
        assert refusal.value.code() == grpc.StatusCode.ALREADY_EXISTS


def test_regions_are_limited_in_number(client, make_region):
    region = make_region(64)
    for i in range(4):
        client.register_system_shared_memory(f"r{i}", region.key, 64)
    with pytest.raises(InferenceServerException, match="max_shared_memory_regions"):
        client.register_system_shared_memory("r4", region.key, 64)


def test_lent_inputs_count_as_the_body(client, kind, make_region):
    region = make_region(8 << 20)  # sparse: what is claimed need not be there
    client.register_system_shared_memory(region.name, region.key, 8 << 20)
    rows = np.broadcast_to(np.float32(0), (1 << 19, 4))
    with pytest.raises(InferenceServerException, match="max_body_bytes"):
        client.infer("scaled", [lent_input(kind, region, rows, size=8 << 20)])


def test_descriptors_are_given_back(lender, make_region):
    region = make_region(64)

    def descriptors():
        return sum("modelyard-test" in os.readlink(f"/proc/{lender.process.pid}/fd/{fd}")
                   for fd in os.listdir(f"/proc/{lender.process.pid}/fd"))

    with triton_http.InferenceServerClient(lender.address) as client:
        for _ in range(20):
            client.register_system_shared_memory(region.name, region.key, 64)
            client.unregister_system_shared_memory(region.name)
        client.register_system_shared_memory(region.name, region.key, 64)
        assert descriptors() == 1
        client.unregister_system_shared_memory()
        assert descriptors() == 0
