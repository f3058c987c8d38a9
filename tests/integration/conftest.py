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
# Becomes the command, with a listening socket as systemd passes it.
KEEP_SOCKET = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&{0}'

sys.path.insert(0, str(pathlib.Path(__file__).parent))


class Server:
    """One running `modelyard serve`; `url` is its address."""

    def __init__(self, folder, arguments=(), listener=None, environment=None):
        self.folder = pathlib.Path(folder)
        self.environment = {**os.environ, **(environment or {})}
        self.log_path = self.folder / "server.log"
        self.arguments, self.listener = arguments, listener
        self.start()

    def start(self, arguments=None):
        self.arguments = self.arguments if arguments is None else arguments
        self.log = open(self.log_path, "ab")
        listen = [] if "--listen" in self.arguments else ["--listen", "127.0.0.1:0"]
        command = [BINARY, "serve", "--data", str(self.folder / "data"), *listen, "--log-format", "json",
                   *map(str, self.arguments)]
        kept = ()
        if self.listener is not None:
            kept = (self.listener.fileno(),)
            command = ["bash", "-c", KEEP_SOCKET.format(kept[0]), "bash", *command]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, cwd=self.folder,
                                        pass_fds=kept, env=self.environment)
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

    def wait_for_log(self, message):
        """Until the log has a line with that message."""
        subprocess.run(["grep", "-q", "-m1", message], check=True, timeout=60, stdin=subprocess.Popen(
            ["tail", "-f", "-n", "+1", f"--pid={self.process.pid}", self.log_path], stdout=subprocess.PIPE).stdout)

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


def resident_kb(server):
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


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

    def make(*arguments, folder=None, listener=None, environment=None):
        running = Server(folder or tmp_path, arguments, listener, environment)
        started.append(running)
        return running

    yield make
    for running in started:
        if running.process.poll() is None:
            running.stop()
