"""What a rollout would take, and what it did: plan, watch and report, with real requests."""

import json
import os
import pty
import sqlite3
import subprocess

import pytest

import models
from conftest import BINARY
from test_rollouts import (ENDPOINT, GATES, PATIENCE, QUICK, Traffic, begin, phase, publish, served, settled_samples, show,
                           wait_until)

PLAN = f"/api/v1/endpoints/{ENDPOINT}/rollouts:plan"


@pytest.fixture
def two_versions(server, tmp_path):
    publish(server, tmp_path, models.scale(tmp_path / "good.onnx", 3.0))
    return server


def plan(server, query="", **changes):
    spec = {key: value for key, value in {"candidate": 2, **QUICK, **changes}.items() if value is not None}
    answer = server.post(PLAN + query, json=spec)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_plan_says_what_the_gates_need_and_changes_nothing(two_versions):
    server = two_versions
    with Traffic(server) as traffic:
        traffic.wait_for(1200)
    made = plan(server, steps=[10, 50], gates=["error_rate <= 2%", "p99_ms <= stable * 3"], hold="1m")
    assert made["spec"]["stable"] == 1
    assert made["traffic"]["source"] == "journal"
    assert made["traffic"]["requests"] >= 1200
    assert made["traffic"]["error_rate"] == 0
    first, second = made["steps"]
    assert (first["share"], second["share"]) == (1000, 5000)
    errors, latency = first["outlook"]
    assert errors["gate"] == "error_rate <= 2%"
    assert 100 < errors["samples"] < 1000
    assert errors["harm"] == pytest.approx(0.04)
    assert latency["unit"] == "ms" and latency["foreseeable"]
    assert first["needed_samples"] >= max(errors["samples"], latency["samples"] or 0)
    assert second["outlook"][0]["power"] > first["outlook"][0]["power"], "with more samples more is seen"
    assert server.get("/api/v1/rollouts").json()["items"] == []
    assert served(server) == [{"version": 1, "weight": 10000}]
    table = server.cli("rollout", "plan", ENDPOINT, "--to", 2, "--steps", "10,50", "--gate", "error_rate <= 2%").stdout
    assert "nothing is changed" in table and "PASSES AT" in table


def test_a_plan_by_a_given_rate_says_when_each_step_is_over(two_versions):
    made = plan(two_versions, "?requests_per_second=100&harm=5", steps=[1, 50], hold="10s", gates=["error_rate <= 2%"])
    assert made["traffic"]["requests_per_second"] == 100
    assert made["harm_times"] == 5
    first, second = made["steps"]
    assert first["end_seconds"] == pytest.approx(first["needed_samples"], abs=1), "a hundredth of a hundred a second"
    assert second["begin_seconds"] == first["end_seconds"]
    assert made["earliest_seconds"] == second["end_seconds"]


def test_a_plan_without_requests_gets_nowhere_and_says_so(two_versions):
    made = plan(two_versions)
    assert made["earliest_seconds"] is None
    assert made["steps"][0]["has_enough"] is False
    shown = two_versions.cli("rollout", "plan", ENDPOINT, "--to", 2, "--steps", 50).stdout
    assert "it does not get there" in shown


@pytest.mark.parametrize("changes, status, why", [
    ({"candidate": 1}, 409, "serves version 1 already"),
    ({"candidate": 9}, 404, "version 9"),
    ({"steps": [50, 10]}, 400, "steps"),
    ({"gates": ["eror_rate <= 1%"]}, 400, "error_rate"),
])
def test_a_plan_refuses_what_a_start_refuses(two_versions, changes, status, why):
    spec = {"candidate": 2, **QUICK, **changes}
    planned = two_versions.post(PLAN, json=spec)
    started = two_versions.post(f"/api/v1/endpoints/{ENDPOINT}/rollouts", json=spec)
    assert planned.status_code == started.status_code == status
    assert why in planned.json()["detail"]
    assert planned.json()["detail"] == started.json()["detail"]
    for query in ("?harm=1", "?requests_per_second=-1", "?requests_per_second=many"):
        assert two_versions.post(PLAN + query, json=spec).status_code == 400


