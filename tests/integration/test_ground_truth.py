"""Labels of predictions, from every form in which they come, and the metrics that they give."""

import datetime
import json
import threading

import numpy as np
import pytest
import requests
from skl2onnx import to_onnx
from sklearn import datasets, linear_model, metrics
from sklearn.model_selection import train_test_split

from test_authorisation import bearer, offline_key

HOUR = 3600


def fit(tmp_path, model, values, truth, name):
    """A fitted model as a file, and the rows that it has not seen."""
    train, test, train_truth, test_truth = train_test_split(values.astype(np.float32), truth, random_state=7)
    model.fit(train, train_truth)
    path = tmp_path / f"{name}.onnx"
    options = {"zipmap": False} if hasattr(model, "predict_proba") else None
    path.write_bytes(to_onnx(model, train[:1], options=options, target_opset=17).SerializeToString())
    return path, test, test_truth


def publish(server, path, name, *capture):
    server.cli("push", name, path, "--wait")
    server.cli("record", name, *(capture or ["capture.share=1"]))


@pytest.fixture
def tumours(server, tmp_path):
    """A model of two classes that answers, and rows whose truth is known."""
    data = datasets.load_breast_cancer()
    model = linear_model.LogisticRegression(C=1e-3, max_iter=5000)
    path, values, truth = fit(tmp_path, model, data.data, data.target, "tumours")
    publish(server, path, "tumours")
    return values, truth


def infer(server, name, rows, **options):
    rows = np.asarray(rows)
    body = {"inputs": [{"name": "X", "datatype": "FP32", "shape": list(rows.shape),
                        "data": [float(value) for value in rows.ravel()]}]}
    answer = server.post(f"/v2/models/{name}/infer", json=body, **options)
    assert answer.status_code == 200, answer.text
    types = {"FP32": np.float32, "INT64": np.int64}
    outputs = {output["name"]: np.array(output["data"], types[output["datatype"]]).reshape(output["shape"])
               for output in answer.json()["outputs"]}
    outputs = {name: values.astype(np.float64) if values.dtype == np.float32 else values
               for name, values in outputs.items()}
    return answer.headers["Modelyard-Prediction-Id"], outputs


def label(server, body, content_type="application/json", expect=200, **params):
    data = body if isinstance(body, str) else json.dumps(body)
    answer = server.post("/api/v1/ground-truth", data=data, headers={"Content-Type": content_type}, params=params)
    assert answer.status_code == expect, answer.text
    return answer.json()


def accuracy(server, name, expect=200, **params):
    answer = server.get(f"/api/v1/endpoints/{name}/accuracy", params=params)
    assert answer.status_code == expect, answer.text
    return answer.json()


def only_part(report):
    assert len(report["parts"]) == 1, report
    return report["parts"][0]


def values_of(part):
    return {name: score["value"] for name, score in part["metrics"].items()}


def test_two_classes_are_judged_as_scikit_learn_judges_them(server, tumours):
    rows, truth = tumours
    server.cli("evaluate", "tumours", "threshold=0.6")
    lines, scores = [], []
    for start in range(0, len(rows), 10):
        prediction, outputs = infer(server, "tumours", rows[start:start + 10])
        scores.extend(outputs["probabilities"][:, 1])
        lines += [json.dumps({"prediction_id": prediction, "row": row, "value": int(value)})
                  for row, value in enumerate(truth[start:start + 10])]

    report = label(server, "\n".join(lines), "application/x-ndjson")
    assert report["stored"] == len(truth) and report["refused"] == 0 and report["waiting"] == 0
    part = only_part(accuracy(server, "tumours"))

    got, scores = values_of(part), np.array(scores)
    said = scores >= 0.6
    expected = {
        "accuracy": metrics.accuracy_score(truth, said), "precision": metrics.precision_score(truth, said),
        "recall": metrics.recall_score(truth, said), "f1": metrics.f1_score(truth, said),
        "specificity": metrics.recall_score(truth, said, pos_label=0), "roc_auc": metrics.roc_auc_score(truth, scores),
        "pr_auc": metrics.average_precision_score(truth, scores), "log_loss": metrics.log_loss(truth, scores),
        "brier": metrics.brier_score_loss(truth, scores)}
    assert got == pytest.approx(expected, rel=1e-9)
    assert part["confusion"] == metrics.confusion_matrix(truth, said).tolist()
    assert part["coverage"] == 1 and part["provisional"] is False and part["labelled"] == len(truth)
    for score in part["metrics"].values():
        assert score["interval"][0] <= score["value"] <= score["interval"][1]


