"""`modelyard stats` against scipy, river, datasketches, scikit-learn and numpy, on inputs unlike the unit tests'."""

import json
import subprocess

import datasketches
import numpy as np
import pytest
from river import drift
from scipy import special, stats
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (accuracy_score, average_precision_score, brier_score_loss, f1_score, log_loss,
                             mean_absolute_error, mean_absolute_percentage_error, mean_pinball_loss, ndcg_score,
                             precision_recall_fscore_support, r2_score, roc_auc_score, root_mean_squared_error)

from conftest import BINARY

ALPHA = 0.05


def ask(name, **fields):
    done = subprocess.run([BINARY, "stats", name], input=json.dumps(fields), text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def close(expected):
    return pytest.approx(expected, rel=1e-6)


def same(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9)


def samples(kind, seed):
    draw = np.random.default_rng(seed)
    m, n = draw.integers(20, 300, 2)
    if kind == "normal":
        return draw.normal(0, 1, m).tolist(), draw.normal(0.2, 1.3, n).tolist()
    if kind == "ties":
        return draw.integers(0, 6, m).astype(float).tolist(), draw.integers(0, 7, n).astype(float).tolist()
    return draw.standard_cauchy(m).tolist(), (draw.standard_cauchy(n) * 1e6).tolist()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["normal", "ties", "heavy"])
def test_distances_of_samples_are_those_of_scipy(kind, seed):
    reference, current = samples(kind, seed)

    ks = ask("kolmogorov-smirnov", reference=reference, current=current)
    found = stats.ks_2samp(reference, current, method="exact")
    assert (ks["statistic"], ks["exact_p"]) == (close(found.statistic), close(found.pvalue))
    m, n = len(reference), len(current)
    assert ks["limit_p"] == close(special.kolmogorov(found.statistic * np.sqrt(m * n / (m + n))))

    wasserstein = ask("wasserstein", reference=reference, current=current)
    assert wasserstein["distance"] == close(stats.wasserstein_distance(reference, current))
    assert wasserstein["normed"] == close(stats.wasserstein_distance(reference, current) / np.std(reference))
    assert ask("energy", reference=reference, current=current)["distance"] == close(
        stats.energy_distance(reference, current))


@pytest.mark.parametrize("seed", range(3))
def test_distances_of_bins_are_those_of_scipy(seed):
    draw = np.random.default_rng(seed)
    counts = {"reference": draw.integers(1, 500, 12).tolist(), "current": draw.integers(1, 900, 12).tolist()}
    p, q = (np.array(side) / sum(side) for side in counts.values())

    assert ask("kl-divergence", **counts)["distance"] == close(stats.entropy(p, q))
    assert ask("psi", **counts)["distance"] == close(stats.entropy(p, q) + stats.entropy(q, p))
    middle = (p + q) / 2
    shannon = (stats.entropy(p, middle) + stats.entropy(q, middle)) / 2
    both = ask("jensen-shannon", **counts)
    assert both["natural"] == {"divergence": close(shannon), "distance": close(np.sqrt(shannon))}
    assert both["binary"]["divergence"] == close(shannon / np.log(2))
    assert ask("hellinger", **counts)["distance"] == close(np.sqrt(1 - np.sum(np.sqrt(p * q))))
    assert ask("total-variation", **counts)["distance"] == close(np.abs(p - q).sum() / 2)
    assert ask("l-infinity", **counts)["distance"] == close(np.abs(p - q).max())

    table = [counts["reference"], counts["current"]]
    found = stats.chi2_contingency(table, correction=False)
    assert ask("chi-square-two-samples", **counts) == {
        "statistic": close(found.statistic), "p": close(found.pvalue), "degrees": found.dof}
    fit = stats.chisquare(counts["current"], f_exp=p * sum(counts["current"]))
    assert ask("chi-square-fit", **counts)["p"] == close(fit.pvalue)
    assert ask("psi-critical", bins=12, reference_rows=4000, current_rows=500)["critical"] == close(
        stats.chi2.ppf(1 - ALPHA, 11) * (1 / 4000 + 1 / 500))


