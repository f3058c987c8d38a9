"""A peer of HTTP/2 for tests, over hpack and hyperframe."""

import socket

import hpack
from hyperframe import frame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Peer:
    """A client that sends exactly the frames it is told to."""

    def __init__(self, address, preface=PREFACE, settings=None):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.buffer = b""
        self.socket.sendall(preface)
        self.send(frame.SettingsFrame(0, settings=settings or {}))

    def send(self, *frames):
        self.socket.sendall(b"".join(one.serialize() for one in frames))

    def headers(self, stream, path="/v2", method="GET", end=True, extra=(), block=None):
        block = block if block is not None else self.encoder.encode(
            [(":method", method), (":scheme", "http"), (":authority", "h"), (":path", path), *extra])
        flags = ["END_HEADERS", "END_STREAM"] if end else ["END_HEADERS"]
        return frame.HeadersFrame(stream, data=block, flags=flags)

    def next(self):
        """The next frame; None at the connection's end."""
        while True:
            if len(self.buffer) >= 9:
                made, length = frame.Frame.parse_frame_header(memoryview(self.buffer)[:9])
                if len(self.buffer) >= 9 + length:
                    made.parse_body(memoryview(self.buffer)[9:9 + length])
                    self.buffer = self.buffer[9 + length:]
                    return made
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not piece:
                return None
            self.buffer += piece

    def answer(self, stream):
        """Status, headers and body of a stream."""
        headers, body = None, b""
        while (one := self.next()) is not None:
            if one.stream_id != stream:
                continue
            if isinstance(one, frame.RstStreamFrame):
                return "reset", one.error_code, body
            if isinstance(one, frame.HeadersFrame):
                headers = dict(self.decoder.decode(one.data))
            if isinstance(one, frame.DataFrame):
                body += one.data
            if "END_STREAM" in one.flags:
                return headers[":status"], headers, body
        return None

    def goaway(self):
        """The error code the server ends the connection with; None when it just ends."""
        while (one := self.next()) is not None:
            if isinstance(one, frame.GoAwayFrame) and one.error_code != 0:
                return one.error_code
        return None

    def is_alive(self):
        self.send(frame.PingFrame(0, opaque_data=b"12345678"))
        while (one := self.next()) is not None:
            if isinstance(one, frame.PingFrame) and "ACK" in one.flags and one.opaque_data == b"12345678":
                return True
        return False
