"""Ratios, formed within each repeat, and whether they are what is wanted.

A repeat counts when none of its parts was disturbed; with fewer than three left the verdict is "inconclusive".
"""

import dataclasses
import math
import statistics

from benchmarks.workloads import (CANARY, CAPTURE, ECHO, ENGINE, FULL, GRPC_4_32, GRPC_8, JSON_32, OURS, PROFILES, RECORDS, SHADOW, TLS,
                                  TRITON, TWO_LOOPS, WATCHED, Work)

LEAST_REPEATS = 3


@dataclasses.dataclass(frozen=True)
class Part:
    """A figure of one row."""
    work: Work
    server: str
    key: str = "cpu_us"


@dataclasses.dataclass(frozen=True)
class Goal:
    row: tuple  # where it stands in the table: work and server
    text: str
    parts: tuple
    form: object  # the parts' figures of one repeat → the value
    sign: str = ""  # "≤", "≥"; "" when there is no limit
    limit: float = math.nan
    unit: str = ""

    @property
    def wanted(self):
        return f"{self.sign} {self.limit:g}{self.unit}" if self.sign else "–"

    def holds(self, value):
        return value <= self.limit if self.sign == "≤" else value >= self.limit


def ratio(top, bottom):
    return top / bottom if bottom else math.nan  # so little work that the clock has not ticked


def engine(model):
    return Part(Work("engine", model), ENGINE)


def against(work, server, sign, limit, text, other, key="cpu_us"):
    return Goal((work, server), text, (Part(work, server, key), other), ratio, sign, limit)


TABULAR, WIDE, ALONE_8, ALONE_32 = (Work("json", "tabular", 32), Work("json", "wide", 32), Work("json", "wide-alone", 8),
                                    Work("json", "wide-alone", 32))
CONVNET, CONVNET_BINARY, ONE, MANY = (Work("json", "convnet", 8), Work("binary", "convnet", 8), Work("json", "identity", 1),
                                      Work("json", "identity", 128))

GOALS = [
    against(JSON_32, OURS, "≤", 1.3, "CPU ÷ echo", Part(JSON_32, ECHO)),
    Goal((TABULAR, OURS), "CPU − echo − engine", (Part(TABULAR, OURS), Part(TABULAR, ECHO), engine("tabular")),
         lambda ours, echo, raw: ours - echo - raw, "≤", 3, " µs"),
    against(ALONE_8, OURS, "≤", 1.05, "CPU ÷ engine", engine("wide")),
    against(CONVNET, OURS, "≤", 1.10, "CPU ÷ engine", engine("convnet")),
    against(CONVNET_BINARY, OURS, "≤", 1.02, "CPU ÷ engine", engine("convnet")),
    against(GRPC_8, OURS, "≤", 1.3, "CPU ÷ echo", Part(GRPC_8, ECHO)),
    against(GRPC_4_32, OURS, "≤", 2.1, "CPU ÷ echo", Part(GRPC_4_32, ECHO)),
    against(WIDE, OURS, "≥", 4, "batching: requests/s ÷ not batched", Part(ALONE_32, OURS, "per_second"), "per_second"),
    against(WIDE, OURS, "≤", 3, "p99 ÷ p50", Part(WIDE, OURS, "p50_us"), "p99_us"),
    against(JSON_32, TWO_LOOPS, "≤", 1.1, "CPU ÷ one loop", Part(JSON_32, OURS)),
    against(JSON_32, FULL, "≤", 1.05, "CPU ÷ all off", Part(JSON_32, OURS)),
    against(TABULAR, RECORDS, "≤", 1.05, "CPU ÷ all off", Part(TABULAR, OURS)),
    against(TABULAR, CAPTURE, "≤", 1.05, "CPU ÷ all off", Part(TABULAR, OURS)),
    against(TABULAR, PROFILES, "≤", 1.05, "CPU ÷ all off", Part(TABULAR, OURS)),
    against(TABULAR, WATCHED, "≤", 1.05, "CPU ÷ all off", Part(TABULAR, OURS)),
    against(TABULAR, WATCHED, "≥", 0.95, "requests/s ÷ all off", Part(TABULAR, OURS, "per_second"), "per_second"),
    against(TABULAR, CANARY, "≤", 1.03, "CPU ÷ no rollout", Part(TABULAR, OURS)),
    Goal((TABULAR, SHADOW), "CPU − engine, ÷ no rollout", (Part(TABULAR, SHADOW), Part(TABULAR, OURS), engine("tabular")),
         lambda shadow, ours, raw: (shadow - raw) / ours, "≤", 1.03),
    against(GRPC_4_32, FULL, "≤", 1.05, "CPU ÷ all off", Part(GRPC_4_32, OURS)),
    against(JSON_32, TLS, "", math.nan, "CPU ÷ without TLS", Part(JSON_32, OURS)),
    against(GRPC_4_32, TLS, "", math.nan, "CPU ÷ without TLS", Part(GRPC_4_32, OURS)),
    against(MANY, OURS, "≤", 2, "p99 ÷ the echo's", Part(MANY, ECHO, "p99_us"), "p99_us"),
    Goal((ONE, OURS), "p50 − echo − engine", (Part(ONE, OURS, "p50_us"), Part(ONE, ECHO, "p50_us"), engine("identity")),
         lambda ours, echo, raw: ours - echo - raw, "≤", 15, " µs"),
    *(Goal((work, TRITON), "its CPU ÷ ours", (Part(work, TRITON), Part(work, OURS)), ratio, "≥", limit)
      for work, limit in ((JSON_32, 4), (TABULAR, 4), (GRPC_8, 5), (GRPC_4_32, 5))),
    # Not of a load: figures of the server as such.
    Goal((None, "start"), "start to ready", (), None, "≤", 100, " ms"),
    Goal((None, "idle"), "resident, idle, one small model", (), None, "≤", 45, " MB"),
    Goal((None, "handshake"), "CPU of a TLS handshake", (), None, unit=" µs"),
]


@dataclasses.dataclass
class Outcome:
    goal: Goal
    values: list
    dropped: int = 0

    @property
    def median(self):
        return statistics.median(self.values) if self.values else math.nan

    @property
    def spread(self):
        if not self.values:
            return "–"
        return f"{self.median:.2f} [{min(self.values):.2f}–{max(self.values):.2f}]"

    @property
    def verdict(self):
        if len(self.values) < LEAST_REPEATS:
            return "inconclusive"
        if not self.goal.sign:
            return ""
        return "reached" if self.goal.holds(self.median) else "missed"


def judge(measured, singles):
    """`measured`: work and server → the repeats' figures. `singles`: figures that belong to no load, by name."""
    outcomes = []
    for goal in GOALS:
        work, name = goal.row
        if work is None:
            runs = singles[name]
            if not runs:
                continue
            kept = [run["value"] for run in runs if not run["dropped"]]
            outcomes.append(Outcome(goal, kept, len(runs) - len(kept)))
            continue
        columns = [measured.get((part.work, part.server)) for part in goal.parts]
        if not all(columns):
            continue
        repeats = list(zip(*columns))
        kept = [runs for runs in repeats if not any(run["dropped"] for run in runs)]
        values = [goal.form(*(run[part.key] for run, part in zip(runs, goal.parts))) for runs in kept]
        known = [value for value in values if not math.isnan(value)]
        outcomes.append(Outcome(goal, known, len(repeats) - len(kept)))
    return outcomes
