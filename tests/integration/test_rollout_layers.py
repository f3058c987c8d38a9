"""Testers who are sent to an arm, and rollouts that keep to their slice of the units: neither is counted where it should not be."""

import hashlib

import pytest

import models
from test_rollouts import ENDPOINT, begin, order, phase, publish, served, show, wait_until

FOREVER = {"min_samples": 10**9, "most_duration": "1h", "gates": []}
SLICE = {"name": "shop", "from": 0, "to": 30}
TESTERS = [{"key": "header:X-Tester", "value": "yes", "arm": "candidate"}, {"key": "header:X-Tester", "value": "no", "arm": "stable"}]


def ask(server, endpoint=ENDPOINT, **headers):
    answer = server.post(f"/v2/models/{endpoint}/infer", headers={name.replace("_", "-"): value for name, value in headers.items()},
                         json={"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]})
    assert answer.status_code == 200, answer.text
    return answer.headers["Modelyard-Arm"], answer.headers["Modelyard-Version"]


def counted(server, rollout):
    """Requests of the candidate and of stable."""
    split = server.get(f"/api/v1/rollouts/{rollout}/report").json()["split"]
    return tuple(sum(step[arm]["requests"] for step in split) for arm in ("candidate", "stable"))


def part(salt, unit):
    return int.from_bytes(hashlib.sha256(f"{salt}:{unit}".encode()).digest()[:8], "big") * 10_000 >> 64


def test_testers_get_their_arm_and_count_for_nothing(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    rollout = begin(server, steps=[50], overrides=TESTERS, **FOREVER)
    wait_until(lambda: len(served(server)) == 2)

    for number in range(40):
        assert ask(server, Modelyard_Unit=f"user{number}", X_Tester="yes") == ("candidate", "2")
        assert ask(server, Modelyard_Unit=f"user{number}", X_Tester="no") == ("stable", "1")
    others = [ask(server, Modelyard_Unit=f"user{number}", X_Tester="maybe") for number in range(40)]
    arms = [arm for arm, _ in others]
    assert set(others) == {("candidate", "2"), ("stable", "1")}
    wait_until(lambda: sum(counted(server, rollout)) >= 40)

    assert counted(server, rollout) == (arms.count("candidate"), arms.count("stable"))
    order(server, rollout, "abort")
    wait_until(lambda: phase(server, rollout) == "ended")
    answer = server.post(f"/v2/models/{ENDPOINT}/infer", headers={"X-Tester": "yes"}, json={
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]})
    assert answer.headers["Modelyard-Version"] == "1", "who tests what is taken back, too"


def test_testers_see_a_shadow(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    spec = {"candidate": 2, "strategy": "shadow", "overrides": TESTERS, **FOREVER}
    rollout = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json=spec).json()["id"]
    wait_until(lambda: phase(server, rollout) == "shadow")
    wait_until(lambda: ask(server, X_Tester="yes") == ("candidate", "2"))

    assert ask(server, Modelyard_Unit="user1") == ("stable", "1")


def test_a_rollout_keeps_to_its_slice_and_counts_nobody_else(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    rollout = begin(server, steps=[50], layer=SLICE, **FOREVER)
    wait_until(lambda: len(served(server)) == 2)
    expected = {"candidate": 0, "stable": 0}

    for unit in (f"user{number}" for number in range(300)):
        is_in = part("shop", unit) < 3000
        arm = "candidate" if is_in and part(f"rollout-{rollout}", unit) >= 5000 else "stable"
        assert ask(server, Modelyard_Unit=unit)[0] == arm
        expected[arm] += is_in
    for _ in range(20):
        assert ask(server) == ("stable", "1"), "who shows no unit has no place in the layer"
    wait_until(lambda: sum(counted(server, rollout)) >= sum(expected.values()))

    assert counted(server, rollout) == (expected["candidate"], expected["stable"])
    assert 60 < sum(expected.values()) < 120 and min(expected.values()) > 25
    wait_until(lambda: server.get(f"/api/v1/rollouts/{rollout}/report").json()["srm"]["is_judged"])
    assert not server.get(f"/api/v1/rollouts/{rollout}/report").json()["srm"]["is_mismatch"]
    assert order(server, rollout, "promote").status_code == 200
    wait_until(lambda: served(server) == [{"version": 2, "weight": 10000}])
    wait_until(lambda: ask(server)[1] == "2" if phase(server, rollout) == "full" else True)
    order(server, rollout, "abort")


@pytest.mark.parametrize("changes, why", [
    ({"layer": {"name": "shop", "from": 29.99, "to": 60}}, "layer 'shop': rollout 1 of endpoint 'scorer' has 0 to 30 %; free is 30 to 100 %"),
    ({"layer": {"name": "shop", "from": 30, "to": 60}, "sticky": "principal"}, "tells units apart by header:Modelyard-Unit, not by principal"),
    ({"layer": {"name": "shop", "from": 30, "to": 60}}, None),
    ({"layer": {"name": "fair", "from": 0, "to": 60}}, None),
    ({}, None),
])
def test_a_slice_belongs_to_one_rollout(server, tmp_path, changes, why):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    server.cli("push", "other", tmp_path / "stable.onnx", "--wait")
    server.cli("push", "other", tmp_path / "good.onnx")
    begin(server, steps=[50], layer=SLICE, **FOREVER)
    spec = {"candidate": 2, "strategy": "canary", "steps": [50], **changes}

    answer = server.post("/api/v1/endpoints/other/rollouts", json=spec)

    assert answer.status_code == (409 if why else 201), answer.text
    if why:
        assert why in answer.json()["detail"]
    # It is free when the other has ended.
    order(server, 1, "abort")
    wait_until(lambda: not show(server, 1)["live"])
    if why:
        assert server.post("/api/v1/endpoints/other/rollouts", json=spec).status_code == 201
