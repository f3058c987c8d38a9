// The command line's HTTP client, over libcurl.
//
// Errors: Unavailable when the server cannot be reached, DeadlineExceeded when it is silent for too long, or the code
//         of the server's problem document with its words.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/json.h"

namespace modelyard::app {

struct HttpAnswer {
  int status = 0;
  std::string content_type;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// PEM files; "" for the system's authorities and for no certificate of ours.
struct TlsOptions {
  std::string ca, certificate, key;
};

class HttpClient {
 public:
  // `server` like "http://127.0.0.1:8080"; `api_key` is sent with every request, "" for none. `silence` is how long the
  // server may send nothing; 0: a minute for what is only read, eleven for the rest. `remedy`: what to do when it
  // cannot be reached.
  explicit HttpClient(std::string server, TlsOptions tls = {}, std::string api_key = {},
                      std::chrono::seconds silence = {},
                      std::string remedy = "start it with `modelyard serve`, or name it by --server");

  Result<HttpAnswer> send(std::string_view method, const std::string& path, std::optional<std::string> body = {},
                          const std::map<std::string, std::string>& headers = {}) const;
  // Sends JSON and reads JSON; an answer that is no success is an Error.
  Result<Json> call(std::string_view method, const std::string& path, const Json& body = nullptr,
                    std::map<std::string, std::string> headers = {}) const;
  // Streams a file; `progress` is told how much has been sent.
  Status upload(const std::string& path, const std::string& file,
                const std::function<void(std::int64_t sent, std::int64_t total)>& progress) const;

  // Streams an answer into a new file; the digest of what was written.
  Result<Digest> download(const std::string& path, const std::string& file,
                          const std::function<void(std::int64_t got)>& progress) const;

  const std::string& server() const { return server_; }

 private:
  const std::string server_;
  const TlsOptions tls_;
  const std::string api_key_;
  const std::chrono::seconds silence_;
  const std::string remedy_;
};

// The error a refused request stands for.
Error error_of(const HttpAnswer& answer);

// One segment of a path, escaped.
std::string path_segment(std::string_view text);

}  // namespace modelyard::app
