"""Whether a hot or a slow endpoint starves another, and whether few connections leave an event loop idle.

Usage: fairness.py [--seconds S] [--repeats N] [--json FILE]

A server with two event loops and one worker a version shares both cores with the load. In each repeat, one victim is asked at
a fixed, low rate, first alone, then beside an endpoint that is asked as fast as it answers. Printed: the victim's latency in
both cases, its requests that failed, and what the other one answers meanwhile. Then unary gRPC calls over 2, 3 and 8 connections,
and how the loops shared them: the CPU time of each loop's thread. Medians of the repeats.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/integration"))
import bodies  # noqa: E402
import models  # noqa: E402

BINARY = os.environ.get("BINARY_UNDER_TEST", str(ROOT / "build/release/bin/modelyard"))
TICK = os.sysconf("SC_CLK_TCK")
SHAPES = {"small": (1, 4), "slow": (1, 1024), "second": (1, 1024)}
# Victim and its requests a second, the other one and its connections, and what that is about.
CASES = [
    ("small", 200, "slow", 64, "a small endpoint beside a slow one under full load"),
    ("slow", 20, "small", 128, "a slow endpoint beside a small one under full load"),
    ("second", 20, "slow", 64, "two endpoints of one version, one under full load"),
]


class Server:
    def __init__(self, folder):
        wide = models.perceptron(folder / "slow.onnx", [1024, 2048, 2048, 10])
        self.process = subprocess.Popen(
            [BINARY, "serve", models.identity(folder / "small.onnx"), wide, "--data", folder / "data", "--listen",
             "127.0.0.1:0", "--loops", "2", "--workers-per-version", "1", "--access-log-every", "0"],
            stdout=subprocess.PIPE, stderr=open(folder / "log", "wb"), cwd=folder)
        self.url = self.process.stdout.readline().decode().split()[-1].rstrip("/")
        self.call("PUT", "/api/v1/endpoints/second", {"model": "slow"})
        self.call("POST", "/api/v1/endpoints/second:deploy", {"version": 1})

    def call(self, method, path, document):
        request = urllib.request.Request(self.url + path, json.dumps(document).encode(),
                                         {"content-type": "application/json"}, method=method)
        urllib.request.urlopen(request, timeout=60).read()

    def loop_seconds(self):
        """CPU time of each event loop."""
        times = {}
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            name = (task / "comm").read_text().strip()
            if name.startswith("loop "):
                fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
                times[name] = (int(fields[11]) + int(fields[12])) / TICK
        return times

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)


def command(server, folder, model, seconds, *arguments, grpc=False):
    body = folder / f"{model}.{'grpc' if grpc else 'json'}"
    if not body.exists():
        body.write_bytes(bodies.grpc_body(model, SHAPES[model]) if grpc else bodies.json_body(SHAPES[model]))
    form = (["-H", "content-type: application/grpc", "-H", "te: trailers"] if grpc else
            ["--h1", "-H", "content-type: application/json"])
    path = "/inference.GRPCInferenceService/ModelInfer" if grpc else f"/v2/models/{model}/infer"
    return [str(part) for part in ("h2load", "-t", 1, "-D", seconds, "-d", body, *form, *arguments, server.url + path)]


def requests_of(output):
    succeeded, failed = re.search(r"(\d+) succeeded, (\d+) failed", output).groups()
    return int(succeeded), int(failed)


def ask_victim(server, folder, model, rate, seconds):
    log = folder / "victim.log"
    log.unlink(missing_ok=True)
    done = subprocess.run(command(server, folder, model, seconds, "-c", 4, "--rps", rate / 4, f"--log-file={log}"),
                          capture_output=True, text=True, check=True)
    took = sorted(int(line.split("\t")[2]) / 1000 for line in log.read_text().splitlines())
    _, failed = requests_of(done.stdout)
    return {"p50_ms": statistics.median(took), "p99_ms": took[int(0.99 * len(took))], "failed": failed}


@contextlib.contextmanager
def under_load(server, folder, model, connections, seconds, counted):
    """Asks as fast as it is answered; what it got is added to `counted` afterwards."""
    hot = subprocess.Popen(command(server, folder, model, seconds + 1, "-c", connections), stdout=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        counted.append(requests_of(hot.communicate(timeout=60)[0])[0] / (seconds + 1))


def measure_case(server, folder, case, seconds):
    victim, rate, hot, connections, _ = case
    alone = ask_victim(server, folder, victim, rate, seconds)
    counted = []
    with under_load(server, folder, hot, connections, seconds, counted):
        beside = ask_victim(server, folder, victim, rate, seconds)
    return {"alone": alone, "beside": beside, "others_per_second": counted[0]}


def measure_connections(server, folder, connections, seconds):
    before = server.loop_seconds()
    done = subprocess.run(command(server, folder, "small", seconds, "-c", connections, "-m", 8, grpc=True),
                          capture_output=True, text=True, check=True)
    used = sorted(after - before[name] for name, after in server.loop_seconds().items())
    return {"per_second": requests_of(done.stdout)[0] / seconds, "least_share": used[0] / max(sum(used), 1 / TICK)}


def median_of(runs, *keys):
    def value(run):
        for key in keys:
            run = run[key]
        return run
    return statistics.median(value(run) for run in runs)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=int, default=5)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--json", type=pathlib.Path)
    given = arguments.parse_args()
    if not shutil.which("h2load"):
        sys.exit("h2load is missing; install nghttp2-client")
    cases, spread = {case[4]: [] for case in CASES}, {count: [] for count in (2, 3, 8)}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        server = Server(folder)
        for _ in range(given.repeats):
            for case in CASES:
                cases[case[4]].append(measure_case(server, folder, case, given.seconds))
            for connections, runs in spread.items():
                runs.append(measure_connections(server, folder, connections, given.seconds))
        if server.stop() != 0:
            sys.exit("the server did not end cleanly")
    print(f"{'':52} {'p50 alone':>10} {'beside':>8} {'p99 alone':>10} {'beside':>8} {'failed':>7} {'other/s':>9}")
    for title, runs in cases.items():
        print(f"{title:52} {median_of(runs, 'alone', 'p50_ms'):7.2f} ms {median_of(runs, 'beside', 'p50_ms'):5.2f} ms "
              f"{median_of(runs, 'alone', 'p99_ms'):7.2f} ms {median_of(runs, 'beside', 'p99_ms'):5.2f} ms "
              f"{sum(run['beside']['failed'] for run in runs):7} {median_of(runs, 'others_per_second'):9.0f}")
    for connections, runs in spread.items():
        print(f"{connections} gRPC connections of 8 streams: {median_of(runs, 'per_second'):7.0f}/s, "
              f"the loop with less to do took {100 * median_of(runs, 'least_share'):.0f} % of the loops' CPU time")
    if given.json:
        given.json.write_text(json.dumps({"cases": cases, "connections": spread}, indent=1))


if __name__ == "__main__":
    main()
