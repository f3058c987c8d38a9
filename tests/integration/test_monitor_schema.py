"""The published schema of monitors accepts what the server accepts, and refuses what it refuses."""

import json

import jsonschema_rs
import pytest
import requests

import models
from conftest import ROOT
from test_answer_monitors import watch

SCHEMA = json.loads((ROOT / "api/schemas/monitors.schema.json").read_text())
KINDS = {
    "drift": {"features": ["x*"], "reference": "7d", "least_rows": 50, "alpha": 0.02, "distance_floor": 0.2,
              "missing_floor": 0.05, "importance": {"x": 2, "y": 0}},
    "quality": {"reference": "previous", "missing_floor": 0, "range_floor": 1, "category_floor": 0.5},
    "volume": {"at_least": 1, "at_most": 100.5},
    "latency": {"at_most_ms": 20, "share": 0.95, "least_requests": 10},
    "errors": {"at_most": 0.01, "burn": 14.4, "least_requests": 10},
    "accuracy": {"metric": "rmse", "at_most": 3, "delay": "3d"},
    "estimated_accuracy": {"metric": "f1", "at_least": 0.5, "most_drop": 0.1, "least_rows": 10, "reference": "attached"},
    "label_lag": {"at_most": "7d"},
    "staleness": {"at_most": "90d"},
    "class_share": {"reference": "1d", "least_rows": 10, "alpha": 0.05, "share_floor": 0.1},
    "calibration": {"at_most": 0.1, "least_rows": 100, "delay": "1d"},
    "multivariate": {"features": ["x*"], "reference": "15d", "least_rows": 100, "most_rows": 500, "auc_floor": 0.1},
}
NEEDED = {"volume": {"at_least": 1}, "multivariate": {"reference": "previous", "least_rows": 50}}
VALUES = [None, "", "x", "previous", "attached", "1d", "0s", "1h ", "1w", "001h", "32d", -1, 0, 1, 0.3, 2, 101, 10_001,
          True, [], ["x"], ["x*"], ["*x"], [1], {}, {"windows": 1}]
WINDOWS = ["1s", "0s", "31d", "32d", "744h", "745h", "44640m", "44641m", "1000000s", "1000001s", "007m", "1.5h", "-1h",
           "h", None, 3600]
ALERTS = [{}, None, [], {"windows": 5, "failed": 3, "clear": 4, "for": "10m", "severity": "page"}, {"windows": 1},
          {"windows": 0}, {"windows": 101}, {"severity": "panic"}, {"severity": None}, {"for": "soon"}, {"four": "1h"},
          {"clear": 1.5}]
NAMES = ["m", "", "a.b", "a b", "-a", "A_1-b", "é", "a" * 100]


def documents():
    for kind, fields in KINDS.items():
        least = {"kind": kind, **NEEDED.get(kind, {})}
        yield {"m": least}
        yield {"m": {"kind": kind}}
        yield {"m": {**least, **fields}}
        yield from ({"m": {**least, "alert": {"with_loss": value}}} for value in ("page", "panic", None))
        for other in sorted({name for names in KINDS.values() for name in names} - set(fields)):
            yield {"m": {**least, other: 1}}
        for field in fields:
            for value in VALUES:
                # Only the server knows that a span overlaps its window, or is known by days, and which features there are.
                if field == "reference" and value in ("0s", "32d") or field == "importance" and value == {"windows": 1}:
                    continue
                yield {"m": {**least, field: value}}
    # The one kind that reads no profiles: of any window.
    rows = {"kind": "multivariate", "reference": "previous"}
    yield from ({"m": {**rows, "window": window}} for window in WINDOWS)
    yield from ({"m": {**rows, "alert": alert}} for alert in ALERTS)
    yield from ({name: rows} for name in NAMES)
    yield from ({"m": {}}, {"m": {"kind": "drfit"}}, {"m": {"kind": None}}, {"m": 1}, {"m": {"kind": "drift", "windw": "1h"}})
    yield {f"m{i}": {"kind": "staleness"} for i in range(101)}


@pytest.fixture
def endpoint(server, tmp_path):
    server.cli("push", "loans", models.identity(tmp_path / "loans.onnx"), "--wait")
    return server


def test_the_schema_and_the_server_agree(endpoint):
    schema, accepted, wrong = jsonschema_rs.validator_for(SCHEMA), 0, []
    path, session = endpoint.url + "/api/v1/endpoints/loans", requests.Session()
    for document in documents():
        answer = session.put(path, json={"model": "loans", "monitors": document}, timeout=60)
        assert answer.status_code in (200, 400, 422), answer.text
        accepted += answer.status_code == 200
        if schema.is_valid(document) != (answer.status_code == 200):
            wrong.append((document, answer.text))
    assert not wrong, wrong[:10]
    assert accepted > 100


def test_the_schema_knows_every_kind_of_the_api(endpoint):
    text = (ROOT / "api/openapi.yaml").read_text()
    kinds = text.split("    MonitorKind:")[1].split("enum: [")[1].split("]")[0].split(", ")
    assert set(kinds) == set(KINDS) == set(SCHEMA["additionalProperties"]["properties"]["kind"]["enum"])
    told = watch(endpoint, "loans", m={"kind": "?"}).json()["detail"]
    assert "none of " + ", ".join(kinds) in told
