// TableProfiler makes the profile of a table of rows, such as a model was trained on: text with comma-separated values
// and a line of names first.
//
// Columns: those that are called as an input, an output or a feature of the signature, as the live profile calls it
//          (monitoring/profile/tensor_profiler.h); what they are, the signature says. Others, such as keys and labels,
//          are passed over. An empty field, NaN, NA, null and None are missing. Numbers are rounded as the tensor's
//          datatype rounds them (FP16 and BF16 as FP32), so that 0.3 here is what 0.3 is in a request.
// Memory:  bounded: text comes in pieces, and no row is kept. A line of at most kMostLine bytes.
// Errors:  InvalidArgument with the line, or when no column is known.
// Threads: one at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inference/signature.h"
#include "monitoring/profile/window_profile.h"

namespace modelyard::monitoring {

class TableProfiler {
 public:
  static constexpr std::size_t kMostLine = 1u << 20;

  explicit TableProfiler(const inference::Signature& signature);

  // Pieces may end anywhere.
  Status add(std::string_view piece);
  Result<WindowProfile> finish();

 private:
  Status add_lines(std::string_view lines);
  Status add_row(const std::vector<std::string>& fields, std::size_t line);
  Status take_names(const std::vector<std::string>& names);

  // Where the text that came so far ends: a quote means something at the beginning of a field and within one.
  enum class Place { kBegin, kPlain, kQuoted, kBehindQuote };
  static Place behind(Place place, char next);

  struct Known {
    std::string name;
    inference::DataType type;
  };
  struct Column {
    FeatureProfile* profile = nullptr;  // null: passed over
    inference::DataType type{};
  };

  std::vector<Known> known_;
  std::string rest_;  // of a line whose end has not come
  Place place_ = Place::kBegin;
  std::size_t lines_ = 0;
  bool has_names_ = false;
  std::vector<Column> columns_;
  std::vector<std::string> names_;
  WindowProfile profile_;
};

}  // namespace modelyard::monitoring
