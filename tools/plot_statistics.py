"""Draws the tables of docs/statistics.md: plot_statistics.py PAGE FILE.svg, in the environment build/venv/plots."""

import math
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "modelyard"  # the same figures give the same file
matplotlib.rcParams["svg.fonttype"] = "none"
from matplotlib import pyplot  # noqa: E402

ALPHA, RUNS = 0.05, 2000
COLOURS = ["#1f6feb", "#2da44e", "#8250df", "#9aa5b1"]


def rows_of(page, name):
    """The cells of a table between its markers, without its head."""
    part = page.split(f"<!-- simulate {name} -->")[1].split("<!-- end -->")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def share(text):
    return float(text.rstrip(" %")) / 100


def draw_validity(axes, rows):
    limit = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / RUNS)
    shares = [share(row[3]) for row in rows]
    axes.barh([f"{row[0]} · {row[1]}" for row in rows], shares, color=["#2da44e" if one <= limit else "#c0392b" for one in shares])
    axes.axvline(limit, color="#222222", linewidth=0.8, label="5 % + 3σ")
    for at, one in enumerate(shares):
        axes.text(max(one, limit) + 0.005, at, f"{100 * one:.2f} %", va="center", fontsize=7)
    axes.set_title("Nothing differs, and people look: ever rejected", fontsize=9)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7)


def draw_power(axes, rows):
    methods = list(dict.fromkeys(row[0] for row in rows))
    for method, colour in zip(methods, COLOURS):
        points = [(float(row[1]), share(row[2])) for row in rows if row[0] == method]
        axes.plot(*zip(*points), "o-", color=colour, markersize=4, label=method)
    axes.set_title("Something differs: found within 10,000 observations of an arm", fontsize=9)
    axes.set_xlabel("difference of shares of 0.3", fontsize=8)
    axes.set_xscale("log")
    axes.set_xticks([float(row[1]) for row in rows if row[0] == methods[0]])
    axes.xaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
    axes.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    axes.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7)


def main(page, file):
    text = pathlib.Path(page).read_text()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 4), layout="constrained")
    draw_validity(left, rows_of(text, "validity"))
    draw_power(right, rows_of(text, "power"))
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
