"""What a request costs in the steady state, in counts that noise cannot move: heap allocations, system calls,
instructions. A figure that grows is a finding; one that falls is lowered here, so that it stays."""

import collections
import json
import mmap
import os
import pathlib
import re
import signal
import struct
import subprocess

import pytest

import bodies
import models
from conftest import BINARY, ROOT

pytestmark = pytest.mark.skipif("asan" in BINARY or "tsan" in BINARY, reason="sanitizers have costs of their own")

BIN = pathlib.Path(BINARY).parent
MODELS = {"identity": 4, "tabular": 32}
# One event loop that runs the engine, too, however slow counting makes it; the access log is off.
PLAIN = ["--loops", "1", "--workers-per-version", "1", "--access-log-every", "0", "--inline-below-us", "1000000"]


def deploy_models(server, folder):
    models.identity(folder / "identity.onnx")
    models.perceptron(folder / "tabular.onnx", [32, 64, 32, 1])
    for name in MODELS:
        server.cli("push", name, folder / f"{name}.onnx", "--wait")


def load(server, folder, protocol, model, requests, connections=1, streams=1):
    """Sends that many requests; every one of them must be answered."""
    body = folder / f"{model}.{protocol}"
    shape = (1, MODELS[model])
    body.write_bytes(bodies.grpc_body(model, shape) if protocol == "grpc" else bodies.json_body(shape))
    command = ["h2load", "-t", "1", "-n", requests, "-c", connections, "-m", streams, "-d", body]
    if protocol == "grpc":
        command += ["-H", "content-type: application/grpc", "-H", "te: trailers",
                    server.url + "/inference.GRPCInferenceService/ModelInfer"]
    else:
        command += ["--h1", "-H", "content-type: application/json", server.url + f"/v2/models/{model}/infer"]
    before = inferences(server, model)
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=240)
    assert f" {requests} succeeded" in done.stdout, done.stdout + done.stderr
    assert inferences(server, model) - before == requests


def inferences(server, model):
    return server.get(f"/v2/models/{model}/stats").json()["model_stats"][0]["inference_count"]


class Allocations:
    """The stacks that a server with the preloaded counter has allocated by. The layout is the counter's."""

    FRAMES = 32
    HEAD, STACK = struct.Struct("QQ"), struct.Struct(f"QQ{FRAMES}Q")

    def __init__(self, server, path):
        self.file = open(path, "r+b")
        self.memory = mmap.mmap(self.file.fileno(), 0)
        self.regions = []
        for line in open(f"/proc/{server.process.pid}/maps"):
            span, _, _, _, _, *name = line.split(maxsplit=5)
            first, last = (int(text, 16) for text in span.split("-"))
            if name:
                self.regions.append((first, last, name[0].strip()))

    def set_enabled(self, on):
        struct.pack_into("Q", self.memory, 0, int(on))

    def read(self):
        """How often each stack has allocated so far."""
        counts = collections.Counter()
        assert self.HEAD.unpack_from(self.memory)[1] == 0, "more stacks than there is room for"
        for at in range(self.HEAD.size, len(self.memory) - self.STACK.size + 1, self.STACK.size):
            hashed, count, *frames = self.STACK.unpack_from(self.memory, at)
            if hashed:
                counts[tuple(frame for frame in frames if frame)] += count
        return counts

    def module(self, address):
        return next((name for first, last, name in self.regions if first <= address < last), "")

    def is_engines(self, stack):
        """Whether the innermost frame that is the server's or the engine's is the engine's."""
        for frame in stack:
            name = self.module(frame)
            if name == BINARY or "libonnxruntime" in name:
                return name != BINARY
        return False

    def describe(self, stack):
        """The innermost functions of the server."""
        base = min(first for first, _, name in self.regions if name == BINARY)
        addresses = [hex(frame - 1 - base) for frame in stack if self.module(frame) == BINARY][:6]
        text = subprocess.run(["addr2line", "-f", "-C", "-e", BINARY, *addresses], capture_output=True,
                              text=True, timeout=120).stdout.splitlines()
        names = [re.sub(r"\(.*|<.*", "", name) for name in text[::2]]
        return " < ".join([name for name in names if "modelyard" in name][:4] or names[:4])


# A request allocates nothing of our own, nghttp2's included. SHOW_ALLOCATIONS=1 lists who does.
NOISE = 0.1  # connections and ticks, spread over the requests
HOT_PATHS = [(protocol, model) for protocol in ("http", "grpc") for model in MODELS]


