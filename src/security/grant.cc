#include "security/grant.h"

#include <algorithm>

namespace modelyard::security {
namespace {

constexpr std::size_t kLongestPattern = 1000;
constexpr std::int64_t kMicros = 1'000'000;

bool is_pattern_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-' || c == '*';
}

// Linear in practice: goes back to the last '*' only.
bool fits_glob(std::string_view glob, std::string_view text) {
  std::size_t at = 0, in_text = 0, star = std::string_view::npos, resume = 0;
  while (in_text < text.size()) {
    if (at < glob.size() && glob[at] == '*') {
      star = at++;
      resume = in_text;
    } else if (at < glob.size() && glob[at] == text[in_text]) {
      ++at;
      ++in_text;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in_text = ++resume;
    } else {
      return false;
    }
  }
  return glob.substr(at).find_first_not_of('*') == std::string_view::npos;
}

}  // namespace

ModelPattern::ModelPattern(std::vector<std::string> globs)
    : globs_(std::move(globs)), is_every_(std::find(globs_.begin(), globs_.end(), "*") != globs_.end()) {}

Result<ModelPattern> ModelPattern::parse(std::string_view text) {
  const auto bad = [&] {
    return error(Code::kInvalidArgument,
                 "models: '{}' is not a list of names with '*' for any characters, like fraud-*,churn", text);
  };
  if (text.size() > kLongestPattern) return bad();
  std::vector<std::string> globs;
  for (std::string_view rest = text;;) {
    const auto comma = rest.find(',');
    const std::string_view glob = rest.substr(0, comma);
    if (glob.empty() || !std::all_of(glob.begin(), glob.end(), is_pattern_character)) return bad();
    globs.emplace_back(glob);
    if (comma == std::string_view::npos) return ModelPattern(std::move(globs));
    rest = rest.substr(comma + 1);
  }
}

bool ModelPattern::fits(std::string_view model) const {
  return is_every_ ||
         std::any_of(globs_.begin(), globs_.end(), [&](const std::string& glob) { return fits_glob(glob, model); });
}

std::string ModelPattern::text() const {
  return fmt::format("{}", fmt::join(globs_, ","));
}

void Grant::note_use(UtcTime now) const {
  const std::int64_t seconds = utc_micros(now) / kMicros;
  if (last_used_seconds_.load(std::memory_order_relaxed) < seconds) {
    last_used_seconds_.store(seconds, std::memory_order_relaxed);
  }
}

std::optional<UtcTime> Grant::last_used() const {
  const std::int64_t seconds = last_used_seconds_.load(std::memory_order_relaxed);
  if (seconds == 0) return std::nullopt;
  return utc_from_micros(seconds * kMicros);
}

}  // namespace modelyard::security