def test_several_classes_and_numbers_are_judged_as_scikit_learn_judges_them(server, tmp_path):
    wine, diabetes = datasets.load_wine(), datasets.load_diabetes()
    path, rows, truth = fit(tmp_path, linear_model.LogisticRegression(C=1e-3, max_iter=5000), wine.data, wine.target,
                            "wine")
    publish(server, path, "wine")
    names = ["red", "white", "rosé"]
    server.cli("evaluate", "wine", f"classes={json.dumps(names)}")
    prediction, outputs = infer(server, "wine", rows)
    label(server, {"prediction_id": prediction, "values": [names[value] for value in truth]})
    part = only_part(accuracy(server, "wine"))
    said, scores = outputs["label"], outputs["probabilities"]
    expected = {
        "accuracy": metrics.accuracy_score(truth, said), "f1": metrics.f1_score(truth, said, average="macro"),
        "precision": metrics.precision_score(truth, said, average="macro"),
        "recall": metrics.recall_score(truth, said, average="macro"), "log_loss": metrics.log_loss(truth, scores),
        "roc_auc": np.mean([metrics.roc_auc_score(truth == k, scores[:, k]) for k in range(3)]),
        "brier": np.mean(np.sum((scores - np.eye(3)[truth]) ** 2, axis=1))}
    assert values_of(part) == pytest.approx(expected, rel=1e-9)
    assert [one["class"] for one in part["classes"]] == names

    path, rows, truth = fit(tmp_path, linear_model.Ridge(), diabetes.data, diabetes.target, "diabetes")
    publish(server, path, "diabetes")
    server.cli("evaluate", "diabetes", "quantile=0.8")
    prediction, outputs = infer(server, "diabetes", rows)
    label(server, {"prediction_id": prediction, "values": truth.tolist()})
    said = outputs["variable"].ravel()
    expected = {
        "mae": metrics.mean_absolute_error(truth, said), "rmse": metrics.root_mean_squared_error(truth, said),
        "mape": metrics.mean_absolute_percentage_error(truth, said), "r2": metrics.r2_score(truth, said),
        "quantile_loss": metrics.mean_pinball_loss(truth, said, alpha=0.8), "bias": np.mean(said - truth)}
    assert values_of(only_part(accuracy(server, "diabetes"))) == pytest.approx(expected, rel=1e-9)


def test_the_order_of_rows_and_the_worth_of_predictions_are_judged(server, tmp_path):
    diabetes = datasets.load_diabetes()
    path, rows, truth = fit(tmp_path, linear_model.Ridge(), diabetes.data, diabetes.target, "ranks")
    publish(server, path, "ranks")
    server.cli("evaluate", "ranks", "task=ranking", "cutoff=5")
    relevance, gains, ranks = np.digitize(truth, [100, 200]), [], []
    for start in range(0, 100, 20):
        prediction, outputs = infer(server, "ranks", rows[start:start + 20])
        scores, wanted = outputs["variable"].ravel(), relevance[start:start + 20]
        label(server, {"prediction_id": prediction, "values": wanted.tolist()})
        gains.append(metrics.ndcg_score([wanted], [scores], k=5))
        ranks.append(1 / (1 + np.flatnonzero(wanted[np.argsort(-scores)])[0]))
    assert values_of(only_part(accuracy(server, "ranks"))) == pytest.approx(
        {"ndcg": np.mean(gains), "mrr": np.mean(ranks)}, rel=1e-9)

    server.cli("evaluate", "ranks", "task=value")
    part = only_part(accuracy(server, "ranks"))
    assert values_of(part) == pytest.approx({"mean": relevance[:100].mean(), "sum": relevance[:100].sum()}, rel=1e-9)


