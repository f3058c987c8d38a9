"""What deploy/ has for Prometheus and Grafana speaks of metrics that this server has."""

import json
import pathlib
import re
import subprocess

import yaml

from test_monitors import FEATURES, QUICK_ALERT, publish, rows_of, send, wait_until, watch, write_table

ROOT = pathlib.Path(__file__).parents[2]
RULES, DASHBOARD = ROOT / "deploy/prometheus/modelyard.rules.yml", ROOT / "deploy/grafana/modelyard.json"
# Families that are there once there is something to count: a label, a trace.
LATER = {"modelyard_labels_total", "modelyard_label_watermark_timestamp_seconds", "modelyard_trace_spans_total"}


def expressions():
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))


def names_of(expression):
    return set(re.findall(r"\b(?:modelyard|process)_\w+", re.sub(r'"[^"]*"', "", expression)))


def test_every_metric_of_rules_and_dashboard_is_one_of_the_server(make_server, tmp_path):
    server = make_server("--profile-window-seconds", "1")
    publish(server, tmp_path, "--reference", write_table(tmp_path / "train.csv", rows_of(1)))
    watch(server, inputs={"kind": "drift", "window": "1s", "features": FEATURES, "alert": QUICK_ALERT})

    def metrics():
        send(server, rows_of(2, income=1))
        text = server.get("/metrics").text
        return text if "modelyard_alerts_firing{" in text else None

    samples = set(re.findall(r"^(\w+)[{ ]", wait_until(metrics), re.MULTILINE))
    documented = (ROOT / "docs/guides/metrics.md").read_text()
    wanted = set().union(*map(names_of, expressions()))
    assert len(wanted) > 15
    assert wanted - samples <= LATER
    assert all(name in documented for name in LATER)


def test_the_dashboard_has_a_place_and_a_unit_for_every_panel():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert panel["type"] == "row" or panel["fieldConfig"]["defaults"]["unit"]


def test_promtool_accepts_the_rules(tmp_path):
    done = subprocess.run(["promtool", "check", "rules", str(RULES)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
    # The dashboard's expressions as rules, with Grafana's variables filled in.
    rules = [{"record": f"panel_{place}", "expr": expression.replace("$__rate_interval", "5m").replace("$model", ".*")}
             for place, expression in enumerate(expressions())]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
