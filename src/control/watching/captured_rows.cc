#include "control/watching/captured_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "inference/element.h"

namespace modelyard::control {
namespace {

using journal::FieldRecord;

// Sebastiano Vigna's splitmix64.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::uint64_t hash_of(const Uuid& id, std::size_t row) {
  std::uint64_t random = 0;
  std::memcpy(&random, id.bytes().data() + id.bytes().size() - sizeof random, sizeof random);
  return mixed(mixed(random) + row);
}

bool has_values(const FieldRecord& field) {
  return field.side == journal::Side::kInput && !field.shape.empty() &&
         (field.treatment == journal::Treatment::kKept || field.treatment == journal::Treatment::kHashed);
}

constexpr auto kByHash = [](const auto& a, const auto& b) { return a.hash < b.hash; };

}  // namespace

std::string CapturedRows::column_name(const std::string& tensor, std::size_t place, std::size_t of) const {
  const auto named = names_.find(tensor);
  if (named != names_.end() && named->second.size() == of) return named->second[place];
  if (of > 1) return fmt::format("{}[{}]", tensor, place);
  // TENSOR.FEATURE, when capture has taken it apart.
  for (const auto& [whole, features] : names_) {
    if (!tensor.starts_with(whole + ".")) continue;
    const auto own = std::ranges::find(features, tensor.substr(whole.size() + 1));
    if (own != features.end()) return *own;
  }
  return tensor;
}

std::size_t CapturedRows::feature_number(const std::string& name, bool is_text) {
  if (!monitor_.watches(name)) return kNone;
  const auto known = numbers_.find(name);
  if (known != numbers_.end()) return features_[known->second].is_text == is_text ? known->second : kNone;
  if (features_.size() == kMostFeatures) return kNone;
  numbers_.emplace(name, features_.size());
  features_.push_back({name, is_text, {}});
  return features_.size() - 1;
}

std::vector<CapturedRows::Column> CapturedRows::columns_of(const journal::PayloadRecord& payload, std::size_t rows) {
  std::vector<Column> columns;
  for (const FieldRecord& field : payload.fields) {
    if (!control::has_values(field)) continue;
    const auto elements = static_cast<std::size_t>(inference::element_count(field.shape).value_or(0));
    const bool is_table = static_cast<std::size_t>(field.shape.front()) == rows && elements > 0 &&
                          elements / rows <= static_cast<std::size_t>(monitoring::TensorProfiler::kMostColumns);
    if (!is_table) continue;
    Column column{&field, {}};
    const bool is_text = field.type == inference::DataType::kBytes;
    for (std::size_t i = 0; i < elements / rows; ++i) {
      column.features.push_back(feature_number(column_name(field.name, i, elements / rows), is_text));
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

void CapturedRows::fill(const Column& column, std::size_t rows, std::map<std::size_t, Row>& wanted) {
  const FieldRecord& field = *column.field;
  const auto bytes = std::as_bytes(std::span(field.bytes));
  const std::size_t width = inference::element_bytes(field.type), count = column.features.size();
  const auto put = [&](Row& row, std::size_t feature, double value) {
    if (row.values.size() <= feature) row.values.resize(feature + 1, std::nan(""));
    row.values[feature] = value;
  };
  if (width > 0 && bytes.size() == rows * count * width) {
    for (auto& [place, row] : wanted) {
      for (std::size_t i = 0; i < count; ++i) {
        if (column.features[i] == kNone) continue;
        put(row, column.features[i], inference::number_at(field.type, bytes.data() + (place * count + i) * width));
      }
    }
    return;
  }
  if (width > 0) return;
  std::size_t at = 0;
  inference::for_each_bytes_element(bytes, [&](std::string_view text) {
    const std::size_t place = at / count, feature = column.features[at % count];
    ++at;
    const auto row = wanted.find(place);
    if (row == wanted.end() || feature == kNone || text.empty()) return;
    auto& texts = features_[feature].texts;
    put(row->second, feature, static_cast<double>(texts.try_emplace(std::string(text), texts.size()).first->second));
  });
}

void CapturedRows::add(RowSide side, const journal::PayloadRecord& payload) {
  const auto first = std::ranges::find_if(payload.fields, control::has_values);
  if (first == payload.fields.end() || first->shape.front() < 1) return;
  const auto rows = static_cast<std::size_t>(first->shape.front());
  std::vector<Row>& kept = sides_[static_cast<std::size_t>(side)];
  const bool is_full = kept.size() >= monitor_.most_rows;
  std::map<std::size_t, Row> wanted;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint64_t hash = hash_of(payload.id, row);
    if (!is_full || hash < kept.front().hash) wanted.emplace(row, Row{hash, {}});
  }
  if (wanted.empty()) return;
  for (const Column& column : columns_of(payload, rows)) fill(column, rows, wanted);
  for (auto& [place, row] : wanted) keep(side, std::move(row));
}

void CapturedRows::keep(RowSide side, Row row) {
  std::vector<Row>& kept = sides_[static_cast<std::size_t>(side)];
  if (kept.size() >= monitor_.most_rows) {
    if (row.hash >= kept.front().hash) return;
    std::ranges::pop_heap(kept, kByHash);
    kept.pop_back();
  }
  kept.push_back(std::move(row));
  std::ranges::push_heap(kept, kByHash);
}

bool CapturedRows::has_values(RowSide side, std::size_t feature) const {
  return std::ranges::any_of(sides_[static_cast<std::size_t>(side)], [feature](const Row& row) {
    return row.values.size() > feature && !std::isnan(row.values[feature]);
  });
}

// The most frequent one is 0; equally frequent ones by their text. What is rarer than kMostTexts others is one.
void CapturedRows::rank_texts(std::size_t feature) {
  const auto& texts = features_[feature].texts;
  std::vector<std::pair<std::size_t, const std::string*>> counts(texts.size());
  for (const auto& [text, number] : texts) counts[number].second = &text;
  const auto for_each_value = [&](const auto& take) {
    for (auto& side : sides_) {
      for (Row& row : side) {
        if (row.values.size() > feature && !std::isnan(row.values[feature])) take(row.values[feature]);
      }
    }
  };
  for_each_value([&](double number) { ++counts[static_cast<std::size_t>(number)].first; });
  std::vector<std::size_t> order(counts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return counts[a].first != counts[b].first ? counts[a].first > counts[b].first
                                              : *counts[a].second < *counts[b].second;
  });
  std::vector<double> ranks(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) ranks[order[i]] = static_cast<double>(std::min(i, kMostTexts));
  for_each_value([&](double& number) { number = ranks[static_cast<std::size_t>(number)]; });
}

monitoring::ComparedRows CapturedRows::compared() && {
  monitoring::ComparedRows rows;
  std::vector<std::size_t> shown;
  // By name: payloads come in no order.
  for (const auto& [name, feature] : numbers_) {
    if (!has_values(RowSide::kReference, feature) || !has_values(RowSide::kCurrent, feature)) continue;
    if (features_[feature].is_text) rank_texts(feature);
    rows.features.push_back(name);
    shown.push_back(feature);
  }
  for (std::size_t side = 0; side < sides_.size(); ++side) {
    std::ranges::sort(sides_[side], kByHash);
    std::vector<double>& values = side == 0 ? rows.reference : rows.current;
    for (const Row& row : sides_[side]) {
      for (const std::size_t feature : shown) {
        values.push_back(row.values.size() > feature ? row.values[feature] : std::nan(""));
      }
    }
  }
  return rows;
}

}  // namespace modelyard::control
