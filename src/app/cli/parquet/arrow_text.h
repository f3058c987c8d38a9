// ArrowText writes batches of rows, as the Arrow C data interface gives them, as lines of comma-separated values
// (base/csv.h), the names first: what reads CSV reads what came in columns.
//
// Values: integers as digits; floats as the shortest text that reads back to the same double, NaN as NaN; booleans as
//         true and false; texts in quotes; times as format_utc() writes them, cut to microseconds; null as an empty
//         field.
// Pre:    arrays are valid, as Arrow's own check finds. Types: those that plugins/parquet reads; others are refused.
// Limits: kMostLine bytes in a row, as who reads it has.
// Errors: InvalidArgument with row, from 1, and column.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plugins/parquet/parquet_interface.h"

namespace modelyard::app {

class ArrowText {
 public:
  static constexpr std::size_t kMostLine = 1u << 20;

  // `columns`, a struct of columns, must outlive it.
  static Result<ArrowText> make(const ArrowSchema& columns);

  // A line of names.
  std::string head() const;
  // Appends a line for each row.
  Status append(const ArrowArray& batch, std::string& text);
  std::int64_t rows() const { return rows_; }

 private:
  explicit ArrowText(const ArrowSchema& columns) : columns_(&columns) {}
  Status append_row(const ArrowArray& batch, std::int64_t row, std::string& text) const;

  const ArrowSchema* columns_;
  std::int64_t rows_ = 0;
};

}  // namespace modelyard::app