def test_labels_come_twice_late_and_against_one_another(server, tumours):
    rows, truth = tumours
    prediction, _ = infer(server, "tumours", rows[:1])
    one = {"prediction_id": prediction, "value": 0}

    assert label(server, one)["stored"] == 1
    assert label(server, one)["repeated"] == 1
    assert label(server, {**one, "row": 0})["repeated"] == 1  # the only row
    known = server.get(f"/api/v1/predictions/{prediction}/ground-truth").json()["items"][0]["arrival"]
    assert label(server, {**one, "value": 1})["corrected"] == 1
    assert label(server, {**one, "value": 0, "event_time": "2020-01-01T00:00:00Z"})["outdated"] == 1

    history = server.get(f"/api/v1/predictions/{prediction}/ground-truth").json()["items"]
    assert [item["value"] for item in history] == [0, 1, 0]
    said = int(values_of(only_part(accuracy(server, "tumours")))["accuracy"])
    before = int(values_of(only_part(accuracy(server, "tumours", known_at=known)))["accuracy"])
    assert {said, before} == {0, 1}
    assert label(server, {**one, "value": None})["corrected"] == 1
    assert only_part(accuracy(server, "tumours"))["labelled"] == 0
    items = server.get("/api/v1/ground-truth").json()["items"]
    assert [(item["endpoint"], item["stored"], item["corrected"], item["repeated"], item["outdated"])
            for item in items] == [("tumours", 1, 2, 2, 1)]


def test_labels_that_cannot_be_right_are_refused_and_the_others_kept(server, tumours):
    rows, _ = tumours
    several, _ = infer(server, "tumours", rows[:3])
    failed = server.post("/v2/models/tumours/infer", json={"inputs": []})
    assert failed.status_code == 400
    failed_id = server.get("/api/v1/predictions", params={"status": "failed"}).json()["items"][0]["prediction_id"]
    stranger = "0190a6e0-0000-7000-8000-000000000001"
    report = label(server, [
        {"prediction_id": several, "row": 1, "value": 1},
        {"prediction_id": several, "value": 1},
        {"prediction_id": several, "row": 3, "value": 1},
        {"prediction_id": failed_id, "value": 1},
        {"prediction_id": stranger, "value": 1},
        {"prediction_id": stranger, "value": 1, "endpoint": "tumours"},
        {"prediction_id": several, "row": 2, "value": 1, "endpoint": "nowhere"},
        {"unit": "u", "time": "2026-01-01T00:00:00Z", "value": 1},
    ])
    assert (report["stored"], report["waiting"], report["refused"]) == (2, 1, 6)
    reasons = {refusal["line"]: refusal["reason"] for refusal in report["refusals"]}
    for line, words in {2: "say which one", 3: "none of the prediction's 3", 4: "the prediction failed",
                        5: "name its endpoint", 7: "no endpoint 'nowhere'", 8: "names its endpoint"}.items():
        assert words in reasons[line]


def test_a_value_of_csv_is_what_the_endpoint_takes_it_for(server, tumours, tmp_path):
    """Zip codes as classes stay texts; beside them numbers are numbers, whatever they look like."""
    wine, zips = datasets.load_wine(), np.array(["007", "7", "0100"])
    path, rows, truth = fit(tmp_path, linear_model.LogisticRegression(C=1e-3, max_iter=5000), wine.data,
                            zips[wine.target], "zips")
    publish(server, path, "zips", "capture.share=1", 'capture.fields=["label"]')
    answer = server.post("/v2/models/zips/infer", json={"inputs": [
        {"name": "X", "datatype": "FP32", "shape": list(rows.shape), "data": rows.ravel().tolist()}]})
    [said] = [output["data"] for output in answer.json()["outputs"] if output["name"] == "label"]
    prediction = answer.headers["Modelyard-Prediction-Id"]
    csv = "prediction_id,row,value\n" + "".join(f"{prediction},{row},{zip}\n" for row, zip in enumerate(truth))

    assert label(server, csv, "text/csv")["stored"] == len(truth)

    history = server.get(f"/api/v1/predictions/{prediction}/ground-truth").json()["items"]
    assert [item["value"] for item in history] == list(truth)
    part = only_part(accuracy(server, "zips"))
    assert {one["class"] for one in part["classes"]} == set(truth) | set(said)
    assert values_of(part)["accuracy"] == metrics.accuracy_score(truth, said)

    number, _ = infer(server, "tumours", tumours[0][:1])
    label(server, f"prediction_id,value\n{number},01\n", "text/csv")
    assert [item["value"] for item in server.get(f"/api/v1/predictions/{number}/ground-truth").json()["items"]] == [1]


