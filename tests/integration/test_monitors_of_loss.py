"""What becomes of drift while answers become worse, too."""

import json
import re

import numpy as np
import pytest
import requests
from sklearn import datasets, linear_model

from test_ground_truth import fit, infer, publish
from test_monitors import QUICK_ALERT, Flow, alerts, wait_until

ROWS = 60


class LabelledFlow(Flow):
    """Rows of a data set that come all the time, each with its label at once."""

    def __init__(self, server, rows, truth):
        super().__init__(server)
        self.rows, self.truth = rows, truth
        self.scale, self.right, self.failure = 1, True, None

    def run(self):
        random = np.random.default_rng(5)
        try:
            while not self.ended.wait(0.05):
                chosen = random.integers(len(self.rows), size=ROWS)
                rows = self.rows[chosen] * np.where(np.arange(self.rows.shape[1]) == 0, self.scale, 1)
                prediction, _ = infer(self.server, "tumours", rows)
                truth = [int(value) if self.right else 1 - int(value) for value in self.truth[chosen]]
                answer = self.server.post("/api/v1/ground-truth", json={"prediction_id": prediction, "values": truth})
                assert answer.status_code == 200, answer.text
        except (AssertionError, requests.RequestException) as failure:
            self.failure = failure

    def __exit__(self, *_):
        super().__exit__()
        assert self.failure is None, self.failure


@pytest.fixture
def watched(make_server, tmp_path):
    """A model of two classes with a reference of its own traffic, and the rows that it has not seen."""
    server = make_server("--profile-window-seconds", "1")
    data = datasets.load_breast_cancer()
    path, rows, truth = fit(tmp_path, linear_model.LogisticRegression(C=1e-3, max_iter=5000), data.data, data.target,
                            "tumours")
    publish(server, path, "tumours")
    for _ in range(3):
        infer(server, "tumours", rows)
    server.cli("reference", "tumours/1", "--endpoint", "tumours", "--from", "1h")
    document = tmp_path / "monitors.yaml"
    document.write_text(json.dumps({"endpoints": {"tumours": {"monitors": {
        "inputs": {"kind": "drift", "window": "1s", "features": ["X[0]", "X[1]"], "alert": QUICK_ALERT},
        "right": {"kind": "accuracy", "window": "1s", "delay": "2s", "at_least": 0.8, "alert": QUICK_ALERT}}}}}))
    server.cli("apply", "-f", document)
    return server, rows, truth


def events_of(server, alert):
    entries = server.get("/api/v1/alerts/history").json()["items"]
    return [entry["event"] for entry in reversed(entries) if entry["alert"]["id"] == alert]


def test_drift_alone_is_a_ticket_that_names_its_likely_cause(watched):
    server, rows, truth = watched
    with LabelledFlow(server, rows, truth) as flow:
        flow.scale = 1000
        alert = wait_until(lambda: alerts(server, "firing").get("tumours.inputs/X[0]"))
        assert alert["severity"] == "ticket"
        # Of so few rows the factor is rough, so that it may not be known for one between units.
        assert re.search("; likely cause: another (unit|scale): all values are × (8|9|1[0-3])", alert["sentence"])
    assert events_of(server, "tumours.inputs/X[0]") == ["fired"]


def test_drift_becomes_a_page_while_accuracy_fires(watched):
    server, rows, truth = watched
    with LabelledFlow(server, rows, truth) as flow:
        flow.scale, flow.right = 1000, False
        alert = wait_until(lambda: (found := alerts(server, "firing").get("tumours.inputs/X[0]"))
                           and found["severity"] == "page" and "; with it, " in found["sentence"] and found)
        assert "; with it, accuracy is 0." in alert["sentence"]
        lost = alerts(server, "firing")["tumours.right/accuracy"]
        assert "likely cause: inputs have moved: `X[0]`" in lost["sentence"]
    events = events_of(server, "tumours.inputs/X[0]")
    assert events[:2] == ["fired", "escalated"], events
