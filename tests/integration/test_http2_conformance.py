"""RFC 9113 and RFC 7541, section by section: what a peer may not do, and how far the error reaches.

A case is bytes that are sent after the settings; `peer` encodes header lines. Expected is the error's reach and the codes the RFC
allows: where it lets an endpoint choose between a stream's error and the connection's, or to just close, both are allowed here.
"""

import struct

import pytest
from hyperframe import frame

import models
from http2_peer import Peer

PROTOCOL, FLOW_CONTROL, STREAM_CLOSED, FRAME_SIZE, COMPRESSION = 1, 3, 5, 6, 9
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, PRIORITISED, ACK = 1, 4, 8, 32, 1
INFER = "/v2/models/scaled/infer"


def raw(kind, flags, stream, payload=b"", length=None):
    """A frame whose length need not be that of its payload."""
    return struct.pack(">I", len(payload) if length is None else length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def setting(key, value):
    return raw(SETTINGS, 0, 0, struct.pack(">HI", key, value))


def get(peer, *extra, without=(), path="/v2", method="GET"):
    """A header block."""
    lines = [(":method", method), (":scheme", "http"), (":authority", "h"), (":path", path)]
    return peer.encoder.encode([*(line for line in lines if line[0] not in without), *extra])


def open_stream(peer, stream=1, *extra):
    """A POST whose body is still to come."""
    return raw(HEADERS, END_HEADERS, stream, get(peer, *extra, path=INFER, method="POST"))


def asked(peer, stream=1, *extra, **how):
    return raw(HEADERS, END_HEADERS | END_STREAM, stream, get(peer, *extra, **how))


@pytest.fixture(scope="module")
def address(shared_server, tmp_path_factory):
    path = models.scale(tmp_path_factory.mktemp("models") / "m.onnx", 2)
    shared_server.cli("push", "scaled", path, "--wait")
    return shared_server.address


def outcome(peer, stream):
    """("connection", code), ("stream", code), or ("answer", status) of the stream."""
    headers = None
    while (one := peer.next()) is not None:
        if isinstance(one, frame.GoAwayFrame) and one.error_code != 0:
            return "connection", one.error_code
        if isinstance(one, frame.RstStreamFrame) and one.stream_id == stream and one.error_code != 0:
            return "stream", one.error_code
        if isinstance(one, frame.HeadersFrame):
            headers = dict(peer.decoder.decode(one.data))
        if one.stream_id == stream and "END_STREAM" in one.flags:
            return "answer", headers[":status"]
    return "connection", None  # closed without a word


CONNECTION_ERRORS = {
    "4.2 data larger than a frame may be": (lambda p: open_stream(p) + raw(DATA, 0, 1, b"x" * 16385), {FRAME_SIZE}),
    "4.2 headers larger than a frame may be": (lambda p: raw(HEADERS, END_HEADERS, 1, b"\x82" * 16385), {FRAME_SIZE}),
    "4.3 a block that does not decode": (lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\xff\xff"), {COMPRESSION}),
    "4.3 priority within a header block": (
        lambda p: raw(HEADERS, END_STREAM, 1, get(p)) + raw(PRIORITY, 0, 1, b"\0\0\0\0\0"), {PROTOCOL}),
    "4.3 another stream's headers within a block": (lambda p: raw(HEADERS, END_STREAM, 1, get(p)) + asked(p, 3), {PROTOCOL}),
    "5.1 data on an idle stream": (lambda p: raw(DATA, END_STREAM, 1, b"x"), {PROTOCOL}),
    "5.1 a reset of an idle stream": (lambda p: raw(RST_STREAM, 0, 1, b"\0\0\0\x08"), {PROTOCOL}),
    "5.1 a window update of an idle stream": (lambda p: raw(WINDOW_UPDATE, 0, 1, b"\0\0\0\x64"), {PROTOCOL}),
    "5.1 a continuation of an idle stream": (lambda p: raw(CONTINUATION, END_HEADERS, 1, get(p)), {PROTOCOL}),
    "5.1.1 a stream with an even number": (lambda p: asked(p, 2), {PROTOCOL}),
    "5.5 an unknown frame within a header block": (
        lambda p: raw(HEADERS, END_STREAM, 1, get(p)) + raw(0xEE, 0, 0, b"12345678"), {PROTOCOL}),
    "6.1 data on stream 0": (lambda p: raw(DATA, END_STREAM, 0, b"x"), {PROTOCOL}),
    "6.1 data with more padding than frame": (lambda p: open_stream(p) + raw(DATA, PADDED | END_STREAM, 1, b"\x06abcde"), {PROTOCOL}),
    "6.2 headers on stream 0": (lambda p: asked(p, 0), {PROTOCOL}),
    "6.2 headers with more padding than frame": (
        lambda p: raw(HEADERS, PADDED | END_HEADERS | END_STREAM, 1, b"\xff" + get(p)), {PROTOCOL}),
    "6.3 priority of stream 0": (lambda p: raw(PRIORITY, 0, 0, b"\0\0\0\0\0"), {PROTOCOL}),
    "6.4 a reset of stream 0": (lambda p: raw(RST_STREAM, 0, 0, b"\0\0\0\x08"), {PROTOCOL}),
    "6.4 a reset of three bytes": (lambda p: open_stream(p) + raw(RST_STREAM, 0, 1, b"\0\0\x08"), {FRAME_SIZE}),
    "6.5 an acknowledgement with settings": (lambda p: raw(SETTINGS, ACK, 0, b"\0\0\0\0\0\0"), {FRAME_SIZE}),
    "6.5 settings on a stream": (lambda p: raw(SETTINGS, 0, 1, b"\0\x03\0\0\0\x64"), {PROTOCOL}),
    "6.5 settings of three bytes": (lambda p: raw(SETTINGS, 0, 0, b"\0\x03\0"), {FRAME_SIZE}),
    "6.5.2 push that is neither on nor off": (lambda p: setting(2, 2), {PROTOCOL}),
    "6.5.2 a window beyond the most": (lambda p: setting(4, 2**31), {FLOW_CONTROL}),
    "6.5.2 frames smaller than the least": (lambda p: setting(5, 16383), {PROTOCOL}),
    "6.5.2 frames larger than the most": (lambda p: setting(5, 2**24), {PROTOCOL}),
    "6.6 a promise from a client": (lambda p: open_stream(p) + raw(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\x02" + get(p)), {PROTOCOL}),
    "6.7 a ping on a stream": (lambda p: raw(PING, 0, 1, b"12345678"), {PROTOCOL}),
    "6.7 a ping of six bytes": (lambda p: raw(PING, 0, 0, b"123456"), {FRAME_SIZE}),
    "6.8 a goodbye on a stream": (lambda p: raw(GOAWAY, 0, 1, b"\0" * 8), {PROTOCOL}),
    "6.9 a window update of nothing": (lambda p: raw(WINDOW_UPDATE, 0, 0, b"\0\0\0\0"), {PROTOCOL}),
    "6.9 a window update of three bytes": (lambda p: raw(WINDOW_UPDATE, 0, 0, b"\0\0\x01"), {FRAME_SIZE}),
    "6.9.1 the connection's window beyond the most": (
        lambda p: 2 * raw(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"), {FLOW_CONTROL}),
    "6.10 a continuation after the block's end": (
        lambda p: open_stream(p) + raw(CONTINUATION, END_HEADERS, 1, p.encoder.encode([("a", "b")])), {PROTOCOL}),
    "6.10 a continuation of stream 0": (lambda p: raw(HEADERS, END_STREAM, 1, get(p)) + raw(CONTINUATION, END_HEADERS, 0, b""), {PROTOCOL}),
    "6.10 data within a header block": (lambda p: raw(HEADERS, 0, 1, get(p)) + raw(DATA, END_STREAM, 1, b"x"), {PROTOCOL}),
    "HPACK 2.3.3 an index beyond the tables": (lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 1, get(p) + b"\xff\x00"), {COMPRESSION}),
    "HPACK 6.1 index 0": (lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 1, get(p) + b"\x80"), {COMPRESSION}),
    "HPACK 4.2 a new size of the table at the end": (lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 1, get(p) + b"\x20"), {COMPRESSION}),
    "HPACK 6.3 a table larger than was allowed": (
        lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 1, b"\x3f\xe1\xff\x03" + get(p)), {COMPRESSION}),
    "HPACK 5.2 padding of more than seven bits": (
        lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 1, get(p) + b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff"), {COMPRESSION}),
    "HPACK 5.2 padding of zeros": (
        lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 1, get(p) + b"\x00\x85\xf2\xb2\x4a\x87\xff\x83\x49\x50\x90"), {COMPRESSION}),
    "HPACK 5.2 the end of a string within it": (
        lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 1, get(p) + b"\x00\x85\xf2\xb2\x4a\x84\xff\x87\x49\x51\xff\xff\xff\xfa\x7f"), {COMPRESSION}),
    "HPACK 5.1 a number without an end": (
        lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 1, get(p) + b"\xff" + b"\x80" * 12 + b"\x01"), {COMPRESSION}),
}