def test_a_body_that_cannot_be_read_changes_nothing(server, tumours):
    prediction, _ = infer(server, "tumours", tumours[0][:1])
    body = json.dumps({"prediction_id": prediction, "value": 1}) + "\n{\n"
    problem = label(server, body, "application/x-ndjson", expect=400)
    assert "nothing was kept: line 2: " in problem["detail"]
    label(server, "prediction_id,valeu\n", "text/csv", expect=400)
    label(server, "<xml/>", "text/xml", expect=400)
    assert server.get("/api/v1/ground-truth").json()["items"] == []


def test_labels_may_come_before_their_prediction_and_by_unit(server, tumours):
    rows, truth = tumours
    soon = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    early = {"unit": "patient-7", "time": soon, "value": int(truth[0]), "endpoint": "tumours"}
    assert label(server, early)["by_unit"] == 1
    infer(server, "tumours", rows[1:2], headers={"Modelyard-Unit": "patient-8"})
    infer(server, "tumours", rows[0:1], headers={"Modelyard-Unit": "patient-7"})
    report = accuracy(server, "tumours")
    assert only_part(report)["labelled"] == 1 and only_part(report)["predictions"] == 2
    # A time before the unit's first prediction means none.
    label(server, {**early, "time": "2001-01-01T00:00:00Z"})
    assert only_part(accuracy(server, "tumours"))["labelled"] == 1


def test_what_is_said_by_id_goes_before_what_is_said_by_unit(server, tumours):
    rows, _ = tumours
    server.cli("record", "tumours", "capture.errors=true")
    prediction, outputs = infer(server, "tumours", rows[:1], headers={"Modelyard-Unit": "patient-7"})
    server.post("/v2/models/tumours/infer", json={"inputs": []}, headers={"Modelyard-Unit": "patient-7"})  # fails
    right = int(outputs["label"][0])
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    by_unit = {"unit": "patient-7", "time": now, "endpoint": "tumours"}
    label(server, {**by_unit, "value": right})
    before = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def judged(**params):
        part = only_part(accuracy(server, "tumours", **params))
        return values_of(part)["accuracy"] if part["labelled"] else None

    assert judged() == 1  # the answered one is meant
    label(server, {"prediction_id": prediction, "value": 1 - right})
    assert judged() == 0 and judged(known_at=before) == 1
    assert label(server, {**by_unit, "value": right})["repeated"] == 1  # the file once more
    assert judged() == 0
    label(server, {"prediction_id": prediction, "value": None})
    label(server, {**by_unit, "value": 1 - right})
    label(server, {**by_unit, "value": right})
    assert judged() is None  # taken back by id is taken back
    label(server, {"prediction_id": prediction, "value": right})
    label(server, {**by_unit, "value": None})
    assert judged() == 1


def test_the_latest_time_that_is_said_of_a_unit_holds(server, tumours):
    prediction, outputs = infer(server, "tumours", tumours[0][:1], headers={"Modelyard-Unit": "patient-7"})
    right = int(outputs["label"][0])
    start = datetime.datetime.now(datetime.UTC)
    early, late = ((start + datetime.timedelta(minutes=minutes)).isoformat() for minutes in (1, 2))
    for time, value in [(late, right), (early, 1 - right)]:
        label(server, {"unit": "patient-7", "time": time, "value": value, "endpoint": "tumours"})
    assert values_of(only_part(accuracy(server, "tumours")))["accuracy"] == 1


