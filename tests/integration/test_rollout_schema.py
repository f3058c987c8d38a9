"""The published schema of rollouts accepts what the server accepts, and refuses what it refuses."""

import json

import jsonschema_rs
import requests

import models
from conftest import ROOT

SCHEMA = json.loads((ROOT / "api/schemas/rollout.schema.json").read_text())
IMMEDIATE = {"candidate": 2, "strategy": "immediate"}
CANARY = {"candidate": 2, "strategy": "canary", "steps": [1, 50]}
PACE = {"hold": ["1m", "0s", "20h", "", "1.5h", "-1m", "m", "01h", 60, None], "min_samples": [0, 1, -1, 1.5, "1", None],
        "gates": [[], ["error_rate <= 1%"], [""], [1], "error_rate <= 1%", ["error_rate <= 1% "] * 51, None]}
SPEC = {
    **PACE, "candidate": [1, 3, 0, -1, "2", None, 2.5], "stable": [1, 3, 0, "1", None], "alpha": [0.01, 0.5, 0.6, 0, "0.05", None],
    "on_inconclusive": ["hold", "abort", "wait", None], "ready_within": ["10m", "1d", "x", None], "keep_warm": ["0s", "1h", 1],
    "cooling": ["0s", "1h", 1], "tick": ["1s", "1h", "soon"], "fallback": [True, False, "yes", None],
    "sticky": ["none", "principal", "header:X-User", "header:", "header:a b", "cookie:x", None],
    "overrides": [[], None, {}, ["qa"], [{"key": "principal", "value": "qa", "arm": "candidate"}], [{"key": "none", "value": "qa", "arm": "stable"}],
                  [{"key": "header:X-Tester", "value": "yes", "arm": "stable"}], [{"key": "principal", "value": "", "arm": "stable"}],
                  [{"key": "principal", "value": "qa", "arm": "both"}], [{"key": "principal", "value": "qa"}],
                  [{"key": "principal", "value": "q" * 257, "arm": "stable"}],
                  [{"key": "principal", "value": "qa", "arm": "stable", "version": 1}], [{"key": "principal", "value": "qa", "arm": "stable"}] * 65],
    "layer": [None, {}, "shop", {"name": "shop", "from": 0, "to": 50}, {"name": "shop", "from": "0%", "to": "12.5%"}, {"name": "shop", "from": -1, "to": 50},
              {"name": "shop", "from": 50, "to": 100}, {"name": "shop", "from": 50, "to": 101}, {"name": "", "from": 0, "to": 50},
              {"name": "shop", "to": 50}, {"name": "shop", "from": 0}, {"name": "shop", "from": 0, "to": 0},
              {"name": "shop", "from": 0, "to": 50, "salt": "x"}],
    "freeze": [[], None, {}, [{"days": ["fri"], "from": "16:00", "to": "24:00"}], [{"days": [], "from": "16:00", "to": "24:00"}],
               [{"days": ["friday"], "from": "16:00", "to": "24:00"}], [{"days": ["fri"], "from": "16:60", "to": "24:00"}],
               [{"days": ["fri"], "from": "4:00", "to": "24:00"}], [{"days": ["fri"], "from": "16:00"}], [{}],
               [{"from": "2026-12-24T00:00:00Z", "to": "2026-12-27T00:00:00Z"}], [{"from": 1, "to": 2}],
               [{"from": "2026-12-24T00:00:00Z", "to": "2026-12-27T00:00:00Z", "why": "holidays"}]],
    "signals": [None, {}, [], {"load": {}}, {"load": "metrics"}, {"Load": {"source": "metrics"}}],
    "strategy": ["canary", "all", None, 1], "stepz": [[1]]}
# Of the one signal that is asked for; no server of these tests has the source, which is found out last.
SIGNAL = {"source": ["metrics", "", None, 1], "query": ["up", "", "{{endpoint}}", 1, None, "x" * 4097],
          "interval": ["10s", "1h", "soon", 30, None], "timeout": ["1s", "10", None], "failures": [1, 10, 0, 11, 1.5, "1", None],
          "url": ["http://localhost"]}
