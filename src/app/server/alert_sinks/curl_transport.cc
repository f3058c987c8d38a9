#include "app/server/alert_sinks/curl_transport.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "app/curl/curl_library.h"

namespace modelyard::app {
namespace {

using control::DeliveryResult;

constexpr long kConnectSeconds = 5, kAllSeconds = 15;
constexpr std::size_t kKeptBytes = 500, kMostBytes = 64 << 10;

struct Answer {
  std::string begin;
  std::size_t bytes = 0;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& answer = *static_cast<Answer*>(to);
  const std::size_t bytes = size * count;
  answer.bytes += bytes;
  answer.begin.append(data, std::min(bytes, kKeptBytes - std::min(kKeptBytes, answer.begin.size())));
  return answer.bytes > kMostBytes ? 0 : bytes;
}

std::size_t give_text(char* buffer, std::size_t size, std::size_t count, void* from) {
  auto& rest = *static_cast<std::string_view*>(from);
  const std::size_t bytes = std::min(size * count, rest.size());
  std::memcpy(buffer, rest.data(), bytes);
  rest.remove_prefix(bytes);
  return bytes;
}

int look_for_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

// One request by libcurl.
class Transfer {
 public:
  Transfer(const CurlLibrary& curl, const std::stop_token& stop)
      : curl_(curl), stop_(stop), handle_(curl.easy_init(), curl.easy_cleanup) {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    set(CURLOPT_TIMEOUT, kAllSeconds);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_WRITEFUNCTION, take_body);
    set(CURLOPT_WRITEDATA, &answer_);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, look_for_stop);
    set(CURLOPT_XFERINFODATA, &stop_);
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_.easy_setopt(handle_.get(), option, value);
  }
  void set_lines(CURLoption option, const std::vector<std::string>& lines) {
    auto& list = lists_.emplace_back(nullptr, curl_.slist_free_all);
    for (const std::string& line : lines) list.reset(curl_.slist_append(list.release(), line.c_str()));
    set(option, list.get());
  }

  CURLcode perform() { return curl_.easy_perform(handle_.get()); }
  long status() const {
    long status = 0;
    curl_.easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  const std::string& answer() const { return answer_.begin; }
  Delivery no_answer(CURLcode outcome) const {
    return {DeliveryResult::kWaiting, fmt::format("no answer: {}", curl_.easy_strerror(outcome))};
  }

 private:
  const CurlLibrary& curl_;
  std::stop_token stop_;
  Answer answer_;
  std::unique_ptr<CURL, void (*)(CURL*)> handle_;
  std::vector<std::unique_ptr<curl_slist, void (*)(curl_slist*)>> lists_;
};

DeliveryResult result_of(long status) {
  if (status >= 200 && status < 300) return DeliveryResult::kTaken;
  const bool may_pass = status == 408 || status == 429 || status >= 500;
  return may_pass ? DeliveryResult::kWaiting : DeliveryResult::kRefused;
}

// For a log: one line.
std::string printable(std::string text) {
  std::ranges::replace_if(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
  return text;
}

}  // namespace

Delivery CurlTransport::post(const HttpPost& request) {
  const auto curl = CurlLibrary::load();
  if (!curl) return {DeliveryResult::kWaiting, curl.error().message()};
  Transfer transfer(**curl, stop_);
  std::vector<std::string> headers = request.headers;
  headers.insert(headers.end(), {"Content-Type: application/json", "User-Agent: modelyard", "Expect:"});
  transfer.set(CURLOPT_PROTOCOLS_STR, "http,https");
  transfer.set(CURLOPT_URL, request.url.c_str());
  transfer.set_lines(CURLOPT_HTTPHEADER, headers);
  transfer.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  transfer.set(CURLOPT_POSTFIELDS, request.body.data());
  const CURLcode outcome = transfer.perform();
  // An answer that is too long was cut off; its status counts.
  if (outcome != CURLE_OK && outcome != CURLE_WRITE_ERROR) return transfer.no_answer(outcome);
  const long status = transfer.status();
  return {result_of(status),
          fmt::format("answered {}{}{}", status, transfer.answer().empty() ? "" : ": ", printable(transfer.answer()))};
}

Delivery CurlTransport::send(const Mail& mail) {
  const auto curl = CurlLibrary::load();
  if (!curl) return {DeliveryResult::kWaiting, curl.error().message()};
  Transfer transfer(**curl, stop_);
  const std::string from = fmt::format("<{}>", mail.from);
  std::string_view text = mail.text;
  transfer.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  transfer.set(CURLOPT_URL, mail.server.c_str());
  transfer.set(CURLOPT_MAIL_FROM, from.c_str());
  transfer.set_lines(CURLOPT_MAIL_RCPT, mail.to);
  transfer.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);  // one mailbox that is gone does not cost the others the mail
  transfer.set(CURLOPT_UPLOAD, 1L);
  transfer.set(CURLOPT_READFUNCTION, give_text);
  transfer.set(CURLOPT_READDATA, &text);
  if (mail.user.empty()) {
    // As mail servers do among themselves: TLS if it is offered, whoever offers it, is better than none.
    const bool is_verified = mail.server.starts_with("smtps:");
    transfer.set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_TRY));
    transfer.set(CURLOPT_SSL_VERIFYPEER, is_verified ? 1L : 0L);
    transfer.set(CURLOPT_SSL_VERIFYHOST, is_verified ? 2L : 0L);
  } else {
    transfer.set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    transfer.set(CURLOPT_USERNAME, mail.user.c_str());
    transfer.set(CURLOPT_PASSWORD, mail.password.c_str());
  }
  const CURLcode outcome = transfer.perform();
  if (outcome == CURLE_OK) return {DeliveryResult::kTaken, "accepted"};
  const long status = transfer.status();
  if (status < 500 || status > 599) return transfer.no_answer(outcome);
  return {DeliveryResult::kRefused, fmt::format("answered {}: {}", status, (*curl)->easy_strerror(outcome))};
}

}  // namespace modelyard::app
