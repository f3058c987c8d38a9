#include "edge/http/field_value.h"

#include <charconv>

#include "edge/http/message.h"

namespace modelyard::edge {

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view take_item(std::string_view& list, char separator) {
  const auto end = list.find(separator);
  const std::string_view item = trim(list.substr(0, end));
  list = end == std::string_view::npos ? "" : list.substr(end + 1);
  return item;
}

double accepted_quality(std::string_view accepted, std::string_view name) {
  while (!accepted.empty()) {
    std::string_view item = take_item(accepted, ',');
    if (!equal_ignoring_case(take_item(item, ';'), name)) continue;
    double quality = 1;
    while (!item.empty()) {
      const std::string_view parameter = take_item(item, ';');
      if (parameter.size() < 2 || !equal_ignoring_case(parameter.substr(0, 2), "q=")) continue;
      quality = 0;  // of what is no number
      std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), quality);
    }
    return quality;
  }
  return 0;
}

}  // namespace modelyard::edge
