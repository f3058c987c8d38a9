"""Several versions at once, by hand: `modelyard traffic set`, and what the rest of the house makes of it."""

import pytest
import requests

import models
from test_rollouts import ENDPOINT, QUICK, begin, order, phase, publish, served, show, wait_until

TRAFFIC = f"/api/v1/endpoints/{ENDPOINT}/traffic"


def three_versions(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "two.onnx", 3.0))
    server.cli("push", ENDPOINT, models.scale(tmp_path / "three.onnx", 4.0))


def put(server, body):
    return requests.put(server.url + TRAFFIC, json=body, timeout=60)


def shares(*pairs, **fields):
    return {"versions": [{"version": version, "percent": percent} for version, percent in pairs], "reason": "the test", **fields}


def ask(server, unit, **headers):
    answer = server.post(f"/v2/models/{ENDPOINT}/infer", headers={"Modelyard-Unit": unit, **headers},
                         json={"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]})
    assert answer.status_code == 200, answer.text
    assert "Modelyard-Arm" not in answer.headers, "there is no rollout"
    return answer.headers["Modelyard-Version"]


def test_versions_answer_with_their_shares_and_users_stay(server, tmp_path):
    three_versions(server, tmp_path)
    done = server.cli("traffic", "set", ENDPOINT, "1=60", "2=40", "--override", "header:X-Tester=yes=3", "--reason", "a try", "--wait")
    assert done.stdout.startswith(f"endpoint '{ENDPOINT}' is answered by version 1 60 %, version 2 40 % (plan ")
    wait_until(lambda: server.get(TRAFFIC).json()["warm"][0]["phase"] == "ready")

    first = {f"user{number}": ask(server, f"user{number}") for number in range(200)}
    assert 50 < list(first.values()).count("2") < 110
    assert {ask(server, unit, **{"X-Tester": "yes"}) for unit in list(first)[:20]} == {"3"}
    server.cli("traffic", "set", ENDPOINT, "1=30", "2=70", "--reason", "more", "--wait")
    second = {unit: ask(server, unit) for unit in first}

    assert {second[unit] for unit, version in first.items() if version == "2"} == {"2"}, "who has it keeps it"
    shown = server.cli("traffic", "show", ENDPOINT, json_output=True)
    assert [(one["version"], one["percent"], one["arm"], one["phase"]) for one in shown["versions"]] == [
        (1, 30, None, "ready"), (2, 70, None, "ready")]
    assert sum(one["requests_per_second"] for one in shown["versions"]) > 0
    assert (shown["rollout"], shown["reason"], shown["in_effect"]) == (None, "more", True)
    actions = [row["action"] for row in server.get("/api/v1/audit").json()["items"]]
    assert actions.count("endpoint.set_traffic") == 2
    assert "endpoint_traffic_set" in server.cli("events").stdout
    assert "version 1 30 %, version 2 70 %" in server.cli("status").stdout
    assert "version 1 30 %, version 2 70 %" in server.cli("models").stdout
    assert server.cli("top", "--once").returncode == 0


def test_deploy_and_rollback_go_on_from_there(server, tmp_path):
    three_versions(server, tmp_path)
    server.cli("traffic", "set", ENDPOINT, "1=50", "2=50", "--reason", "a try", "--wait")

    server.cli("deploy", ENDPOINT, 3, "--wait")
    assert served(server) == [{"version": 3, "weight": 10000}]
    back = server.cli("rollback", ENDPOINT, "--wait").stdout
    assert "is answered by version 1 50 %, version 2 50 %" in back
    assert served(server) == [{"version": 1, "weight": 5000}, {"version": 2, "weight": 5000}]
    refused = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json={"candidate": 3, **QUICK})
    assert refused.status_code == 409 and "serves several versions; deploy one of them first" in refused.text
    file = tmp_path / "desired.json"
    file.write_text('{"endpoints": {"%s": {"version": 2}}}' % ENDPOINT)
    server.cli("apply", "-f", file)
    assert served(server) == [{"version": 2, "weight": 10000}]


def test_a_rollback_after_a_rollout_goes_to_what_was_there_before(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "two.onnx", 3.0))
    rollout = begin(server, keep_warm="0s", gates=[])
    wait_until(lambda: phase(server, rollout) == "canary")
    order(server, rollout, "promote")
    wait_until(lambda: not show(server, rollout)["live"])

    server.cli("rollback", ENDPOINT, "--wait")

    assert served(server) == [{"version": 1, "weight": 10000}]


def test_a_shadow_by_hand_answers_nobody_and_no_rollout_begins_over_it(server, tmp_path):
    three_versions(server, tmp_path)
    server.cli("traffic", "set", ENDPOINT, "1=100", "--shadow", "3=100", "--reason", "a look", "--wait")
    wait_until(lambda: server.get(TRAFFIC).json()["shadows"][0]["phase"] == "ready")

    assert {ask(server, f"user{number}") for number in range(50)} == {"1"}
    refused = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json={"candidate": 2, **QUICK})
    assert refused.status_code == 409 and "set by hand" in refused.text


@pytest.mark.parametrize("body, status, why", [
    (shares((1, 50), (2, 40)), 400, "the percents sum to 90, not to 100"),
    (shares((1, 50), (9, 50)), 404, "version 9"),
    (shares(*((number, 5) for number in range(1, 21))), 400, "20 versions: write 1 to 16"),
    (shares((1, 100), shadows=[{"version": 1, "percent": 5}]), 400, "cannot answer and be a shadow"),
    (shares((1, 100), overrides=[{"key": "none", "value": "x", "version": 2}]), 400, "an override needs a key"),
    (shares((1, 100), sticky="cookie"), 400, "'cookie' is not a key of requests"),
    ({"versions": [{"version": 1, "percent": 100}]}, 400, "reason"),
    (shares((1, 100), weights=1), 400, "weights: unknown field"),
])
def test_what_cannot_be_is_refused_and_nothing_moves(server, tmp_path, body, status, why):
    publish(server, tmp_path, models.scale(tmp_path / "two.onnx", 3.0))

    answer = put(server, body)

    assert answer.status_code == status, answer.text
    assert why in answer.json()["detail"]
    assert served(server) == [{"version": 1, "weight": 10000}]


def test_a_deleted_version_and_a_live_rollout_stand_against_it(server, tmp_path):
    three_versions(server, tmp_path)
    server.cli("delete", f"{ENDPOINT}/3")
    assert put(server, shares((1, 50), (3, 50))).status_code == 409
    rollout = begin(server, min_samples=10**9, most_duration="1h")
    refused = server.cli("traffic", "set", ENDPOINT, "1=50", "2=50", "--reason", "a try", check=False)
    assert refused.returncode != 0 and f"rollout {rollout} decides" in refused.stderr
    wait_until(lambda: phase(server, rollout) == "canary")
    text = server.cli("traffic", "show", ENDPOINT).stdout
    assert f"rollout {rollout} decides" in text
    assert "candidate" in text and "stable" in text
