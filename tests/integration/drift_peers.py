"""Flights of 2013 through a real server, and what it, Evidently, NannyML and scipy say of the same rows."""

import collections
import csv
import datetime
import json
import math
import subprocess
import threading
import time

import numpy as np
from onnx import TensorProto, helper
from scipy import special, stats
from scipy.spatial.distance import jensenshannon

import models
from conftest import ROOT

PYTHON = ROOT / "build/venv/peers-drift/bin/python"
SCRIPT = ROOT / "tests/peers/drift.py"
REMEDY = "tools/python_env.sh peers-drift"
SERVER_ARGUMENTS = ("--profile-window-seconds", "1", "--profile-cpu-percent", "50")
ROWS_A_REQUEST = 200
RANK_ERROR = {"reference": 2.296 / 400 ** 0.9723, "captured": 2.296 / 400 ** 0.9723, "live": 2.296 / 200 ** 0.9723}
LEAST_EXPECTED = 5  # rows of a category that is not put together with other rare ones


class Table:
    """Rows of one window, from its CSV; missing numbers are NaN, missing texts empty."""

    def __init__(self, path, numbers):
        self.path = path
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        self.rows = len(rows)
        self.columns = {name: np.array([float(row[name] or "nan") for row in rows]) if name in numbers
                        else np.array([row[name] for row in rows], dtype=object) for name in rows[0]}

    def present(self, feature):
        column = self.columns[feature]
        return column[~np.isnan(column)] if column.dtype == float else column[column != ""]

    def missing(self, feature):
        return self.rows - len(self.present(feature))


class Scenario:
    def __init__(self, folder):
        said = json.loads((folder / "peers.json").read_text())
        self.name, self.versions, self.numbers, self.categories = (
            folder.name, said["versions"], said["numbers"], said["categories"])
        self.evidently, self.nannyml = said["evidently"], said["nannyml"]
        self.reference = Table(folder / "reference.csv", self.numbers)
        self.windows = {name: Table(folder / f"{name}.csv", self.numbers) for name in said["windows"]}
        self.reports = {}  # by window and source, once they were sent

    @property
    def features(self):
        return self.numbers + self.categories


def ask_peers(folder):
    """The scenarios with what the peers say of them."""
    subprocess.run([PYTHON, SCRIPT, folder], check=True, timeout=1800)
    return {name: Scenario(folder / name) for name in ("months", "days")}


def identity(path, scenario):
    """Numbers as one matrix, each category as an input of its own; it answers the numbers."""
    def value(name, kind, width):
        return helper.make_tensor_value_info(name, kind, ["rows", width])
    width = len(scenario.numbers)
    inputs = [value("x", TensorProto.FLOAT, width), *(value(c, TensorProto.STRING, 1) for c in scenario.categories)]
    node = helper.make_node("Identity", ["x"], ["y"])
    models.save(helper.make_graph([node], "flights", inputs, [value("y", TensorProto.FLOAT, width)]), path)
    signature = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, width], "features": scenario.numbers},
                            *({"name": c, "datatype": "BYTES", "shape": [-1, 1]} for c in scenario.categories)],
                 "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, width]}], "batched": True}
    path.with_suffix(".json").write_text(json.dumps(signature))
    return path, path.with_suffix(".json")


def send(server, scenario, table):
    for begin in range(0, table.rows, ROWS_A_REQUEST):
        part = slice(begin, begin + ROWS_A_REQUEST)
        numbers = np.stack([table.columns[name][part] for name in scenario.numbers], axis=1).astype("<f4")
        tensors = [("x", "FP32", numbers.shape, numbers.tobytes())]
        for name in scenario.categories:
            texts = [text.encode() for text in table.columns[name][part]]
            tensors.append((name, "BYTES", (len(texts), 1), b"".join(len(t).to_bytes(4, "little") + t for t in texts)))
        head = json.dumps({"inputs": [
            {"name": name, "datatype": kind, "shape": list(shape), "parameters": {"binary_data_size": len(data)}}
            for name, kind, shape, data in tensors]}).encode()
        answer = server.post(f"/v2/models/{scenario.name}/infer", data=head + b"".join(data for *_, data in tensors),
                             headers={"Inference-Header-Content-Length": str(len(head))})
        assert answer.status_code == 200, answer.text


