"""Asks a server everything at once for a long time, and says whether it stays the size it was.

Usage: soak.py [--minutes M] [--every SECONDS] [--json FILE]

Side by side: REST and gRPC requests, gRPC streams, cheap and dear models, bad requests, requests whose client leaves
before the answer, connections that come and go, swaps of versions with a load and an unload each. Resident memory, descriptors
and threads are sampled; in the second half of the time, when caches are full, they must be flat: the straight line through the
samples may rise by 2 MB of memory, 4 descriptors and 1 thread in all. Exit code 1 when something grows, or a good request fails.
"""

import argparse
import http.client
import json
import os
import pathlib
import queue
import random
import re
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np
import tritonclient.grpc as triton

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/integration"))
import models  # noqa: E402
from crowd import Crowd  # noqa: E402

BINARY = os.environ.get("BINARY_UNDER_TEST", str(ROOT / "build/release/bin/modelyard"))
MOST_RISE = {"resident_kb": 2048, "descriptors": 4, "threads": 1}
DEAR_WIDTH = 1024
BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 1, 1, 1]}]})
DEAR_BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, DEAR_WIDTH], "datatype": "FP32", "data": [0.5] * DEAR_WIDTH}]})
# Path, body, and what the contract answers.
BAD = [
    ("/v2/models/nosuch/infer", BODY, 404),
    ("/v2/models/scaled/versions/99/infer", BODY, 404),
    ("/v2/models/scaled/infer", BODY[:-1], 400),
    ("/v2/models/scaled/infer", BODY.replace("[1, 4]", "[1, 5]"), 400),
    ("/v2/models/scaled/infer", BODY.replace("FP32", "FP64"), 400),
    ("/v1/models/scaled:predict", '{"instances": "none"}', 400),
    ("/nosuch", "", 404),
]


class Server:
    def __init__(self, folder):
        files = [models.scale(folder / "scaled.onnx", 2), models.perceptron(folder / "dear.onnx", [DEAR_WIDTH] * 2 + [10])]
        self.folder = folder
        self.process = subprocess.Popen(
            [BINARY, "serve", *files, "--data", folder / "data", "--listen", "127.0.0.1:0", "--version-grace-seconds",
             "0", "--access-log-every", "100"], stdout=subprocess.PIPE, stderr=open(folder / "log", "wb"), cwd=folder)
        self.url = self.process.stdout.readline().decode().split()[-1]
        self.address = self.url.split("://")[1]
        subprocess.run([BINARY, "push", "scaled", models.scale(folder / "2.onnx", 3)], check=True, cwd=folder,
                       env={**os.environ, "MODELYARD_SERVER": self.url}, stdout=subprocess.DEVNULL)

    def sample(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return {"resident_kb": int(re.search(r"VmRSS:\s+(\d+)", status).group(1)),
                "descriptors": len(os.listdir(f"/proc/{self.process.pid}/fd")),
                "threads": int(re.search(r"Threads:\s+(\d+)", status).group(1))}

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)


