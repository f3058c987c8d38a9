#include "edge/tls/tls_transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace modelyard::edge {
namespace {

constexpr std::size_t kRecordBytes = 16u << 10;

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

// The subject's alternative name that identifies a client: a URI (SPIFFE) before a DNS name before a mail address.
std::string identity_of(const SSL* ssl) {
  const std::unique_ptr<X509, Free> certificate(SSL_get1_peer_certificate(ssl));
  if (!certificate) return {};
  const std::unique_ptr<GENERAL_NAMES, Free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return {};
  for (const int kind : {GEN_URI, GEN_DNS, GEN_EMAIL}) {
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
      const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
      if (name->type != kind) continue;
      const ASN1_IA5STRING* const text = name->d.ia5;
      const std::string_view value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                   static_cast<std::size_t>(ASN1_STRING_length(text)));
      // A name with a zero byte or a line end is a trick, not a name.
      if (std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7f; })) return std::string(value);
    }
  }
  return {};
}

class TlsTransport final : public Transport {
 public:
  explicit TlsTransport(std::unique_ptr<SSL, Free> ssl) : ssl_(std::move(ssl)) {}

  Moved receive(std::span<char> room) override {
    ERR_clear_error();
    std::size_t got = 0;
    if (SSL_read_ex(ssl_.get(), room.data(), room.size(), &got) == 1) {
      note_opening();
      return {Moved::Kind::kSome, got, false};  // a record may wait within OpenSSL
    }
    note_opening();
    return outcome_of(0);
  }

  // One record at a time. Small parts are put together, so that an answer's head and body share one.
  Moved send(std::span<const iovec> parts) override {
    std::array<char, kRecordBytes> record;
    const char* data = static_cast<const char*>(parts.front().iov_base);
    std::size_t size = std::min(parts.front().iov_len, kRecordBytes);
    if (parts.size() > 1 && parts.front().iov_len < kRecordBytes) {
      size = 0;
      for (const iovec& part : parts) {
        const std::size_t taken = std::min(part.iov_len, record.size() - size);
        std::memcpy(record.data() + size, part.iov_base, taken);
        size += taken;
      }
      data = record.data();
    }
    ERR_clear_error();
    std::size_t sent = 0;
    if (SSL_write_ex(ssl_.get(), data, size, &sent) == 1) return {Moved::Kind::kSome, sent};
    return outcome_of(0);
  }

  void end_output() override {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ::shutdown(SSL_get_fd(ssl_.get()), SHUT_WR);
  }
  bool is_open() const override { return open_; }
  std::string_view identity() const override { return identity_; }

 private:
  void note_opening() {
    if (open_ || SSL_is_init_finished(ssl_.get()) != 1) return;
    open_ = true;
    identity_ = identity_of(ssl_.get());
  }

  Moved outcome_of(int result) const {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE: return {Moved::Kind::kNothingNow};
      case SSL_ERROR_ZERO_RETURN: return {Moved::Kind::kEnd};
      default: return {Moved::Kind::kBroken};
    }
  }

  const std::unique_ptr<SSL, Free> ssl_;
  bool open_ = false;
  std::string identity_;
};

}  // namespace

std::unique_ptr<Transport> tls_transport(ssl_ctx_st* context, int fd) {
  std::unique_ptr<SSL, Free> ssl(SSL_new(context));
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  SSL_set_accept_state(ssl.get());
  return std::make_unique<TlsTransport>(std::move(ssl));
}

}  // namespace modelyard::edge
