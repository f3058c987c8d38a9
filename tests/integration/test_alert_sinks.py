"""Alerts at the places they are sent to: Alertmanager, a mail server, and receivers of webhooks."""

import email
import email.policy
import hashlib
import hmac
import http.server
import json
import pathlib
import queue
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
import requests

from conftest import BINARY, Server

SENDER = pathlib.Path(BINARY).parent / "modelyard_send_alerts"
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
SECONDS = 30


def send(folder, sinks, *windows, check=True, patience=20):
    """What became of the alerts of these windows ("fail amount page"): the deliveries, those to the log left out."""
    (folder / "sinks.json").write_text(json.dumps(sinks))
    done = subprocess.run([SENDER, folder / "sinks.json", folder / "alerts.db", str(patience)], text=True,
                          input="".join(f"{window}\n" for window in windows), capture_output=True, timeout=120)
    if not check:
        return done
    assert done.returncode == 0, done.stderr
    deliveries = [json.loads(line) for line in done.stdout.splitlines()]
    return [one for one in deliveries if one["sink"] != "log"]


def results(deliveries):
    return [(one["event"], one["result"]) for one in deliveries]


class Receiver:
    """An HTTP server that keeps what is posted; it answers `statuses` in turn, then 200."""

    def __init__(self):
        self.posts, self.statuses = queue.Queue(), []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.put((self.path, dict(self.headers), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def all(self):
        return [self.posts.get_nowait() for _ in range(self.posts.qsize())]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def webhook(receiver, tmp_path):
    (tmp_path / "secret").write_text("hush\n")
    return {"kind": "webhook", "url": receiver.url + "/alerts", "secret_file": str(tmp_path / "secret")}


def test_a_webhook_can_tell_who_sent_it(tmp_path, receiver, webhook):
    assert results(send(tmp_path, [webhook], "fail amount page")) == [("fired", "taken")]

    [(path, headers, body)] = receiver.all()
    assert path == "/alerts"
    signature = dict(part.split("=") for part in headers["Modelyard-Signature"].split(","))
    expected = hmac.new(b"hush", f"{signature['t']}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signature["v1"], expected)
    assert abs(int(signature["t"]) - time.time()) < 60
    told = json.loads(body)
    assert told["event"] == "fired"
    assert told["alert"]["id"] == "loans-drift/amount"
    assert told["alert"]["severity"] == "page"
    assert told["alert"]["runbook"] == "docs/runbooks/drift.md"


def test_a_webhook_that_is_busy_is_tried_again_with_the_same_key(tmp_path, receiver, webhook):
    receiver.statuses = [503, 429]

    [delivery] = send(tmp_path, [webhook], "fail amount page")

    assert (delivery["result"], delivery["tries"]) == ("taken", 3)
    assert len({headers["Idempotency-Key"] for _, headers, _ in receiver.all()}) == 1


def test_a_webhook_that_refuses_is_not_tried_again_and_no_redirect_is_followed(tmp_path, receiver, webhook):
    receiver.statuses = [400, 302]

    deliveries = send(tmp_path, [webhook], "fail amount page", "pass amount page")

    assert results(deliveries) == [("fired", "refused"), ("resolved", "refused")]
    assert [path for path, _, _ in receiver.all()] == ["/alerts", "/alerts"]


def test_what_waits_for_a_receiver_is_sent_by_the_next_process(tmp_path, receiver, webhook):
    gone = {**webhook, "url": f"http://127.0.0.1:{free_port()}/"}
    assert results(send(tmp_path, [gone], "fail amount page", patience=1)) == [("fired", "waiting")]

    assert results(send(tmp_path, [webhook])) == [("fired", "taken")]

    assert len(receiver.all()) == 1


def test_a_sink_for_pages_hears_of_no_ticket(tmp_path, receiver, webhook):
    deliveries = send(tmp_path, [{**webhook, "severity": "page"}], "fail age ticket", "fail amount ticket",
                      "fail amount page")

    assert [(one["alert"], one["event"]) for one in deliveries] == [("loans-drift/amount", "escalated")]


def test_slack_gets_text_and_blocks(tmp_path, receiver):
    send(tmp_path, [{"kind": "slack", "url": receiver.url}], "fail a<b&c ticket")

    [(_, _, body)] = receiver.all()
    told = json.loads(body)
    assert told["text"] == "Firing (ticket): loans-drift, a&lt;b&amp;c of loans\nmedian 39 → 72"
    assert [block["type"] for block in told["blocks"]] == ["header", "section", "context"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def alertmanager(tmp_path):
    if ALERTMANAGER is None:
        pytest.skip("there is no Alertmanager: apt-get install prometheus-alertmanager")
    (tmp_path / "alertmanager.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    port = free_port()
    running = subprocess.Popen(
        [ALERTMANAGER, f"--config.file={tmp_path}/alertmanager.yml", f"--storage.path={tmp_path}/alertmanager",
         f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in running.stderr:  # it says when it listens
        if "Listening on" in line:
            break
    threading.Thread(target=running.stderr.read, daemon=True).start()
    yield f"http://127.0.0.1:{port}"
    running.terminate()
    running.wait(SECONDS)


def known_to(alertmanager, **filters):
    answer = requests.get(alertmanager + "/api/v2/alerts", params=filters, timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    return {(alert["labels"]["subject"], alert["labels"]["severity"]): alert for alert in answer.json()}


def test_alertmanager_knows_what_fires_and_not_what_has_ended(tmp_path, alertmanager):
    sink = {"kind": "alertmanager", "url": alertmanager}

    deliveries = send(tmp_path, [sink], "fail amount page", "fail age ticket", "fail debt ticket", "pass debt ticket")

    assert {result for _, result in results(deliveries)} == {"taken"}
    known = known_to(alertmanager)
    assert set(known) == {("amount", "page"), ("age", "ticket")}
    alert = known["amount", "page"]
    assert alert["labels"] == {"alertname": "loans-drift", "endpoint": "loans", "subject": "amount",
                               "severity": "page", "instance": "eu-1"}
    assert alert["annotations"]["summary"] == "median 39 → 72"
    assert alert["annotations"]["runbook_url"] == "docs/runbooks/drift.md"
    assert alert["endsAt"] > alert["updatedAt"], "it ends by itself if this server does"


def test_alertmanager_has_one_alert_when_a_ticket_becomes_a_page(tmp_path, alertmanager):
    send(tmp_path, [{"kind": "alertmanager", "url": alertmanager}], "fail amount ticket", "fail amount page")

    assert set(known_to(alertmanager)) == {("amount", "page")}


class Mailbox:
    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos,
                           email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 kept"


def run_mail_server(**options):
    controller = pytest.importorskip("aiosmtpd.controller", reason="pip install aiosmtpd")
    mailbox = Mailbox()
    running = controller.Controller(mailbox, hostname="127.0.0.1", port=free_port(), **options)  # it cannot take port 0
    running.start()
    mailbox.url = f"smtp://127.0.0.1:{running.port}"
    yield mailbox
    running.stop()


@pytest.fixture
def mail_server():
    yield from run_mail_server()


@pytest.fixture
def mail_server_that_nobody_vouches_for(tmp_path):
    """It offers TLS with a certificate of its own making, and takes no mail without."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=mail",
                    "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    yield from run_mail_server(tls_context=context, require_starttls=True)


def mail_sink(server, *to):
    return {"kind": "email", "url": server.url, "from": "modelyard@example.com", "to": list(to)}


def test_a_mail_arrives_as_it_was_meant(tmp_path, mail_server):
    sink = mail_sink(mail_server, "ann@example.com", "bob@example.com")

    assert results(send(tmp_path, [sink], "fail größe page")) == [("fired", "taken")]

    [(sender, receivers, mail)] = mail_server.mails
    assert (sender, receivers) == ("modelyard@example.com", ["ann@example.com", "bob@example.com"])
    assert mail["Subject"] == "Firing (page): loans-drift, größe of loans"
    assert mail["To"] == "ann@example.com, bob@example.com"
    assert mail["Date"].datetime.timestamp() == pytest.approx(time.time(), abs=60)
    assert "median 39 → 72" in mail.get_content()
    assert not mail.defects


def test_a_mailbox_that_is_gone_does_not_cost_the_others_the_mail(tmp_path, mail_server):
    sink = mail_sink(mail_server, "gone@example.com", "ann@example.com")

    assert results(send(tmp_path, [sink], "fail amount page")) == [("fired", "taken")]

    assert mail_server.mails[0][1] == ["ann@example.com"]


def test_a_mail_without_a_login_is_encrypted_when_it_can_be(tmp_path, mail_server_that_nobody_vouches_for):
    sink = mail_sink(mail_server_that_nobody_vouches_for, "ann@example.com")

    assert results(send(tmp_path, [sink], "fail amount page")) == [("fired", "taken")]


@pytest.mark.parametrize("server", ["mail_server", "mail_server_that_nobody_vouches_for"])
def test_a_password_is_said_to_nobody_who_is_not_verified(tmp_path, request, server):
    (tmp_path / "password").write_text("hush")
    server = request.getfixturevalue(server)
    sink = {**mail_sink(server, "ann@example.com"), "user": "ann", "password_file": str(tmp_path / "password")}

    [delivery] = send(tmp_path, [sink], "fail amount page", patience=1)

    assert delivery["result"] == "waiting"
    assert not server.mails


def test_a_sink_that_cannot_be_honoured_is_an_error(tmp_path):
    done = send(tmp_path, [{"kind": "webhook", "url": "http://127.0.0.1/", "secret_file": "/none"}], check=False)

    assert done.returncode == 1
    assert "alert sink 'webhook'" in done.stderr


def write_sinks(folder, sinks):
    (folder / "sinks.yaml").write_text(json.dumps(sinks))
    (folder / "modelyard.yaml").write_text("alert_sinks: sinks.yaml\n")


def test_a_server_starts_with_the_sinks_of_its_settings_file(tmp_path, webhook):
    write_sinks(tmp_path, [webhook])

    assert Server(tmp_path).stop() == 0


def test_a_server_refuses_sinks_that_it_does_not_know(tmp_path, webhook):
    write_sinks(tmp_path, [{**webhook, "kind": "pager"}])

    with pytest.raises(RuntimeError, match="alert_sinks"):
        Server(tmp_path)