class Traffic(Crowd):
    """Every kind of client at once."""

    def __init__(self, server, seed):
        self.server, self.chance = server, random.Random(seed)
        super().__init__([self.rest, self.rest, self.rest_dear, self.grpc, self.grpc, self.stream, self.bad, self.leave,
                          self.swap])

    def connection(self):
        return http.client.HTTPConnection(self.server.address, timeout=60)

    @staticmethod
    def ask(connection, path, body, expected=200):
        connection.request("POST", path, body)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != expected:
            raise RuntimeError(f"{path}: {answer.status} instead of {expected}: {text[:200]}")
        return text

    def rest(self):
        while True:
            connection = self.connection()
            for _ in range(self.chance.randrange(1, 200)):  # connections come and go
                self.ask(connection, "/v2/models/scaled/infer", BODY)
                yield
            connection.close()

    def rest_dear(self):
        connection = self.connection()
        while True:
            self.ask(connection, "/v2/models/dear/infer", DEAR_BODY)
            yield

    def grpc(self):
        x = tensor()
        while True:
            with triton.InferenceServerClient(self.server.address) as client:
                for _ in range(200):
                    answer = client.infer("scaled", [x], client_timeout=60)
                    if answer.as_numpy("y")[0, 0] not in (2, 3):
                        raise RuntimeError("a wrong answer")
                    yield

    def stream(self):
        x = tensor()
        while True:
            answers = queue.Queue()
            with triton.InferenceServerClient(self.server.address) as client:
                client.start_stream(lambda result, error: answers.put((result, error)))
                for _ in range(50):
                    client.async_stream_infer("scaled", [x])
                for _ in range(50):
                    _, error = answers.get(timeout=60)
                    if error is not None:
                        raise error
                client.stop_stream()
            yield

    def bad(self):
        connection = self.connection()
        while True:
            for path, body, expected in BAD:
                self.ask(connection, path, body, expected)
                yield
            with socket.create_connection(address_of(self.server)) as garbage:
                garbage.sendall(self.chance.randbytes(200) + b"\r\n\r\n")
                garbage.recv(65536)
            yield

    def leave(self):
        """Asks, and is gone before the answer; over HTTP/1.1 by the connection, over gRPC by a cancellation."""
        x = triton.InferInput("x", [64, DEAR_WIDTH], "FP32")
        x.set_data_from_numpy(np.ones((64, DEAR_WIDTH), np.float32))
        text = f"POST /v2/models/dear/infer HTTP/1.1\r\nHost: h\r\nContent-Length: {len(DEAR_BODY)}\r\n\r\n{DEAR_BODY}"
        with triton.InferenceServerClient(self.server.address) as client:
            while True:
                gone = socket.create_connection(address_of(self.server))
                if self.chance.random() < 0.5:
                    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
                gone.sendall(text[:self.chance.randrange(1, len(text) + 1)].encode())
                gone.close()
                client.async_infer("dear", [x], lambda result, error: None).cancel()
                yield
                self.ended.wait(0.01)

    def swap(self):
        connection = self.connection()
        while True:
            for version in (2, 1):
                self.ask(connection, "/api/v1/endpoints/scaled:deploy",
                         json.dumps({"version": version, "wait_seconds": 60}))
                yield
                self.ended.wait(0.5)


def tensor():
    made = triton.InferInput("x", [1, 4], "FP32")
    made.set_data_from_numpy(np.ones((1, 4), np.float32))
    return made


def address_of(server):
    host, port = server.address.rsplit(":", 1)
    return host, int(port)


def judge(samples, name):
    """How much the straight line through the later samples rises, and whether that counts as flat."""
    later = samples[len(samples) // 2:]
    times, values = [one["at"] for one in later], [one[name] for one in later]
    slope = statistics.linear_regression(times, values).slope if len(later) > 2 else 0.0
    rise = slope * (times[-1] - times[0])
    return {"first": values[0], "last": values[-1], "least": min(values), "most": max(values), "rise": round(rise, 1),
            "flat": rise <= MOST_RISE[name]}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--minutes", type=float, default=30)
    arguments.add_argument("--every", type=float, default=10, help="seconds between samples")
    arguments.add_argument("--json", type=pathlib.Path)
    given = arguments.parse_args()
    samples = []
    with tempfile.TemporaryDirectory() as name:
        server = Server(pathlib.Path(name))
        began = time.monotonic()
        with Traffic(server, seed=5) as traffic:
            while (at := time.monotonic() - began) < 60 * given.minutes:
                samples.append({"at": round(at, 1), **server.sample()})
                if sys.stderr.isatty():
                    print(f"\r{at:6.0f} s of {60 * given.minutes:.0f}  {samples[-1]}", end="", file=sys.stderr)
                if server.process.poll() is not None:
                    sys.exit(f"the server has ended: {(server.folder / 'log').read_text()[-4000:]}")
                time.sleep(given.every)
        ended_cleanly = server.stop() == 0

    outcome = {name: judge(samples, name) for name in MOST_RISE}
    for name, one in outcome.items():
        print(f"{name:12} {one['first']:8} → {one['last']:8}  within {one['least']}–{one['most']}, rises by {one['rise']}: "
              f"{'flat' if one['flat'] else 'NOT FLAT'}")
    print("requests: " + ", ".join(f"{kind} {count}" for kind, count in sorted(traffic.counts.items())))
    print(f"failures of good requests: {len(traffic.failures)}; ended cleanly: {ended_cleanly}")
    for failure in traffic.failures[:10]:
        print("  " + failure)
    if given.json:
        given.json.write_text(json.dumps({
            "minutes": given.minutes, "outcome": outcome, "requests": traffic.counts, "failures": traffic.failures[:100],
            "ended_cleanly": ended_cleanly, "samples": samples}, indent=1))
    sys.exit(0 if ended_cleanly and not traffic.failures and all(one["flat"] for one in outcome.values()) else 1)


if __name__ == "__main__":
    main()
