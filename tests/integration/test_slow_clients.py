"""Clients that send or read slowly, or not at all: they are ended, and neither memory nor a worker waits for them.

IDLE_CONNECTIONS in the environment asks for more than a quick run does.
"""

import contextlib
import json
import os
import resource
import select
import socket
import time

import pytest
import requests
from hyperframe import frame

import models
from conftest import BINARY, resident_kb
from test_http2 import Peer

SANITIZED = "asan" in BINARY or "tsan" in BINARY
IDLE = int(os.environ.get("IDLE_CONNECTIONS", 200 if SANITIZED else 2000))
TIMEOUT = 1  # seconds of each of the server's patiences
PATIENCE = 20  # seconds until a test gives up
LARGE = 5 << 20  # bytes of a large answer

INFER = "/v2/models/identity/infer"


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """Ends what takes longer than a second."""
    from conftest import Server
    folder = tmp_path_factory.mktemp("impatient")
    server = Server(folder, ["--header-timeout-seconds", TIMEOUT, "--body-timeout-seconds", TIMEOUT,
                             "--access-log-every", 0])
    server.cli("push", "identity", models.identity(folder / "m.onnx"), "--wait")
    yield server
    assert server.stop() == 0


def connect(server, receive_buffer=None):
    made = socket.socket()
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(PATIENCE)
    host, port = server.address.rsplit(":", 1)
    made.connect((host, int(port)))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def trickle(connection, data, every=0.05):
    """Sends byte after byte until the server has something to say; how long that took."""
    began = time.monotonic()
    for byte in data:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(bytes([byte]))
        if select.select([connection], [], [], every)[0]:
            return time.monotonic() - began
        assert time.monotonic() < began + PATIENCE, "the server waits for ever"
    raise AssertionError("the server took it all")


