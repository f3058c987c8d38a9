// CapturedRows gathers rows of captured inputs of two spans of time, for a comparison of whole rows.
//
// Sample:   at most most_rows of the monitor a side, those with the smallest hash of the prediction's id and the row,
//           the same ones whenever it is asked, in an order that says nothing of time.
// Features: those that the monitor watches and both sides have; named as in profiles, also where capture has taken them
//           apart. Masked ones are left out, hashed ones are texts. A text is a number by how frequent it is, the
//           kMostTexts most frequent ones by themselves.
// Memory:   most_rows · features numbers a side, and the texts of rows that were among them at a time.
// Threads:  one at a time.
#pragma once

#include <array>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "journal/payload.h"
#include "monitoring/monitors/judge_rows.h"
#include "monitoring/profile/tensor_profiler.h"

namespace modelyard::control {

enum class RowSide : std::uint8_t { kReference, kCurrent };

class CapturedRows {
 public:
  static constexpr std::size_t kMostFeatures = 1024, kMostTexts = 19;

  // The monitor must outlive it.
  CapturedRows(monitoring::ColumnNames names, const monitoring::Monitor& monitor)
      : names_(std::move(names)), monitor_(monitor) {}

  void add(RowSide side, const journal::PayloadRecord& payload);
  // Ends its use.
  monitoring::ComparedRows compared() &&;

 private:
  struct Row {
    std::uint64_t hash = 0;
    std::vector<double> values;  // by feature; NaN, and what is beyond its end, is missing
  };
  struct Feature {
    std::string name;
    bool is_text = false;
    std::unordered_map<std::string, std::size_t> texts;  // numbered as they came
  };
  struct Column {
    const journal::FieldRecord* field = nullptr;
    std::vector<std::size_t> features;  // of its columns; kNone: not watched
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  std::vector<Column> columns_of(const journal::PayloadRecord& payload, std::size_t rows);
  std::size_t feature_number(const std::string& name, bool is_text);
  std::string column_name(const std::string& tensor, std::size_t place, std::size_t of) const;
  void fill(const Column& column, std::size_t rows, std::map<std::size_t, Row>& wanted);
  void keep(RowSide side, Row row);
  void rank_texts(std::size_t feature);
  bool has_values(RowSide side, std::size_t feature) const;

  const monitoring::ColumnNames names_;
  const monitoring::Monitor& monitor_;
  std::vector<Feature> features_;
  std::map<std::string, std::size_t, std::less<>> numbers_;  // of features, by name
  std::array<std::vector<Row>, 2> sides_;                    // heaps: the largest hash first
};

}  // namespace modelyard::control
