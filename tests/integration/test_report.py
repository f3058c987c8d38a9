"""A report as a page, and the live table."""

import html.parser
import json
import os
import signal
import subprocess

import numpy as np
import pytest

import models
from conftest import BINARY
from test_monitors import rows_of, publish, send, watch, write_table

HOSTILE = "<script>alert('x')</script>"


class Page(html.parser.HTMLParser):
    """What a browser would see: tags, attributes, text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def quick(make_server):
    return make_server("--profile-window-seconds", "1")


def report(server, endpoint, *arguments):
    path = server.folder / f"{endpoint}.html"
    done = server.cli("report", endpoint, "--out", path, *arguments)
    assert done.stdout.strip() == str(path)
    text = path.read_text()
    page = Page(text)
    # Whatever names say: nothing that runs, and nothing from elsewhere.
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert all(value.startswith("#") for name, value in page.attributes if name == "href")
    return page, text


def test_a_report_shows_what_has_changed_beside_its_reference(quick, tmp_path):
    publish(quick, tmp_path, "--reference", write_table(tmp_path / "train.csv", rows_of(1, 2000)))
    watch(quick, inputs={"kind": "drift", "window": "1s", "features": ["income"]})
    for seed in range(5):
        send(quick, rows_of(seed, income=1))

    page, text = report(quick, "scaled")
    data = quick.cli("report", "scaled", json_output=True)

    assert "the reference that was published with version 1" in page.text
    assert data["drift"]["features"][0]["feature"] == "income"
    assert text.index('id="f1"') < text.index('id="f2"') and "svg" in page.tags
    for words in ("What serves", "income", "inputs", "Rows looked at", "1.3 %"):
        assert words in page.text, words
    assert data["profiles"][0]["rows"] == sum(item["rows"] for step in data["steps"] for item in step["items"])
    assert data["reference"]["features"]["income"]["rows"] == 2000
    assert "No labels for the predictions of this time" in page.text


def test_names_and_categories_of_features_are_text(quick, tmp_path):
    signature = tmp_path / "signature.json"
    signature.write_text(json.dumps({
        "inputs": [{"name": "x", "datatype": "BYTES", "shape": [-1, 2], "features": [HOSTILE, "colour"]}],
        "outputs": [{"name": "y", "datatype": "BYTES", "shape": [-1, 2]}], "batched": True}))
    quick.cli("push", "texts", models.identity(tmp_path / "m.onnx", "BYTES", ("rows", 2)), "--signature", signature,
              "--wait")
    body = {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [20, 2], "data": [HOSTILE, "<b>red</b>"] * 20}]}
    assert quick.post("/v2/models/texts/infer", json=body).status_code == 200

    page, _ = report(quick, "texts")

    assert HOSTILE in page.text and "100 %" in page.text
    # Neither a task nor a time before: the server's words say so.
    refusals = quick.cli("report", "texts", json_output=True)["refusals"]
    assert set(refusals) == {"accuracy", "drift"} and refusals["accuracy"] in page.text
    assert "What has changed cannot be said" in page.text


def test_labels_become_accuracy_over_time(quick, tmp_path):
    quick.cli("push", "price", models.scale(tmp_path / "p.onnx", 2, 1), "--wait")
    quick.cli("record", "price", "capture.share=1")
    quick.cli("evaluate", "price", "task=regression")
    lines = ["prediction_id,value"]
    for value in np.random.default_rng(1).normal(size=40):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [float(value)]}]}
        answer = quick.post("/v2/models/price/infer", json=body)
        lines.append(f"{answer.headers['Modelyard-Prediction-Id']},{2 * value + 0.5}")
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(lines) + "\n")
    quick.cli("label", labels)

    page, _ = report(quick, "price")

    assert "40 of 40 rows have labels (100 %)" in page.text and "mae over time" in page.text


def test_an_endpoint_that_nobody_asked_has_a_report(quick, tmp_path):
    publish(quick, tmp_path)
    page, _ = report(quick, "scaled")
    assert "Nothing was asked of this endpoint in this time." in page.text
    assert "no monitors" in page.text and "How this was made" in page.text
    # Without a file the page is standard output.
    assert quick.cli("report", "scaled").stdout.startswith("<!doctype html>")


def test_a_report_of_nothing_known_is_an_error(quick, tmp_path):
    publish(quick, tmp_path)
    done = quick.cli("report", "scaledd", "--out", tmp_path / "r.html", check=False)
    assert done.returncode == 3 and "scaledd" in done.stderr and not (tmp_path / "r.html").exists()
    done = quick.cli("report", "scaled", "--from", "1h", "--to", "2h", check=False)
    assert done.returncode == 1 and "ends before it begins" in done.stderr


def test_a_report_without_monitoring_says_so(make_server, tmp_path):
    server = make_server("--profile-cpu-percent", "0")
    publish(server, tmp_path)
    send(server, rows_of(1))
    page, _ = report(server, "scaled")
    assert "profile_cpu_percent" in page.text


def test_top_shows_what_was_asked_between_two_looks(quick, tmp_path):
    publish(quick, tmp_path)
    top = start_top(quick, "--every", "1s", "--json")
    try:
        rates = []
        while not any(rate > 0 for rate in rates):
            send(quick, rows_of(1))
            found = json.loads(top.stdout.readline())
            rates = [one["rows_per_second"] for one in found["versions"]]
        (version,) = found["versions"]
        assert (version["endpoint"], version["model"], version["version"]) == ("scaled", "scaled", 1)
        assert version["rows_per_run"] == 400 and version["p99_seconds"] > 0 and version["alerts_firing"] == 0
        assert found["connections_open"] >= 0 and found["errors_per_second"] == 0
    finally:
        top.send_signal(signal.SIGINT)
        top.communicate(timeout=60)


def start_top(server, *arguments):
    return subprocess.Popen([BINARY, "top", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "MODELYARD_SERVER": server.url})


def test_top_once_prints_one_table(quick, tmp_path):
    publish(quick, tmp_path)
    shown = quick.cli("top", "--once", "--every", "1s").stdout
    assert shown.count("ENDPOINT") == 1 and "\x1b" not in shown
    assert "scaled" in shown and "0 requests/s" in shown
    assert quick.cli("top", "other", "--once", check=False).returncode == 3


def test_top_in_a_pipe_goes_on_until_it_is_interrupted(quick, tmp_path):
    publish(quick, tmp_path)
    top = start_top(quick, "scaled", "--every", "1s")
    lines = []
    while sum("ENDPOINT" in line for line in lines) < 2:
        lines.append(top.stdout.readline())
        assert lines[-1], top.communicate()
    top.send_signal(signal.SIGINT)
    rest, errors = top.communicate(timeout=60)
    assert top.returncode == 0 and errors == ""
    assert "\x1b" not in "".join(lines) + rest


def test_top_of_a_server_without_monitors_leaves_alerts_open(make_server, tmp_path):
    server = make_server("--profile-cpu-percent", "0")
    publish(server, tmp_path)
    found = server.cli("top", "--once", "--every", "1s", json_output=True)
    assert found["alerts_firing"] is None and found["versions"][0]["alerts_firing"] is None


def test_top_of_a_server_that_is_not_there_fails(quick):
    quick.stop()
    done = quick.cli("top", "--once", check=False)
    assert done.returncode == 5 and "cannot reach" in done.stderr
    quick.start()
