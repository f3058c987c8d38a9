// TlsContext holds certificate, key and trust, and makes transports that speak TLS 1.2 or 1.3 by OpenSSL.
//
// Threads:   make() and reload() from any; a connection keeps what it began with.
// Ownership: transports share the context's parts.
// Errors:    InvalidArgument names the file and what is wrong with it; a failed reload changes nothing.
#pragma once

#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "edge/http/transport.h"

struct ssl_ctx_st;

namespace modelyard::edge {

struct TlsFiles {
  std::string certificate;  // PEM: ours first, then what leads to the root
  std::string key;          // PEM
  std::string client_ca;    // PEM; when given, clients must show a certificate that leads to it
};

class TlsContext {
 public:
  static Result<std::unique_ptr<TlsContext>> open(TlsFiles files);

  // Null when memory is out.
  std::unique_ptr<Transport> make(int fd);
  // Reads the files again, for connections to come.
  Status reload();

 private:
  using Shared = std::shared_ptr<ssl_ctx_st>;
  TlsContext(TlsFiles files, Shared context) : files_(std::move(files)), context_(std::move(context)) {}
  static Result<Shared> read(const TlsFiles& files);

  const TlsFiles files_;
  Mutex mutex_;
  Shared context_ MODELYARD_GUARDED_BY(mutex_);
};

}  // namespace modelyard::edge
