"""The monitor that compares whole rows: what single features do not show."""

import itertools
import json
import time

import numpy as np
import pytest

import models
from test_answer_monitors import findings, send, watch
from test_capture import SIGNATURE
from test_monitors import QUICK_ALERT, alerts, wait_until

FEATURES = ["age", "income", "debt"]


@pytest.fixture
def quick(make_server):
    return make_server("--profile-window-seconds", "1")


def publish(server, tmp_path):
    signature = tmp_path / "signature.json"
    signature.write_text(json.dumps(SIGNATURE))
    server.cli("push", "scaled", models.scale(tmp_path / "scaled.onnx", 2, 3), "--signature", signature, "--wait")


def rows_of(seed, correlation, count=600):
    """Standard normal features; age and income have this correlation."""
    rows = np.random.default_rng(seed).normal(size=(count, 3))
    rows[:, 1] = correlation * rows[:, 0] + np.sqrt(1 - correlation ** 2) * rows[:, 1]
    return rows.astype(np.float32)


def test_a_correlation_that_flips_is_found_where_no_feature_has_drifted(quick, tmp_path):
    publish(quick, tmp_path)
    quick.cli("record", "scaled", "capture.share=1")
    answer = watch(quick, "scaled",
                   rows={"kind": "multivariate", "window": "2s", "reference": "previous", "alert": QUICK_ALERT},
                   each={"kind": "drift", "window": "2s", "reference": "previous", "features": FEATURES,
                         "distance_floor": 0.2})
    assert answer.status_code == 200, answer.text

    seeds = itertools.count(1)

    def judged():
        """Windows of two seconds, one with the one correlation, the next one with the other; each has rows of its own."""
        sign = 1 if int(time.time()) // 2 % 2 == 0 else -1
        send(quick, "scaled", rows_of(next(seeds), 0.9 * sign))
        return alerts(quick, "firing")

    wait_until(judged)

    fired = alerts(quick, "firing")
    assert set(fired) == {"scaled.rows/"}
    sentence = fired["scaled.rows/"]["sentence"]
    assert sentence.startswith("rows of this window can be told from those of the window before (AUC 0.")
    assert "mostly by how `age` and `income` go together" in sentence
    assert fired["scaled.rows/"]["numbers"]["low"] > 0.55


def test_without_capture_it_says_how_to_switch_it_on(quick, tmp_path):
    publish(quick, tmp_path)
    assert watch(quick, "scaled", rows={"kind": "multivariate", "reference": "previous"}).status_code == 200
    send(quick, "scaled", rows_of(1, 0))

    found = findings(quick, "scaled", "rows")[""]

    assert found["outcome"] == "nodata"
    assert "nothing is captured of this window: modelyard record scaled capture.share=0.1" in found["sentence"]
    quick.cli("record", "scaled", "capture.share=1")
    send(quick, "scaled", rows_of(1, 0))
    assert "nothing is captured of the reference's time" in findings(quick, "scaled", "rows")[""]["sentence"]


@pytest.mark.parametrize("reference", [{}, {"reference": "attached"}])
def test_a_reference_without_rows_is_refused(quick, tmp_path, reference):
    publish(quick, tmp_path)
    answer = watch(quick, "scaled", rows={"kind": "multivariate", **reference})
    assert answer.status_code == 400
    assert "has none: say previous, 1d or 7d" in answer.json()["detail"]
