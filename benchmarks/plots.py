"""Figures of a run as SVG: plots.py RUN.json FOLDER, in an environment of its own (build/venv/plots)."""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "modelyard"  # the same figures give the same file
from matplotlib import pyplot  # noqa: E402

COLOURS = {"echo": "#9aa5b1", "modelyard": "#1f6feb", "modelyard, all on": "#0b3d91", "modelyard, TLS": "#6f42c1",
           "modelyard, records": "#54aeff", "modelyard, capture": "#0a7ea4", "modelyard, profiles": "#8250df",
           "modelyard, watched": "#bf3989", "modelyard, 2 loops": "#2da44e",
           "Triton": "#d1802f", "MLServer": "#c0392b", "ONNX Runtime": "#444444"}


def save(figure, path):
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    pyplot.close(figure)


def plot_cpu(document, path):
    """CPU time of a request, a bar for each server, by load."""
    rows = [row for row in document["rows"] if row["median"]["cpu_us"]]
    if not rows:
        return
    figure, axes = pyplot.subplots(figsize=(9, 0.28 * len(rows) + 1))
    labels = [row["work"] if "engine" in row["work"] else f"{row['work']} · {row['server']}" for row in rows]
    values = [row["median"]["cpu_us"] for row in rows]
    axes.barh(labels, values, color=[COLOURS.get(row["server"], "#888888") for row in rows])
    for at, (row, value) in enumerate(zip(rows, values)):
        axes.text(value * 1.05, at, f"{value:,.1f}", va="center", fontsize=7)
    axes.set_xscale("log")
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)
    axes.set_xlabel("server CPU µs a request (median; logarithmic)")
    save(figure, path)


def plot_goals(document, path):
    """Each figure as a part of what is wanted; the line is the goal."""
    goals = [goal for goal in document["goals"] if goal["values"] and goal["wanted"] != "–"]
    if not goals:
        return
    figure, axes = pyplot.subplots(figsize=(9, 0.32 * len(goals) + 1))
    for at, goal in enumerate(goals):
        sign, limit = goal["wanted"].split()[:2]
        parts = [value / float(limit) for value in goal["values"]]
        good = goal["verdict"] == "reached"
        axes.plot([min(parts), max(parts)], [at, at], color="#2da44e" if good else "#c0392b", linewidth=3)
        axes.plot(goal["median"] / float(limit), at, "o", color="#222222", markersize=4)
        place = f"{goal['work']}, {goal['server']}: " if goal["work"] else ""
        axes.text(-0.01, at, f"{place}{goal['goal']} {sign} {limit}", ha="right", va="center", fontsize=7,
                  transform=axes.get_yaxis_transform())
    axes.axvline(1, color="#222222", linewidth=0.8)
    axes.set_yticks([])
    axes.invert_yaxis()
    axes.set_xlabel("figure ÷ goal: range of the repeats, and median")
    save(figure, path)


def draw(document, folder):
    plot_cpu(document, folder / "cpu.svg")
    plot_goals(document, folder / "goals.svg")


if __name__ == "__main__":
    draw(json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2]))