def next_second():
    """Waits for it: live profiles are kept by the second here."""
    begin, pause = time.time(), threading.Event()
    while int(time.time()) == int(begin):
        pause.wait(0.02)
    return datetime.datetime.fromtimestamp(int(time.time()), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def serve(server, scenario, folder):
    """Publishes the model with its reference, sends each window, and asks for its drift from both sources.

    Live profiles are compared with the table that came with the version, captured rows with captured ones.
    """
    model, signature = identity(folder / f"{scenario.name}.onnx", scenario)
    server.cli("push", scenario.name, model, "--signature", signature, "--reference", scenario.reference.path, "--wait")
    server.cli("record", scenario.name, "capture.share=1")
    captured_reference = {"reference_from": next_second()}
    send(server, scenario, scenario.reference)
    captured_reference["reference_to"] = next_second()
    for window, table in scenario.windows.items():
        # Live profiles are taken once a second, and belong to the second in which they began: a free one on either side
        # keeps what a late server took from standing in the second before.
        period = {"from": next_second()}
        next_second()
        send(server, scenario, table)
        next_second()
        period["to"] = next_second()
        scenario.reports[window] = {}
        for source, reference in {"captured": captured_reference, "live": {}}.items():
            answer = server.get(f"/api/v1/endpoints/{scenario.name}/drift",
                                params={"source": source, **period, **reference})
            assert answer.status_code == 200, answer.text
            report = answer.json()
            report["features"] = {one["feature"]: one for one in report["features"]}
            scenario.reports[window][source] = report
    return scenario


def merged_counts(reference, current):
    """Counts of texts, with those that chi-square could not bear put together, as docs/guides/monitoring.md says."""
    sides = collections.Counter(reference), collections.Counter(current)
    counts = np.array([[side[name] for name in sorted(sides[0] | sides[1])] for side in sides], dtype=float)
    smaller = min(len(reference), len(current)) / (len(reference) + len(current))
    rare = counts.sum(axis=0) * smaller < LEAST_EXPECTED
    kept = counts[:, ~rare]
    return np.column_stack([kept, counts[:, rare].sum(axis=1)]) if rare.any() else kept


def expected(scenario, window, source):
    """What scipy makes of the rows: distances by our definition, and p-values adjusted for all features.

    Of captured rows the report has the outputs, too, which are the numbers once more.
    """
    said, p, missing_p = {}, [], []
    for feature in scenario.features:
        sides = scenario.reference.present(feature), scenario.windows[window].present(feature)
        m, n = map(len, sides)
        rows = scenario.reference.rows, scenario.windows[window].rows
        said[feature] = {"distance": 0.0, "statistic": 0.0}
        p.append(1.0)
        if min(m, n) > 0 and feature in scenario.numbers:
            said[feature]["statistic"] = stats.ks_2samp(*sides, method="asymp").statistic
            said[feature]["distance"] = stats.wasserstein_distance(*sides) / sides[0].std()
            p[-1] = special.kolmogorov(said[feature]["statistic"] * math.sqrt(m * n / (m + n)))
        elif min(m, n) > 0:
            counts = merged_counts(*sides)
            said[feature]["distance"] = jensenshannon(*counts)
            if counts.shape[1] > 1:
                p[-1] = stats.chi2_contingency(counts, correction=False).pvalue
        lost = scenario.reference.missing(feature), scenario.windows[window].missing(feature)
        share = sum(lost) / sum(rows)
        spread = math.sqrt(share * (1 - share) * (1 / rows[0] + 1 / rows[1]))
        z = (lost[1] / rows[1] - lost[0] / rows[0]) / spread if spread > 0 else 0
        missing_p.append(2 * stats.norm.sf(abs(z)))
    for name, values in {"p": p, "missing_p": missing_p}.items():
        outputs = values[:len(scenario.numbers)] if source == "captured" else []
        for feature, value in zip(scenario.features, stats.false_discovery_control(values + outputs)):
            said[feature][name] = value
    return said


def sketch_bound(scenario, window, feature, source):
    """By how much a distance of numbers may be off when ranks are: both rank errors over all that the values span."""
    sides = scenario.reference.present(feature), scenario.windows[window].present(feature)
    error = sum(RANK_ERROR[name] for name, side in zip(("reference", source), sides) if len(side) > (
        200 if name == "live" else 400))
    return error * (max(map(np.max, sides)) - min(map(np.min, sides))) / sides[0].std()
