#include "app/server/alert_sinks/email_sink.h"

#include <algorithm>
#include <array>

#include "app/server/alert_sinks/alert_words.h"
#include "base/base64.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kMostSubjectBytes = 200;
constexpr std::size_t kWordBytes = 45;  // of text in an encoded word, whose 75 characters are the most
constexpr std::size_t kLineBytes = 76;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// As encoded words where it is not plain ASCII; no character is cut apart.
std::string header_text(std::string_view text) {
  const bool is_plain =
      std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; }) && text.find("=?") == text.npos;
  if (is_plain) return std::string(text);
  std::string words;
  while (!text.empty()) {
    std::size_t end = std::min(kWordBytes, text.size());
    while (end > 1 && end < text.size() && is_continuation(text[end])) --end;
    words += fmt::format("{}=?utf-8?B?{}?=", words.empty() ? "" : "\r\n ", base64_encode(text.substr(0, end)));
    text.remove_prefix(end);
  }
  return words;
}

std::string mail_date(UtcTime time) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::string base64_lines(const std::string& text) {
  const std::string all = base64_encode(text);
  std::string lines;
  for (std::size_t at = 0; at < all.size(); at += kLineBytes) lines += all.substr(at, kLineBytes) + "\r\n";
  return lines;
}

std::string joined(const std::vector<std::string>& addresses) {
  return fmt::format("{}", fmt::join(addresses, ",\r\n "));
}

}  // namespace

Delivery EmailSink::send(const control::Notification& notification, UtcTime now) {
  return transport_.send({.server = settings_.url,
                          .from = settings_.from,
                          .to = settings_.to,
                          .user = settings_.user,
                          .password = password_,
                          .text = text_of(notification, now)});
}

std::string EmailSink::text_of(const control::Notification& notification, UtcTime now) const {
  const monitoring::Alert& alert = notification.alert;
  const std::string body = fmt::format(
      "{}\r\n\r\n{}\r\n\r\nvalue      {:.6g}\r\nthreshold  {:.6g}\r\nalert      {}\r\nat         {}\r\nserver     {} "
      "{}\r\nrunbook    {}\r\n",
      title_of(notification), alert.sentence, alert.value, alert.threshold, alert.id, format_utc(notification.time),
      origin_.instance, origin_.address, runbook_url(alert, origin_));
  return fmt::format(
      "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\nAuto-Submitted: auto-generated\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
      settings_.from, joined(settings_.to), header_text(shortened(title_of(notification), kMostSubjectBytes)),
      mail_date(now), idempotency_key(notification), settings_.from.substr(settings_.from.find('@') + 1),
      base64_lines(body));
}

}  // namespace modelyard::app
