#include "monitoring/profile/window_profile.h"

#include <algorithm>

namespace modelyard::monitoring {
namespace {

constexpr std::string_view kFormat = "modelyard-profile/1";

Result<UtcTime> read_time(ObjectReader& reader, std::string_view key) {
  MODELYARD_ASSIGN(const std::string text, reader.string(key));
  const auto time = parse_utc(text);
  if (!time) return error(Code::kInvalidArgument, "{}: {}", reader.path_of(key), time.error().message());
  return *time;
}

Result<std::uint64_t> read_count(ObjectReader& reader, std::string_view key) {
  MODELYARD_ASSIGN(const std::int64_t count, reader.integer(key));
  if (count < 0) return error(Code::kInvalidArgument, "{}: negative", reader.path_of(key));
  return static_cast<std::uint64_t>(count);
}

}  // namespace

void merge(WindowProfile& profile, const WindowProfile& other) {
  profile.from = std::min(profile.from, other.from);
  profile.to = std::max(profile.to, other.to);
  profile.traffic.merge(other.traffic);
  profile.rows += other.rows;
  profile.profiled += other.profiled;
  profile.least_share = std::min(profile.least_share, other.least_share);
  for (const auto& [feature, values] : other.features) {
    const auto [place, is_new] = profile.features.try_emplace(feature, values);
    if (!is_new) (void)place->second.merge(values).has_value();
  }
}

Json to_json(const WindowProfile& profile) {
  Json features = Json::object();
  for (const auto& [name, values] : profile.features) features[name] = to_json(values);
  return {{"format", kFormat},
          {"from", format_utc(profile.from)},
          {"to", format_utc(profile.to)},
          {"traffic", to_json(profile.traffic)},
          {"rows", profile.rows},
          {"profiled", profile.profiled},
          {"least_share", profile.least_share},
          {"features", std::move(features)}};
}

Result<WindowProfile> parse_window_profile(const Json& value) {
  WindowProfile profile;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, "profile"));
  MODELYARD_ASSIGN(const std::string format, reader.string("format"));
  if (format != kFormat) {
    return error(Code::kInvalidArgument, "profile.format: '{}', this program knows '{}'", format, kFormat);
  }
  MODELYARD_ASSIGN(profile.from, read_time(reader, "from"));
  MODELYARD_ASSIGN(profile.to, read_time(reader, "to"));
  MODELYARD_ASSIGN(const Json* const traffic, reader.object("traffic"));
  MODELYARD_ASSIGN(profile.traffic, parse_traffic(*traffic, "profile.traffic"));
  MODELYARD_ASSIGN(profile.rows, read_count(reader, "rows"));
  MODELYARD_ASSIGN(profile.profiled, read_count(reader, "profiled"));
  MODELYARD_ASSIGN(profile.least_share, reader.number("least_share"));
  MODELYARD_ASSIGN(const Json* const features, reader.object("features"));
  MODELYARD_TRY(reader.finish());
  if (features->size() > kMostFeatures) {
    return error(Code::kInvalidArgument, "profile.features: {} of them, at most {}", features->size(), kMostFeatures);
  }
  for (const auto& [name, document] : features->items()) {
    MODELYARD_ASSIGN(auto values, parse_feature_profile(document, "profile.features." + name));
    profile.features.emplace(name, std::move(values));
  }
  return profile;
}

}  // namespace modelyard::monitoring