def test_times_may_be_those_of_a_place(server, tumours):
    prediction, _ = infer(server, "tumours", tumours[0][:1])
    one = {"prediction_id": prediction, "value": 1, "event_time": "2026-03-01T12:00:00+02:00"}
    assert label(server, one)["stored"] == 1
    assert label(server, {**one, "event_time": "2026-03-01T10:00:00Z"})["repeated"] == 1
    answer = server.get("/api/v1/endpoints/tumours/accuracy?from=2026-03-01T12:00:00+02:00&to=2100-01-01T00:00:00-01:00")
    assert answer.json()["from"] == "2026-03-01T10:00:00.000000Z" and only_part(answer.json())["labelled"] == 1
    assert "labelled" in server.cli("accuracy", "tumours", "--from", "2026-03-01T12:00:00+02:00").stdout


def test_a_row_of_which_everything_was_said_takes_no_more(server, tumours):
    prediction, _ = infer(server, "tumours", tumours[0][:1])
    report = label(server, [{"prediction_id": prediction, "value": value % 2} for value in range(120)])
    assert (report["stored"], report["corrected"], report["repeated"], report["refused"]) == (1, 99, 10, 10)
    assert report["refusals"][0]["line"] == 101 and "no more are kept" in report["refusals"][0]["reason"]
    future = label(server, {"prediction_id": prediction, "value": 1, "event_time": "2100-01-01T00:00:00Z"})
    assert "its time has not come yet" in future["refusals"][0]["reason"]


def test_a_positive_zero_turns_the_metrics_round_and_class_names_are_checked(server, tumours):
    rows, truth = tumours
    prediction, outputs = infer(server, "tumours", rows)
    label(server, {"prediction_id": prediction, "values": truth.tolist()})
    server.cli("evaluate", "tumours", "positive=0")
    scores = outputs["probabilities"][:, 0]
    got = values_of(only_part(accuracy(server, "tumours")))
    assert got["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth == 0, scores), rel=1e-9)
    assert got["recall"] == pytest.approx(metrics.recall_score(truth == 0, scores >= 0.5), rel=1e-9)
    server.cli("evaluate", "tumours", "positive=malignant")
    assert "a binary task has two" in accuracy(server, "tumours", expect=409)["detail"]


def with_named_columns(server, tmp_path, name, *columns):
    """The signature of version 1 with names of the columns of its probabilities."""
    document = server.get(f"/api/v1/models/{name}/versions/1").json()["signature"]
    [scores] = [output for output in document["outputs"] if output["name"] == "probabilities"]
    scores["features"] = list(columns)
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(document))
    return path


def two_classes(truth, scores, positive):
    """What scikit-learn says of the scores of the positive one."""
    is_positive = truth == positive
    return {"accuracy": metrics.accuracy_score(is_positive, scores >= 0.5),
            "precision": metrics.precision_score(is_positive, scores >= 0.5),
            "recall": metrics.recall_score(is_positive, scores >= 0.5),
            "f1": metrics.f1_score(is_positive, scores >= 0.5),
            "specificity": metrics.recall_score(~is_positive, scores < 0.5),
            "roc_auc": metrics.roc_auc_score(is_positive, scores),
            "pr_auc": metrics.average_precision_score(is_positive, scores),
            "log_loss": metrics.log_loss(is_positive, scores), "brier": metrics.brier_score_loss(is_positive, scores)}


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("said_by", ["name", "place"])
def test_two_named_classes_are_judged_by_places_and_by_names(server, tumours, tmp_path, positive, said_by):
    rows, truth = tumours
    names = ["malignant", "benign"]
    server.cli("evaluate", "tumours", f"classes={json.dumps(names)}", f"positive={names[positive]}")
    prediction, outputs = infer(server, "tumours", rows)
    label(server, {"prediction_id": prediction,
                   "values": [names[value] if said_by == "name" else int(value) for value in truth]})
    part = only_part(accuracy(server, "tumours"))
    assert values_of(part) == pytest.approx(two_classes(truth, outputs["probabilities"][:, positive], positive), rel=1e-9)
    assert [one["class"] for one in part["classes"]] == [names[1 - positive], names[positive]]