def test_the_mean_discrepancy_is_that_of_its_formula():
    draw = np.random.default_rng(5)
    x, y = draw.normal(size=(40, 3)), draw.normal(0.5, 1, size=(50, 3))

    found = ask("mmd", reference=x.ravel().tolist(), current=y.ravel().tolist(), width=3)

    def kernel(a, b):
        squares = ((a[:, None, :] - b[None, :, :]) ** 2).sum(-1)
        return np.exp(-squares / (2 * found["sigma"] ** 2))

    m, n = len(x), len(y)
    biased = kernel(x, x).mean() + kernel(y, y).mean() - 2 * kernel(x, y).mean()
    unbiased = ((kernel(x, x).sum() - m) / m / (m - 1) + (kernel(y, y).sum() - n) / n / (n - 1)
                - 2 * kernel(x, y).mean())
    assert found["biased"] == close(biased) and found["unbiased"] == close(unbiased)


@pytest.mark.parametrize("successes, trials, share", [(3, 20, 0.4), (0, 7, 0.1), (999, 1000, 0.99), (50, 100, 0.5),
                                                      (61, 100, 0.5), (12345, 100000, 0.12)])
def test_shares_are_judged_as_by_scipy(successes, trials, share):
    found = stats.binomtest(successes, trials, share)

    assert ask("binomial", successes=successes, trials=trials, share=share)["p"] == close(found.pvalue)
    asked = ask("proportion", successes=successes, trials=trials)
    for name, method in (("wilson", "wilson"), ("clopper_pearson", "exact")):
        interval = found.proportion_ci(1 - ALPHA, method)
        assert asked[name] == [pytest.approx(interval.low, rel=1e-6, abs=1e-12), close(interval.high)]


@pytest.mark.parametrize("kind, seed", [("normal", 1), ("ties", 2), ("heavy", 3)])
def test_samples_are_compared_as_by_scipy(kind, seed):
    a, b = samples(kind, seed)

    welch, expected = ask("welch", a=a, b=b), stats.ttest_ind(a, b, equal_var=False)
    assert (welch["t"], welch["p"], welch["degrees"]) == (
        close(expected.statistic), close(expected.pvalue), close(expected.df))
    assert welch["difference"] == [close(bound) for bound in expected.confidence_interval(1 - ALPHA)]
    ranks = stats.mannwhitneyu(a, b, method="asymptotic")
    assert ask("mann-whitney", a=a, b=b) == {"u": ranks.statistic, "p": close(ranks.pvalue)}
    few = stats.mannwhitneyu([0.1, 5, 7, 9], [1, 2, 3, 4, 6.5], method="exact")
    assert ask("mann-whitney", a=[0.1, 5, 7, 9], b=[1, 2, 3, 4, 6.5])["p"] == close(few.pvalue)


def test_many_tests_are_adjusted_as_by_scipy():
    p = (np.random.default_rng(7).uniform(size=40) ** 3).tolist()

    assert ask("benjamini-hochberg", p=p)["adjusted"] == [close(v) for v in stats.false_discovery_control(p)]
    weights = list(range(len(p)))
    divided = np.where(np.equal(weights, 0), 1, np.minimum(1, np.array(p) * np.mean(weights) / np.maximum(weights, 1)))
    assert ask("weighted-benjamini-hochberg", p=p, weights=weights)["adjusted"] == [
        close(v) for v in stats.false_discovery_control(divided)]
    assert ask("benjamini-yekutieli", p=p)["adjusted"] == [
        close(v) for v in stats.false_discovery_control(p, method="by")]


def alarms(detector, values):
    places = []
    for place, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected:
            places.append(place)
    return places


