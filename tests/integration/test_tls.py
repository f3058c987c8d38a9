"""TLS on the one port: versions, protocols, client certificates, resumption, reload; by curl, openssl and tritonclient."""

import signal
import socket
import ssl
import subprocess
import time

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http

import models


def openssl(*arguments, check=True, stdin=b""):
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, timeout=60)
    if check and done.returncode != 0:
        raise AssertionError(f"openssl {arguments}: {done.stderr.decode()}")
    return (done.stdout + done.stderr).decode()


class Authority:
    """Signs certificates."""

    def __init__(self, folder, name):
        self.folder = folder
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def sign(self, name, san):
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={san}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-days", "2", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-extfile", extensions, "-out", certificate)
        return certificate, key


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture
def files(authority, tmp_path):
    """Certificate and key of a server, as files of this test's own."""
    certificate, key = authority.sign("server", "IP:127.0.0.1,DNS:localhost")
    mine = tmp_path / "tls.crt", tmp_path / "tls.key"
    for source, target in zip((certificate, key), mine):
        target.write_bytes(source.read_bytes())
    return mine


@pytest.fixture
def server(make_server, files, authority, tmp_path):
    running = make_server("--tls-certificate", files[0], "--tls-key", files[1])
    running.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), "--wait", "--ca",
                authority.certificate)
    return running


def curl(server, authority, *arguments):
    done = subprocess.run(["curl", "-s", "--cacert", authority.certificate, *map(str, arguments), server.url + "/v2"],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout


def test_both_protocols_are_chosen_by_alpn(server, authority):
    assert server.url.startswith("https://")
    for flag, version in (("--http1.1", "1.1"), ("--http2", "2")):
        code, text = curl(server, authority, flag, "-w", "%{http_version}")
        assert code == 0 and text.endswith(version) and "modelyard" in text


def test_a_client_that_knows_no_protocol_of_ours_is_told(server):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["spdy/3"])
    host, port = server.address.rsplit(":", 1)
    with pytest.raises(ssl.SSLError, match="NO_APPLICATION_PROTOCOL|no application protocol"):
        context.wrap_socket(socket.create_connection((host, int(port)), timeout=20)).close()


def test_triton_clients_speak_tls(server, authority):
    values = np.array([[1, 2, 3, 4]], np.float32)
    with triton_grpc.InferenceServerClient(server.address, ssl=True, root_certificates=str(authority.certificate)) as c:
        tensor = triton_grpc.InferInput("x", [1, 4], "FP32")
        tensor.set_data_from_numpy(values)
        np.testing.assert_array_equal(c.infer("scaled", [tensor]).as_numpy("y"), values * 2)
    with triton_http.InferenceServerClient(server.address, ssl=True, ssl_options={
            "ca_certs": str(authority.certificate)}) as c:
        tensor = triton_http.InferInput("x", [1, 4], "FP32")
        tensor.set_data_from_numpy(values)
        np.testing.assert_array_equal(c.infer("scaled", [tensor]).as_numpy("y"), values * 2)


def test_large_bodies_go_through_records(server, authority):
    values = np.random.default_rng(1).random((500_000, 4), np.float32)
    with triton_grpc.InferenceServerClient(server.address, ssl=True, root_certificates=str(authority.certificate)) as c:
        tensor = triton_grpc.InferInput("x", list(values.shape), "FP32")
        tensor.set_data_from_numpy(values)
        np.testing.assert_array_equal(c.infer("scaled", [tensor]).as_numpy("y"), values * 2)


