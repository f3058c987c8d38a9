"""Measures the server under load, beside the engine itself, and prints ratios.

Usage: run.py [--repeats N] [--seconds S] [--only TEXT] [--json FILE]

The server runs on core 0 with one event loop and one worker, the load (h2load) on core 1. What is measured is the server's
CPU time for each request, which moves less than requests a second; ratios are formed within a repeat, because machines have
noisy hours, and the median and range of the repeats are printed. One answer of every row is checked before it is measured.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/integration"))
import models  # noqa: E402
from tritonclient.grpc import service_pb2  # noqa: E402

BINARY = ROOT / "build/release/bin/modelyard"
TICK = os.sysconf("SC_CLK_TCK")


def perceptron(path, sizes, rows="rows"):
    """A seeded multi-layer perceptron; with `rows` a number it has no batch dimension."""
    random = np.random.default_rng(1)
    nodes, weights, last = [], [], "x"
    for i, (wide, narrow) in enumerate(zip(sizes, sizes[1:])):
        weights.append(numpy_helper.from_array(
            (random.standard_normal((wide, narrow)) / np.sqrt(wide)).astype(np.float32), f"w{i}"))
        end = i == len(sizes) - 2
        nodes.append(helper.make_node("MatMul", [last, f"w{i}"], ["y" if end else f"h{i}"]))
        if not end:
            nodes.append(helper.make_node("Relu", [f"h{i}"], [f"r{i}"]))
            last = f"r{i}"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, sizes[0]])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, sizes[-1]])
    return models.save(helper.make_graph(nodes, "perceptron", [x], [y], weights), path)


MODELS = {
    "identity": (4, lambda path: models.identity(path)),
    "tabular": (32, lambda path: perceptron(path, [32, 64, 32, 1])),
    "wide": (1024, lambda path: perceptron(path, [1024, 2048, 2048, 10])),
    "wide-alone": (1024, lambda path: perceptron(path, [1024, 2048, 2048, 10], rows=1)),
}

# name, protocol, model, connections, streams of each
ROWS = [
    ("identity JSON, 1", "http", "identity", 1, 1),
    ("identity JSON, 32", "http", "identity", 32, 1),
    ("tabular JSON, 32", "http", "tabular", 32, 1),
    ("wide JSON, 1", "http", "wide", 1, 1),
    ("wide JSON, 8", "http", "wide", 8, 1),
    ("wide JSON, 32", "http", "wide", 32, 1),
    ("wide JSON, 32, not batched", "http", "wide-alone", 32, 1),
    ("identity gRPC, 8 x 1", "grpc", "identity", 8, 1),
    ("identity gRPC, 32 x 1", "grpc", "identity", 32, 1),
    ("identity gRPC, 4 x 32", "grpc", "identity", 4, 32),
    ("tabular gRPC, 4 x 32", "grpc", "tabular", 4, 32),
    ("wide gRPC, 4 x 32", "grpc", "wide", 4, 32),
]


class Server:
    def __init__(self, folder):
        began = time.perf_counter()
        files = [folder / f"{name}.onnx" for name in MODELS]
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", BINARY, "serve", *files, "--data", folder / "data", "--listen", "127.0.0.1:0",
             "--loops", "1", "--workers-per-version", "1", "--access-log-every", "0"],
            stdout=subprocess.PIPE, stderr=open(folder / "log", "wb"), cwd=folder)
        self.url = self.process.stdout.readline().decode().split()[-1]
        self.start_seconds = time.perf_counter() - began

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def resident_mb(self):
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def write_requests(folder):
    for name, (width, make) in MODELS.items():
        make(folder / f"{name}.onnx")
        values = np.round(np.random.default_rng(2).random((1, width)), 4).astype(np.float32)
        (folder / f"{name}.http").write_text(json.dumps({"inputs": [
            {"name": "x", "shape": [1, width], "datatype": "FP32",
             "data": [round(float(value), 4) for value in values[0]]}]}, separators=(",", ":")))
        request = service_pb2.ModelInferRequest(model_name=name)
        request.inputs.add(name="x", datatype="FP32", shape=[1, width])
        request.raw_input_contents.append(values.tobytes())
        message = request.SerializeToString()
        (folder / f"{name}.grpc").write_bytes(b"\0" + struct.pack(">I", len(message)) + message)


def load_command(row, server, folder, seconds):
    _, protocol, model, connections, streams = row
    command = ["taskset", "-c", "1", "h2load", "-t", "1", "-D", str(seconds), "-c", str(connections),
               "-d", str(folder / f"{model}.{protocol}")]
    if protocol == "grpc":
        return command + ["-m", str(streams), "-H", "content-type: application/grpc", "-H", "te: trailers",
                          server.url + "/inference.GRPCInferenceService/ModelInfer"]
    return command + ["--h1", "-H", "content-type: application/json", server.url + f"/v2/models/{model}/infer"]


def check_answer(row, server, folder):
    if row[1] == "http":
        body = (folder / f"{row[2]}.http").read_bytes()
        answer = json.load(urllib.request.urlopen(server.url + f"/v2/models/{row[2]}/infer", body))
        if not answer["outputs"][0]["data"]:
            sys.exit(f"{row[0]}: an empty answer")
        return
    import tritonclient.grpc as triton
    with triton.InferenceServerClient(server.url.split("://")[1]) as client:
        x = triton.InferInput("x", [1, MODELS[row[2]][0]], "FP32")
        x.set_data_from_numpy(np.ones((1, MODELS[row[2]][0]), np.float32))
        client.infer(row[2], [x]).as_numpy("y")


def engine_microseconds(folder, model):
    """The engine alone, in this process, on one thread; the median of single runs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / f"{model}.onnx", options, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(2).random((1, MODELS[model][0]), np.float32)
    times = []
    end = time.perf_counter() + 1
    while time.perf_counter() < end:
        began = time.perf_counter()
        session.run(None, {"x": x})
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


