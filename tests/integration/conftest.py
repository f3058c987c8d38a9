"""A real server for every test that asks for one, on port 0 and in a temporary folder."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("BINARY_UNDER_TEST", str(ROOT / "build/release/bin/modelyard"))
START_SECONDS = 120  # sanitizers are slow

sys.path.insert(0, str(pathlib.Path(__file__).parent))


class Server:
    """One running `modelyard serve`; `url` is its address."""

    def __init__(self, folder, arguments=()):
        self.folder = pathlib.Path(folder)
        self.log_path = self.folder / "server.log"
        self.start(arguments)

    def start(self, arguments=()):
        self.log = open(self.log_path, "ab")
        listen = [] if "--listen" in arguments else ["--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", str(self.folder / "data"), *listen, "--log-format", "json",
             *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=self.log, cwd=self.folder,
        )
        # The server says on standard output where it listens, once it is ready.
        line = self.process.stdout.readline().decode()
        if "://" not in line:
            self.process.wait(START_SECONDS)
            raise RuntimeError(f"the server did not start: {line!r}\n{self.log_path.read_text()[-4000:]}")
        self.url = line.split()[-1].rstrip("/")
        self.address = self.url.split("://")[1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self._ended()

    def stop(self):
        """Ends it as an operator would; the exit code tells whether it drained cleanly."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def _ended(self):
        code = self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        return code

    def cli(self, *arguments, check=True, stdin=None, json_output=False):
        """Runs a command against this server; returns the finished process, or its JSON."""
        command = [BINARY, *map(str, arguments)]
        if json_output:
            command.append("--json")
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, cwd=self.folder,
            env={**os.environ, "MODELYARD_SERVER": self.url, "NO_COLOR": "1"}, timeout=300,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} → {done.returncode}\n{done.stdout}\n{done.stderr}")
        return json.loads(done.stdout) if json_output else done

    def get(self, path, **options):
        return requests.get(self.url + path, timeout=60, **options)

    def post(self, path, **options):
        return requests.post(self.url + path, timeout=60, **options)


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path)
    yield running
    assert running.stop() == 0, running.log_path.read_text()[-4000:]


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    """One server for a module whose tests only read, or use models of their own."""
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    assert running.stop() == 0, running.log_path.read_text()[-4000:]


@pytest.fixture
def make_server(tmp_path):
    """Starts servers with arguments of the test's choice; ends them all."""
    started = []

    def make(*arguments, folder=None):
        running = Server(folder or tmp_path, arguments)
        started.append(running)
        return running

    yield make
    for running in started:
        if running.process.poll() is None:
            running.stop()
