"""A collector of OTLP traces over HTTP, which reads them with the official messages. `collector.py PORT` prints them."""

import collections
import gzip
import http.server
import itertools
import sys
import threading

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

Taken = collections.namedtuple("Taken", "span resource scope headers")


def value_of(any_value):
    return getattr(any_value, any_value.WhichOneof("value"))


def attributes_of(message):
    return {pair.key: value_of(pair.value) for pair in message.attributes}


class Collector:
    """Answers `statuses` first, one after another, then 200. `spans` is what it has taken."""

    def __init__(self, port=0, statuses=(), headers=None):
        self.statuses, self.headers = list(statuses), headers or {}
        self.taken = []
        self.changed = threading.Condition()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = collector.take(self.path, self.headers, body)
                self.send_response(status)
                for name, value in (collector.headers if status != 200 else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, headers, body):
        with self.changed:
            status = self.statuses.pop(0) if self.statuses else 200
            if status == 200:
                assert path == "/v1/traces" and headers["Content-Type"] == "application/x-protobuf"
                assert headers["Content-Encoding"] == "gzip"
                request = trace_service_pb2.ExportTraceServiceRequest.FromString(gzip.decompress(body))
                for of_resource in request.resource_spans:
                    for of_scope in of_resource.scope_spans:
                        self.taken += [Taken(span, attributes_of(of_resource.resource), of_scope.scope, dict(headers))
                                       for span in of_scope.spans]
            self.changed.notify_all()
            return status

    def wait(self, ready):
        """Until `ready` says so of what was taken."""
        with self.changed:
            assert self.changed.wait_for(lambda: ready(self.taken), 60), [one.span.name for one in self.taken]
            return list(self.taken)

    def wait_for_span(self, number):
        with self.changed:
            self.changed.wait_for(lambda: len(self.taken) > number)
            return self.taken[number].span

    def requests(self, count):
        """The spans of requests, when there are that many of them, and by their ids the spans below."""
        def roots(taken):
            return [one.span for one in taken if one.span.kind == one.span.SPAN_KIND_SERVER]

        taken = self.wait(lambda taken: len(roots(taken)) >= count)
        children = collections.defaultdict(list)
        for one in taken:
            if one.span.kind == one.span.SPAN_KIND_INTERNAL:
                children[one.span.parent_span_id].append(one.span)
        return roots(taken), children

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def describe(span):
    milliseconds = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6
    lines = [f"{span.name}  {milliseconds:.3f} ms  trace {span.trace_id.hex()}"]
    if span.kind == span.SPAN_KIND_INTERNAL:
        lines = [f"  {span.name}  {milliseconds:.3f} ms"]
    return "\n".join(lines + [f"    {name} = {value}" for name, value in attributes_of(span).items()])


if __name__ == "__main__":
    printing = Collector(port=int(sys.argv[1]))
    for number in itertools.count():
        print(describe(printing.wait_for_span(number)), flush=True)