@pytest.mark.parametrize("seed", range(3))
def test_detectors_alarm_where_river_does(seed):
    draw = np.random.default_rng(seed)
    values = np.concatenate([draw.uniform(0, 1, 1300), draw.uniform(0.25, 1, 900), draw.uniform(0, 0.6, 1300)]).tolist()
    errors = (np.array(values) > 0.8).astype(int).tolist()
    both = {"both_directions": True}

    assert ask("adwin", values=values)["drifts"] == alarms(drift.ADWIN(), values)
    assert ask("adwin", values=values, delta=0.1, clock=1, least_part=8, least_values=20)["drifts"] == alarms(
        drift.ADWIN(delta=0.1, clock=1, min_window_length=8, grace_period=20), values)
    assert ask("page-hinkley", values=values, threshold=8)["drifts"] == alarms(drift.PageHinkley(threshold=8), values)
    assert ask("page-hinkley", values=values, threshold=3, tolerance=0.05, fading=0.99, least_values=50,
               direction="down")["drifts"] == alarms(
        drift.PageHinkley(threshold=3, delta=0.05, alpha=0.99, min_instances=50, mode="down"), values)
    assert ask("ddm", values=errors)["drifts"] == alarms(drift.binary.DDM(), errors)
    assert ask("eddm", values=errors)["drifts"] == alarms(drift.binary.EDDM(), errors)
    assert ask("hddm-a", values=values, **both)["drifts"] == alarms(drift.binary.HDDMA(two_sided_test=True), values)
    assert ask("hddm-w", values=values, **both)["drifts"] == alarms(drift.binary.HDDMW(two_sided_test=True), values)
    assert ask("hddm-w", values=errors, weight=0.01, drift_confidence=0.01)["drifts"] == alarms(
        drift.binary.HDDMW(lambda_val=0.01, drift_confidence=0.01), errors)


def test_calibration_is_that_of_scikit_learn():
    draw = np.random.default_rng(11)
    probabilities = np.round(draw.uniform(size=600), 2)
    labels = (draw.uniform(size=600) < probabilities ** 2).astype(int)
    rows = {"probabilities": probabilities.tolist(), "labels": labels.tolist()}

    found = ask("calibration", **rows, bins=7)

    assert found["brier"] == close(brier_score_loss(labels, probabilities))
    shares, means = calibration_curve(labels, probabilities, n_bins=7)
    assert [bin["share_of_ones"] for bin in found["curve"] if bin["count"]] == [close(share) for share in shares]
    assert [bin["mean_probability"] for bin in found["curve"] if bin["count"]] == [close(mean) for mean in means]
    at = np.linspace(0, 1, 41)
    expected = IsotonicRegression(out_of_bounds="clip").fit(probabilities, labels).predict(at)
    assert ask("isotonic", **rows, at=at.tolist())["mapped"] == [pytest.approx(v, abs=1e-9) for v in expected]


def test_estimated_performance_is_that_of_weighted_rows():
    probabilities = np.round(np.random.default_rng(12).uniform(size=400), 2)
    # Each row is a one with the weight of its probability and a zero with the rest.
    labels, weights = np.repeat([1, 0], 400), np.concatenate([probabilities, 1 - probabilities])
    scores = np.tile(probabilities, 2)

    found = ask("estimated-performance", probabilities=probabilities.tolist(), threshold=0.3)

    assert found["roc_auc"] == close(roc_auc_score(labels, scores, sample_weight=weights))
    assert found["f1"] == close(f1_score(labels, scores >= 0.3, sample_weight=weights))
    assert found["accuracy"] == close(accuracy_score(labels, scores >= 0.3, sample_weight=weights))

    rows = np.random.default_rng(13).dirichlet([1, 2, 3], 200)
    found = ask("estimated-performance-multiclass", probabilities=rows.ravel().tolist(), classes=3)
    labels, predicted, weights = np.tile([0, 1, 2], 200), np.repeat(rows.argmax(1), 3), rows.ravel()
    assert found["accuracy"] == close(accuracy_score(labels, predicted, sample_weight=weights))
    assert found["macro_f1"] == close(f1_score(labels, predicted, sample_weight=weights, average="macro"))


def one_hot(rows, like):
    """A column for each value of each feature, as binning makes of a few integers."""
    return np.concatenate([(rows[:, [i]] == np.unique(like[:, i])) for i in range(rows.shape[1])], axis=1).astype(float)


