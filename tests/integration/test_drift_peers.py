"""Drift of real flights beside Evidently and NannyML: equal where the definition is the same (docs/monitoring-peers.md).

Their environment is large, so that `make test` does not make it; `make peers` makes it and runs this.
"""

import math

import pytest

import drift_peers
from conftest import BINARY, Server

pytestmark = [
    pytest.mark.skipif("asan" in BINARY or "tsan" in BINARY, reason="sanitizers are slow, and find nothing of figures"),
    pytest.mark.skipif(not drift_peers.PYTHON.exists(), reason=f"the peers are not there: {drift_peers.REMEDY}"),
    pytest.mark.timeout(1800),
]
MOST_TEXTS = 256
# Beyond what a sketch holds exactly. Measured: up to 0.007 and 0.016 beside 166,158 rows; what is certain of a distance
# is far wider (sketch_bound), because a rank error may lie where values are far apart.
SKETCHED = {"captured": 0.02, "live": 0.04}


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory):
    folder = tmp_path_factory.mktemp("peers")
    found = drift_peers.ask_peers(folder)
    server = Server(folder, drift_peers.SERVER_ARGUMENTS)
    try:
        for scenario in found.values():
            drift_peers.serve(server, scenario, folder)
    finally:
        assert server.stop() == 0
    return found


def cases(scenarios, name):
    for window in scenarios[name].windows:
        for feature in scenarios[name].features:
            yield scenarios[name], window, feature


def same(value, rel=1e-6):
    return pytest.approx(value, rel=rel, abs=1e-9)


def ours(scenario, window, feature, source="captured"):
    return scenario.reports[window][source]["features"][feature]


def test_every_row_was_looked_at(scenarios):
    for scenario in scenarios.values():
        for window, table in scenario.windows.items():
            report = scenario.reports[window]["live"]
            assert report["reference"]["rows"] == scenario.reference.rows
            assert report["current"]["rows"] == report["current"]["profiled_rows"] == table.rows
            for feature in scenario.features:
                one = ours(scenario, window, feature)
                assert (one["reference_rows"], one["current_rows"]) == (scenario.reference.rows, table.rows)


@pytest.mark.parametrize("name", ["days", "months"])
def test_missing_shares_are_those_of_both(scenarios, name):
    for scenario, window, feature in cases(scenarios, name):
        for source in ("captured", "live"):
            missing = ours(scenario, window, feature, source)["current_missing"]
            assert missing == same(scenario.nannyml[window][feature]["missing"])
            if feature in scenario.evidently[window]:
                assert missing == same(scenario.evidently[window][feature]["missing"])


def test_distances_of_few_numbers_are_those_of_both(scenarios):
    compared = 0
    for scenario, window, feature in cases(scenarios, "days"):
        if feature in scenario.numbers and feature in scenario.evidently[window]:
            distance = ours(scenario, window, feature)["distance"]
            assert distance == same(scenario.evidently[window][feature]["distance"]["value"])
            deviation = scenario.reference.present(feature).std()
            assert distance == same(scenario.nannyml[window][feature]["wasserstein"]["value"] / deviation)
            compared += 1
    assert compared == 25


@pytest.mark.parametrize("source", ["captured", "live"])
def test_distances_of_many_numbers_are_those_of_evidently_but_for_the_sketch(scenarios, source):
    for scenario, window, feature in cases(scenarios, "months"):
        if feature in scenario.numbers:
            theirs = scenario.evidently[window][feature]["distance"]
            assert theirs["method"] == "Wasserstein distance (normed)"  # its own choice for so many rows
            off = abs(ours(scenario, window, feature, source)["distance"] - theirs["value"])
            bound = drift_peers.sketch_bound(scenario, window, feature, source)
            assert off <= min(bound, SKETCHED[source]), (window, feature)


@pytest.mark.parametrize("name", ["days", "months"])
def test_distances_of_categories_are_those_of_both_where_none_is_rare(scenarios, name):
    equal = 0
    for scenario, window, feature in cases(scenarios, name):
        if feature not in scenario.categories:
            continue
        theirs = scenario.evidently[window][feature]["distance"]["value"]
        # Evidently: natural logarithm. NannyML: base 2, and all that the reference did not have is one category.
        assert scenario.nannyml[window][feature]["jensen_shannon"]["value"] * math.sqrt(math.log(2)) == same(theirs)
        sides = scenario.reference.present(feature), scenario.windows[window].present(feature)
        if max(len(set(side)) for side in sides) > MOST_TEXTS:
            continue  # sketches do not hold them all
        distance = ours(scenario, window, feature)["distance"]
        assert distance == same(drift_peers.expected(scenario, window, "captured")[feature]["distance"])
        assert ours(scenario, window, feature, "live")["distance"] == same(distance)
        rare = drift_peers.merged_counts(*sides).shape[1] < len(set(sides[0]) | set(sides[1]))
        assert distance <= theirs + 1e-9 if rare else distance == same(theirs)
        equal += not rare
    assert equal >= len(scenarios[name].windows)


def test_p_values_of_few_rows_are_those_of_scipy(scenarios):
    scenario = scenarios["days"]
    for window in scenario.windows:
        expected = drift_peers.expected(scenario, window, "captured")
        for feature in scenario.features:
            one = ours(scenario, window, feature)
            assert one["p"] == same(expected[feature]["p"]), (window, feature)
            assert one["missing_p"] == same(expected[feature]["missing_p"]), (window, feature)
            if feature in scenario.numbers and expected[feature]["statistic"] > 0:
                theirs = scenario.nannyml[window][feature]["kolmogorov_smirnov"]["value"]
                assert expected[feature]["statistic"] == same(theirs)


def test_p_values_of_sketches_are_never_smaller_than_those_of_the_rows(scenarios):
    scenario = scenarios["months"]
    for window in scenario.windows:
        for source in ("captured", "live"):
            expected = drift_peers.expected(scenario, window, source)
            for feature in scenario.numbers:
                assert ours(scenario, window, feature, source)["p"] >= expected[feature]["p"] * (1 - 1e-6)


def test_what_both_peers_call_drifted_by_a_distance_of_ours_has_drifted_here(scenarios):
    for scenario, window, feature in cases(scenarios, "months"):
        distance = scenario.evidently[window][feature]["distance"]
        if feature in scenario.numbers and distance["drifted"]:
            for source in ("captured", "live"):
                assert ours(scenario, window, feature, source)["verdict"] == "drifted", (window, feature)
