#include "monitoring/alerts/silence.h"

#include <algorithm>

namespace modelyard::monitoring {
namespace {

constexpr std::size_t kMostBytes = 500;  // of any text of a silence

bool fits(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

Status check_pattern(std::string_view field, std::string_view pattern) {
  if (pattern.size() > kMostBytes) return error(Code::kInvalidArgument, "{}: more than {} bytes", field, kMostBytes);
  const auto star = pattern.find('*');
  if (star == std::string_view::npos || star + 1 == pattern.size()) return ok();
  return error(Code::kInvalidArgument, "{}: '*' may stand at the end only", field);
}

}  // namespace

Status check_silence(const Silence& silence, UtcTime now) {
  if (silence.monitor.empty()) return error(Code::kInvalidArgument, "monitor: name one, or '*' for all");
  MODELYARD_TRY(check_pattern("monitor", silence.monitor));
  MODELYARD_TRY(check_pattern("subject", silence.subject));
  if (silence.reason.empty() || silence.reason.size() > kMostBytes) {
    return error(Code::kInvalidArgument, "reason: say in 1 to {} bytes why nobody shall be told", kMostBytes);
  }
  if (silence.until <= now) return error(Code::kInvalidArgument, "until: {} has passed", format_utc(silence.until));
  if (silence.until > now + Silence::kLongest) {
    return error(Code::kInvalidArgument, "until: at most {} days from now", Silence::kLongest.count());
  }
  return ok();
}

bool is_silenced(const Alert& alert, std::span<const Silence> silences, UtcTime now) {
  return std::ranges::any_of(silences, [&](const Silence& silence) {
    return now < silence.until && fits(silence.monitor, alert.monitor) && fits(silence.subject, alert.subject);
  });
}

}  // namespace modelyard::monitoring