def test_learners_are_those_of_scikit_learn():
    draw = np.random.default_rng(15)
    reference, current = draw.integers(0, 4, (150, 3)), np.minimum(draw.integers(0, 5, (170, 3)), 3)
    pooled = np.concatenate([reference, current])
    labels, place = np.repeat([0, 1], [150, 170]), np.arange(320)
    encoded, areas = one_hot(pooled, pooled), []
    for fold in range(4):
        held = place % 4 == fold
        model = LogisticRegression(C=1 / 2.5, tol=1e-10, max_iter=10_000).fit(encoded[~held], labels[~held])
        areas.append(roc_auc_score(labels[held], model.decision_function(encoded[held])))

    found = ask("domain-classifier", reference=reference.ravel().tolist(), current=current.ravel().tolist(), width=3,
                l2=2.5, folds=4)
    assert found["auc"] == close(np.mean(areas))

    losses = np.abs(draw.normal(reference[:, 0], 0.3))
    expected = Ridge(alpha=0.7).fit(one_hot(reference, reference), losses).predict(one_hot(current, reference))
    assert ask("loss-estimate", rows=reference.ravel().tolist(), losses=losses.tolist(), width=3, l2=0.7,
               current=current.ravel().tolist())["mean_loss"] == close(np.maximum(expected, 0).mean())


def signed_ranks(values):
    # One division of whole numbers, so that products are equal to the bit.
    return np.array([(2 * (values < value).sum() + (values == value).sum() - len(values)) / len(values)
                     for value in values])


def test_a_joint_shift_is_that_of_scikit_learn_on_bins_and_on_products_of_ranks():
    draw = np.random.default_rng(16)
    first = draw.integers(0, 4, (150, 3))
    reference = np.column_stack([first[:, :2], np.minimum(first[:, 0] + draw.integers(0, 2, 150), 3)])
    second = draw.integers(0, 4, (170, 3))
    current = np.column_stack([second[:, :2], np.maximum(3 - second[:, 0] - draw.integers(0, 2, 170), 0)])
    pooled = np.concatenate([reference, current])
    ranks = np.column_stack([signed_ranks(pooled[:, i]) for i in range(3)])
    products = np.column_stack([ranks[:, a] * ranks[:, b] for a, b in [(0, 1), (0, 2), (1, 2)]])
    encoded = np.concatenate([one_hot(pooled, pooled), one_hot(products, products)], axis=1)
    owner = np.concatenate([[name] * len(np.unique(column)) for name, column in zip(
        ["0", "1", "2", "0,1", "0,2", "1,2"], np.concatenate([pooled.astype(float), products], axis=1).T)])
    labels, place = np.repeat([0, 1], [150, 170]), np.arange(320)
    areas, lifts = [], dict.fromkeys(owner, 0.0)
    for fold in range(4):
        held = place % 4 == fold
        model = LogisticRegression(C=1 / 2.5, tol=1e-10, max_iter=10_000).fit(encoded[~held], labels[~held])
        areas.append(roc_auc_score(labels[held], model.decision_function(encoded[held])))
        gap = encoded[held][labels[held] == 1].mean(0) - encoded[held][labels[held] == 0].mean(0)
        for name, lift in zip(owner, model.coef_[0] * gap):
            lifts[name] += lift / 4

    found = ask("joint-shift", reference=reference.ravel().tolist(), current=current.ravel().tolist(), width=3,
                l2=2.5, folds=4)

    assert found["auc"] == close(np.mean(areas))
    assert found["interval"][0] < found["auc"] < found["interval"][1]
    got = {",".join(map(str, part["features"])): part["lift"] for part in found["parts"]}
    assert got == {name: pytest.approx(lift, rel=1e-4, abs=1e-6) for name, lift in lifts.items() if lift > 1e-6}
    assert next(iter(got)) == "0,2"


