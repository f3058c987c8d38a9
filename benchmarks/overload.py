"""Asks the server for far more than it can do, and says what comes of it.

Usage: overload.py [--seconds S] [--queue N] [--format json|binary] [--cores LIST] [--json FILE]

A wide perceptron (1024→2048→2048→10) is asked at fixed rates, whatever is answered, by h2load over HTTP/2: first as fast as 64 clients
that wait for their answers can (the capacity), then at multiples of it. The server runs on core 0, or on those of --cores, with one
event loop and one worker, the load on core 1. Printed for each rate: what was offered, answered (goodput) and refused each second, the latency of what was
answered, the server's memory, and its CPU time; and what refusing costs beside serving. Rates that h2load could not offer are said.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/integration"))
import models  # noqa: E402

BINARY = os.environ.get("BINARY_UNDER_TEST", str(ROOT / "build/release/bin/modelyard"))
TICK = os.sysconf("SC_CLK_TCK")
WIDTHS = [1024, 2048, 2048, 10]
CONNECTIONS = 16
STREAMS = 128  # of each; together far more than the queue holds
RATES = (0.5, 0.8, 1, 2, 5, 10)


class Server:
    def __init__(self, folder, queue, cores):
        self.process = subprocess.Popen(
            ["taskset", "-c", cores, BINARY, "serve", models.perceptron(folder / "wide.onnx", WIDTHS), "--data",
             folder / "data", "--listen", "127.0.0.1:0", "--loops", "1", "--workers-per-version", "1",
             "--queue-capacity", str(queue), "--access-log-every", "0"],
            stdout=subprocess.PIPE, stderr=open(folder / "log", "wb"), cwd=folder)
        self.url = self.process.stdout.readline().decode().split()[-1]

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def resident_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)


class MemoryWatch(threading.Thread):
    """The most that was resident in the block."""

    def __init__(self, server):
        super().__init__()
        self.server, self.ended, self.most = server, threading.Event(), 0

    def run(self):
        while not self.ended.wait(0.05):
            self.most = max(self.most, self.server.resident_mb())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def write_body(folder, form):
    """The body, and the header lines that belong to it."""
    values = np.round(np.random.default_rng(2).random((1, WIDTHS[0])), 4).astype(np.float32)
    tensor = {"name": "x", "shape": [1, WIDTHS[0]], "datatype": "FP32"}
    if form == "json":
        tensor["data"] = [round(float(value), 4) for value in values[0]]
        (folder / "body").write_text(json.dumps({"inputs": [tensor]}, separators=(",", ":")))
        return ["-H", "content-type: application/json"]
    tensor["parameters"] = {"binary_data_size": values.nbytes}
    head = json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()
    (folder / "body").write_bytes(head + values.tobytes())
    return ["-H", "content-type: application/octet-stream", "-H", f"inference-header-content-length: {len(head)}"]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def load(server, folder, lines, seconds, arguments):
    """One run of h2load; what came of it."""
    log = folder / "requests"
    log.unlink(missing_ok=True)
    before = server.cpu_seconds()
    with MemoryWatch(server) as memory:
        done = subprocess.run(
            ["taskset", "-c", "1", "h2load", "-t", "1", "-D", str(seconds), f"--log-file={log}", "-d", folder / "body",
             *lines, *arguments, server.url + "/v2/models/wide/infer"], capture_output=True, text=True)
    cpu = server.cpu_seconds() - before
    # start in µs, status, duration in µs
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    answered = [int(row[2]) / 1000 for row in rows if row[1] == "200"]
    refused = [int(row[2]) / 1000 for row in rows if row[1] == "503"]
    other = len(rows) - len(answered) - len(refused)
    if not answered:
        sys.exit(f"nothing was answered\n{done.stdout}\n{done.stderr}")
    return {"offered": len(rows) / seconds, "goodput": len(answered) / seconds, "refused": len(refused) / seconds,
            "other": other, "p50_ms": percentile(answered, 0.5), "p99_ms": percentile(answered, 0.99),
            "refused_p99_ms": percentile(refused, 0.99), "cpu_seconds": cpu, "most_mb": memory.most,
            "answers": len(answered), "refusals": len(refused)}


def verdicts(capacity, rows, queue):
    """Name, measured, goal, reached."""
    peak = max(row["goodput"] for row in [capacity, *rows])
    last, serving = rows[-1], capacity["cpu_seconds"] / capacity["answers"]
    refusing = max(0.0, last["cpu_seconds"] - serving * last["answers"]) / max(1, last["refusals"])
    bound = 2 * 1000 * queue / capacity["goodput"]
    growth = max(row["most_mb"] for row in rows) - capacity["most_mb"]
    return [
        ("goodput at the highest rate, of its peak", last["goodput"] / peak, "≥ 0.9", last["goodput"] >= 0.9 * peak),
        ("p99 of what was answered, ms", last["p99_ms"], f"≤ {bound:.0f}: twice the queue", last["p99_ms"] <= bound),
        ("refusing, of serving one (CPU)", refusing / serving, "≤ 0.2", refusing <= 0.2 * serving),
        ("memory beyond that at capacity, MB", growth, "≤ 64", growth <= 64),
        ("neither answered nor refused", sum(row["other"] for row in rows), "0", all(row["other"] == 0 for row in rows)),
    ]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=int, default=5)
    arguments.add_argument("--queue", type=int, default=256)
    arguments.add_argument("--format", choices=["json", "binary"], default="json")
    arguments.add_argument("--cores", default="0")
    arguments.add_argument("--json", type=pathlib.Path)
    given = arguments.parse_args()
    if not shutil.which("h2load"):
        sys.exit("h2load is missing; install nghttp2-client")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lines = write_body(folder, given.format)
        server = Server(folder, given.queue, given.cores)
        load(server, folder, lines, 1, ["-c", "64", "-m", "1"])
        capacity = load(server, folder, lines, given.seconds, ["-c", "64", "-m", "1"])
        rows = []
        for times in RATES:
            rate = times * capacity["goodput"] / CONNECTIONS
            row = load(server, folder, lines, given.seconds,
                       ["-c", str(CONNECTIONS), "-m", str(STREAMS), "--rps", f"{rate:.0f}"])
            rows.append({"times": times, **row})
        if server.stop() != 0:
            sys.exit("the server did not end cleanly")

    print(f"capacity: {capacity['goodput']:.0f}/s, p99 {capacity['p99_ms']:.1f} ms, "
          f"{1e6 * capacity['cpu_seconds'] / capacity['answers']:.0f} µs of CPU each, {capacity['most_mb']:.0f} MB")
    print(f"{'asked':>6} {'offered/s':>10} {'goodput/s':>10} {'refused/s':>10} {'p50 ms':>8} {'p99 ms':>8} "
          f"{'refused p99':>12} {'CPU':>6} {'MB':>5}")
    for row in rows:
        print(f"{row['times']:5}× {row['offered']:10.0f} {row['goodput']:10.0f} {row['refused']:10.0f} {row['p50_ms']:8.1f} "
              f"{row['p99_ms']:8.1f} {row['refused_p99_ms']:12.1f} {row['cpu_seconds'] / given.seconds:6.2f} "
              f"{row['most_mb']:5.0f}")
    checks = verdicts(capacity, rows, given.queue)
    for name, measured, goal, reached in checks:
        print(f"{name:45} {measured:8.3f}   goal {goal:24} {'reached' if reached else 'not reached'}")
    if given.json:
        given.json.write_text(json.dumps({"capacity": capacity, "rates": rows, "queue": given.queue, "verdicts": [
            {"name": name, "measured": measured, "goal": goal, "reached": bool(reached)}
            for name, measured, goal, reached in checks]}, indent=1))


if __name__ == "__main__":
    main()
