// Reading documents that a server of another age may have written: what is not there is null, "" or NaN, never an
// error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace modelyard::app {

// Null when there is none.
const Json& field(const Json& object, std::string_view key);
// NaN for what is no number.
double number_of(const Json& object, std::string_view key);
// "" for null; what is no text as JSON. Not escaped.
std::string words_of(const Json& object, std::string_view key);
// "2026-11-27 14:45" of a time, "–" of none; `seconds` adds them.
std::string minute_text(const std::string& utc);
std::string second_text(const std::string& utc);
// Seconds since 1970; NaN for what is no time.
double time_of(const Json& object, std::string_view key);
// Of what an endpoint's period has, the version whose rows were looked at most; null when there is none.
const Json& main_profile(const Json& items);

// A table of HTML: titles and cells are HTML already. "right:" before a title aligns its column.
class HtmlTable {
 public:
  explicit HtmlTable(std::vector<std::string> titles);
  void add(std::vector<std::string> cells);
  std::string html() const;

 private:
  std::vector<bool> is_right_;
  std::string head_, body_;
};

}  // namespace modelyard::app