def test_two_named_classes_are_judged_by_the_models_own_answer(server, tumours):
    rows, truth = tumours
    names = ["malignant", "benign"]
    server.cli("record", "tumours", 'capture.fields=["label"]')
    server.cli("evaluate", "tumours", "task=binary", f"classes={json.dumps(names)}")
    prediction, outputs = infer(server, "tumours", rows)
    label(server, {"prediction_id": prediction, "values": [names[value] for value in truth]})
    got, said = values_of(only_part(accuracy(server, "tumours"))), outputs["label"]
    assert got == pytest.approx({
        "accuracy": metrics.accuracy_score(truth, said), "precision": metrics.precision_score(truth, said),
        "recall": metrics.recall_score(truth, said), "f1": metrics.f1_score(truth, said),
        "specificity": metrics.recall_score(truth, said, pos_label=0)}, rel=1e-9)


@pytest.mark.parametrize("fields, score", [
    (["no", "yes"], "probabilities"),  # all columns were kept, one by one
    (["yes"], "probabilities.yes"),
    (["probabilities"], "probabilities.yes"),  # a column of what was kept whole
])
def test_outputs_that_were_taken_apart_are_judged(server, tumours, tmp_path, fields, score):
    rows, truth = tumours
    server.cli("push", "tumours", tmp_path / "tumours.onnx", "--signature",
               with_named_columns(server, tmp_path, "tumours", "no", "yes"), "--deploy", "--wait")
    server.cli("record", "tumours", f"capture.fields={json.dumps(fields)}")
    server.cli("evaluate", "tumours", "task=binary", f"score={score}")
    prediction, outputs = infer(server, "tumours", rows)
    label(server, {"prediction_id": prediction, "values": truth.tolist()})
    part = only_part(accuracy(server, "tumours"))
    assert part["captured"] == part["labelled"] == len(truth)
    assert values_of(part) == pytest.approx(two_classes(truth, outputs["probabilities"][:, 1], 1), rel=1e-9)
    refused = server.cli("evaluate", "tumours", "score=probabilities.maybe", check=False)
    assert "it has label, probabilities, probabilities.no, probabilities.yes" in refused.stderr


