// CurlTransfer is one request by libcurl, within limits; http_post() is the usual one.
//
// Limits:   of time for the connection and for all; of an answer the first kept_bytes are kept, and reading ends behind
//           most_bytes.
// Stop:     what is under way ends within about a second of a stop request, as if there was no answer.
// Redirects: are not followed: nothing goes anywhere but where the configuration says.
// Errors:   http_post(): Unavailable when there was no answer, in words without the URL, which may be a secret.
// Threads:  a transfer belongs to one; blocks.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/curl/curl_library.h"

namespace modelyard::app {

struct TransferLimits {
  std::chrono::milliseconds connect{5'000}, all{15'000};
  std::size_t kept_bytes = 500, most_bytes = 64 << 10;
};

class CurlTransfer {
 public:
  CurlTransfer(const CurlLibrary& curl, std::stop_token stop, const TransferLimits& limits = {});
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_.easy_setopt(handle_.get(), option, value);
  }
  void set_lines(CURLoption option, const std::vector<std::string>& lines);

  CURLcode perform() { return curl_.easy_perform(handle_.get()); }
  long status() const;
  // Its begin.
  const std::string& answer() const { return answer_; }
  std::string no_answer(CURLcode outcome) const;

 private:
  static std::size_t take(char* data, std::size_t size, std::size_t count, void* to);
  static int look_for_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const CurlLibrary& curl_;
  const std::stop_token stop_;
  const TransferLimits limits_;
  std::string answer_;
  std::size_t bytes_ = 0;  // of the answer
  std::unique_ptr<CURL, void (*)(CURL*)> handle_;
  std::vector<std::unique_ptr<curl_slist, void (*)(curl_slist*)>> lists_;
};

struct HttpPost {
  std::string url;
  std::vector<std::string> headers;  // lines, beside the content type
  std::string body;
  std::string type = "application/json";
};

struct CurlAnswer {
  long status = 0;
  std::string body;     // its begin
  bool is_cut = false;  // it was longer than most_bytes
};

Result<CurlAnswer> http_post(const HttpPost& request, const std::stop_token& stop, const TransferLimits& limits = {});

}  // namespace modelyard::app
