#include "control/predictions/feature_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "inference/element.h"

namespace modelyard::control {
namespace {

using inference::TensorSpec;
using journal::FieldRecord;

// Where the feature stands in an input.
struct Column {
  std::string tensor;
  std::size_t place = 0;
  std::size_t of = 1;
};

std::optional<Column> column_of(const inference::Signature& signature, const std::string& feature) {
  for (const TensorSpec& spec : signature.inputs) {
    const auto found = std::ranges::find(spec.features, feature);
    if (found != spec.features.end()) {
      return Column{spec.name, static_cast<std::size_t>(found - spec.features.begin()), spec.features.size()};
    }
    if (spec.name == feature) return Column{spec.name, 0, 1};
  }
  return std::nullopt;
}

const FieldRecord* find_input(const journal::PayloadRecord& payload, const std::string& name) {
  const auto is_it = [&](const FieldRecord& field) {
    const bool has_values =
        field.treatment == journal::Treatment::kKept || field.treatment == journal::Treatment::kHashed;
    return has_values && field.side == journal::Side::kInput && field.name == name;
  };
  const auto found = std::ranges::find_if(payload.fields, is_it);
  return found == payload.fields.end() ? nullptr : &*found;
}

std::vector<FeatureValue> elements_of(const FieldRecord& field) {
  const auto bytes = std::as_bytes(std::span(field.bytes));
  std::vector<FeatureValue> values;
  const std::size_t width = inference::element_bytes(field.type);
  if (width == 0) {
    inference::for_each_bytes_element(bytes, [&](std::string_view text) { values.emplace_back(std::string(text)); });
    return values;
  }
  for (std::size_t at = 0; at + width <= bytes.size(); at += width) {
    values.emplace_back(inference::number_at(field.type, bytes.data() + at));
  }
  return values;
}

constexpr std::string_view kNotCaptured = "(not captured)";

std::string text_of(const FeatureValue& value) {
  if (const auto* const text = std::get_if<std::string>(&value)) return *text;
  const double number = std::get<double>(value);
  return std::isnan(number) ? "missing" : fmt::format("{:.9g}", number);
}

bool is_captured(const FeatureValue& value) {
  return !std::holds_alternative<std::monostate>(value);
}

}  // namespace

bool has_feature(const inference::Signature& signature, const std::string& feature) {
  return column_of(signature, feature).has_value();
}

std::optional<std::vector<FeatureValue>> feature_values(const journal::PayloadRecord& payload,
                                                        const inference::Signature& signature,
                                                        const std::string& feature, std::size_t rows) {
  auto column = column_of(signature, feature);
  if (!column) return std::nullopt;
  const FieldRecord* field = find_input(payload, column->tensor + "." + feature);
  if (field != nullptr) {
    column->place = 0;
    column->of = 1;
  } else {
    field = find_input(payload, column->tensor);
  }
  if (field == nullptr) return std::nullopt;
  std::vector<FeatureValue> all = elements_of(*field);
  if (all.size() != rows * column->of) return std::nullopt;
  std::vector<FeatureValue> values;
  for (std::size_t row = 0; row < rows; ++row) values.push_back(std::move(all[row * column->of + column->place]));
  return values;
}

FeatureGroups::FeatureGroups(const std::vector<FeatureValue>& values) {
  std::map<std::string, std::size_t> counts;
  std::vector<double> numbers;
  std::size_t captured = 0;
  for (const FeatureValue& value : values) {
    if (!is_captured(value)) continue;
    ++captured;
    ++counts[text_of(value)];
    if (const auto* const number = std::get_if<double>(&value); number != nullptr && !std::isnan(*number)) {
      numbers.push_back(*number);
    }
  }
  const bool are_numbers = numbers.size() * 2 > captured;
  if (are_numbers && counts.size() > kMostGroups) {
    std::ranges::sort(numbers);
    for (const std::size_t quarter : {1, 2, 3}) {
      const double bound = numbers[(numbers.size() - 1) * quarter / 4];
      if (bounds_.empty() || bound > bounds_.back()) bounds_.push_back(bound);
    }
    names_.push_back(fmt::format("≤ {:.9g}", bounds_.front()));
    for (std::size_t i = 1; i < bounds_.size(); ++i) {
      names_.push_back(fmt::format("{:.9g} … {:.9g}", bounds_[i - 1], bounds_[i]));
    }
    names_.push_back(fmt::format("> {:.9g}", bounds_.back()));
    names_.emplace_back("missing");
    names_.emplace_back(kNotCaptured);
    return;
  }
  std::vector<std::pair<std::string, std::size_t>> ranked(counts.begin(), counts.end());
  std::ranges::sort(
      ranked, [](const auto& a, const auto& b) { return std::tie(b.second, a.first) < std::tie(a.second, b.first); });
  ranked.resize(std::min(ranked.size(), kMostGroups));
  for (const auto& [text, count] : ranked) texts_.push_back(text);
  std::ranges::sort(texts_);
  names_ = texts_;
  names_.emplace_back("(other)");
  names_.emplace_back(kNotCaptured);
}

std::size_t FeatureGroups::group_of(const FeatureValue& value) const {
  if (!is_captured(value)) return names_.size() - 1;
  if (bounds_.empty()) {
    return static_cast<std::size_t>(std::ranges::find(texts_, text_of(value)) - texts_.begin());
  }
  const auto* const number = std::get_if<double>(&value);
  if (number == nullptr || std::isnan(*number)) return names_.size() - 2;
  return static_cast<std::size_t>(std::ranges::lower_bound(bounds_, *number) - bounds_.begin());
}

}  // namespace modelyard::control
