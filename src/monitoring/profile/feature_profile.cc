#include "monitoring/profile/feature_profile.h"

#include <cmath>

namespace modelyard::monitoring {

std::string_view feature_kind_name(FeatureKind kind) {
  return kind == FeatureKind::kNumber ? "number" : "category";
}

FeatureProfile::FeatureProfile(FeatureKind kind) : values_(Numbers()) {
  if (kind == FeatureKind::kCategory) values_.emplace<statistics::Frequent>(kPlaces);
}

void FeatureProfile::add(double value) {
  ++rows_;
  if (!std::isfinite(value)) {
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
  std::get<statistics::Frequent>(values_).add(text.substr(0, statistics::Frequent::kLongestText));
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

}  // namespace modelyard::monitoring