def asks_as_usual(server):
    answer = requests.post(server.url + INFER, timeout=PATIENCE, json={
        "inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]})
    return answer.json()["outputs"][0]["data"] == [1, 2, 3, 4]


def large_request():
    """Head lines and body of a request with a large answer, both in binary."""
    rows = LARGE // 16
    head = json.dumps({"inputs": [{"name": "x", "shape": [rows, 4], "datatype": "FP32",
                                   "parameters": {"binary_data_size": LARGE}}],
                       "parameters": {"binary_data_output": True}}).encode()
    lines = [("inference-header-content-length", str(len(head))), ("content-length", str(len(head) + LARGE))]
    return lines, head + bytes(LARGE)


def test_a_head_that_trickles_is_ended(impatient):
    with connect(impatient) as slow:
        assert trickle(slow, b"GET /livez HTTP/1.1\r\nHost: " + b"h" * 1000) < TIMEOUT + 2
        assert slow.recv(65536).startswith(b"HTTP/1.1 408")
    assert asks_as_usual(impatient)


@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_a_body_that_trickles_is_ended(impatient, framing):
    # Each byte comes in time; all of them together do not.
    with connect(impatient) as slow:
        slow.sendall(f"POST {INFER} HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n".encode())
        body = b"1\r\nx\r\n" * 1000 if "chunked" in framing else b"x" * 5000
        assert trickle(slow, body) < TIMEOUT + 3
        assert slow.recv(65536).startswith(b"HTTP/1.1 408")
    assert asks_as_usual(impatient)


def test_a_body_that_trickles_over_http2_ends_its_stream(impatient):
    peer = Peer(impatient.address)
    peer.send(peer.headers(1, INFER, "POST", end=False))
    began, status = time.monotonic(), None
    peer.socket.settimeout(0.05)
    while status is None:
        assert time.monotonic() < began + PATIENCE, "the server waits for ever"
        peer.send(frame.DataFrame(1, data=b"x"))
        with contextlib.suppress(TimeoutError):
            status = (peer.answer(1) or ["ended"])[0]
    assert status == "408"
    peer.socket.settimeout(PATIENCE)
    assert peer.is_alive()
    peer.socket.close()


def test_headers_that_trickle_over_http2_end_the_connection(impatient):
    peer = Peer(impatient.address)
    block = peer.headers(1).data
    peer.send(frame.HeadersFrame(1, data=block[:1], flags=["END_STREAM"]))
    began, ended = time.monotonic(), False
    peer.socket.settimeout(0.05)
    while not ended:
        assert time.monotonic() < began + PATIENCE, "the server waits for ever"
        with contextlib.suppress(TimeoutError):
            ended = peer.next() is None
    peer.socket.close()


def reset_within(connections):
    """Until the server has cut off all of them."""
    poll = select.poll()
    left = {connection.fileno() for connection in connections}
    for fd in left:
        poll.register(fd, 0)  # errors and hang-ups are told unasked; what may be read is not
    end = time.monotonic() + PATIENCE
    while left:
        assert time.monotonic() < end, f"{len(left)} clients that read nothing are still served"
        for fd, _ in poll.poll(500):
            poll.unregister(fd)
            left.discard(fd)


def test_clients_that_never_read_are_cut_off_and_hold_no_memory(impatient):
    lines, body = large_request()
    head = f"POST {INFER} HTTP/1.1\r\nHost: h\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"
    before = resident_kb(impatient)
    for _ in range(3):
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(connect(impatient, 4096)) for _ in range(20)]
            for connection in silent:
                connection.sendall(head.encode() + body)
            assert asks_as_usual(impatient)
            reset_within(silent)
    assert asks_as_usual(impatient)
    if not SANITIZED:  # sanitizers keep freed memory
        assert resident_kb(impatient) < before + 20 * LARGE // 1024  # three times as much was owed


def test_a_stream_that_is_read_byte_by_byte_is_ended(impatient):
    # Each byte is taken in time; all of them together are not.
    lines, body = large_request()
    peer = Peer(impatient.address, settings={frame.SettingsFrame.INITIAL_WINDOW_SIZE: 1})
    peer.send(peer.headers(1, INFER, "POST", end=False, extra=lines))
    sent, window, ended = 0, 65535, None
    while sent < len(body):
        piece = body[sent:sent + min(16384, window)]
        if piece:
            peer.send(frame.DataFrame(1, data=piece, flags=["END_STREAM"] if sent + len(piece) == len(body) else []))
            sent, window = sent + len(piece), window - len(piece)
            continue
        one = peer.next()
        if isinstance(one, frame.WindowUpdateFrame) and one.stream_id == 1:
            window += one.window_increment
        elif isinstance(one, frame.SettingsFrame) and one.settings:
            window += one.settings[frame.SettingsFrame.INITIAL_WINDOW_SIZE] - 65535
    began = time.monotonic()
    peer.socket.settimeout(0.1)
    while ended is None:
        assert time.monotonic() < began + PATIENCE, "the server waits for ever"
        peer.send(frame.WindowUpdateFrame(1, window_increment=1))
        with contextlib.suppress(TimeoutError):
            while ended is None:
                one = peer.next()
                if one is None or isinstance(one, frame.RstStreamFrame):
                    ended = one
    assert ended.error_code == 8  # CANCEL
    peer.socket.settimeout(PATIENCE)
    assert peer.is_alive()
    peer.socket.close()


@pytest.mark.skipif(SANITIZED, reason="sanitizers need memory of their own")
@pytest.mark.parametrize("protocol, most_kb", [("http1", 2), ("http2", 13)])  # most of HTTP/2's is libnghttp2's
def test_idle_connections_cost_little(make_server, protocol, most_kb):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(IDLE, most - 1000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = make_server("--max-connections", count + 100, "--idle-timeout-seconds", 600, "--access-log-every", 0)

    def open_one():
        if protocol == "http2":
            peer = Peer(server.address)
            peer.send(peer.headers(1, "/livez"))
            assert peer.answer(1)[0] == "200"
            return peer.socket
        connection = connect(server)
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        return connection

    with contextlib.ExitStack() as stack:
        for _ in range(50):  # what the first ones need is used again
            stack.enter_context(open_one())
        before = resident_kb(server)
        for _ in range(count):
            stack.enter_context(open_one())
        end = time.monotonic() + 20  # what an idle connection gives back, it gives back after some seconds
        each = most_kb + 1
        while each > most_kb and time.monotonic() < end:
            each = (resident_kb(server) - before) / count
    print(f"{count} idle connections of {protocol}: {each:.2f} kB each")
    assert each <= most_kb
