"""Starts what is measured, each pinned to its core, and knows where it listens and who it is."""

import dataclasses
import http.server
import json
import os
import pathlib
import subprocess
import threading
import time
import urllib.parse

import onnx

from benchmarks import machine, workloads
from benchmarks.workloads import ROOT

BIN = ROOT / "build/release/bin"
MODELYARD = BIN / "modelyard"


class BrokenServer(Exception):
    """A server that does not start, does not answer, or answers wrongly: no figure of it means anything."""


@dataclasses.dataclass
class Server:
    name: str
    url: str  # of REST
    grpc_url: str
    pid: int | None = None  # None: on another machine, so that its CPU time is not known
    headers: dict = dataclasses.field(default_factory=dict)
    certificate: pathlib.Path | None = None
    load_cores: str = machine.LOAD_CORE
    process: subprocess.Popen | None = None
    ready_seconds: float = 0.0

    def cpu_seconds(self):
        return machine.cpu_seconds(self.pid) if self.pid else float("nan")

    def resident_mb(self):
        return machine.resident_mb(self.pid) if self.pid else float("nan")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


def start(name, command, folder, cores=machine.SERVER_CORE):
    """The command says on standard output where it listens, once it is ready."""
    log = folder / "log"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MODELYARD_")}
    began = time.perf_counter()
    process = subprocess.Popen(["taskset", "-c", cores, *map(str, command)], stdout=subprocess.PIPE,
                               stderr=open(log, "wb"), cwd=folder, env=environment)
    line = process.stdout.readline().decode()
    ready = time.perf_counter() - began
    if "://" not in line:
        process.kill()
        process.wait()
        raise BrokenServer(f"{name} did not start: {line!r}\n{log.read_text()[-2000:]}")
    url = line.split()[-1].rstrip("/")
    return Server(name, url, url, process.pid, process=process, ready_seconds=ready)


def modelyard(name, folder, models, arguments=(), loops=1, cores=machine.SERVER_CORE):
    return start(name, [MODELYARD, "serve", *models, "--data", folder / "data", "--listen", "127.0.0.1:0", "--loops", loops,
                        "--workers-per-version", "1", *arguments], folder, cores)


UNWATCHED = ("--access-log-every", "0", "--profile-cpu-percent", "0")
PLAIN = (*UNWATCHED, "--journal", "false")


def publish(folder, model_files):
    """Models that are published under their names before a server of that data folder starts."""
    links = folder / "models"
    links.mkdir(parents=True)
    named = []
    for name, path in model_files.items():
        (links / f"{name}.onnx").symlink_to(path)
        named.append(links / f"{name}.onnx")
    return named


def everything_on(folder, models):
    """All that can be switched on: a line and a record for every request, and every caller asked for a key."""
    key = subprocess.run([MODELYARD, "key", "create", "bench", "--verbs", "infer", "--data", folder / "data"],
                         capture_output=True, text=True, check=False)
    if key.returncode != 0:
        raise BrokenServer(f"no key: {key.stderr}")
    server = modelyard(workloads.FULL, folder, models, ("--access-log-every", "1", "--authentication", "required"))
    server.headers = {"authorization": f"Bearer {key.stdout.strip()}"}
    return server


def with_records(folder, models):
    """Every prediction leaves its decision record, as by default."""
    return modelyard(workloads.RECORDS, folder, models, UNWATCHED)


def with_capture(folder, models):
    """Every prediction leaves its record, and all that it was asked and answered."""
    server = modelyard(workloads.CAPTURE, folder, models, UNWATCHED)
    for model in models:
        subprocess.run([MODELYARD, "record", pathlib.Path(model).stem, "capture.share=1", "--server", server.url],
                       check=True, capture_output=True)
    return server


def with_profiles(folder, models):
    """What is asked and answered goes into live profiles, as by default."""
    return modelyard(workloads.PROFILES, folder, models, ("--access-log-every", "0", "--journal", "false"))


