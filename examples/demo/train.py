"""Trains the demo's models: breast-cancer data, a scaler and gradient boosting, exported to ONNX.

Writes into the folder given: model-1.onnx, model-2.onnx, golden-1.json, golden-2.json (answers the versions
must reproduce before they serve), card.json, reference.csv (training rows), heldout.json (rows and labels the
models never saw) and expected.json (what scikit-learn itself predicts for them).
"""

import csv
import json
import pathlib
import sys

import numpy as np
import onnx
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

VERSIONS = {1: {"n_estimators": 20, "max_depth": 2}, 2: {"n_estimators": 100, "max_depth": 3}}
GOLDEN_ROWS = 8


def export(pipeline, features):
    """The pipeline as ONNX: input `x` with named features, outputs `label` and `probabilities`."""
    final_step = pipeline.steps[-1][1]
    model = to_onnx(
        pipeline,
        initial_types=[("x", FloatTensorType([None, len(features)]))],
        options={id(final_step): {"zipmap": False}},
        target_opset=17,
    )
    onnx.helper.set_model_props(model, {"feature_names": json.dumps(features)})
    return model


def golden(pipeline, rows):
    """Recorded answers, in the form `modelyard push --golden` takes."""
    sample = {
        "inputs": [
            {"name": "x", "datatype": "FP32", "shape": list(rows.shape), "data": rows.ravel().tolist()}
        ],
        "outputs": [
            {
                "name": "label",
                "datatype": "INT64",
                "shape": [len(rows)],
                "data": pipeline.predict(rows).tolist(),
            },
            {
                "name": "probabilities",
                "datatype": "FP32",
                "shape": [len(rows), 2],
                "data": pipeline.predict_proba(rows).astype(np.float32).ravel().tolist(),
            },
        ],
    }
    return {"samples": [sample], "tolerance": {"relative": 1e-4, "absolute": 1e-5}}


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    data = load_breast_cancer()
    features = [str(name).replace(" ", "_") for name in data.feature_names]
    # The model sees 32-bit floats when it serves, so it is trained on them: the answers can be equal.
    rows = data.data.astype(np.float32)
    train_x, held_x, train_y, held_y = train_test_split(
        rows, data.target, test_size=0.25, random_state=7, stratify=data.target
    )
    expected = {}
    for version, settings in VERSIONS.items():
        pipeline = make_pipeline(StandardScaler(), GradientBoostingClassifier(random_state=7, **settings))
        pipeline.fit(train_x, train_y)
        (folder / f"model-{version}.onnx").write_bytes(export(pipeline, features).SerializeToString())
        write_json(folder / f"golden-{version}.json", golden(pipeline, held_x[:GOLDEN_ROWS]))
        labels = pipeline.predict(held_x)
        expected[version] = {"labels": labels.tolist(), "accuracy": accuracy_score(held_y, labels)}
        print(f"trained version {version}: {settings}, accuracy on held-out rows {expected[version]['accuracy']:.4f}")
    write_json(folder / "expected.json", expected)
    write_json(
        folder / "heldout.json",
        {"features": features, "rows": held_x.tolist(), "labels": held_y.tolist()},
    )
    with open(folder / "reference.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(features)
        writer.writerows(train_x.tolist())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
