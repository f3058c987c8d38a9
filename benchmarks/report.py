"""The table, the JSON, and the comparison with the stored run."""

import json
import math
import statistics

FIGURES = ("cpu_us", "per_second", "p50_us", "p99_us", "failed", "rss_mb", "steal")


def middle(runs):
    """Medians over the repeats that count; over all of them when none does."""
    kept = [run for run in runs if not run["dropped"]] or runs
    return {key: statistics.median(run[key] for run in kept) for key in FIGURES}


def clock(microseconds):
    if math.isnan(microseconds):
        return "–"
    return f"{microseconds / 1000:.2f} ms" if microseconds >= 1000 else f"{microseconds:.0f} µs"


def number(value, form):
    return "–" if math.isnan(value) else format(value, form)


def change(now, before):
    if before is None or math.isnan(now) or not before:
        return ""
    return f"{(now / before - 1) * 100:+.0f} %"


class Report:
    def __init__(self, machine, measured, outcomes, missing, stored):
        self.machine, self.measured, self.outcomes, self.missing = machine, measured, outcomes, missing
        self.stored = stored or {}

    def document(self):
        rows = [{"work": work.name, "server": server, "runs": runs, "median": middle(runs)}
                for (work, server), runs in self.measured.items()]
        goals = [{"work": goal.row[0].name if goal.row[0] else "", "server": goal.row[1], "goal": goal.text,
                  "wanted": goal.wanted, "values": outcome.values, "median": outcome.median, "dropped": outcome.dropped,
                  "verdict": outcome.verdict} for outcome in self.outcomes for goal in (outcome.goal,)]
        return finite({"machine": self.machine, "missing": self.missing, "rows": rows, "goals": goals})

    def table(self):
        lines = [("row", "goal", "ratio [min–max]", "CPU µs", "requests/s", "p50", "p99", "errors", "RSS MB", "steal",
                  "dropped", "verdict", "CPU since")]
        by_row = {}
        for outcome in self.outcomes:
            by_row.setdefault(outcome.goal.row, []).append(outcome)
        for (work, server), runs in self.measured.items():
            lines += self._row(work, server, runs, by_row.pop((work, server), []))
        for outcomes in by_row.values():
            lines += [(outcome.goal.text, outcome.goal.wanted, outcome.spread, *[""] * 7, str(outcome.dropped),
                       outcome.verdict, self._goal_change(outcome)) for outcome in outcomes]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
        text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        text += ["", f"missing: {', '.join(self.missing) or 'nothing'}"]
        if self.stored:
            was = self.stored["machine"]
            text.append(f"'CPU since' compares with {was['revision'][:10]} of {was['time']} on {was['cpu']}")
        return "\n".join(text)

    def _row(self, work, server, runs, outcomes):
        figures, first = middle(runs), outcomes[0] if outcomes else None
        dropped = sum(bool(run["dropped"]) for run in runs)
        name = work.name if work.protocol == "engine" else f"{work.name}, {server}"
        bound = "" if work.protocol == "engine" or all(run["server_bound"] for run in runs) else " °"
        yield (name, f"{first.goal.text} {first.goal.wanted}" if first else "", first.spread if first else "",
               number(figures["cpu_us"], ".2f"), number(figures["per_second"], ",.0f") + bound, clock(figures["p50_us"]),
               clock(figures["p99_us"]), f"{figures['failed']:.0f}", number(figures["rss_mb"], ".0f"),
               f"{figures['steal']:.1%}", f"{dropped} of {len(runs)}", first.verdict if first else "",
               change(figures["cpu_us"], self._stored_cpu(work, server)))
        for outcome in outcomes[1:]:
            yield ("", f"{outcome.goal.text} {outcome.goal.wanted}", outcome.spread, *[""] * 8, outcome.verdict, "")

    def _stored_cpu(self, work, server):
        for row in self.stored.get("rows", []):
            if (row["work"], row["server"]) == (work.name, server):
                return row["median"]["cpu_us"]
        return None

    def _goal_change(self, outcome):
        for goal in self.stored.get("goals", []):
            if goal["goal"] == outcome.goal.text and goal["server"] == outcome.goal.row[1]:
                return change(outcome.median, goal["median"])
        return ""


def finite(value):
    """JSON knows no NaN."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [finite(part) for part in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def read_stored(path):
    return json.loads(path.read_text()) if path.exists() else None
