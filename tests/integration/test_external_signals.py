"""Candidates that are judged by what others say of them: a real Prometheus, and a webhook."""

import hashlib
import hmac
import http.server
import json
import queue
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

import models
from conftest import Server
from test_rollouts import ENDPOINT, Traffic, begin, order, publish, show, wait_until

PROMETHEUS = shutil.which("prometheus")
COUNT = 'sum(rate(modelyard_prediction_duration_seconds_count{{model="{{{{model}}}}",version="{{{{candidate}}}}"{}}}[10s]))'
FAILURES = f"""({COUNT.format(',code!="ok"')} or vector(0)) / {COUNT.format("")}"""
PATIENCE = 60


class Prometheus:
    """A real one, that asks the server each second."""

    def __init__(self, folder, server):
        folder.mkdir()
        config = {"global": {"scrape_interval": "1s"},
                  "scrape_configs": [{"job_name": "modelyard", "static_configs": [{"targets": [server.address]}]}]}
        (folder / "prometheus.json").write_text(json.dumps(config))
        self.log = folder / "prometheus.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [PROMETHEUS, f"--config.file={folder / 'prometheus.json'}", f"--storage.tsdb.path={folder / 'data'}",
                 "--web.listen-address=127.0.0.1:0"], stdout=log, stderr=log)
        wait_until(lambda: "Server is ready" in self.log.read_text())
        self.url = "http://" + re.search(r'msg="Listening on".* address=(\S+)', self.log.read_text())[1]

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


class Checks:
    """An HTTP server that checks who asks, keeps what was asked, and answers as a test says."""

    def __init__(self, secret):
        self.asked, self.answer = queue.Queue(), (200, {"value": 1})
        checks = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signed = dict(part.split("=") for part in self.headers["Modelyard-Signature"].split(","))
                expected = hmac.new(secret, f"{signed['t']}.".encode() + body, hashlib.sha256).hexdigest()
                is_signed = hmac.compare_digest(signed["v1"], expected) and abs(int(signed["t"]) - time.time()) < 60
                status, answer = checks.answer if is_signed else (403, {})
                checks.asked.put((is_signed, json.loads(body)))
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/check"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def checks():
    running = Checks(b"hush")
    yield running
    running.close()


@pytest.fixture
def sources(tmp_path, checks):
    """The settings of `metrics`, whose place the test fills in, and of `checks`."""
    (tmp_path / "secret").write_text("hush\n")
    (tmp_path / "sources.json").write_text(json.dumps([
        {"name": "metrics", "kind": "prometheus", "url": "http://127.0.0.1:1"},
        {"name": "checks", "kind": "webhook", "url": checks.url, "secret_file": str(tmp_path / "secret")}]))
    return tmp_path / "sources.json"


@pytest.fixture
def server(tmp_path, sources):
    running = Server(tmp_path, ["--signal-sources", sources])
    yield running
    assert running.stop() == 0


@pytest.fixture
def prometheus(server, tmp_path, sources):
    """It scrapes the server, which is started once more to ask it."""
    if PROMETHEUS is None:
        pytest.skip("there is no Prometheus: tools/deps.sh test")
    server.stop()
    server.start([*server.arguments, "--listen", "127.0.0.1:0"])
    running = Prometheus(tmp_path / "prometheus", server)
    listed = json.loads(sources.read_text())
    listed[0]["url"] = running.url
    sources.write_text(json.dumps(listed))
    server.stop()
    server.start(["--signal-sources", sources, "--listen", server.address])
    yield running
    running.stop()


def signal(source="metrics", query=FAILURES, **more):
    return {"source": source, **({"query": query} if query else {}), "interval": "10s", "timeout": "2s", "failures": 1, **more}


def checked(**more):
    return {"gates": ["signal:checks >= 1"], "signals": {"checks": signal("checks", None, **more)}}


def verdict(server, rollout):
    state = show(server, rollout)["state"]
    return state.get("fired") or next(iter(state["verdicts"]), {})


def counts(server):
    return dict(re.findall(r'^modelyard_rollout_signal_queries_total\{source="\w+",outcome="(\w+)"\} (\d+)$',
                           server.get("/metrics").text, re.M))


@pytest.mark.parametrize("candidate, ending", [(lambda path: models.scale(path, 3.0), "promoted"), (models.failing, "rejected")])
def test_a_query_over_the_servers_own_metrics_decides(prometheus, server, tmp_path, candidate, ending):
    publish(server, tmp_path, candidate(tmp_path / "candidate.onnx"))
    with Traffic(server):
        rollout = begin(server, gates=["signal:failures <= 0.1"], signals={"failures": signal()}, hold="12s")
        wait_until(lambda: not show(server, rollout)["live"])

    state = show(server, rollout)["state"]
    assert state["ending"] == ending, state
    said = verdict(server, rollout)
    assert said["gate"] == "signal:failures <= 0.1"
    assert said["low"] == said["high"] == said["candidate"] == pytest.approx(1 if ending == "rejected" else 0, abs=0.01)
    assert "says 'metrics'" in said["because"] and "the source knows" in said["because"]
    assert int(counts(server)["value"]) >= 1


