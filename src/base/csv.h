// Lines of comma-separated values (RFC 4180): fields may stand in double quotes, "" in them is one quote; lines end
// with LF or CRLF. Spaces belong to the field.
//
// Limits: kMostFields in a line. Errors: InvalidArgument with the number of the line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace modelyard {

class CsvReader {
 public:
  static constexpr std::size_t kMostFields = 1000;

  // Views `text`.
  explicit CsvReader(std::string_view text) : rest_(text) {}

  // The next line that is not empty; nullopt at the end.
  Result<std::optional<std::vector<std::string>>> next();
  // Of the line that next() gave, from 1: its first, when a quoted field has several.
  std::size_t line() const { return line_; }

 private:
  Result<std::string> field();
  Result<std::string> quoted();
  void end_line();

  std::string_view rest_;
  std::size_t line_ = 0;
  std::size_t next_line_ = 1;
};

}  // namespace modelyard
