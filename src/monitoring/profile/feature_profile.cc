#include "monitoring/profile/feature_profile.h"

#include <cmath>

#include "base/base64.h"

namespace modelyard::monitoring {
namespace {

// A sketch in its binary form (docs/formats/sketches.md).
template <typename Sketch>
Status read_sketch(ObjectReader& reader, std::string_view key, Sketch& sketch) {
  MODELYARD_ASSIGN(const std::string text, reader.string(key));
  const auto bytes = base64_decode(text);
  if (!bytes) return error(Code::kInvalidArgument, "{}: {}", reader.path_of(key), bytes.error().message());
  auto parsed = Sketch::parse(*bytes);
  if (!parsed) return error(Code::kInvalidArgument, "{}: {}", reader.path_of(key), parsed.error().message());
  sketch = std::move(*parsed);
  return ok();
}

}  // namespace

std::string_view feature_kind_name(FeatureKind kind) {
  return kind == FeatureKind::kNumber ? "number" : "category";
}

FeatureProfile::FeatureProfile(FeatureKind kind, std::uint32_t quantile_size)
    : values_(Numbers{{}, statistics::Quantiles(quantile_size)}) {
  if (kind == FeatureKind::kCategory) values_.emplace<statistics::Frequent>(kPlaces);
}

void FeatureProfile::add(double value) {
  ++rows_;
  if (!(std::abs(value) <= statistics::Moments::kLargest)) {
    ++missing_;
    return;
  }
  auto& numbers = std::get<Numbers>(values_);
  numbers.moments.add(value);
  numbers.quantiles.add(value);
}

void FeatureProfile::add(std::string_view text) {
  ++rows_;
  if (text.empty()) {
    ++missing_;
    return;
  }
  std::get<statistics::Frequent>(values_).add(text);
}

Status FeatureProfile::merge(const FeatureProfile& other) {
  if (kind() != other.kind()) {
    return error(Code::kInvalidArgument, "a feature of kind {} does not go together with one of kind {}",
                 feature_kind_name(kind()), feature_kind_name(other.kind()));
  }
  if (kind() == FeatureKind::kNumber) {
    auto& numbers = std::get<Numbers>(values_);
    MODELYARD_TRY(numbers.moments.merge(other.moments()));
    MODELYARD_TRY(numbers.quantiles.merge(other.quantiles()));
  } else {
    MODELYARD_TRY(std::get<statistics::Frequent>(values_).merge(other.categories()));
  }
  rows_ += other.rows_;
  missing_ += other.missing_;
  return ok();
}

Json to_json(const FeatureProfile& profile) {
  Json value = {{"kind", feature_kind_name(profile.kind())}, {"rows", profile.rows()}, {"missing", profile.missing()}};
  if (profile.kind() == FeatureKind::kNumber) {
    value["moments"] = base64_encode(profile.moments().serialize());
    value["quantiles"] = base64_encode(profile.quantiles().serialize());
  } else {
    value["frequent"] = base64_encode(profile.categories().serialize());
  }
  return value;
}

Result<FeatureProfile> parse_feature_profile(const Json& value, const std::string& path) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  MODELYARD_ASSIGN(const std::string kind, reader.string("kind"));
  MODELYARD_ASSIGN(const std::int64_t rows, reader.integer("rows"));
  MODELYARD_ASSIGN(const std::int64_t missing, reader.integer("missing"));
  if (kind != "number" && kind != "category") {
    return error(Code::kInvalidArgument, "{}: 'number' or 'category', not '{}'", reader.path_of("kind"), kind);
  }
  FeatureProfile profile(kind == "number" ? FeatureKind::kNumber : FeatureKind::kCategory);
  std::uint64_t sketched = 0;
  if (profile.kind() == FeatureKind::kNumber) {
    auto& numbers = std::get<FeatureProfile::Numbers>(profile.values_);
    MODELYARD_TRY(read_sketch(reader, "moments", numbers.moments));
    MODELYARD_TRY(read_sketch(reader, "quantiles", numbers.quantiles));
    sketched = numbers.quantiles.count();
    if (numbers.quantiles.k() > FeatureProfile::kQuantileSize) {
      return error(Code::kInvalidArgument, "{}: a size of {}, at most {}", reader.path_of("quantiles"),
                   numbers.quantiles.k(), FeatureProfile::kQuantileSize);
    }
  } else {
    auto& categories = std::get<statistics::Frequent>(profile.values_);
    MODELYARD_TRY(read_sketch(reader, "frequent", categories));
    sketched = categories.count();
    if (categories.places() != FeatureProfile::kPlaces) {
      return error(Code::kInvalidArgument, "{}: {} places, not {}", reader.path_of("frequent"), categories.places(),
                   FeatureProfile::kPlaces);
    }
  }
  MODELYARD_TRY(reader.finish());
  if (rows < 0 || missing < 0 || missing > rows || static_cast<std::uint64_t>(rows - missing) != sketched) {
    return error(Code::kInvalidArgument, "{}: {} rows, {} of them missing, do not go with {} values", path, rows,
                 missing, sketched);
  }
  profile.rows_ = static_cast<std::uint64_t>(rows);
  profile.missing_ = static_cast<std::uint64_t>(missing);
  return profile;
}

Status merge(Profiles& profiles, const Profiles& other) {
  for (const auto& [feature, profile] : other) {
    const auto [place, is_new] = profiles.try_emplace(feature, profile);
    if (!is_new) MODELYARD_TRY(place->second.merge(profile));
  }
  return ok();
}

}  // namespace modelyard::monitoring
