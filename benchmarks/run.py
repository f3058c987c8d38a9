"""Measures the server beside the engine itself, interleaved in one run, and prints ratios.

Usage: run.py [--seconds N]

Two models: a small one that runs on the event loop, and a dear one that runs on workers. For each, turns of a second
alternate between the engine in this process and the server over one kept connection (binary tensors). What is compared is
the median time of a request; the ratio says what the way through the server costs.
"""

import argparse
import http.client
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/integration"))
import models  # noqa: E402

BINARY = ROOT / "build/release/bin/modelyard"


class Server:
    def __init__(self, folder, files):
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", folder / "data", "--listen", "127.0.0.1:0", "--access-log-every", "0", *files],
            stdout=subprocess.PIPE, stderr=open(folder / "log", "wb"), cwd=folder)
        self.address = self.process.stdout.readline().decode().split("http://")[1].strip()
        self.connection = http.client.HTTPConnection(self.address)

    def ask(self, model, rows, values):
        head = json.dumps({"inputs": [{"name": "x", "shape": [rows, values.shape[1]], "datatype": "FP32",
                                       "parameters": {"binary_data_size": values.nbytes}}],
                           "parameters": {"binary_data_output": True}}).encode()
        self.connection.request("POST", f"/v2/models/{model}/infer", head + values.tobytes(),
                                {"Inference-Header-Content-Length": str(len(head))})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"{model}: {answer.status} {body[:200]}")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def turn(work, seconds):
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10, help="for each model and side")
    seconds = parser.parse_args().seconds
    folder = pathlib.Path(tempfile.mkdtemp())
    cases = [("small", models.scale(folder / "small.onnx", 2), 1, 4), ("wide", models.wide(folder / "wide.onnx"), 8, 2048)]
    server = Server(folder, [path for _, path, _, _ in cases])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    print(f"{'model':8} {'rows':>4} {'engine p50':>12} {'server p50':>12} {'server p99':>12} {'added':>10} {'ratio':>7}")
    try:
        for name, path, rows, columns in cases:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            values = np.random.default_rng(1).standard_normal((rows, columns)).astype(np.float32)
            for _ in range(50):
                server.ask(name, rows, values)
                session.run(None, {"x": values})
            engine, served = [], []
            for _ in range(int(max(1, seconds))):
                engine += turn(lambda: session.run(None, {"x": values}), 1)
                served += turn(lambda: server.ask(name, rows, values), 1)
            low, high = statistics.median(engine), statistics.median(served)
            slow = sorted(served)[int(len(served) * 0.99)]
            print(f"{name:8} {rows:4} {low * 1e6:9.1f} µs {high * 1e6:9.1f} µs {slow * 1e6:9.1f} µs "
                  f"{(high - low) * 1e6:7.1f} µs {high / low:6.2f}×")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