def test_a_request_allocates_nothing(make_server, tmp_path):
    counts_path = tmp_path / "allocations"
    server = make_server(*PLAIN, environment={"LD_PRELOAD": str(BIN / "libmodelyard_allocation_counter.so"),
                                              "ALLOCATION_COUNTS": str(counts_path)})
    deploy_models(server, tmp_path)
    allocations = Allocations(server, counts_path)
    few, many = 200, 1200
    found, report = {}, []
    for protocol, model in HOT_PATHS:
        # What is kept for the next request is there now, and sketches, which grow by a level when their counts double,
        # have most of their levels.
        load(server, tmp_path, protocol, model, 5000)
        allocations.set_enabled(True)
        start = allocations.read()
        load(server, tmp_path, protocol, model, few)
        middle = allocations.read()
        load(server, tmp_path, protocol, model, many)
        end = allocations.read()
        allocations.set_enabled(False)
        of_each = {stack: ((end[stack] - middle[stack]) - (middle[stack] - start[stack])) / (many - few) for stack in end}
        own = {stack: count for stack, count in of_each.items() if not allocations.is_engines(stack)}
        engine = sum(of_each.values()) - sum(own.values())
        found[protocol, model] = sum(own.values())
        report.append(f"{protocol} {model}: {sum(own.values()):.2f} of our own, {engine:.2f} of the engine")
        if sum(own.values()) > NOISE or os.environ.get("SHOW_ALLOCATIONS"):
            by_place = collections.Counter()
            for stack, count in own.items():
                if count > 0.01:
                    by_place[allocations.describe(stack)] += count
            report += [f"  {count:.2f}  {place}" for place, count in by_place.most_common()]
        assert engine > 0, "the engine is known to allocate: the counter does not see it"
    print("\n".join(report))
    assert max(found.values()) <= NOISE, "\n".join(report)


class SystemCalls:
    """Counts the system calls of all threads of a process while it is entered."""

    def __init__(self, server, folder):
        self.path = folder / "strace"
        self.pid = server.process.pid

    def __enter__(self):
        self.strace = subprocess.Popen(["strace", "-f", "-c", "-o", self.path, "-p", str(self.pid)],
                                       stderr=subprocess.PIPE, text=True)
        attached = self.strace.stderr.readline()
        assert "attached" in attached, attached
        return self

    def __exit__(self, *_):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait(60)
        self.strace.stderr.close()
        row = re.compile(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)\s*")
        rows = [row.fullmatch(line) for line in self.path.read_text().splitlines()]
        self.calls = {match[2]: int(match[1]) for match in rows if match and match[2] != "total"}


@pytest.fixture
def counted(make_server, tmp_path):
    """Counts calls a request: counted(protocol, requests, connections, streams)."""
    server = make_server(*PLAIN)
    deploy_models(server, tmp_path)

    def count(protocol, requests, connections, streams):
        load(server, tmp_path, protocol, "identity", 300, connections, streams)
        with SystemCalls(server, tmp_path) as traced:
            load(server, tmp_path, protocol, "identity", requests, connections, streams)
        print({name: calls / requests for name, calls in traced.calls.items()})
        return {name: calls / requests for name, calls in traced.calls.items()}

    return count


# Of the journal's writers, that work by the clock: the slower the machine, the more of them fall on a request.
OF_THE_CLOCK = ("futex", "pwrite64", "fsync", "fdatasync")


def test_a_request_of_a_single_connection_waits_receives_and_sends_once(counted):
    for protocol in ("http", "grpc"):
        calls = counted(protocol, 10000, 1, 1)
        of_requests = sum(number for name, number in calls.items() if name not in OF_THE_CLOCK)
        assert 2.5 < of_requests <= 3.05, calls
        assert calls.get("futex", 0) < 0.5, calls  # a hop to another thread would be at least one


def test_with_many_connections_a_request_receives_and_sends_once(counted):
    calls = counted("http", 20000, 32, 1)
    moving = sum(calls.get(name, 0) for name in ("read", "recvfrom", "recvmsg", "readv", "write", "sendto", "sendmsg",
                                                 "writev"))
    assert 1.5 < moving <= 2.05, calls


def test_streams_of_one_connection_share_their_system_calls(counted):
    calls = counted("grpc", 40000, 4, 32)
    assert 0 < sum(calls.values()) <= 0.15, calls


INSTRUCTIONS = ROOT / "tests/cost/instructions.json"
REPLAY = BIN / "modelyard_request_replay"


def instructions(folder, protocol, requests, per_turn):
    """Instructions of the replay, and what it was built with."""
    out = folder / "callgrind.out"
    done = subprocess.run(
        ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", "--toggle-collect=replay_requests",
         REPLAY, protocol, str(requests), str(per_turn)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1]), json.loads(done.stdout)["built_with"]


@pytest.mark.parametrize(("name", "protocol", "per_turn"),
                         [("http", "http", 1), ("grpc", "grpc", 1), ("grpc_32_streams", "grpc", 32)])
def test_a_request_takes_no_more_instructions_than_it_did(tmp_path, name, protocol, per_turn):
    stored = json.loads(INSTRUCTIONS.read_text())
    few, built_with = instructions(tmp_path, protocol, 160, per_turn)
    many, _ = instructions(tmp_path, protocol, 480, per_turn)
    found = round((many - few) / 320)
    print(f"{name}: {found} instructions a request, stored {stored['instructions'][name]}")
    if built_with != stored["built_with"]:
        pytest.skip(f"the stored figure is of {stored['built_with']}, this is {built_with}")
    assert found <= stored["instructions"][name] * 1.01, (
        f"{name}: {found} instructions a request, {stored['instructions'][name]} are stored; "
        f"when the reason is good, store the new figure in {INSTRUCTIONS.relative_to(ROOT)} and say why in the commit")
