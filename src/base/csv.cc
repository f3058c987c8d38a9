#include "base/csv.h"

#include <algorithm>

namespace modelyard {

Result<std::string> CsvReader::quoted() {
  std::string text;
  rest_.remove_prefix(1);
  for (;;) {
    const auto quote = rest_.find('"');
    if (quote == std::string_view::npos) return error(Code::kInvalidArgument, "line {}: a quote is not closed", line_);
    const std::string_view part = rest_.substr(0, quote);
    next_line_ += static_cast<std::size_t>(std::ranges::count(part, '\n'));
    text += part;
    rest_.remove_prefix(quote + 1);
    if (!rest_.starts_with('"')) break;
    text += '"';
    rest_.remove_prefix(1);
  }
  const bool ends = rest_.empty() || rest_.front() == ',' || rest_.front() == '\n' || rest_.starts_with("\r\n");
  if (ends) return text;
  return error(Code::kInvalidArgument, "line {}: something stands behind a closing quote", line_);
}

Result<std::string> CsvReader::field() {
  if (rest_.starts_with('"')) return quoted();
  const auto end = std::min(rest_.find_first_of(",\n"), rest_.size());
  std::string_view text = rest_.substr(0, end);
  rest_.remove_prefix(end);
  const bool ends_line = rest_.empty() || rest_.front() == '\n';
  if (ends_line && text.ends_with('\r')) text.remove_suffix(1);
  return std::string(text);
}

void CsvReader::end_line() {
  if (rest_.starts_with('\r')) rest_.remove_prefix(1);
  if (rest_.starts_with('\n')) rest_.remove_prefix(1);
  ++next_line_;
}

Result<std::optional<std::vector<std::string>>> CsvReader::next() {
  while (rest_.starts_with('\n') || rest_.starts_with("\r\n")) end_line();
  std::optional<std::vector<std::string>> fields;
  if (rest_.empty()) return fields;
  line_ = next_line_;
  fields.emplace();
  for (;;) {
    if (fields->size() == kMostFields) {
      return error(Code::kInvalidArgument, "line {}: more than {} fields", line_, kMostFields);
    }
    MODELYARD_ASSIGN(fields->emplace_back(), field());
    if (!rest_.starts_with(',')) break;
    rest_.remove_prefix(1);
  }
  end_line();
  return fields;
}

}  // namespace modelyard