@pytest.mark.parametrize("name", CONNECTION_ERRORS)
def test_errors_of_the_connection_end_it_with_their_code(address, name):
    send, codes = CONNECTION_ERRORS[name]
    peer = Peer(address)
    peer.socket.sendall(send(peer))
    reach, code = outcome(peer, None)
    assert reach == "connection" and code in codes
    assert Peer(address).is_alive()


STREAM_ERRORS = {
    "5.1 data after the stream's end": (lambda p: asked(p, 1) + raw(DATA, END_STREAM, 1, b"x"), {STREAM_CLOSED}),
    "5.1 headers after the stream's end": (lambda p: asked(p, 1) + asked(p, 1), {STREAM_CLOSED, PROTOCOL}),
    "6.3 priority of four bytes": (lambda p: raw(PRIORITY, 0, 1, b"\0\0\0\0"), {FRAME_SIZE}),
    "6.9 a stream's window update of nothing": (lambda p: open_stream(p) + raw(WINDOW_UPDATE, 0, 1, b"\0\0\0\0"), {PROTOCOL}),
    "6.9.1 a stream's window beyond the most": (
        lambda p: open_stream(p) + 2 * raw(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff"), {FLOW_CONTROL}),
    # Of the stream only in libnghttp2, of the connection in the RFC.
    "6.9.2 a change of windows that takes one beyond the most": (
        lambda p: open_stream(p) + raw(WINDOW_UPDATE, 0, 1, b"\x7f\0\0\0") + setting(4, 2**31 - 1), {FLOW_CONTROL}),
    "8.1 headers in the middle that do not end the stream": (
        lambda p: open_stream(p) + raw(DATA, 0, 1, b"x") + raw(HEADERS, END_HEADERS, 1, p.encoder.encode([("x-end", "yes")])), {PROTOCOL}),
    "8.1 pseudo headers in trailers": (
        lambda p: open_stream(p) + raw(DATA, 0, 1, b"x") +
        raw(HEADERS, END_HEADERS | END_STREAM, 1, p.encoder.encode([(":method", "POST")])), {PROTOCOL}),
    "8.1.1 a body longer than it was announced": (
        lambda p: open_stream(p, 1, ("content-length", "1")) + raw(DATA, END_STREAM, 1, b"xx"), {PROTOCOL}),
    "8.1.1 a body in pieces that is shorter than it was announced": (
        lambda p: open_stream(p, 1, ("content-length", "5")) + raw(DATA, 0, 1, b"xx") + raw(DATA, END_STREAM, 1, b"xx"), {PROTOCOL}),
    "8.2.1 a name in capitals": (lambda p: asked(p, 1, ("X-Test", "ok")), {PROTOCOL}),
    "8.2.1 a line feed in a value": (lambda p: asked(p, 1, ("x-test", "a\nb")), {PROTOCOL}),
    "8.2.1 a colon in a name": (lambda p: asked(p, 1, ("x:test", "ok")), {PROTOCOL}),
    "8.2.2 keep-alive": (lambda p: asked(p, 1, ("connection", "keep-alive")), {PROTOCOL}),
    "8.2.2 te of anything but trailers": (lambda p: asked(p, 1, ("te", "trailers, deflate")), {PROTOCOL}),
    "8.3 an unknown pseudo header": (lambda p: asked(p, 1, (":test", "ok")), {PROTOCOL}),
    "8.3 a pseudo header of answers": (lambda p: asked(p, 1, (":status", "200")), {PROTOCOL}),
    "8.3 a pseudo header behind others": (lambda p: asked(p, 1, ("x-test", "ok"), (":path", "/v2"), without=[":path"]), {PROTOCOL}),
    "8.3.1 no method": (lambda p: asked(p, 1, without=[":method"]), {PROTOCOL}),
    "8.3.1 no scheme": (lambda p: asked(p, 1, without=[":scheme"]), {PROTOCOL}),
    "8.3.1 no path": (lambda p: asked(p, 1, without=[":path"]), {PROTOCOL}),
    "8.3.1 an empty path": (lambda p: asked(p, 1, path=""), {PROTOCOL}),
    "8.3.1 a path twice": (lambda p: asked(p, 1, (":path", "/v2")), {PROTOCOL}),
    "8.3.1 a method twice": (lambda p: asked(p, 1, (":method", "GET")), {PROTOCOL}),
}


@pytest.mark.parametrize("name", STREAM_ERRORS)
def test_errors_of_a_stream_end_it_and_no_other(address, name):
    send, codes = STREAM_ERRORS[name]
    peer = Peer(address)
    peer.socket.sendall(send(peer))
    reach, code = outcome(peer, 1)
    if reach == "answer":  # the stream was over before its error, of which nobody need be told (RFC 9113 §5.1)
        assert name.startswith("5.1 ")
    else:
        assert code in codes, (reach, code)
    assert reach == "connection" or peer.is_alive()
    assert Peer(address).is_alive()


ALLOWED = {
    "4.1 flags that are not defined": lambda p: raw(HEADERS, END_HEADERS | END_STREAM | 0x42, 1, get(p)),
    "4.1 the reserved bit of a stream's number": lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 0x80000001, get(p)),
    "5.1 priority of a stream that is not open yet": lambda p: raw(PRIORITY, 0, 5, b"\0\0\0\x03\x10") + asked(p, 1),
    "5.1 a window update after the stream's end": lambda p: asked(p, 1) + raw(WINDOW_UPDATE, 0, 1, b"\0\0\0\x01"),
    "5.1 a reset after the stream's end": lambda p: asked(p, 1) + raw(RST_STREAM, 0, 1, b"\0\0\0\x08"),
    "5.1 priority after the stream's end": lambda p: asked(p, 1) + raw(PRIORITY, 0, 1, b"\0\0\0\0\x10"),
    # libnghttp2 forgets closed streams, and forgives frames that may have been on their way when they were closed. It cannot tell
    # a number that was skipped from one of those.
    "5.1 data after a reset": lambda p: open_stream(p) + raw(RST_STREAM, 0, 1, b"\0\0\0\x08") + raw(DATA, END_STREAM, 1, b"x"),
    "5.1.1 a stream with a smaller number than before": lambda p: asked(p, 5) + asked(p, 3),
    "5.5 a frame of an unknown type on a stream": lambda p: open_stream(p, 3) + raw(0xF0, 0xFF, 3, b"abc"),
    "6.2 headers with priority and padding": lambda p: raw(
        HEADERS, END_HEADERS | END_STREAM | PADDED | PRIORITISED, 1, b"\x03" + b"\0\0\0\0\x10" + get(p) + b"\0\0\0"),
    "6.2 headers in three frames": lambda p: (lambda block: raw(HEADERS, END_STREAM, 1, block[:3]) + raw(
        CONTINUATION, 0, 1, block[3:5]) + raw(CONTINUATION, END_HEADERS, 1, block[5:]))(get(p)),
    "6.5.2 a setting that is not defined": lambda p: setting(0x99, 7) + asked(p, 1),
    "6.7 an acknowledgement of no ping": lambda p: raw(PING, ACK, 0, b"87654321") + asked(p, 1),
    "8.2.2 te of trailers": lambda p: asked(p, 1, ("te", "trailers")),
    "8.3.1 no authority": lambda p: asked(p, 1, ("host", "h"), without=[":authority"]),
    "8.2.3 cookies in several lines": lambda p: asked(p, 1, ("cookie", "a=1"), ("cookie", "b=2")),
    "HPACK 6.3 a smaller table": lambda p: raw(HEADERS, END_HEADERS | END_STREAM, 1, b"\x20" + get(p)),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_the_protocol_allows_is_taken(address, name):
    peer = Peer(address)
    peer.socket.sendall(ALLOWED[name](peer))
    assert peer.is_alive()


def test_what_was_asked_before_a_goodbye_is_answered(address):
    peer = Peer(address)
    peer.socket.sendall(asked(peer, 1) + raw(GOAWAY, 0, 0, b"\0" * 8 + b"words"))
    assert outcome(peer, 1) == ("answer", "200")


def test_windows_that_shrink_below_nothing_hold_answers_until_they_grow(address):
    peer = Peer(address)
    peer.socket.sendall(setting(4, 3) + asked(peer, 1))
    got = b""
    while len(got) < 3:
        one = peer.next()
        if isinstance(one, frame.DataFrame):
            got += one.data
    peer.socket.sendall(setting(4, 2))  # one byte below nothing
    assert peer.is_alive()
    peer.socket.sendall(raw(WINDOW_UPDATE, 0, 1, struct.pack(">I", 3)))  # two are left of it
    while len(got) < 5:
        one = peer.next()
        if isinstance(one, frame.DataFrame):
            got += one.data
    assert len(got) == 5


def test_settings_are_acknowledged_in_their_order(address):
    peer = Peer(address)
    peer.socket.sendall(setting(3, 10) + setting(3, 20) + raw(PING, 0, 0, b"12345678"))
    acknowledged = 0
    while not (isinstance(one := peer.next(), frame.PingFrame) and "ACK" in one.flags):
        acknowledged += isinstance(one, frame.SettingsFrame) and "ACK" in one.flags
    assert acknowledged == 3  # with the first ones