def test_label_shift_and_powered_means_are_those_of_their_formulas():
    draw = np.random.default_rng(14)
    confusion = np.diag([400, 300, 200]) + draw.integers(1, 40, (3, 3))
    predicted = draw.integers(200, 600, 3)
    weights = np.linalg.solve(confusion / confusion.sum(), predicted / predicted.sum())
    assert (weights > 0).all()

    found = ask("label-shift", confusion=confusion.ravel().tolist(), predicted=predicted.tolist())
    assert found["weights"] == [close(weight) for weight in weights]
    assert found["shares"] == [close(share) for share in weights * confusion.sum(0) / confusion.sum()]

    labels = draw.normal(size=50)
    theirs, others = labels + draw.normal(0.3, 0.2, 50), draw.normal(0.3, 1, 500)
    powered = ask("prediction-powered", labels=labels.tolist(), their_predictions=theirs.tolist(),
                  predictions=others.tolist())
    mean = others.mean() + (labels - theirs).mean()
    half = stats.norm.ppf(0.975) * np.sqrt(others.var(ddof=1) / 500 + (labels - theirs).var(ddof=1) / 50)
    assert powered == {"mean": close(mean), "interval": [close(mean - half), close(mean + half)]}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", [lambda label: int(label) * 3 - 4, "c{}".format], ids=["numbers", "texts"])
def test_classes_are_scored_as_by_scikit_learn(name, seed):
    draw = np.random.default_rng(seed)
    rows, classes = int(draw.integers(2, 200)), int(draw.integers(1, 7))
    truth = draw.integers(0, classes, rows)
    # The lowest class is never predicted, the highest predicted only.
    predicted = np.where((draw.uniform(size=rows) < 0.6) & (truth > 0), truth, draw.integers(1, classes + 1, rows))

    found = ask("classification", truth=[*map(name, truth)], predicted=[*map(name, predicted)])

    assert found["accuracy"]["value"] == same(accuracy_score(truth, predicted))
    parts = ("precision", "recall", "f1")
    for average in ("macro", "weighted"):
        expected = precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
        assert [found[average][part]["value"] for part in parts] == [same(value) for value in expected[:3]]
    expected = precision_recall_fscore_support(truth, predicted, zero_division=np.nan)
    labels = np.unique(np.concatenate([truth, predicted]))
    assert [(entry["class"], entry["support"]) for entry in found["classes"]] == list(
        zip(map(name, labels), expected[3]))
    for part, values in zip(parts, expected):
        assert [entry[part] and entry[part]["value"] for entry in found["classes"]] == [
            None if np.isnan(value) else same(value) for value in values]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("decimals, scale", [(15, 1), (0, 1), (1, 1e9)], ids=["distinct", "ties", "large"])
def test_areas_under_curves_are_those_of_scikit_learn(decimals, scale, seed):
    draw = np.random.default_rng(seed)
    labels = draw.permutation(np.repeat([0, 1], draw.integers(1, 150, 2)))
    scores = np.round(draw.normal(labels, 1), decimals) * scale
    rows = {"scores": scores.tolist(), "labels": labels.tolist()}

    assert ask("roc-auc", **rows)["value"] == same(roc_auc_score(labels, scores))
    assert ask("average-precision", **rows)["value"] == same(average_precision_score(labels, scores))


@pytest.mark.parametrize("seed", range(3))
def test_losses_are_those_of_scikit_learn(seed):
    draw = np.random.default_rng(seed)
    rows, quantile = int(draw.integers(20, 200)), float(draw.uniform())
    labels, probabilities = draw.integers(0, 2, rows), draw.uniform(size=rows)
    probabilities[:5], probabilities[5:10] = 0, 1
    assert ask("log-loss", probabilities=probabilities.tolist(), labels=labels.tolist())["value"] == same(
        log_loss(labels, probabilities, labels=[0, 1]))

    truth = draw.normal(draw.integers(0, 3) * 100, 10.0 ** draw.integers(-3, 4), rows)
    predicted = truth + draw.normal(0, truth.std(), rows)
    found = ask("regression-scores", truth=truth.tolist(), predicted=predicted.tolist(), quantile=quantile)
    assert {name: score["value"] for name, score in found.items()} == {
        "mae": same(mean_absolute_error(truth, predicted)), "rmse": same(root_mean_squared_error(truth, predicted)),
        "mape": same(mean_absolute_percentage_error(truth, predicted)),
        "quantile_loss": same(mean_pinball_loss(truth, predicted, alpha=quantile)),
        "r2": same(r2_score(truth, predicted))}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("decimals", [15, 0], ids=["distinct", "ties"])
