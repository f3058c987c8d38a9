#include "edge/tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

#include "edge/tls/tls_transport.h"

namespace modelyard::edge {
namespace {

// Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr std::array<unsigned char, 12> kProtocols{2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

Error failed(std::string_view what, const std::string& file) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  ERR_clear_error();
  return error(Code::kInvalidArgument, "{} '{}': {}", what, file, reason.data());
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  const int found = SSL_select_next_proto(const_cast<unsigned char**>(chosen), size, kProtocols.data(),
                                          kProtocols.size(), offered, offered_size);
  // RFC 7301 §3.2: a client that knows none of ours is told so.
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

Result<TlsContext::Shared> TlsContext::read(const TlsFiles& files) {
  Shared context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return failed("memory for", "TLS");
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(raw, kCiphers12);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Idle connections give their buffers back; a write that could not be sent whole may come again from elsewhere.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(raw, 1);
  constexpr std::array<unsigned char, 9> kSessions{'m', 'o', 'd', 'e', 'l', 'y', 'a', 'r', 'd'};
  SSL_CTX_set_session_id_context(raw, kSessions.data(), kSessions.size());
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(raw, files.certificate.c_str()) != 1) {
    return failed("certificate", files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(raw, files.key.c_str(), SSL_FILETYPE_PEM) != 1) return failed("key", files.key);
  if (SSL_CTX_check_private_key(raw) != 1) return failed("key does not belong to the certificate:", files.key);
  if (!files.client_ca.empty()) {
    if (SSL_CTX_load_verify_locations(raw, files.client_ca.c_str(), nullptr) != 1) {
      return failed("client CA", files.client_ca);
    }
    SSL_CTX_set_client_CA_list(raw, SSL_load_client_CA_file(files.client_ca.c_str()));
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

Result<std::unique_ptr<TlsContext>> TlsContext::open(TlsFiles files) {
  MODELYARD_ASSIGN(Shared context, read(files));
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(files), std::move(context)));
}

std::unique_ptr<Transport> TlsContext::make(int fd) {
  MutexLock lock(mutex_);
  return tls_transport(context_.get(), fd);
}

Status TlsContext::reload() {
  MODELYARD_ASSIGN(Shared context, read(files_));
  MutexLock lock(mutex_);
  context_ = std::move(context);
  return ok();
}

}  // namespace modelyard::edge
