#include "app/cli/report/document.h"

#include <fmt/format.h>

#include <limits>

#include "base/clock.h"

namespace modelyard::app {
namespace {

constexpr std::string_view kRight = "right:";

std::string time_text_of(const std::string& utc, std::size_t length) {
  if (!parse_utc(utc)) return utc.empty() ? "–" : utc;
  std::string text = utc.substr(0, length);
  text[10] = ' ';
  return text;
}

}  // namespace

const Json& field(const Json& object, std::string_view key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

double number_of(const Json& object, std::string_view key) {
  const Json& value = field(object, key);
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::string words_of(const Json& object, std::string_view key) {
  const Json& value = field(object, key);
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string minute_text(const std::string& utc) {
  return time_text_of(utc, 16);
}

std::string second_text(const std::string& utc) {
  return time_text_of(utc, 19);
}

double time_of(const Json& object, std::string_view key) {
  const auto time = parse_utc(words_of(object, key));
  return time ? static_cast<double>(utc_micros(*time)) / 1e6 : std::numeric_limits<double>::quiet_NaN();
}

const Json& main_profile(const Json& items) {
  static const Json kNothing;
  const Json* most = &kNothing;
  for (const Json& item : items) {
    if (most->is_null() || number_of(item, "profiled_rows") > number_of(*most, "profiled_rows")) most = &item;
  }
  return *most;
}

HtmlTable::HtmlTable(std::vector<std::string> titles) {
  for (const std::string& title : titles) {
    is_right_.push_back(title.starts_with(kRight));
    head_ += fmt::format("<th scope=\"col\"{}>{}</th>", is_right_.back() ? " class=\"right\"" : "",
                         is_right_.back() ? title.substr(kRight.size()) : title);
  }
}

void HtmlTable::add(std::vector<std::string> cells) {
  body_ += "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    body_ += fmt::format("<td{}>{}</td>", is_right_[i] ? " class=\"right\"" : "", cells[i]);
  }
  body_ += "</tr>\n";
}

std::string HtmlTable::html() const {
  return fmt::format("<div class=\"wide\"><table><thead><tr>{}</tr></thead><tbody>\n{}</tbody></table></div>\n", head_,
                     body_);
}

}  // namespace modelyard::app
