#include "telemetry/traces/trace_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace modelyard::telemetry {
namespace {

constexpr std::size_t kParentBytes = 55;  // 00-<32 digits>-<16>-<2>
constexpr std::size_t kMostStateBytes = 512;
constexpr int kMostMembers = 32;
constexpr std::size_t kMostKeyBytes = 256;
constexpr std::size_t kMostValueBytes = 256;

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool read_digits(std::string_view text, std::uint8_t* bytes) {
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_of(text[i]), low = digit_of(text[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i / 2] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

template <typename Id>
bool is_zero(const Id& id) {
  return std::all_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool is_key(std::string_view key) {
  const auto is_letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (key.empty() || key.size() > kMostKeyBytes || !is_letter_or_digit(key[0])) return false;
  return std::all_of(key.begin(), key.end(), [&](char c) {
    return is_letter_or_digit(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
  });
}

bool is_value(std::string_view value) {
  if (value.empty() || value.size() > kMostValueBytes || value.back() == ' ') return false;
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

std::string_view without_spaces(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) {
  if (text.size() < kParentBytes || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::uint8_t version = 0;
  TraceParent parent;
  const bool read = read_digits(text.substr(0, 2), &version) && read_digits(text.substr(3, 32), parent.trace.data()) &&
                    read_digits(text.substr(36, 16), parent.span.data()) &&
                    read_digits(text.substr(53, 2), &parent.flags);
  if (!read || version == 0xff || is_zero(parent.trace) || is_zero(parent.span)) return std::nullopt;
  // Later versions may say more, behind another dash.
  const bool is_longer = text.size() > kParentBytes;
  if (is_longer && (version == 0 || text[kParentBytes] != '-')) return std::nullopt;
  return parent;
}

bool is_tracestate(std::string_view text) {
  if (text.size() > kMostStateBytes) return false;
  int members = 0;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view member = without_spaces(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    if (member.empty()) continue;
    const auto sign = member.find('=');
    if (sign == std::string_view::npos || ++members > kMostMembers) return false;
    if (!is_key(member.substr(0, sign)) || !is_value(member.substr(sign + 1))) return false;
  }
  return members > 0;
}

void Sampler::set_share(double share) {
  const double kept = std::ldexp(std::clamp(share, 0.0, 1.0), 56);
  threshold_.store(kNone - static_cast<std::uint64_t>(std::llround(kept)), std::memory_order_relaxed);
}

std::string Sampler::tracestate() const {
  std::string digits = fmt::format("{:014x}", threshold_.load(std::memory_order_relaxed));
  digits.resize(std::max<std::size_t>(1, digits.find_last_not_of('0') + 1));
  return "ot=th:" + digits;
}

std::optional<TraceParent> choose_trace(std::string_view traceparent, const TraceId& fresh, const Sampler& sampler) {
  const auto parent = traceparent.empty() ? std::nullopt : parse_traceparent(traceparent);
  if (parent) return parent->is_sampled() ? parent : std::nullopt;
  if (!sampler.samples(fresh)) return std::nullopt;
  return TraceParent{fresh, {}, kSampledFlag | kRandomFlag};
}

}  // namespace modelyard::telemetry
