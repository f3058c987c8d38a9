"""Bandits: requests go where the rewards are, within the floors, until one version surely leads."""

import numpy as np
import pytest

import models
from test_rollouts import ENDPOINT, Traffic, order, publish, served, show, wait_until
from test_rollouts_by_metrics import counted

BANDIT = {"candidate": 2, "strategy": "bandit", "reward": "clicked", "floor": 10, "hold": "12s", "min_samples": 100, "keep_warm": "1s",
          "cooling": "1s", "gates": ["error_rate <= 20% min 30"]}


class Clicks:
    """Of each answer, as soon as it is there, whether its user clicks: with one chance at each arm."""

    def __init__(self, server, traffic, chances):
        self.server, self.traffic, self.chances = server, traffic, chances
        self.random, self.posted = np.random.default_rng(5), 0

    def post(self):
        answers, self.posted = self.traffic.answers[self.posted:], len(self.traffic.answers)
        values = [{"unit": f"user{unit}", "metric": "clicked", "value": int(self.random.random() < self.chances[arm])}
                  for unit, status, arm, _ in answers if status == 200 and arm in self.chances]
        for begin_at in range(0, len(values), 5000):
            self.server.post("/api/v1/metrics", json={"endpoint": ENDPOINT, "values": values[begin_at:begin_at + 5000]})


def begin(server, **changes):
    answer = server.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json={**BANDIT, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def start(server, tmp_path, **changes):
    publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))
    rollout = begin(server, **changes)
    wait_until(lambda: show(server, rollout)["state"]["phase"] == "bandit" and len(served(server)) == 2)
    return rollout


def run(server, rollout, chances):
    """To its end. The weights that it had, in their order."""
    weights = []
    with Traffic(server, units=2000) as traffic:
        clicks = Clicks(server, traffic, chances)

        def has_ended():
            clicks.post()
            now = show(server, rollout)
            if now["state"]["phase"] == "bandit" and now["weight"] != (weights or [0])[-1]:
                weights.append(now["weight"])
            return not now["live"]

        wait_until(has_ended)
    assert {status for _, status, _, _ in traffic.answers} == {200}
    return weights


def test_a_better_candidate_gains_weight_and_is_promoted(server, tmp_path):
    rollout = start(server, tmp_path)

    weights = run(server, rollout, {"candidate": 0.6, "stable": 0.3})

    assert weights[0] == 5000 and weights[-1] == 9000 and weights == sorted(weights)
    state = show(server, rollout)["state"]
    assert state["ending"] == "promoted"
    full = next(move for move in state["history"] if move["to"] == "full")
    assert "clicked is" in full["why"] and "the candidate is better with 100 %" in full["why"]
    report = server.get(f"/api/v1/rollouts/{rollout}/report").json()
    assert report["srm"]["is_judged"] and not report["srm"]["is_mismatch"], report["srm"]
    assert len(report["split"]) > 2
    for step in report["split"]:
        of_candidate, of_stable = step["candidate"]["requests"], step["stable"]["requests"]
        if min(of_candidate, of_stable) > 100:
            assert of_candidate / (of_candidate + of_stable) == pytest.approx(step["planned"], abs=0.1)
    course = next(gate for gate in report["gates"] if gate["gate"] == "reward clicked")
    assert course["points"][-1]["estimate"] == pytest.approx(0.3, abs=0.1) and course["unit"] == "share"


def test_a_worse_candidate_keeps_its_floor_and_is_rejected(server, tmp_path):
    rollout = start(server, tmp_path)

    weights = run(server, rollout, {"candidate": 0.3, "stable": 0.6})

    assert weights[0] == 5000 and weights[-1] == 1000 and min(weights) == 1000
    state = show(server, rollout)["state"]
    assert state["ending"] == "rejected" and state["fired"]["gate"] == "reward clicked"
    assert served(server) == [{"version": 1, "weight": 10000}]
    assert "by the gate 'reward clicked'" in server.cli("rollout", "status", rollout).stdout
    assert "reward clicked" in server.cli("rollout", "report", rollout).stdout


def test_a_guard_ends_a_bandit_at_once_whatever_the_rewards_say(server, tmp_path):
    publish(server, tmp_path, models.not_a_number(tmp_path / "nan.onnx"))
    rollout = begin(server, hold="1h", gates=["nonfinite_rate <= 20% min 30"])
    wait_until(lambda: len(served(server)) == 2)

    run(server, rollout, {"candidate": 1, "stable": 0})

    state = show(server, rollout)["state"]
    assert state["ending"] == "rejected" and state["fired"]["gate"] == "nonfinite_rate <= 20% min 30"


def test_the_weight_outlives_a_kill(server, tmp_path):
    rollout = start(server, tmp_path, hold="30s", most_duration="1h")
    chances = {"candidate": 0.9, "stable": 0.1}
    with Traffic(server, units=2000) as traffic:
        clicks = Clicks(server, traffic, chances)

        def has_moved():
            clicks.post()
            return show(server, rollout)["weight"] == 9000

        wait_until(has_moved)
        assert "90 % of the requests" in server.cli("rollout", "status", rollout).stdout
    before = show(server, rollout)

    server.kill()
    server.start()

    after = show(server, rollout)
    assert (after["weight"], after["state"]["weight_since"]) == (before["weight"], before["state"]["weight_since"])
    assert [share["weight"] for share in served(server)] == [1000, 9000]
    run(server, rollout, chances)
    assert show(server, rollout)["state"]["ending"] == "promoted"


def test_rewards_are_yes_or_no(server, tmp_path):
    rollout = start(server, tmp_path, hold="1h")
    report = counted(server, [{"unit": "user1", "metric": "clicked", "value": 0.5}, {"unit": "user1", "metric": "revenue", "value": 1},
                              {"unit": "user1", "metric": "clicked", "value": 1}])
    assert (report["counted"], report["refused"]) == (1, 2)
    assert "rewards are 1 or 0, not 0.5" in report["refusals"][0]["reason"]
    assert "no gate or reward" in report["refusals"][1]["reason"]
    assert order(server, rollout, "abort").status_code == 200


def test_a_plan_shows_the_reward_and_says_that_it_is_not_known_before(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "candidate.onnx", 3.0))
    spec = tmp_path / "bandit.yaml"
    spec.write_text("{candidate: 2, strategy: bandit, reward: clicked, hold: 1h, gates: [error_rate <= 1%]}")

    told = server.cli("rollout", "plan", ENDPOINT, "-f", spec, "--rate", 50).stdout

    assert "reward clicked" in told and "not known" in told and "error_rate <= 1%" in told
