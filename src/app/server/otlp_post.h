// OtlpPost sends requests to a collector over HTTP, one after another over one connection.
//
// Threads: post() of one thread at a time.
// Errors:  open(): Unavailable without libcurl. post(): Unavailable when there was no answer.
// Limits:  an answer has ten seconds; of its body the first 64 KiB are kept.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/curl/curl_library.h"

namespace modelyard::app {

struct PostAnswer {
  int status = 0;
  std::optional<std::chrono::seconds> retry_after;
  std::string body;
};

// Sends a request that is compressed by gzip. `gives_up` is asked meanwhile, about every second.
using PostSpans = std::function<Result<PostAnswer>(std::string_view request, const std::function<bool()>& gives_up)>;

class OtlpPost {
 public:
  // `endpoint` is what comes before /v1/traces; `headers` are further lines, "Name: value".
  static Result<std::unique_ptr<OtlpPost>> open(std::string endpoint, const std::vector<std::string>& headers);
  ~OtlpPost();

  Result<PostAnswer> post(std::string_view request, const std::function<bool()>& gives_up);

 private:
  OtlpPost(const CurlLibrary& curl, std::string url);

  const CurlLibrary& curl_;
  const std::string url_;
  CURL* const handle_;
  curl_slist* headers_ = nullptr;
};

}  // namespace modelyard::app
