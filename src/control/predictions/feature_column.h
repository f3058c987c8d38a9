// One feature of captured predictions: where it stands among their fields, and its value for each row.
//
// A feature is an input of one value a row, or a named column of an input; capture may have taken that apart
// (TENSOR.FEATURE).
// Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "inference/signature.h"
#include "journal/payload.h"

namespace modelyard::control {

using FeatureValue = std::variant<std::monostate, double, std::string>;  // the first: it was not captured

// Whether an input of this signature has it.
bool has_feature(const inference::Signature& signature, const std::string& feature);

// nullopt when it was not kept, or not one value for each of `rows` rows.
std::optional<std::vector<FeatureValue>> feature_values(const journal::PayloadRecord& payload,
                                                        const inference::Signature& signature,
                                                        const std::string& feature, std::size_t rows);

// Groups of a feature's values: the values themselves when they are few, quarters of the rows when they are many
// numbers, the most frequent ones and "(other)" when they are many texts; then those that were not captured.
class FeatureGroups {
 public:
  static constexpr std::size_t kMostGroups = 12;

  explicit FeatureGroups(const std::vector<FeatureValue>& values);
  // Of values that were given before. Names sort as the groups do.
  std::size_t group_of(const FeatureValue& value) const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::vector<std::string> texts_;  // of the groups, where values are their own
  std::vector<double> bounds_;      // upper ends of the quarters but the last
};

}  // namespace modelyard::control
