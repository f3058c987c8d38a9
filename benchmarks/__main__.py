"""Usage: python -m benchmarks [--repeats N] [--seconds S] [--only TEXT]… [--peer-triton HTTP,GRPC] [--peer-mlserver URL]
                             [--json FILE] [--plots FOLDER] [--store] [--keep-disturbed] [--write-models FOLDER]

Exit code 0 whatever the timings; 1 when a server broke or answered wrongly; 2 when it cannot be measured here.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from benchmarks import goals, load, machine, report, servers, workloads
from benchmarks.workloads import ROOT

STORED = ROOT / "docs/benchmarks"
HANDSHAKES = 400


def parse_arguments():
    arguments = argparse.ArgumentParser(prog="make bench", description="Measures the server beside others.")
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=3, help="of load for each row of a repeat")
    arguments.add_argument("--only", action="append", default=[], help="rows whose name has this text")
    arguments.add_argument("--peer-triton", metavar="HTTP,GRPC", help="http://HOST:8000,http://HOST:8001")
    arguments.add_argument("--peer-mlserver", metavar="URL", help="http://HOST:8080")
    arguments.add_argument("--json", type=pathlib.Path, default=ROOT / "build/benchmarks/run.json")
    arguments.add_argument("--plots", type=pathlib.Path, default=ROOT / "build/benchmarks")
    arguments.add_argument("--store", action="store_true", help="keep this run in docs/benchmarks, to compare with")
    arguments.add_argument("--keep-disturbed", action="store_true", help="count repeats that others have disturbed")
    arguments.add_argument("--write-models", type=pathlib.Path, metavar="FOLDER",
                           help="only write the models, as a repository that Triton reads")
    return arguments.parse_args()


def peers_of(given):
    peers = {}
    if given.peer_triton:
        urls = given.peer_triton.split(",")
        if len(urls) != 2:
            sys.exit("--peer-triton wants two addresses: HTTP,GRPC")
        peers[workloads.TRITON] = urls
    if given.peer_mlserver:
        peers[workloads.MLSERVER] = (given.peer_mlserver, given.peer_mlserver)
    return peers


def row_name(work, server):
    return f"{work.name}, {server}"


def choose_rows(given, peers):
    """The rows that can be measured, and the peers that are missing."""
    rows = [(work, server) for work, server in workloads.ROWS
            if not given.only or any(text in row_name(work, server) for text in given.only)]
    missing = sorted({server for _, server in rows if server in workloads.PEERS and server not in peers})
    return [row for row in rows if row[1] not in missing], missing


class Run:
    """The repeats of all rows, in turn."""

    def __init__(self, given, rows, peers, folder):
        self.given, self.rows, self.folder = given, rows, folder
        self.repository = folder / "repository"
        models = sorted({work.model for work, _ in rows} | {"identity"})
        workloads.write_models(self.repository, models)
        self.answers = load.Answers(self.repository)
        self.small = servers.SmallServer(folder / "small", self.repository)
        self.fleet = servers.Fleet(folder, self.repository, {server for _, server in rows}, models, peers)
        self.measured = {row: [] for row in rows}
        self.singles = {"start": [], "idle": [], "handshake": []}

    def go(self):
        try:
            self.small.begin_to_idle()
            self._warm_up()
            for repeat in range(self.given.repeats):
                print(f"repeat {repeat + 1} of {self.given.repeats}", file=sys.stderr)
                for row in self.rows:
                    self._keep(self.measured[row], self._measure(*row))
                self._measure_singles()
            idle = self.small.idle_mb()
            self.singles["idle"] = [{"value": idle, "dropped": None}] * self.given.repeats  # one figure: it is still
        finally:
            self.fleet.stop()
            self.small.stop()

    def _pids(self):
        return self.fleet.pids() + [self.small.idle.pid]

    def _keep(self, runs, figures):
        if self.given.keep_disturbed:
            figures["dropped"] = None
        runs.append(figures)

    def _warm_up(self):
        for work, name in self.rows:
            if work.protocol != "engine":
                server = self.fleet.find(name, work)
                load.check_answer(server, work, self.answers)
                load.run(load.command(server, work, self.folder, "-D", 1))

    def _measure(self, work, name):
        if work.protocol == "engine":
            return load.measure_engine(work, self.repository, self.given.seconds, self._pids())
        server = self.fleet.find(name, work)
        load.check_answer(server, work, self.answers)
        return load.measure(server, work, self.folder, self.given.seconds, self._pids())

    def _measure_singles(self):
        with machine.Noise(self._pids()) as noise:
            start = self.small.start_seconds()
        self._keep(self.singles["start"], {"value": start * 1000, "dropped": noise.why_dropped})
        secure, plain = self.fleet.by_name.get(workloads.TLS), self.fleet.by_name.get(workloads.OURS)
        if secure and plain:
            with_tls = load.measure_handshakes(secure, self.folder, HANDSHAKES, self._pids())
            without = load.measure_handshakes(plain, self.folder, HANDSHAKES, self._pids())
            self._keep(self.singles["handshake"], {"value": with_tls["cpu_us"] - without["cpu_us"],
                                                   "dropped": with_tls["dropped"] or without["dropped"]})


def draw(document_path, folder):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([ROOT / "build/venv/plots/bin/python", ROOT / "benchmarks/plots.py", document_path, folder], check=True)


def store(document, given):
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(document, indent=1) + "\n")
    draw(given.json, given.plots)
    print(f"\n{given.json}, {given.plots / 'cpu.svg'}, {given.plots / 'goals.svg'}")
    if given.store:
        STORED.mkdir(parents=True, exist_ok=True)
        # Single repeats are not needed to compare with.
        small = {**document, "rows": [{key: row[key] for key in ("work", "server", "median")} for row in document["rows"]]}
        (STORED / "last.json").write_text(json.dumps(small, indent=1) + "\n")
        draw(given.json, STORED)


def main():
    given = parse_arguments()
    if given.write_models:
        workloads.write_models(given.write_models, workloads.MODELS)
        return 0
    if not shutil.which("h2load") or os.cpu_count() < 2:
        print("h2load and two cores are needed: one for the server, one for the load", file=sys.stderr)
        return 2
    peers = peers_of(given)
    rows, missing = choose_rows(given, peers)
    if not rows:
        print("no row has such a name", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        try:
            run = Run(given, rows, peers, pathlib.Path(name))
            run.go()
        except servers.BrokenServer as failure:
            print(f"FAILED: {failure}", file=sys.stderr)
            return 1
    described = machine.describe(ROOT, servers.MODELYARD)
    described["repeats"], described["seconds"] = given.repeats, given.seconds
    written = report.Report(described, run.measured, goals.judge(run.measured, run.singles), missing,
                            report.read_stored(STORED / "last.json"))
    print(written.table())
    store(written.document(), given)
    return 1 if any(figures["failed"] for runs in run.measured.values() for figures in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