class TraceSink:
    """Takes what a collector of traces would, and throws it away."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


# Windows are narrower than the usual five minutes, so that some end while a row is measured.
WATCHING = ("--profile-window-seconds", "10", "--trace-share", "0.01")
MONITORS = {"inputs": {"kind": "drift", "reference": "previous"}, "quality": {"kind": "quality", "reference": "previous"},
            "latency": {"kind": "latency", "at_most_ms": 50}, "errors": {"kind": "errors", "at_most": 0.01}}


def watched(folder, models):
    """All that watches a model: records, full capture, profiles, monitors, and traces of every hundredth request."""
    server = modelyard(workloads.WATCHED, folder, models,
                       ("--access-log-every", "0", "--otlp-endpoint", TraceSink().url, *WATCHING))
    endpoints = {pathlib.Path(model).stem: {"journal": {"capture": {"share": 1}},
                                            "monitors": {name: {**monitor, "window": "10s"} for name, monitor in MONITORS.items()}}
                 for model in models}
    document = folder / "monitors.json"
    document.write_text(json.dumps({"endpoints": endpoints}))
    subprocess.run([MODELYARD, "apply", "-f", document, "--server", server.url], check=True, capture_output=True)
    return server


def rolling_out(name_of_server, folder, models, spec):
    """The same model once more is the candidate."""
    server = modelyard(name_of_server, folder, models, PLAIN)
    document, again = folder / "rollout.json", folder / "again.onnx"
    document.write_text(json.dumps({"candidate": 2, "hold": "24h", **spec}))
    for file in models:
        name = pathlib.Path(file).stem
        model = onnx.load(file)
        model.doc_string = "trained again"
        onnx.save(model, again)
        for words in (("push", name, again), ("rollout", "start", name, "-f", document)):
            subprocess.run([MODELYARD, *words, "--server", server.url], check=True, capture_output=True)
    return server


def with_canary(folder, models):
    """A rollout at a tenth. All requests are of one user: what is split between two versions cannot share batches, which
    is the price of any split, and not of finding the version and of counting."""
    server = rolling_out(workloads.CANARY, folder, models,
                         {"strategy": "canary", "steps": [10], "gates": ["error_rate <= 5%", "p99_ms <= stable * 5"]})
    server.headers = {"modelyard-unit": "ada"}
    return server


def with_shadow(folder, models):
    """The candidate sees a copy of every request."""
    return rolling_out(workloads.SHADOW, folder, models,
                       {"strategy": "shadow", "gates": ["error_rate <= 5%", "disagreement <= 2%"]})


def with_tls(folder, models):
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
                    certificate], check=True, capture_output=True)
    server = modelyard(workloads.TLS, folder, models, (*PLAIN, "--tls-certificate", certificate, "--tls-key", key))
    server.certificate = certificate
    return server


def two_loops(folder, models):
    """Both cores are the server's, so the load shares them."""
    server = modelyard(workloads.TWO_LOOPS, folder, models, PLAIN, loops=2, cores="0,1")
    server.load_cores = "0,1"
    return server


def echo(folder):
    """One name for two programs: each is the floor of its protocol."""
    http = start("the HTTP echo", [BIN / "modelyard_bench_http_echo"], folder)
    grpc = start("the gRPC echo", [BIN / "modelyard_bench_grpc_echo"], folder)
    return http, grpc


def peer(name, url, grpc_url):
    """A server that somebody else has started."""
    port = urllib.parse.urlsplit(url).port
    return Server(name, url.rstrip("/"), grpc_url.rstrip("/"), machine.listener(port))


class Fleet:
    """All servers of a run: started at once, idle but for the one that is measured."""

    def __init__(self, folder, repository, names, model_names, peers):
        self.folder, self.started, self.by_name = folder, [], {}
        files = {name: workloads.model_file(repository, name) for name in model_names}
        makers = {
            workloads.OURS: lambda at, named: modelyard(workloads.OURS, at, named, PLAIN),
            workloads.RECORDS: with_records, workloads.CAPTURE: with_capture, workloads.PROFILES: with_profiles, workloads.WATCHED: watched,
            workloads.CANARY: with_canary, workloads.SHADOW: with_shadow, workloads.FULL: everything_on, workloads.TLS: with_tls, workloads.TWO_LOOPS: two_loops,
        }
        try:
            for name, make in makers.items():
                if name in names:
                    place = folder / name.replace(" ", "-").replace(",", "")
                    self._add(make(place, publish(place, files)))
            if workloads.ECHO in names:
                self.http_echo, self.grpc_echo = echo(folder)
                self.started += [self.http_echo, self.grpc_echo]
        except BaseException:
            self.stop()
            raise
        for name, urls in peers.items():
            self.by_name[name] = peer(name, *urls)

    def _add(self, server):
        self.started.append(server)
        self.by_name[server.name] = server

    def find(self, name, work):
        if name == workloads.ECHO:
            return self.grpc_echo if work.protocol == "grpc" else self.http_echo
        return self.by_name.get(name)

    def pids(self):
        return [server.pid for server in (*self.started, *self.by_name.values())]

    def stop(self):
        for server in self.started:
            server.stop()


class SmallServer:
    """What a server with one small model takes: time until it is ready, and memory when nobody asks."""

    def __init__(self, folder, repository):
        self.folder, self.repository, self.idle = folder, repository, None
        self._publish("again").stop()

    def _publish(self, name):
        place = self.folder / name
        return modelyard(f"a small server ({name})", place,
                         publish(place, {"identity": workloads.model_file(self.repository, "identity")}), PLAIN)

    def start_seconds(self):
        """With the model published already, as after a restart."""
        server = modelyard("a small server", self.folder / "again", (), PLAIN)
        server.stop()
        return server.ready_seconds

    def begin_to_idle(self):
        self._publish("idle").stop()  # publishing takes memory that a restart does not
        self.idle = modelyard("an idle server", self.folder / "idle", (), PLAIN)

    def idle_mb(self):
        return self.idle.resident_mb()

    def stop(self):
        if self.idle:
            self.idle.stop()
