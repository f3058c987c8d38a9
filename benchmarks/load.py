"""One measurement: an answer is checked, then h2load asks for some seconds."""

import json
import math
import re
import ssl
import subprocess
import urllib.parse
import urllib.request

import grpc
import numpy as np
import onnxruntime
from tritonclient.grpc import service_pb2

import bodies
from benchmarks import machine, workloads
from benchmarks.servers import BIN, BrokenServer


class Answers:
    """What each model says to the request that is sent, by ONNX Runtime in this process."""

    def __init__(self, repository):
        self.repository, self.known = repository, {}

    def of(self, model):
        if model not in self.known:
            session = onnxruntime.InferenceSession(workloads.model_file(self.repository, model),
                                                   providers=["CPUExecutionProvider"])
            self.known[model] = session.run(None, {"x": bodies.values(workloads.MODELS[model].shape)})[0].reshape(-1)
        return self.known[model]


def ask(server, work):
    """The body of one answer, by a client that checks the protocol."""
    body, headers = workloads.body_of(work)
    headers = {**headers, **server.headers}
    if work.protocol != "grpc":
        trusted = ssl.create_default_context(cafile=server.certificate) if server.certificate else None
        request = urllib.request.Request(server.url + workloads.path_of(work), body, headers)
        with urllib.request.urlopen(request, context=trusted, timeout=60) as answer:
            return answer.read()
    address = urllib.parse.urlsplit(server.grpc_url).netloc
    metadata = list(server.headers.items())
    credentials = server.certificate and grpc.ssl_channel_credentials(server.certificate.read_bytes())
    with grpc.secure_channel(address, credentials) if credentials else grpc.insecure_channel(address) as channel:
        return channel.unary_unary(workloads.path_of(work))(body[5:], metadata=metadata, timeout=60)


def values_of(work, answer):
    """The first output of an answer."""
    if work.protocol == "grpc":
        message = service_pb2.ModelInferResponse.FromString(answer)
        return np.frombuffer(message.raw_output_contents[0], np.float32)
    if work.protocol == "binary":
        _, end = json.JSONDecoder().raw_decode(answer.decode("latin-1"))  # the JSON goes before the data
        return np.frombuffer(answer[end:], np.float32)
    return np.array(json.loads(answer)["outputs"][0]["data"], np.float32)


def check_answer(server, work, answers):
    try:
        answer = ask(server, work)
        if server.name in ("the HTTP echo", "the gRPC echo"):
            body, _ = workloads.body_of(work)
            good = answer == (body[5:] if work.protocol == "grpc" else body)
        else:
            good = np.allclose(values_of(work, answer).reshape(-1), answers.of(work.model), rtol=1e-3, atol=1e-3)
    except (OSError, ValueError, KeyError, IndexError, grpc.RpcError) as failure:
        raise BrokenServer(f"{work.name}, {server.name}: no answer: {failure}") from failure
    if not good:
        raise BrokenServer(f"{work.name}, {server.name}: a wrong answer: {answer[:300]!r}")


def command(server, work, folder, *amount):
    body, headers = workloads.body_of(work)
    file = folder / f"{work.model}.{work.protocol}"
    if not file.exists():
        file.write_bytes(body)
    base = server.grpc_url if work.protocol == "grpc" else server.url
    lines = [part for name, value in {**headers, **server.headers}.items() for part in ("-H", f"{name}: {value}")]
    http1 = [] if work.protocol == "grpc" else ["--h1"]
    return ["taskset", "-c", server.load_cores, "h2load", "-t", "1", "-c", work.connections, "-m", work.streams, *http1,
            *amount, "-d", file, *lines, base + workloads.path_of(work)]


def run(parts):
    done = subprocess.run([str(part) for part in parts], capture_output=True, text=True, timeout=600, check=False)
    counted = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", done.stdout)
    statuses = re.search(r"(\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
    if not counted or not statuses or int(counted[1]) == 0:
        raise BrokenServer(f"no request succeeded: {' '.join(map(str, parts))}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    refused = sum(int(statuses[i]) for i in (2, 3, 4))
    return int(counted[1]), int(counted[2]) + refused


def latencies(log):
    """Microseconds of each request, sorted; h2load writes them as the third column."""
    return np.sort(np.array([int(line.rsplit(b"\t", 1)[1]) for line in log.read_bytes().splitlines()] or [0]))


def measure(server, work, folder, seconds, pids):
    log = folder / "h2load.log"
    log.unlink(missing_ok=True)
    with machine.Noise(pids) as noise:
        before = server.cpu_seconds()
        done, failed = run(command(server, work, folder, "-D", seconds, f"--log-file={log}"))
        used = server.cpu_seconds() - before
    took = latencies(log)
    cpu = used / done * 1e6
    return {"cpu_us": cpu, "per_second": done / seconds, "p50_us": float(np.percentile(took, 50)),
            "p99_us": float(np.percentile(took, 99)), "worst_us": float(took[-1]), "failed": failed,
            "rss_mb": server.resident_mb(), "server_bound": not math.isnan(cpu) and done / seconds * cpu >= 0.9e6,
            **noise_of(noise)}


def noise_of(noise):
    return {"steal": noise.steal, "other": noise.other, "dropped": noise.why_dropped}


def measure_engine(work, repository, seconds, pids):
    """The engine alone on the server's core."""
    shape = ",".join(map(str, workloads.MODELS[work.model].shape))
    parts = ["taskset", "-c", machine.SERVER_CORE, BIN / "modelyard_bench_raw_engine",
             workloads.model_file(repository, work.model), shape, seconds]
    with machine.Noise(pids) as noise:
        done = subprocess.run([str(part) for part in parts], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise BrokenServer(f"{work.name}: {done.stderr}")
    figures = json.loads(done.stdout)
    return {"cpu_us": figures["cpu_us"], "per_second": figures["per_second"], "p50_us": figures["p50_us"],
            "p99_us": figures["p99_us"], "worst_us": float("nan"), "failed": 0, "rss_mb": float("nan"),
            "server_bound": True, "engine": figures["engine"], **noise_of(noise)}


def measure_handshakes(server, folder, count, pids):
    """CPU time of a connection with its handshake and one request, in microseconds."""
    work = workloads.Work("json", "identity", count)
    with machine.Noise(pids) as noise:
        before = server.cpu_seconds()
        done, failed = run(command(server, work, folder, "-n", count))
        used = server.cpu_seconds() - before
    return {"cpu_us": used / done * 1e6, "failed": failed, **noise_of(noise)}