@pytest.mark.parametrize("version, accepted", [("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)])
def test_only_present_versions_are_spoken(server, version, accepted):
    text = openssl("s_client", "-connect", server.address, version, "-cipher", "ALL:@SECLEVEL=0", check=False)
    assert ("Cipher is (NONE)" not in text and "BEGIN CERTIFICATE" in text) == accepted


@pytest.mark.parametrize("cipher", ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"])
def test_weak_ciphers_are_refused(server, cipher):
    text = openssl("s_client", "-connect", server.address, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0", check=False)
    assert "Cipher is (NONE)" in text or "handshake failure" in text


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_sessions_are_resumed(server, tmp_path, version):
    session = tmp_path / "session"
    ask = b"GET /v2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    openssl("s_client", "-connect", server.address, version, "-ign_eof", "-sess_out", session, stdin=ask)
    text = openssl("s_client", "-connect", server.address, version, "-ign_eof", "-sess_in", session, stdin=ask)
    assert "Reused, TLSv1" in text


def test_renegotiation_is_refused(server):
    text = openssl("s_client", "-connect", server.address, "-tls1_2", stdin=b"R\n", check=False)
    assert "no renegotiation" in text.lower() or "RENEGOTIATING" in text and "error" in text.lower()
    assert openssl("s_client", "-connect", server.address, "-tls1_2").count("BEGIN CERTIFICATE") == 1


def test_plain_http_gets_no_answer(server):
    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        plain.sendall(b"GET /v2 HTTP/1.1\r\nHost: h\r\n\r\n")
        try:
            assert b"HTTP/1.1 200" not in plain.recv(65536)
        except ConnectionResetError:
            pass


def test_a_handshake_may_come_byte_by_byte_and_not_take_forever(make_server, files):
    server = make_server("--tls-certificate", files[0], "--tls-key", files[1], "--header-timeout-seconds", 1)
    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as slow:
        slow.sendall(b"\x16\x03\x01")  # the beginning of a handshake record
        assert slow.recv(100) == b""  # closed


def test_certificates_are_renewed_without_dropping_a_connection(server, files, authority):
    context = ssl.create_default_context(cafile=authority.certificate)
    host, port = server.address.rsplit(":", 1)

    def connect():
        return context.wrap_socket(socket.create_connection((host, int(port)), timeout=20), server_hostname=host)

    def ask(connection):
        connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: h\r\n\r\n")
        return connection.recv(65536).startswith(b"HTTP/1.1 200")

    old = connect()
    first = old.getpeercert()["serialNumber"]
    assert ask(old)
    certificate, key = authority.sign("renewed", "IP:127.0.0.1")
    files[0].write_bytes(certificate.read_bytes())
    files[1].write_bytes(key.read_bytes())
    server.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 30
    while connect().getpeercert()["serialNumber"] == first:
        assert time.monotonic() < end
    assert ask(old)

    files[1].write_text("no key")
    server.process.send_signal(signal.SIGHUP)
    while "was not reloaded" not in server.log_path.read_text():
        assert time.monotonic() < end
    assert ask(old) and ask(connect())


def test_clients_must_show_a_certificate_of_the_right_authority(make_server, files, authority, tmp_path):
    server = make_server("--tls-certificate", files[0], "--tls-key", files[1], "--tls-client-ca", authority.certificate)
    assert curl(server, authority)[0] != 0
    certificate, key = authority.sign("ann", "URI:spiffe://yard/ann")
    assert curl(server, authority, "--cert", certificate, "--key", key)[0] == 0
    stranger = Authority(tmp_path, "stranger").sign("eve", "URI:spiffe://yard/ann")
    assert curl(server, authority, "--cert", stranger[0], "--key", stranger[1])[0] != 0
    known = ["--ca", authority.certificate, "--certificate", certificate, "--key", key]
    server.cli("push", "scaled", models.scale(tmp_path / "m.onnx", 2), *known)
    # Who asked is in the audit log, by the name in the certificate.
    rows = subprocess.run(["curl", "-s", "--cacert", authority.certificate, "--cert", certificate, "--key", key,
                           server.url + "/api/v1/audit"], capture_output=True, text=True, timeout=60).stdout
    assert "spiffe://yard/ann" in rows


@pytest.mark.parametrize("change, words", [
    (lambda c, k: c.write_text("nothing"), "certificate"), (lambda c, k: k.unlink(), "key"),
    (lambda c, k: k.write_text("nothing"), "key"),
])
def test_wrong_files_are_named_at_the_start(make_server, files, change, words):
    change(*files)
    with pytest.raises(RuntimeError, match=words):
        make_server("--tls-certificate", files[0], "--tls-key", files[1])
