"""`modelyard simulate rollout`: the machine and the gates that serve, on a virtual clock."""

import json
import subprocess

import pytest

from conftest import BINARY

SPEC = """
candidate: 2
gates:
  - error_rate <= 1%
  - nonfinite_rate <= 1%
stages:
  - canary:
      hold: 10m
      steps: [5, 50]
"""


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "rollout.yaml"
    path.write_text(SPEC)
    return path


def simulate(spec, *arguments):
    return subprocess.run([BINARY, "simulate", "rollout", spec, *arguments], text=True, capture_output=True, timeout=120)


def document(spec, *arguments):
    done = simulate(spec, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_candidate_like_stable_is_promoted_step_by_step(spec):
    course = document(spec)

    assert course["outcome"] == "promoted"
    assert 1200 <= course["decision_seconds"] < 1300
    assert [(move["to"], move["weight"]) for move in course["state"]["history"]] == [
        ("verifying", 0), ("canary", 500), ("canary", 5000), ("full", 10000), ("done", 10000)]


@pytest.mark.parametrize("effect, gate", [("error_rate=5%", "error_rate <= 1%"), ("nonfinite_rate=5%", "nonfinite_rate <= 1%")])
def test_a_fault_is_taken_back_by_its_gate(spec, effect, gate):
    course = document(spec, "--true-effect", effect)

    assert course["outcome"] == "rejected"
    assert course["state"]["fired"]["gate"] == gate


def test_a_slow_candidate_is_taken_back_by_its_latency(spec):
    spec.write_text(SPEC + "      gates: [p99_ms <= stable * 1.5]\n")

    course = document(spec, "--true-effect", "latency=4", "--stable", "p50_ms=3", "--stable", "p99_ms=9")

    assert course["state"]["fired"]["gate"] == "p99_ms <= stable * 1.5"


def test_the_same_seed_says_the_same(spec):
    arguments = ("--units", "300", "--true-effect", "error_rate=1%", "--seed", "5")

    assert simulate(spec, *arguments).stdout == simulate(spec, *arguments).stdout


def test_many_runs_are_a_table_of_outcomes(spec):
    outcomes = document(spec, "--runs", "10", "--true-effect", "error_rate=10%")

    assert outcomes["runs"] == 10
    assert sum(one["runs"] for one in outcomes["outcomes"].values()) == 10
    rejected = outcomes["outcomes"]["rejected"]
    assert rejected["runs"] == 10 and rejected["low"] < rejected["share"] == 1
    assert rejected["decision_seconds"]["p10"] <= rejected["decision_seconds"]["p50"] <= rejected["decision_seconds"]["p90"]
    assert outcomes["fired"] == {"error_rate <= 1%": 10}
    assert "OUTCOME" in simulate(spec, "--runs", "3").stdout


def test_a_freeze_stands_still_from_the_start_that_is_given(spec):
    spec.write_text(SPEC + "freeze: [{days: [fri], from: '16:00', to: '08:00'}]\n")

    friday = document(spec, "--start", "2026-11-27T16:00")
    monday = document(spec, "--start", "2026-11-30T16:00")

    assert friday["decision_seconds"] > 16 * 3600 > monday["decision_seconds"]


@pytest.mark.parametrize("arguments, word", [
    (("--true-effect", "error_rate=0.02"), "0% to 100%"), (("--true-effect", "accuracy=90%"), "error_rate=2%"),
    (("--requests-per-second", "0"), "requests per second"), (("--stable", "p99_ms=1"), "below p50_ms")])
def test_what_cannot_be_is_refused_with_what_to_write(spec, arguments, word):
    done = simulate(spec, *arguments)

    assert done.returncode != 0
    assert word in done.stderr


def test_a_stage_that_is_not_simulated_says_so(spec):
    spec.write_text("candidate: 2\nstages: [{shadow: {share: 10}}]\n")

    done = simulate(spec)

    assert done.returncode != 0
    assert "shadow" in done.stderr
