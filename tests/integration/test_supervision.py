"""What passes between the server and who started it: sockets, messages, limits, and the units for systemd."""

import pathlib
import re
import resource
import shutil
import socket
import subprocess

import pytest

from conftest import BINARY, KEEP_SOCKET, ROOT, START_SECONDS

UNITS = ROOT / "packaging/systemd"


def refusal(folder, given, count=1):
    """What the server says of a socket that it does not take."""
    keep = KEEP_SOCKET.format(given.fileno()).replace("LISTEN_FDS=1", f"LISTEN_FDS={count}")
    done = subprocess.run(["bash", "-c", keep, "bash", BINARY, "serve", "--data", folder / "data"],
                          pass_fds=(given.fileno(),), capture_output=True, text=True, timeout=START_SECONDS)
    assert done.returncode != 0
    return done.stderr


def test_a_passed_socket_wins_over_the_setting(make_server):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = make_server("--listen", "127.0.0.1:1", listener=listener)
        assert server.address == f"127.0.0.1:{listener.getsockname()[1]}"
        assert server.get("/livez").status_code == 200


def test_a_passed_socket_of_ipv6_is_served(make_server):
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        server = make_server(listener=listener)
        assert server.url == f"http://[::1]:{listener.getsockname()[1]}"
        assert server.get("/livez").status_code == 200


def test_a_passed_socket_that_others_reach_needs_callers_that_are_known(make_server, tmp_path):
    with socket.create_server(("0.0.0.0", 0)) as listener:
        assert "can be reached by other machines" in refusal(tmp_path, listener)
        server = make_server("--authentication", "required", listener=listener)
        assert server.url.startswith("http://0.0.0.0:")


def test_what_is_no_listening_socket_is_refused(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        assert "no listening TCP socket" in refusal(tmp_path, datagrams)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert "no listening TCP socket" in refusal(tmp_path, silent)


def test_more_sockets_than_one_are_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert "leave one ListenStream" in refusal(tmp_path, listener, count=2)


@pytest.mark.parametrize("abstract", [False, True])
def test_the_supervisor_is_told_of_readiness_and_of_the_end(make_server, tmp_path, monkeypatch, abstract):
    path = f"@modelyard-{tmp_path.name}-{id(tmp_path)}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind("\0" + path[1:] if abstract else path)
        supervisor.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        server = make_server()
        assert supervisor.recv(100) == b"READY=1"
        assert server.stop() == 0
        assert supervisor.recv(100) == b"STOPPING=1"


def descriptor_limit(server):
    limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
    return int(re.search(r"Max open files\s+(\d+)", limits).group(1))


def test_connections_get_the_descriptors_they_need(make_server):
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, most))
        server = make_server()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))
    assert descriptor_limit(server) == most


def test_a_limit_below_the_setting_is_said(make_server):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    server = make_server("--max-connections", min(most, 1_000_000))
    assert "LimitNOFILE" in server.log_path.read_text()


@pytest.fixture
def units(tmp_path):
    """The units, with the program under test in the place where it would be installed."""
    for unit in UNITS.iterdir():
        (tmp_path / unit.name).write_text(unit.read_text().replace("/usr/bin/modelyard", BINARY))
    return tmp_path


needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")


@needs_systemd
def test_the_units_are_well_formed(units):
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", units / "modelyard.socket", units / "modelyard.service"],
                          capture_output=True, text=True, timeout=60)
    assert not [line for line in done.stderr.splitlines() if "modelyard" in line], done.stderr
    assert done.returncode == 0


@needs_systemd
def test_the_service_is_confined(units):
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager",
                           units / "modelyard.service"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
