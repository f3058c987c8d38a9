"""Rollouts that want a person tell people: by alerts, and whoever receives those."""

import hashlib
import hmac
import json

import pytest

import models
from conftest import Server
from test_alert_sinks import receiver, webhook  # noqa: F401: fixtures
from test_rollouts import ENDPOINT, Traffic, begin, order, phase, publish, show, wait_until


@pytest.fixture
def server(tmp_path, webhook):
    (tmp_path / "sinks.json").write_text(json.dumps([webhook]))
    running = Server(tmp_path, ["--alert-sinks", tmp_path / "sinks.json"])
    yield running
    running.stop()


def alerts(server):
    return [one for one in server.get("/api/v1/alerts").json()["items"] if one["kind"] == "rollout"]


def firing(server):
    return [one["monitor"] for one in alerts(server) if one["state"] == "firing"]


def told(receiver, messages):
    for _, headers, body in receiver.all():
        signed = dict(part.split("=") for part in headers["Modelyard-Signature"].split(","))
        expected = hmac.new(b"hush", f"{signed['t']}.".encode() + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(signed["v1"], expected)
        message = json.loads(body)
        messages.append((message["event"], message["alert"]["monitor"], message["alert"]["sentence"]))
    return [(event, monitor) for event, monitor, _ in messages]


def test_a_candidate_that_was_taken_back_is_told_until_the_next_rollout_begins(server, tmp_path, receiver):
    messages = []
    publish(server, tmp_path, models.not_a_number(tmp_path / "nan.onnx"))
    first = begin(server, gates=["nonfinite_rate <= 20% min 30"])
    with Traffic(server):
        wait_until(lambda: phase(server, first) == "ended")

    wait_until(lambda: ("fired", f"{ENDPOINT}.rollout.{first}") in told(receiver, messages))
    assert "was taken back" in messages[0][2] and "nonfinite_rate" in messages[0][2]
    assert firing(server) == [f"{ENDPOINT}.rollout.{first}"]
    second = begin(server, hold="1h")

    wait_until(lambda: ("resolved", f"{ENDPOINT}.rollout.{first}") in told(receiver, messages))
    assert firing(server) == []
    order(server, second, "abort")


def test_a_rollout_that_holds_is_told_once_also_after_a_kill(server, tmp_path, receiver):
    messages = []
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    rollout = begin(server, hold="1s", most_duration="2s", min_samples=1000)
    wait_until(lambda: phase(server, rollout) == "holding")
    name = f"{ENDPOINT}.rollout.{rollout}"
    wait_until(lambda: ("fired", name) in told(receiver, messages))

    server.kill()
    server.start()
    wait_until(lambda: show(server, rollout)["state"]["phase"] == "holding" and firing(server) == [name])
    order(server, rollout, "promote")

    wait_until(lambda: ("resolved", name) in told(receiver, messages))
    assert [event for event, monitor in told(receiver, messages) if monitor == name] == ["fired", "resolved"]
    assert "holds until a person decides" in messages[0][2]