def microseconds(text):
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def measure(row, server, folder, seconds):
    before = server.cpu_seconds()
    text = subprocess.run(load_command(row, server, folder, seconds), capture_output=True, text=True).stdout
    used = server.cpu_seconds() - before
    done = int(re.search(r"(\d+) succeeded", text).group(1))
    failed = int(re.search(r"(\d+) failed", text).group(1))
    least, most, mean, deviation = re.search(r"time for request:\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)", text).groups()
    if done == 0:
        sys.exit(f"{row[0]}: no request succeeded\n{text}")
    return {"cpu_us": used / done * 1e6, "per_second": done / seconds, "failed": failed, "mean_us": microseconds(mean),
            "worst_us": microseconds(most)}


def spread(values):
    return f"{statistics.median(values):.2f} [{min(values):.2f}–{max(values):.2f}]"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=3)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--json", type=pathlib.Path)
    given = arguments.parse_args()
    if not shutil.which("h2load"):
        sys.exit("h2load is missing; install nghttp2-client")
    if os.cpu_count() < 2:
        sys.exit("two cores are needed: one for the server, one for the load")
    rows = [row for row in ROWS if given.only in row[0]]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_requests(folder)
        server = Server(folder)
        idle_mb = server.resident_mb()
        results = {row[0]: [] for row in rows}
        engine = {model: [] for model in ("wide",)}
        for row in rows:
            check_answer(row, server, folder)
            measure(row, server, folder, 1)
        for repeat in range(given.repeats):
            print(f"repeat {repeat + 1} of {given.repeats}", file=sys.stderr)
            for model in engine:
                engine[model].append(engine_microseconds(folder, model))
            for row in rows:
                results[row[0]].append(measure(row, server, folder, given.seconds))
        loaded_mb = server.resident_mb()
        server.stop()

    print(f"{'row':28} {'CPU µs/request':>24} {'requests/s':>11} {'mean':>9} {'worst':>9} {'failed':>6}")
    for row in rows:
        runs = results[row[0]]
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        print(f"{row[0]:28} {spread([run['cpu_us'] for run in runs]):>24} {middle['per_second']:11.0f} "
              f"{middle['mean_us'] / 1000:7.2f}ms {middle['worst_us'] / 1000:7.2f}ms {middle['failed']:6.0f}")
    ratios = {}

    def ratio(label, goal, top, bottom):
        if all(isinstance(part, float) or part in results for part in (top[0], bottom[0])):
            values = [a / b for a, b in zip(top[1](), bottom[1]())]
            ratios[label] = values
            print(f"{label:60} {spread(values):>24}   goal {goal}")

    def column(row, key):
        return row, lambda: [run[key] for run in results[row]]

    print()
    ratio("batching gain, wide, 32 connections (requests/s)", "≥ 4", column("wide JSON, 32", "per_second"),
          column("wide JSON, 32, not batched", "per_second"))
    ratio("wide, not batched, CPU against the engine alone", "≤ 1.05", column("wide JSON, 32, not batched", "cpu_us"),
          (1.0, lambda: engine["wide"]))
    ratio("identity JSON, worst against mean, 32 connections", "-", column("identity JSON, 32", "worst_us"),
          column("identity JSON, 32", "mean_us"))
    print(f"\nresident with {len(MODELS)} models: {idle_mb:.0f} MB before, {loaded_mb:.0f} MB after the load; "
          f"start to ready: {server.start_seconds * 1000:.0f} ms, publishing them included")
    print("missing: echo floors, Triton, MLServer")
    if given.json:
        given.json.write_text(json.dumps({
            "rows": results, "ratios": ratios, "engine_us": engine, "cpu": platform.processor(), "cores": os.cpu_count(),
            "onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__,
            "revision": subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True,
                                       text=True).stdout.strip()}, indent=1))


if __name__ == "__main__":
    main()
