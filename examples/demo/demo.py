"""From training to rollback with a real model: the whole life of a version on this machine.

Usage: demo.py [--ci]     with --ci, or CI=true, the server is stopped at the end.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.request

import train

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "build/release/bin/modelyard"
FOLDER = ROOT / "build/demo"
MODEL = "breast-cancer"
CARD = {
    "overview": "Benign or malignant, from 30 measurements of cell nuclei. Scaler and gradient boosting.",
    "intended_use": "Shows modelyard. Not for medical decisions.",
    "training_data": "Breast Cancer Wisconsin (Diagnostic), three quarters of 569 rows, as shipped with scikit-learn.",
    "evaluation_data": "The other quarter, which the model has not seen.",
    "limitations": "One hospital, the 1990s.",
}


def say(text):
    print(f"\n--- {text}", flush=True)


class Server:
    """`modelyard serve` on a port of its own choice."""

    def __init__(self):
        self.log = open(FOLDER / "server.log", "ab")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", FOLDER / "data", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=self.log, start_new_session=True)
        line = self.process.stdout.readline().decode()
        if "http://" not in line:
            sys.exit(f"the server did not start; see {FOLDER / 'server.log'}")
        print(line.strip())
        self.url = line.split()[-1]

    def run(self, *arguments):
        """Shows a command and what it prints, as a person would see them."""
        print("$ modelyard " + " ".join(map(str, arguments)), flush=True)
        environment = {**os.environ, "MODELYARD_SERVER": self.url}
        done = subprocess.run([BINARY, *map(str, arguments)], env=environment)
        if done.returncode != 0:
            self.process.terminate()
            sys.exit(f"the command failed with exit code {done.returncode}")

    def predict(self, rows, features):
        """Sends rows as objects keyed by feature name; the version that answered, and the answers."""
        instances = [dict(zip(features, row)) for row in rows]
        request = urllib.request.Request(
            f"{self.url}/v1/models/{MODEL}:predict", json.dumps({"instances": instances}).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.headers["Modelyard-Version"], json.load(answer)["predictions"]


def check_accuracy(server, heldout, expected):
    """Accuracy computed from the answers must be what scikit-learn gets itself."""
    version, predictions = server.predict(heldout["rows"], heldout["features"])
    labels = [prediction["label"] for prediction in predictions]
    accuracy = sum(a == b for a, b in zip(labels, heldout["labels"])) / len(labels)
    reference = expected[version]
    print(f"version {version}: {len(labels)} held-out rows, accuracy {accuracy:.4f}; "
          f"scikit-learn gets {reference['accuracy']:.4f}; "
          f"{'every label is the same' if labels == reference['labels'] else 'LABELS DIFFER'}")
    if labels != reference["labels"]:
        server.process.terminate()
        sys.exit("the served model does not answer as the trained one")
    return version


def main():
    ci = "--ci" in sys.argv or os.environ.get("CI") == "true"
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    say("Train two versions on real data and export them to ONNX")
    train.main(FOLDER)
    (FOLDER / "card.json").write_text(json.dumps(CARD))
    heldout = json.loads((FOLDER / "heldout.json").read_text())
    expected = json.loads((FOLDER / "expected.json").read_text())

    say("Start the server")
    server = Server()
    say("Publish version 1: it is deployed when it has reproduced its golden samples")
    server.run("push", MODEL, FOLDER / "model-1.onnx", "--golden", FOLDER / "golden-1.json", "--reference",
               FOLDER / "reference.csv", "--card", FOLDER / "card.json", "--metric",
               f"accuracy={expected['1']['accuracy']:.4f}", "--tag", "trained-by=demo", "--wait")
    server.run("show", f"{MODEL}/1")
    server.run("status", MODEL)
    say("Ask it")
    check_accuracy(server, heldout, expected)

    say("Publish version 2; traffic stays where it is until it is deployed")
    server.run("push", MODEL, FOLDER / "model-2.onnx", "--golden", FOLDER / "golden-2.json", "--alias", "challenger")
    server.run("deploy", MODEL, "@challenger", "--wait", "--reason", "more trees")
    check_accuracy(server, heldout, expected)
    say("And back")
    server.run("rollback", MODEL, "--wait", "--reason", "only a demo")
    if check_accuracy(server, heldout, expected) != "1":
        sys.exit("the rollback did not take effect")
    server.run("status", MODEL)

    if ci:
        server.process.terminate()
        sys.exit(server.process.wait(60))
    say(f"The server keeps running (process {server.process.pid}). Try:")
    print(f"""  export MODELYARD_SERVER={server.url} PATH={BINARY.parent}:$PATH
  modelyard versions {MODEL}
  modelyard events
  modelyard push mine your-model.onnx --wait && modelyard predict mine -d '[[…]]'
  curl {server.url}/v2/models/{MODEL}
  kill {server.process.pid}        # ends it""")


if __name__ == "__main__":
    main()