def test_a_single_column_of_probabilities_is_judged(server, tmp_path):
    """Ridge answers one number; here it is taken for the probability of the second of two named classes."""
    data = datasets.load_breast_cancer()
    values = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    path, rows, truth = fit(tmp_path, linear_model.Ridge(), values, data.target.astype(np.float32), "one")
    publish(server, path, "one")
    server.cli("evaluate", "one", 'classes=["malignant", "benign"]')
    prediction, outputs = infer(server, "one", rows)
    truth = truth.astype(int)
    label(server, {"prediction_id": prediction, "values": [["malignant", "benign"][value] for value in truth]})
    got, scores = values_of(only_part(accuracy(server, "one"))), outputs["variable"].ravel()
    assert got["accuracy"] == metrics.accuracy_score(truth, scores >= 0.5)
    assert got["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, scores), rel=1e-9)
    assert got["pr_auc"] == pytest.approx(metrics.average_precision_score(truth, scores), rel=1e-9)


def test_metrics_are_told_apart_by_time_version_and_feature(server, tumours, tmp_path):
    rows, truth = tumours
    server.cli("push", "tumours", tmp_path / "tumours.onnx", "--signature", signature_with_features(server, tmp_path),
               "--deploy", "--wait")
    ids = []
    for row in range(40):
        path = "tumours" if row % 2 else "tumours/versions/1"
        ids.append(infer(server, path, rows[row:row + 1])[0])
    csv = "prediction_id,value\n" + "".join(f"{one},{value}\n" for one, value in zip(ids, truth))
    assert label(server, csv, "text/csv")["stored"] == 40

    by_version = accuracy(server, "tumours", by="version")["parts"]
    assert [(part["segment"], part["predictions"], part["labelled"]) for part in by_version] == [("1", 20, 20),
                                                                                               ("2", 20, 20)]
    by_feature = accuracy(server, "tumours", by="radius")["parts"]
    assert sum(part["labelled"] for part in by_feature) == 40
    bounds = np.quantile(rows[1:40:2, 0], [0.25, 0.5, 0.75], method="lower")
    assert [part["segment"] for part in by_feature][:2] == [f"≤ {bounds[0]:.9g}", f"{bounds[0]:.9g} … {bounds[1]:.9g}"]
    assert by_feature[-1] == {**by_feature[-1], "segment": "(not captured)", "predictions": 20}
    problem = accuracy(server, "tumours", expect=404, by="radios")
    assert "no input or feature 'radios'" in problem["detail"]
    windows = accuracy(server, "tumours", window_seconds=HOUR)["parts"]
    assert sum(part["labelled"] for part in windows) == 40
    assert all(part["from"].endswith(":00:00.000000Z") or part is windows[0] for part in windows)
    assert accuracy(server, "tumours", **{"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"})["parts"] == []
    accuracy(server, "tumours", expect=400, window_seconds=0)
    accuracy(server, "tumours", expect=400, window_seconds=1)


def signature_with_features(server, tmp_path):
    document = server.get("/api/v1/models/tumours/versions/1").json()["signature"]
    document["inputs"][0]["features"] = ["radius"] + [f"f{i}" for i in range(1, 30)]
    path = tmp_path / "signature.json"
    path.write_text(json.dumps(document))
    return path


def test_what_was_not_captured_or_cannot_be_compared_is_told(server, tumours):
    rows, _ = tumours
    first, _ = infer(server, "tumours", rows[:1])
    server.cli("record", "tumours", "--reset")
    second, _ = infer(server, "tumours", rows[:1])
    label(server, [{"prediction_id": first, "value": "maybe"}, {"prediction_id": second, "value": 1}])

    report = accuracy(server, "tumours")

    assert report["unjoined"]["uncaptured"] == 1 and report["unjoined"]["unreadable"] == 1
    assert "'maybe' is neither '0' nor '1'" in report["unjoined"]["why"]
    part = only_part(report)
    assert (part["predictions"], part["captured"], part["labelled"], part["provisional"]) == (2, 1, 0, True)


def test_evaluation_is_checked_against_the_outputs(server, tumours):
    refused = server.cli("evaluate", "tumours", "score=probabilites", check=False)
    assert refused.returncode != 0 and "it has label, probabilities" in refused.stderr
    assert "did you mean 'binary'" in server.cli("evaluate", "tumours", "task=binry", check=False).stderr


@pytest.mark.parametrize("round_number", range(3))
def test_acknowledged_labels_survive_the_end_of_the_process(make_server, tmp_path, round_number):
    data = datasets.load_breast_cancer()
    path, rows, truth = fit(tmp_path, linear_model.LogisticRegression(C=1e-3, max_iter=5000), data.data, data.target,
                            "tumours")
    first = make_server(folder=tmp_path)
    publish(first, path, "tumours")
    ids = [infer(first, "tumours", rows[row:row + 1])[0] for row in range(100)]
    acknowledged = []

    def send():
        for one, value in zip(ids, truth):
            try:
                label(first, {"prediction_id": one, "value": int(value), "endpoint": "tumours"})
            except requests.RequestException:
                return
            acknowledged.append(one)

    sender = threading.Thread(target=send)
    sender.start()
    while len(acknowledged) < 10 + 25 * round_number:
        pass
    first.kill()
    sender.join()

    again = make_server(folder=tmp_path)
    for one in acknowledged:
        assert len(again.get(f"/api/v1/predictions/{one}/ground-truth").json()["items"]) == 1
    total = again.get("/api/v1/ground-truth").json()["items"][0]["stored"]
    assert total - len(acknowledged) in (0, 1)  # one may have been kept and not answered


def test_the_command_line_sends_files_and_shows_metrics(server, tumours, tmp_path):
    rows, truth = tumours
    ids = [infer(server, "tumours", rows[row:row + 1])[0] for row in range(50)]
    file = tmp_path / "outcomes.csv"
    file.write_text("request,note,paid\n" + "".join(f'{one},"a, b",{value}\n' for one, value in zip(ids, truth)))

    assert "50 labels: 50 new" in server.cli("label", file, "--columns", "prediction_id=request,value=paid").stdout
    assert "50 known already" in server.cli("label", file, "--columns", "prediction_id=request,value=paid").stdout
    shown = server.cli("accuracy", "tumours").stdout
    assert "50 rows answered, 50 captured, 50 labelled (100 %)" in shown and "roc_auc" in shown and "CLASS" in shown
    assert "FROM (UTC)" in server.cli("accuracy", "tumours", "--window", "1d", "--by", "version").stdout
    assert "1 label: 1 corrected" in server.cli("label", "--prediction", ids[0], "--value", 1 - truth[0]).stdout
    told = server.cli("predictions", "show", ids[0], "--payload").stdout
    assert "WHAT REALLY HAPPENED" in told and told.rstrip().splitlines()[-1].split()[:2] == ["0", f"{1 - truth[0]}"]
    file.write_text(f"prediction_id,value\n{ids[0]},1\n0190a6e0-0000-7000-8000-000000000001,1\n")
    refused = server.cli("label", file, check=False)
    assert refused.returncode == 1 and "refused line 3" in refused.stdout
    nothing = server.cli("label", check=False)
    assert nothing.returncode == 2 and nothing.stderr


def test_only_who_may_label_labels_and_only_who_may_see_payloads_sees_labels(make_server, tmp_path, monkeypatch):
    keys = {name: offline_key(tmp_path, name, "--verbs", verbs, "--models", of)
            for name, verbs, of in
            [("root", "admin", "*"), ("labeller", "label", "tumours"), ("reader", "infer,read", "tumours"),
             ("auditor", "payload,read", "tumours"), ("stranger", "label", "other")]}
    server = make_server("--authentication", "required")
    monkeypatch.setenv("MODELYARD_API_KEY", keys["root"])
    data = datasets.load_breast_cancer()
    path, rows, _ = fit(tmp_path, linear_model.LogisticRegression(C=1e-3, max_iter=5000), data.data, data.target,
                        "tumours")
    publish(server, path, "tumours")
    prediction, _ = infer(server, "tumours", rows[:1], headers=bearer(keys["reader"]))
    body = {"prediction_id": prediction, "value": 1}

    def post(name, body=body):
        return server.post("/api/v1/ground-truth", json=body, headers=bearer(keys[name]))

    assert post("reader").status_code == 403
    hidden = post("stranger")
    assert hidden.json()["refused"] == 1 and "not in the journal" in hidden.json()["refusals"][0]["reason"]
    assert "no endpoint" in post("stranger", {**body, "endpoint": "tumours"}).json()["refusals"][0]["reason"]
    assert post("labeller").json()["stored"] == 1
    history = f"/api/v1/predictions/{prediction}/ground-truth"
    assert server.get(history, headers=bearer(keys["reader"])).status_code == 403
    shown = server.get(history, headers=bearer(keys["auditor"])).json()["items"]
    assert [(item["value"], item["principal"]) for item in shown] == [(1, "key:labeller")]
    by_feature = {"by": "X"}
    accuracy_path = "/api/v1/endpoints/tumours/accuracy"
    few = server.get(accuracy_path, headers=bearer(keys["reader"])).json()["parts"][0]
    assert few["withheld"] is True and few["metrics"] == {} and few["labelled"] == 1
    assert server.get(accuracy_path, headers=bearer(keys["auditor"])).json()["parts"][0]["metrics"]
    assert server.get(accuracy_path, params=by_feature, headers=bearer(keys["reader"])).status_code == 403


def test_metrics_tell_how_labels_come(server, tumours):
    prediction, _ = infer(server, "tumours", tumours[0][:1])
    label(server, {"prediction_id": prediction, "value": 1})
    text = server.get("/metrics").text
    assert 'modelyard_labels_total{endpoint="tumours",outcome="stored"} 1' in text
    assert 'modelyard_label_lag_seconds_bucket{endpoint="tumours",le="60"} 1' in text
    assert 'modelyard_label_watermark_timestamp_seconds{endpoint="tumours"}' in text
