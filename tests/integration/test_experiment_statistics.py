"""What `modelyard stats` says of experiments, beside the same formulas in numpy and scipy."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from test_statistics import ask, close

ALPHA = 0.05


def test_the_mixture_test_is_its_formula():
    a, b, tau = (300, 1000), (420, 1200), 0.05
    shares = [successes / trials for successes, trials in (a, b)]
    variance = sum(share * (1 - share) / trials for share, (_, trials) in zip(shares, (a, b)))
    difference, whole = shares[1] - shares[0], variance + tau**2
    e = np.sqrt(variance / whole) * np.exp(tau**2 * difference**2 / (2 * variance * whole))
    half = np.sqrt(variance * whole / tau**2 * (2 * np.log(1 / ALPHA) + np.log(whole / variance)))
    arms = [{"successes": successes, "trials": trials} for successes, trials in (a, b)]
    said = ask("msprt-shares", a=arms[0], b=arms[1], tau=tau)
    assert said == {"difference": close(difference), "e": close(e), "p": close(min(1, 1 / e)),
                    "interval": [close(difference - half), close(difference + half)]}
    means = [{"count": trials, "mean": share, "variance": share * (1 - share)} for share, (_, trials) in zip(shares, (a, b))]
    assert ask("msprt-means", a=means[0], b=means[1], tau=tau) == said


def test_a_share_is_held_until_its_evidence_is_enough():
    low, high = ask("share-sequence", successes=700, trials=1000)["interval"]
    # confseq's bernoulli_confidence_interval.
    assert (low, high) == (pytest.approx(0.6516298138699315), pytest.approx(0.7459495007849842))
    wide = ask("share-sequence", successes=700, trials=1000, alpha=0.01)["interval"]
    assert wide[0] < low and high < wide[1]


def test_a_split_is_judged_by_its_dirichlet_mixture():
    counts, shares, prior = [480, 310, 210], np.array([0.5, 0.3, 0.2]), 100
    log_e = (np.sum(special.gammaln(prior * shares + counts) - special.gammaln(prior * shares) - counts * np.log(shares))
             + special.gammaln(prior) - special.gammaln(prior + sum(counts)))
    assert ask("sample-ratio", counts=counts, shares=shares.tolist())["e"] == close(np.exp(log_e))


def test_arms_are_compared_as_by_their_posteriors():
    arms = [(12, 100), (20, 100), (15, 90)]
    posteriors = [stats.beta(1 + successes, 1 + trials - successes) for successes, trials in arms]

    def best(k):
        others = [posterior for j, posterior in enumerate(posteriors) if j != k]
        return integrate.quad(lambda x: posteriors[k].pdf(x) * np.prod([other.cdf(x) for other in others]), 0, 1)[0]

    said = ask("thompson", arms=[{"successes": s, "trials": n} for s, n in arms], floor=0.05)
    expected = [best(k) for k in range(3)]
    assert said["best"] == [close(value) for value in expected]
    assert said["shares"] == [close(0.05 + 0.85 * value) for value in expected]


def test_two_models_on_the_same_rows_and_how_many_of_them():
    said = ask("mcnemar", first_only=12, second_only=27, rows=500)
    assert said["p"] == close(stats.binomtest(12, 39, 0.5).pvalue)
    z = stats.norm.ppf([1 - ALPHA / 2, 0.8]).sum()
    assert ask("size-means", difference=0.1, variance_a=1)["of_arm"] == int(np.ceil(z**2 * 2 / 0.01))
    power = stats.norm.sf(stats.norm.ppf(1 - ALPHA / 2) - 0.1 / np.sqrt(2 / 1570))
    assert ask("size-means", difference=0.1, variance_a=1, of_arm=1570)["power"] == pytest.approx(power, abs=1e-5)


def test_units_and_what_another_figure_explains():
    random = np.random.default_rng(4)
    x = random.poisson(5, size=(2, 300)) + 1.0
    y = random.binomial(x.astype(int), 0.3).astype(float)
    ratio = y[0].sum() / x[0].sum()
    part = (y[0] - ratio * x[0]) / x[0].mean()
    assert ask("unit-ratio", x=x[0].tolist(), y=y[0].tolist()) == {
        "count": 300, "mean": close(ratio), "variance": close(part.var(ddof=1))}
    said = ask("cuped", x_a=x[0].tolist(), y_a=y[0].tolist(), x_b=x[1].tolist(), y_b=y[1].tolist())
    theta = np.cov(y.ravel(), x.ravel())[0, 1] / x.var(ddof=1)
    assert said["theta"] == close(theta)
    assert said["b"]["mean"] == close((y[1] - theta * (x[1] - x.mean())).mean())


def test_rewards_of_another_policy():
    random = np.random.default_rng(5)
    reward, propensity, target, modelled, other = random.uniform(0.1, 0.9, size=(5, 200))
    weight = target / propensity
    fields = {"rewards": reward.tolist(), "propensities": propensity.tolist(), "targets": target.tolist()}
    assert ask("ips", **fields)["mean"] == close((weight * reward).mean())
    assert ask("snips", **fields)["mean"] == close((weight * reward).sum() / weight.sum())
    said = ask("doubly-robust", **fields, modelled=modelled.tolist(), modelled_other=other.tolist())
    parts = other + weight * (reward - modelled)
    assert said == {"count": 200, "mean": close(parts.mean()), "variance": close(parts.var(ddof=1))}