def test_orders_are_scored_as_by_scikit_learn_and_by_hand(decimals, seed):
    draw = np.random.default_rng(seed)
    documents = int(draw.integers(2, 100))
    relevance = np.maximum(draw.integers(-12, 4, documents), 0)
    scores = np.round(draw.normal(-relevance / 2, 1), decimals)  # mostly wrong, or the first would be relevant
    query = {"relevance": relevance.tolist(), "scores": scores.tolist()}

    assert ask("ndcg", **query)["value"] == same(ndcg_score([relevance], [scores]))
    for k in (1, int(draw.integers(2, documents + 1)), documents + 3):
        assert ask("ndcg", **query, k=k)["value"] == same(ndcg_score([relevance], [scores], k=k))

    # Of equal scores, what is not relevant stands before.
    order = sorted(zip(-scores, relevance > 0))
    ranks = [rank for rank, (_, relevant) in enumerate(order, 1) if relevant]
    assert ask("reciprocal-rank", **query)["value"] == same(1 / ranks[0] if ranks else 0)


@pytest.mark.parametrize("kind, seed", [("normal", 4), ("ties", 5), ("heavy", 6)])
def test_moments_are_those_of_scipy(kind, seed):
    values, _ = samples(kind, seed)

    assert ask("moments", values=values) == {
        "count": len(values), "mean": close(np.mean(values)), "variance": close(np.var(values, ddof=1)),
        "skewness": close(stats.skew(values)), "excess_kurtosis": close(stats.kurtosis(values)),
        "smallest": min(values), "largest": max(values)}


@pytest.mark.parametrize("k", [50, 200, 800])
def test_quantiles_keep_the_bound_that_datasketches_states(k):
    values = np.random.default_rng(k).standard_normal(40_000)
    theirs = datasketches.kll_doubles_sketch(k)
    theirs.update(values)
    shares = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]

    found = ask("quantiles", values=values.tolist(), shares=shares, k=k)

    assert found["rank_error"] == pytest.approx(theirs.normalized_rank_error(False), rel=1e-4)
    assert found["difference_error"] == pytest.approx(theirs.normalized_rank_error(True), rel=1e-4)
    assert found["kept"] < 1.2 * theirs.num_retained
    for share, value in zip(shares, found["quantiles"]):
        assert abs((values <= value).mean() - share) <= 1.3 * found["rank_error"]


def test_distinct_and_frequent_values_are_found_within_their_bounds():
    draw = np.random.default_rng(3)
    texts = [f"t{value}" for value in np.minimum(draw.zipf(1.4, 30_000), 100_000)]

    different = ask("distinct", values=texts)["estimate"]
    assert different == pytest.approx(len(set(texts)), rel=3 * 1.04 / 64)
    frequent = ask("frequent", values=texts, places=32)
    assert frequent["slack"] <= len(texts) / 33
    for entry in frequent["entries"]:
        assert entry["count"] <= texts.count(entry["text"]) <= entry["count"] + frequent["slack"]
    assert [entry["text"] for entry in frequent["entries"][:3]] == ["t1", "t2", "t3"]


def test_histograms_count_as_numpy_does():
    draw = np.random.default_rng(3)
    reference, current = draw.normal(size=500).tolist(), draw.normal(0.3, 2, size=700).tolist()

    found = ask("histogram", reference=reference, current=current, bins=8)

    edges = [-np.inf, *found["edges"], np.inf]
    assert found["counts"] == np.histogram(current, edges)[0].tolist()
    assert found["edges"][0] == min(reference) and len(found["edges"]) == 9
    assert np.histogram(reference, edges)[0][1:-1] == pytest.approx([62.5] * 8, abs=1)


def test_what_cannot_be_calculated_is_refused_with_its_reason():
    done = subprocess.run([BINARY, "stats", "energy"], input='{"reference": [1, null], "current": [2]}', text=True,
                          capture_output=True, timeout=60)

    assert done.returncode == 1 and done.stdout == ""
    assert "reference[1]: expected a number" in done.stderr


def test_the_list_names_every_calculation(capfd):
    done = subprocess.run([BINARY, "stats", "list", "--json"], text=True, capture_output=True, timeout=60, check=True)

    names = [entry["name"] for entry in json.loads(done.stdout)]
    assert len(names) == len(set(names)) > 30 and "kolmogorov-smirnov" in names