def test_while_a_rollout_is_under_way_another_one_is_not_planned(two_versions):
    rollout = begin(two_versions, most_duration="1h")
    wait_until(lambda: phase(two_versions, rollout) == "canary")
    refused = two_versions.post(PLAN, json={"candidate": 2, **QUICK})
    assert refused.status_code == 409
    assert f"rollout {rollout} decides" in refused.json()["detail"]


def report(server, rollout):
    answer = server.get(f"/api/v1/rollouts/{rollout}/report")
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(server, rollout):
    wait_until(lambda: not show(server, rollout)["live"])
    return report(server, rollout)


def test_a_report_tells_how_each_gate_went_over_time(two_versions, tmp_path):
    server = two_versions
    with Traffic(server):
        rollout = begin(server, steps=[20, 60], gates=["error_rate <= 20% min 30", "p99_ms <= stable * 50 min 30"])
        told = ended(server, rollout)
    assert told["rollout"]["state"]["ending"] == "promoted"
    assert [gate["gate"] for gate in told["gates"]] == ["error_rate <= 20% min 30", "p99_ms <= stable * 50 min 30"]
    assert [(gate["unit"], gate["limit"]) for gate in told["gates"]] == [("share", 0.2), ("times", 50)]
    for gate in told["gates"]:
        points = gate["points"]
        assert points == sorted(points, key=lambda point: point["at"])
        samples = [point["candidate_samples"] for point in points]
        assert samples == sorted(samples)
        assert {2000, 6000} <= {point["weight"] for point in points}
        assert any(point["outcome"] == "pass" for point in points)
        for point in points:
            if point["outcome"] == "pass":
                assert point["low"] is None or point["low"] <= point["estimate"]
                assert point["estimate"] <= point["high"] <= gate["limit"]
    planned = [step["planned"] for step in told["split"]]
    assert planned[:2] == [0.2, 0.6]
    assert all(step["candidate"]["requests"] > 0 for step in told["split"][:2])
    assert told["srm"]["is_mismatch"] is False
    page = tmp_path / "page.html"
    assert server.cli("rollout", "report", rollout, "--html", page).stdout.strip() == str(page)
    html = page.read_text()
    assert html.count("<svg") == 3, "weights, and two gates"
    assert "<script" not in html and "http-equiv=\"Content-Security-Policy\"" in html
    for words in ("promoted", "error_rate &lt;= 20% min 30", "anonymous@127.0.0.1", "step 1 of canary passed"):
        assert words in html
    assert server.cli("rollout", "report", rollout).stdout.startswith("<!doctype html>")
    shown = server.cli("rollout", "report", rollout, json_output=True)
    assert shown["gates"] == told["gates"] and shown["made"]


def test_a_report_of_a_rejected_candidate_names_the_gate_and_what_it_saw(server, tmp_path):
    publish(server, tmp_path, models.not_a_number(tmp_path / "bad.onnx"))
    with Traffic(server):
        rollout = begin(server, gates=GATES, min_samples=100_000)
        told = ended(server, rollout)
    course = {gate["gate"]: gate["points"] for gate in told["gates"]}[GATES[1]]
    assert course[-1]["outcome"] == "fail"
    assert course[-1]["low"] > 0.2 and course[-1]["estimate"] == 1
    assert told["split"][0]["candidate"]["nonfinite"] > 0
    assert told["split"][0]["stable"]["nonfinite"] == 0
    html = server.cli("rollout", "report", rollout).stdout
    assert "rejected" in html and "The first gate that failed" in html


def test_the_course_of_a_rollout_outlives_a_kill(two_versions):
    server = two_versions
    with Traffic(server):
        rollout = begin(server, min_samples=10**9)
        wait_until(lambda: report(server, rollout)["gates"] and len(report(server, rollout)["gates"][0]["points"]) > 2)
    settled_samples(server, rollout)
    before = report(server, rollout)["gates"]
    server.kill()
    server.start()
    wait_until(lambda: show(server, rollout)["state"]["verdicts"])
    assert report(server, rollout)["gates"] == before