def test_a_query_that_has_several_answers_or_none_is_no_data_and_says_so(prometheus, server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))
    queries = {"several": 'vector(1) or label_replace(vector(2), "a", "b", "", "")', "none": "nothing_of_that_name", "nan": "vector(0) / 0",
               "wrong": "sum(", "scalar": "1.5"}
    with Traffic(server):
        rollout = begin(server, gates=[f"signal:{name} <= 5" for name in queries], hold="1h",
                        signals={name: signal(query=query) for name, query in queries.items()})
        wait_until(lambda: sum(map(int, counts(server).values())) >= len(queries))

        def because():
            return {one["gate"].split()[0][7:]: (one["outcome"], one["because"])
                    for one in show(server, rollout)["state"]["verdicts"]}

        wait_until(lambda: because().get("scalar", ("",))[0] == "pass")
    seen = because()
    assert {seen[name][0] for name in ("several", "none", "nan", "wrong")} == {"nodata"}
    for name, words in {"several": "2 series", "none": "finds no series", "nan": "value is nan", "wrong": "answered 400"}.items():
        assert words in seen[name][1], seen[name]
    order(server, rollout, "abort")


@pytest.mark.parametrize("value, ending", [(1, "promoted"), (0, "rejected")])
def test_a_webhook_that_can_tell_who_asks_decides(server, tmp_path, checks, value, ending):
    checks.answer = (200, {"value": value, "reason": "as the business says"})
    publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))
    with Traffic(server):
        rollout = begin(server, **checked())
        wait_until(lambda: not show(server, rollout)["live"])

    assert show(server, rollout)["state"]["ending"] == ending
    assert "as the business says" in verdict(server, rollout)["because"]
    is_signed, asked = checks.asked.get_nowait()
    assert is_signed
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", asked.pop("at"))
    assert asked == {"rollout": rollout, "endpoint": ENDPOINT, "model": ENDPOINT, "candidate": 2, "stable": 1,
                     "stage": "canary", "step": 1, "weight": 50, "signal": "checks"}


@pytest.mark.parametrize("answer, words", [((503, b"busy"), "answered 503"), ((200, {"value": None, "reason": "not yet"}), "not yet"),
                                           ((200, b"x" * 70_000), "more than 65536 bytes"), ((200, {"verdict": "pass"}), "a number or null")])
def test_a_webhook_without_an_answer_is_no_data_and_the_rollout_holds(server, tmp_path, checks, answer, words):
    checks.answer = answer
    publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))
    with Traffic(server):
        rollout = begin(server, most_duration="3s", **checked())
        wait_until(lambda: show(server, rollout)["state"]["phase"] == "holding")

    state = show(server, rollout)["state"]
    assert state["held_for"] == "nodata"
    assert words in state["reason"] or words in verdict(server, rollout)["because"], state
    outages = server.log_path.read_text().count("an external signal has no answer")
    assert outages == (0 if words == "not yet" else 1)
    order(server, rollout, "abort")


def test_a_webhook_that_never_answers_does_not_keep_the_server_from_stopping(server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        listed = json.loads((tmp_path / "sources.json").read_text())
        listed[1]["url"] = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        (tmp_path / "sources.json").write_text(json.dumps(listed))
        server.stop()
        server.start()
        publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))
        begin(server, **{**checked(interval="60s", timeout="60s"), "hold": "1h"})
        connection, _ = silent.accept()
        with connection:
            begun = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - begun < 20
        server.start()


def test_a_spec_can_only_ask_whom_the_server_knows(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))

    def refusal(**changes):
        answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts",
                             json={"candidate": 2, "strategy": "canary", "steps": [50], **changes})
        return answer.status_code, answer.text

    gates = ["signal:load <= 5"]
    assert refusal(gates=gates, signals={"load": signal("others")})[0] == 409
    assert "it has checks, metrics" in refusal(gates=gates, signals={"load": signal("others")})[1]
    assert "url" in refusal(gates=gates, signals={"load": {**signal(), "url": "http://169.254.169.254/"}})[1]
    assert "does not say whom to ask" in refusal(gates=gates)[1]
    assert "no gate asks for it" in refusal(signals={"load": signal()})[1]
    assert "is a Prometheus: write a query" in refusal(gates=gates, signals={"load": {"source": "metrics"}})[1]
    assert "leave it out" in refusal(gates=["signal:load <= 5 min 100"], signals={"load": signal()})[1]
    document = {"endpoints": {ENDPOINT: {"rollout": {"candidate": 2, "strategy": "canary", "steps": [50], "gates": gates,
                                                     "signals": {"load": signal("others")}}}}}
    assert "it has checks, metrics" in server.post("/api/v1/apply?dry_run=true", json=document).text


def test_a_plan_shows_a_gate_on_a_signal_and_a_simulation_refuses_it(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))
    (tmp_path / "rollout.json").write_text(json.dumps({"candidate": 2, "strategy": "canary", "steps": [50], **checked()}))

    plan = server.cli("rollout", "plan", ENDPOINT, "-f", "rollout.json", "--rate", "100").stdout
    assert re.search(r"signal:checks >= 1 +not known", plan), plan
    simulated = server.cli("simulate", "rollout", "rollout.json", check=False)
    assert simulated.returncode != 0 and "gate 'signal:checks >= 1' is not simulated" in simulated.stderr
