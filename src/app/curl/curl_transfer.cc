#include "app/curl/curl_transfer.h"

#include <algorithm>
#include <csignal>

namespace modelyard::app {

CurlTransfer::CurlTransfer(const CurlLibrary& curl, std::stop_token stop, const TransferLimits& limits)
    : curl_(curl), stop_(std::move(stop)), limits_(limits), handle_(curl.easy_init(), curl.easy_cleanup) {
  std::signal(SIGPIPE, SIG_IGN);  // a TLS library writes to sockets without MSG_NOSIGNAL
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits_.all.count()));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_WRITEFUNCTION, take);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, look_for_stop);
  set(CURLOPT_XFERINFODATA, &stop_);
}

void CurlTransfer::set_lines(CURLoption option, const std::vector<std::string>& lines) {
  auto& list = lists_.emplace_back(nullptr, curl_.slist_free_all);
  for (const std::string& line : lines) list.reset(curl_.slist_append(list.release(), line.c_str()));
  set(option, list.get());
}

long CurlTransfer::status() const {
  long status = 0;
  curl_.easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::string CurlTransfer::no_answer(CURLcode outcome) const {
  return fmt::format("no answer: {}", curl_.easy_strerror(outcome));
}

std::size_t CurlTransfer::take(char* data, std::size_t size, std::size_t count, void* to) {
  auto& self = *static_cast<CurlTransfer*>(to);
  const std::size_t bytes = size * count, kept = self.answer_.size();
  self.bytes_ += bytes;
  self.answer_.append(data, std::min(bytes, self.limits_.kept_bytes - std::min(self.limits_.kept_bytes, kept)));
  return self.bytes_ > self.limits_.most_bytes ? 0 : bytes;
}

int CurlTransfer::look_for_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

Result<CurlAnswer> http_post(const HttpPost& request, const std::stop_token& stop, const TransferLimits& limits) {
  MODELYARD_ASSIGN(const CurlLibrary* curl, CurlLibrary::load());
  CurlTransfer transfer(*curl, stop, limits);
  std::vector<std::string> headers = request.headers;
  headers.insert(headers.end(), {"Content-Type: " + request.type, "User-Agent: modelyard", "Expect:"});
  transfer.set(CURLOPT_PROTOCOLS_STR, "http,https");
  transfer.set(CURLOPT_URL, request.url.c_str());
  transfer.set_lines(CURLOPT_HTTPHEADER, headers);
  transfer.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  transfer.set(CURLOPT_POSTFIELDS, request.body.data());
  const CURLcode outcome = transfer.perform();
  // An answer that is too long was cut off; its status counts.
  if (outcome != CURLE_OK && outcome != CURLE_WRITE_ERROR) {
    return error(Code::kUnavailable, "{}", transfer.no_answer(outcome));
  }
  return CurlAnswer{transfer.status(), transfer.answer(), outcome == CURLE_WRITE_ERROR};
}

}  // namespace modelyard::app