STEPS = [[], None, [1], ["1%"], ["1.25%"], ["1"], ["0%"], ["0.00%"], ["101%"], ["100%"], [0], [100], [101], [-1], [True], [{"weight": 5}], [{"weigth": 5}], [{}],
         [{"weight": 5, "pause": True, "hold": "1m", "min_samples": 5, "gates": ["error_rate <= 1%"]}],
         [{"weight": 5, "pause": "yes"}], [{"weight": 5, "more": 1}], [{"weight": "7%", "hold": 5}]]
STAGES = [[], None, {}, [{}], [{"canary": {"steps": [1]}, "shadow": {}}], [{"canary": {"steps": [1]}}], [{"canary": {}}],
          [{"shadow": {}}], [{"shadow": {"share": 20, "tolerance": 0.1}}], [{"shadow": {"tolerance": 2}}], [{"shadow": {"steps": [1]}}],
          [{"shadow": {"share": 20}}, {"canary": {"steps": [1, 5]}}], [{"blue": {}}], ["canary"],
          [{"experiment": {"metric": "error_rate <= stable"}}], [{"experiment": {}}], [{"experiment": {"metric": ""}}],
          [{"experiment": {"metric": "error_rate <= stable", "weight": 20, "guardrails": ["timeout_rate <= 1%"]}}],
          [{"experiment": {"metric": "error_rate <= stable", "weight": 20, "reward": "x"}}],
          [{"bandit": {"reward": "clicked"}}], [{"bandit": {}}], [{"bandit": {"reward": "Clicked"}}], [{"bandit": {"reward": ""}}],
          [{"bandit": {"reward": "accuracy", "weight": "20%", "floor": 2.5, "hold": "1h", "gates": ["error_rate <= 1%"]}}],
          [{"bandit": {"reward": "clicked", "steps": [1]}}], [{"bandit": {"reward": "clicked", "floor": 0}}],
          [{"canary": {"steps": [1, 5]}}, {"bandit": {"reward": "clicked", "weight": 20}}]]


def documents():
    for field, values in SPEC.items():
        for value in values:
            yield {**IMMEDIATE, field: value}
            if field != "strategy":
                yield {**CANARY, field: value}
    for field, values in PACE.items():
        yield from ({"candidate": 2, "stages": [{"canary": {"steps": [1], field: value}}]} for value in values)
    for field, values in SIGNAL.items():
        for value in values:
            yield {**CANARY, "gates": ["signal:load <= 5"], "signals": {"load": {"source": "metrics", field: value}}}
    yield from ({**CANARY, "steps": steps} for steps in STEPS)
    yield from ({"candidate": 2, "stages": stages} for stages in STAGES)
    yield from ({}, {"candidate": 2}, {"strategy": "canary", "steps": [1]}, {**CANARY, "stages": [{"shadow": {}}]}, {**IMMEDIATE, "steps": [1]})
    yield {"candidate": 2, "strategy": "shadow", "share": 20}
    yield {**CANARY, "sticky": "none", "layer": {"name": "shop", "from": 0, "to": 50}}
    yield {**CANARY, "sticky": "principal", "layer": {"name": "shop", "from": 0, "to": 50}}
    yield {"candidate": 2, "strategy": "shadow", "steps": [1]}
    yield {"candidate": 2, "strategy": "experiment", "metric": "error_rate <= stable", "hold": "1h"}
    yield {"candidate": 2, "strategy": "bandit", "reward": "clicked", "floor": 1, "most_duration": "2d"}
    yield {"candidate": 2, "strategy": "bandit", "reward": "metric:clicked"}


def test_the_schema_and_the_server_agree(server, tmp_path):
    for factor in (2.0, 3.0, 4.0):
        server.cli("push", "loans", models.scale(tmp_path / f"{factor}.onnx", factor), "--wait")
    schema, accepted, wrong = jsonschema_rs.validator_for(SCHEMA, validate_formats=True), 0, []
    path, session = server.url + "/api/v1/endpoints/loans/rollouts:plan", requests.Session()
    for document in documents():
        answer = session.post(path, json=document, timeout=60)
        # 409: its words can be read, but it has no place here.
        assert answer.status_code in (200, 400, 409, 422), answer.text
        is_accepted = answer.status_code in (200, 409)
        accepted += is_accepted
        if schema.is_valid(document) != is_accepted:
            wrong.append((document, answer.text))
    assert not wrong, wrong[:10]
    assert accepted > 60