def test_a_rollout_of_before_there_were_courses_is_reported_without_them(two_versions):
    server = two_versions
    with Traffic(server):
        rollout = begin(server, keep_warm="0s")
        assert ended(server, rollout)["gates"]
    server.stop()
    with sqlite3.connect(server.folder / "data" / "catalog.db") as catalog:
        kept = json.loads(catalog.execute("SELECT evidence FROM rollout_evidence").fetchone()[0])
        del kept["courses"]
        catalog.execute("UPDATE rollout_evidence SET evidence = ?", [json.dumps(kept)])
    server.start()
    told = report(server, rollout)
    assert told["gates"] == [] and told["split"]
    assert "No gate was judged" in server.cli("rollout", "report", rollout).stdout


def test_there_is_no_report_of_what_is_not_there(server):
    assert server.get("/api/v1/rollouts/7/report").status_code == 404
    assert server.cli("rollout", "report", 7, check=False).returncode == 3


def test_watching_in_a_pipe_tells_each_change_once_and_ends_as_the_rollout_does(two_versions):
    server = two_versions
    with Traffic(server):
        rollout = begin(server, steps=[20, 60])
        watched = server.cli("rollout", "watch", rollout, check=False)
    assert watched.returncode == 0, watched.stdout + watched.stderr
    lines = watched.stdout.splitlines()
    for words in ("canary at 20 %: the candidate is ready", "canary at 60 %: step 1 of canary passed", f"{GATES[0]}: pass"):
        assert sum(words in line for line in lines) == 1, watched.stdout
    assert lines[-1].startswith(f"rollout {rollout}: promoted")
    assert "\x1b" not in watched.stdout


def test_watching_tells_a_script_how_it_ended(server, tmp_path):
    publish(server, tmp_path, models.not_a_number(tmp_path / "bad.onnx"))
    with Traffic(server):
        rollout = begin(server, min_samples=100_000)
        watched = server.cli("rollout", "watch", rollout, "--json", check=False)
    assert watched.returncode == 10
    looks = [json.loads(line) for line in watched.stdout.splitlines()]
    assert looks[-1]["state"]["ending"] == "rejected"
    silent = begin(server, most_duration="1s")
    assert server.cli("rollout", "watch", silent, check=False).returncode == 11, "it holds"
    server.cli("rollout", "abort", silent, "--reason", "enough")
    wait_until(lambda: not show(server, silent)["live"])
    assert server.cli("rollout", "watch", silent, check=False).returncode == 12
    assert server.cli("rollout", "watch", 99, check=False).returncode == 3


def test_a_screen_is_redrawn_and_left_with_q_and_the_rollout_goes_on(two_versions):
    server = two_versions
    rollout = begin(server, most_duration="1h", min_samples=10**9)
    wait_until(lambda: phase(server, rollout) == "canary")
    ours, theirs = pty.openpty()
    watching = subprocess.Popen([BINARY, "rollout", "watch", str(rollout), "--server", server.url], stdin=theirs,
                                stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    seen = ""
    while seen.count("q leaves it") < 2:
        seen += os.read(ours, 65536).decode(errors="replace")
    os.write(ours, b"q")
    assert watching.wait(PATIENCE) == 1, "0 would say promoted"
    os.close(ours)
    assert f"rollout {rollout} of endpoint '{ENDPOINT}'" in seen and "▶ 50 %" in seen
    assert phase(server, rollout) == "canary"


def test_a_plan_counts_copies_of_a_shadow_as_no_answers(two_versions):
    server = two_versions
    with Traffic(server) as traffic:
        traffic.wait_for(300)
    made = plan(server, "?requests_per_second=100", strategy=None, steps=None, gates=["error_rate <= 5%"], stages=[
        {"shadow": {"gates": ["disagreement <= 2%"]}}, {"canary": {"steps": [50]}}])
    shadow, canary = made["steps"]
    assert [one["foreseeable"] for one in shadow["outlook"]] == [False] * len(shadow["outlook"])
    assert canary["outlook"][-1]["samples"] > 50, "it has to see them itself"
