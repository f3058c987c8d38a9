"""HTTP/2 frame by frame: what the protocol asks for, and what a hostile client may not do."""

import socket
import struct
import subprocess
import time

import pytest
from hyperframe import frame

import models
from http2_peer import PREFACE, Peer

@pytest.fixture(scope="module")
def address(shared_server, tmp_path_factory):
    path = models.scale(tmp_path_factory.mktemp("models") / "m.onnx", 2)
    shared_server.cli("push", "scaled", path, "--wait")
    return shared_server.address


@pytest.fixture
def peer(address):
    made = Peer(address)
    yield made
    made.socket.close()


def is_up(address):
    return Peer(address).is_alive()


def test_curl_speaks_rest_over_http2(address):
    body = '{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}'
    done = subprocess.run(
        ["curl", "-s", "--http2-prior-knowledge", "-w", "%{http_version}", "-d", body,
         f"http://{address}/v2/models/scaled/infer"], capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("2") and '"data":[2.0,4.0,6.0,8.0]' in done.stdout


def test_an_upgrade_is_answered_in_http11(address):
    done = subprocess.run(["curl", "-s", "--http2", "-w", "%{http_version}", f"http://{address}/v2"],
                          capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("1.1")


def test_the_preface_may_come_byte_by_byte(address):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in PREFACE + frame.SettingsFrame(0).serialize():
            connection.sendall(bytes([byte]))
        assert connection.recv(9)[3] == frame.SettingsFrame.type


def test_a_wrong_preface_is_no_request(address):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 505")


def test_streams_are_answered_side_by_side(peer):
    peer.send(*(peer.headers(stream) for stream in range(1, 101, 2)))
    ended = set()
    while len(ended) < 50:
        one = peer.next()
        assert one is not None
        if "END_STREAM" in one.flags:
            ended.add(one.stream_id)


def test_padding_and_priority_are_taken(peer):
    block = peer.encoder.encode([(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/v2")])
    made = frame.HeadersFrame(1, data=block, flags=["END_HEADERS", "END_STREAM", "PADDED", "PRIORITY"])
    made.pad_length, made.depends_on, made.stream_weight = 100, 0, 15
    peer.send(frame.PriorityFrame(3, depends_on=0, stream_weight=7), made)
    assert peer.answer(1)[0] == "200"


def test_a_body_may_be_cut_into_frames_and_end_with_trailers(peer):
    body = b'{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}'
    peer.send(peer.headers(1, "/v2/models/scaled/infer", "POST", end=False))
    for byte in body:
        peer.send(frame.DataFrame(1, data=bytes([byte])))
    peer.send(frame.HeadersFrame(1, data=peer.encoder.encode([("x-end", "yes")]), flags=["END_HEADERS", "END_STREAM"]))
    status, _, answer = peer.answer(1)
    assert status == "200" and b"8.0" in answer


def test_head_has_no_body(peer):
    peer.send(peer.headers(1, "/v2", "HEAD"))
    status, headers, body = peer.answer(1)
    assert status == "200" and body == b"" and int(headers["content-length"]) > 0


def test_an_early_refusal_ends_the_upload(peer):
    peer.send(peer.headers(1, "/nosuch", "POST", end=False))
    status, _, _ = peer.answer(1)
    assert status == "404"
    one = peer.next()
    while not isinstance(one, frame.RstStreamFrame):
        one = peer.next()
    assert one.error_code == 0  # NO_ERROR: the answer counts (RFC 9113 §8.1)
    assert peer.is_alive()


def test_a_length_that_is_not_kept_is_an_error_of_the_stream(peer):
    peer.send(peer.headers(1, "/v2/models/scaled/infer", "POST", end=False, extra=[("content-length", "10")]),
              frame.DataFrame(1, data=b"123", flags=["END_STREAM"]))
    assert peer.answer(1)[0] == "reset"
    assert peer.is_alive()


@pytest.mark.parametrize("lines", [
    [("Upper", "case")], [("connection", "close")], [("te", "gzip")], [(":late", "pseudo")], [("transfer-encoding", "chunked")],
])
def test_malformed_header_lines_are_an_error_of_the_stream(peer, lines):
    peer.send(peer.headers(1, extra=lines))
    assert peer.answer(1)[0] == "reset"
    assert peer.is_alive()


def test_too_large_headers_are_refused(peer):
    peer.send(peer.headers(1, extra=[(f"x-{i}", "v" * 1000) for i in range(10)]))
    assert peer.answer(1)[0] in ("200", "431")
    block = peer.encoder.encode([(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/v2"),
                                 *((f"y-{i}", "v" * 1000) for i in range(40))])
    first = frame.HeadersFrame(3, data=block[:16000], flags=["END_STREAM"])
    rest = [frame.ContinuationFrame(3, data=block[at:at + 16000]) for at in range(16000, len(block), 16000)]
    rest[-1].flags.add("END_HEADERS")
    peer.send(first, *rest)
    assert peer.answer(3)[0] == "431"


def test_too_many_streams_are_refused_one_by_one(address):
    peer = Peer(address)
    limit = None
    while limit is None:
        one = peer.next()
        if isinstance(one, frame.SettingsFrame) and one.settings:
            limit = one.settings[frame.SettingsFrame.MAX_CONCURRENT_STREAMS]
    peer.send(*(peer.headers(1 + 2 * i, "/v2/models/scaled/infer", "POST", end=False) for i in range(limit + 1)))
    one = peer.next()
    while not isinstance(one, frame.RstStreamFrame):
        one = peer.next()
    assert one.stream_id == 1 + 2 * limit and one.error_code == 7  # REFUSED_STREAM
    assert peer.is_alive()


def test_rapid_resets_end_the_connection(address):
    peer = Peer(address)
    try:
        for burst in range(40):
            frames = []
            for i in range(100):
                stream = 1 + 2 * (100 * burst + i)
                frames += [peer.headers(stream, "/v2/models/scaled/infer", "POST", end=False),
                           frame.RstStreamFrame(stream, error_code=8)]
            peer.send(*frames)
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert not peer_survives(peer)
    assert is_up(address)


def peer_survives(peer):
    try:
        return peer.is_alive()
    except (BrokenPipeError, ConnectionResetError):
        return False


def test_endless_continuations_end_the_connection(address):
    peer = Peer(address)
    peer.send(frame.HeadersFrame(1, data=peer.encoder.encode([(":method", "GET")]), flags=[]))
    try:
        for _ in range(10_000):
            peer.send(frame.ContinuationFrame(1, data=b""))
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert not peer_survives(peer)
    assert is_up(address)


@pytest.mark.parametrize("flood", ["ping", "settings"])
def test_floods_that_are_not_read_end_the_connection(address, flood):
    peer = Peer(address)
    one = frame.PingFrame(0, opaque_data=b"12345678") if flood == "ping" else frame.SettingsFrame(0)
    data = one.serialize() * 1000
    peer.socket.settimeout(5)
    ended = False
    end = time.monotonic() + 30
    while not ended and time.monotonic() < end:
        try:
            peer.socket.send(data)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):  # TimeoutError: it reads no more
            ended = True
    assert ended
    assert is_up(address)


def test_a_bomb_of_indexed_headers_is_refused(peer):
    # One long line in the table, then thousands of one-byte references to it.
    peer.send(peer.headers(1, extra=[("x-long", "v" * 3000)]))
    assert peer.answer(1)[0] == "200"
    block = peer.encoder.encode([(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/v2")])
    peer.send(peer.headers(3, block=block + b"\xbe" * 10_000))
    outcome = peer.answer(3)
    assert outcome is None or outcome[0] in ("431", "reset")


@pytest.mark.parametrize("raw, why", [
    (struct.pack(">I", 200_000)[1:] + b"\x00\x00\x00\x00\x00\x01", "a frame beyond the size"),
    (b"\x00\x00\x05\x06\x00\x00\x00\x00\x00abcde", "a ping of five bytes"),
    (b"\x00\x00\x04\x03\x00\x00\x00\x00\x09\x00\x00\x00\x00", "a reset of a stream that never was"),
    (b"\x00\x00\x01\x00\x00\x00\x00\x00\x00a", "data on stream 0"),
    (b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00", "a window update of nothing"),
    (b"\x00\x00\x01\x09\x04\x00\x00\x00\x01a", "a continuation of nothing"),
    (b"\x00\x00\x05\x04\x00\x00\x00\x00\x00abcde", "settings of five bytes"),
    (b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x04\x80\x00\x00\x00", "a window larger than may be"),
    (b"\x00\x00\x01\x01\x05\x00\x00\x00\x02a", "a stream of the server's own numbers"),
    (b"\x00\x00\x02\x01\x05\x00\x00\x00\x01\xff\xff", "headers that do not decode"),
])
def test_frames_that_break_the_protocol_end_the_connection(address, raw, why):
    peer = Peer(address)
    peer.socket.sendall(raw)
    assert peer.goaway() not in (None, 0), why
    assert is_up(address)


def test_unknown_frames_are_skipped(peer):
    peer.socket.sendall(b"\x00\x00\x03\xee\x00\x00\x00\x00\x00abc")
    assert peer.is_alive()


def test_a_client_that_opens_no_window_holds_back_only_its_own_answers(address):
    stalled = Peer(address, settings={frame.SettingsFrame.INITIAL_WINDOW_SIZE: 0})
    stalled.send(*(stalled.headers(1 + 2 * i, "/metrics") for i in range(50)))
    assert is_up(address)
    stalled.send(*(frame.WindowUpdateFrame(1 + 2 * i, window_increment=1 << 20) for i in range(50)),
                 frame.WindowUpdateFrame(0, window_increment=1 << 24))
    ended = 0
    while ended < 50:
        one = stalled.next()
        assert one is not None
        ended += "END_STREAM" in one.flags


def test_grpc_over_http11_is_refused(address):
    done = subprocess.run(
        ["curl", "-s", "--http1.1", "-o", "/dev/null", "-w", "%{http_code}", "-H", "content-type: application/grpc",
         "-d", "x", f"http://{address}/inference.GRPCInferenceService/ServerLive"],
        capture_output=True, text=True, timeout=60)
    assert done.stdout == "505"


def test_goaway_tells_what_was_taken_before_the_server_ends(make_server):
    server = make_server()
    peer = Peer(server.address)
    peer.send(peer.headers(1))
    assert peer.answer(1)[0] == "200"
    server.process.terminate()
    last = []
    while (one := peer.next()) is not None:
        if isinstance(one, frame.PingFrame) and "ACK" not in one.flags:
            peer.send(frame.PingFrame(0, opaque_data=one.opaque_data, flags=["ACK"]))
        if isinstance(one, frame.GoAwayFrame):
            last.append((one.last_stream_id, one.error_code))
    assert last == [(2**31 - 1, 0), (1, 0)]
    assert server.stop() == 0
