// FeatureProfile is what is kept of the values of one feature: enough to compare them with other values, and no value
// of a single row but the extremes and the most frequent texts.
//
// Numbers: moments and quantiles (k = kQuantileSize). Categories: the most frequent texts, kPlaces of them.
// Merge:   any two of one kind; exact but for the sketches' stated errors.
// Limits:  a text is cut after Frequent::kLongestText.
// Form:    JSON, docs/formats/profile.md. parse_feature_profile() answers InvalidArgument naming the field.
// Threads: one at a time.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "base/result.h"
#include "statistics/sketches/frequent.h"
#include "statistics/sketches/moments.h"
#include "statistics/sketches/quantiles.h"

namespace modelyard::monitoring {

enum class FeatureKind { kNumber, kCategory };
std::string_view feature_kind_name(FeatureKind kind);

class FeatureProfile {
 public:
  static constexpr std::uint32_t kQuantileSize = 400;  // a rank error of 0.7 %
  static constexpr std::size_t kPlaces = 256;

  explicit FeatureProfile(FeatureKind kind, std::uint32_t quantile_size = kQuantileSize);

  // Of a number; NaN, the infinities and what is beyond ±Moments::kLargest are missing.
  void add(double value);
  // Of a category; an empty text is missing.
  void add(std::string_view text);
  // InvalidArgument for another kind.
  Status merge(const FeatureProfile& other);

  FeatureKind kind() const {
    return std::holds_alternative<Numbers>(values_) ? FeatureKind::kNumber : FeatureKind::kCategory;
  }
  std::uint64_t rows() const { return rows_; }
  std::uint64_t missing() const { return missing_; }
  std::uint64_t present() const { return rows_ - missing_; }
  // Pre: the kind.
  const statistics::Moments& moments() const { return std::get<Numbers>(values_).moments; }
  const statistics::Quantiles& quantiles() const { return std::get<Numbers>(values_).quantiles; }
  const statistics::Frequent& categories() const { return std::get<statistics::Frequent>(values_); }

 private:
  friend Result<FeatureProfile> parse_feature_profile(const Json& value, const std::string& path);
  struct Numbers {
    statistics::Moments moments;
    statistics::Quantiles quantiles;
  };

  std::uint64_t rows_ = 0;
  std::uint64_t missing_ = 0;
  std::variant<Numbers, statistics::Frequent> values_;
};

Json to_json(const FeatureProfile& profile);
Result<FeatureProfile> parse_feature_profile(const Json& value, const std::string& path);

using Profiles = std::map<std::string, FeatureProfile, std::less<>>;  // by feature

// Those of `other` are added. InvalidArgument when a feature is of another kind there.
Status merge(Profiles& profiles, const Profiles& other);

}  // namespace modelyard::monitoring
