#include "app/server/alert_sinks/curl_transport.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "app/curl/curl_transfer.h"
#include "app/server/outbound/outbound.h"

namespace modelyard::app {
namespace {

using control::DeliveryResult;

std::size_t give_text(char* buffer, std::size_t size, std::size_t count, void* from) {
  auto& rest = *static_cast<std::string_view*>(from);
  const std::size_t bytes = std::min(size * count, rest.size());
  std::memcpy(buffer, rest.data(), bytes);
  rest.remove_prefix(bytes);
  return bytes;
}

DeliveryResult result_of(long status) {
  if (status >= 200 && status < 300) return DeliveryResult::kTaken;
  const bool may_pass = status == 408 || status == 429 || status >= 500;
  return may_pass ? DeliveryResult::kWaiting : DeliveryResult::kRefused;
}

}  // namespace

Delivery CurlTransport::post(const HttpPost& request) {
  const auto answer = http_post(request, stop_);
  if (!answer) return {DeliveryResult::kWaiting, answer.error().message()};
  return {result_of(answer->status), answered(answer->status, answer->body)};
}

Delivery CurlTransport::send(const Mail& mail) {
  const auto curl = CurlLibrary::load();
  if (!curl) return {DeliveryResult::kWaiting, curl.error().message()};
  CurlTransfer transfer(**curl, stop_);
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
  if (status < 500 || status > 599) return {DeliveryResult::kWaiting, transfer.no_answer(outcome)};
  return {DeliveryResult::kRefused, fmt::format("answered {}: {}", status, (*curl)->easy_strerror(outcome))};
}

}  // namespace modelyard::app
