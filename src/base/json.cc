#include "base/json.h"

#include <algorithm>
#include <set>

#include "base/nearest_name.h"

namespace modelyard {
namespace {

// The library's parser is iterative; its callback lets us refuse depth and duplicate keys.
class StrictParse {
 public:
  explicit StrictParse(const JsonLimits& limits) : limits_(limits) {}

  bool on_event(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > limits_.max_depth) problem_ = fmt::format("nested deeper than {}", limits_.max_depth);
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end && !keys_.empty()) keys_.pop_back();
    if (event == Json::parse_event_t::key) {
      const std::string key = parsed.get<std::string>();
      if (!keys_.back().insert(key).second) problem_ = fmt::format("duplicate key '{}'", key);
    }
    if (!problem_.empty()) throw std::invalid_argument(problem_);
    return true;
  }

 private:
  const JsonLimits limits_;
  std::vector<std::set<std::string>> keys_;
  std::string problem_;
};

// A hostile document cannot overflow the stack when it is walked or freed: depth is known first.
bool deeper_than(std::string_view text, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') {
      if (++depth > max_depth) return true;
    }
    if (c == '}' || c == ']') --depth;
  }
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return error(Code::kInvalidArgument, "JSON of {} bytes is longer than the limit of {}", text.size(),
                 limits.max_bytes);
  }
  if (text.find('\0') != std::string_view::npos) {  // the library would take it for the end
    return error(Code::kInvalidArgument, "invalid JSON: a zero byte");
  }
  if (deeper_than(text, limits.max_depth)) {
    return error(Code::kInvalidArgument, "invalid JSON: nested deeper than {}", limits.max_depth);
  }
  StrictParse strict(limits);
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t event, Json& parsed) {
      return strict.on_event(depth, event, parsed);
    });
  } catch (const Json::exception& e) {
    std::string_view why = e.what();
    if (const auto end = why.find("] "); end != why.npos) why.remove_prefix(end + 2);  // the library's own number
    return error(Code::kInvalidArgument, "invalid JSON: {}", why);
  } catch (const std::invalid_argument& e) {
    return error(Code::kInvalidArgument, "invalid JSON: {}", e.what());
  }
}

Result<ObjectReader> ObjectReader::open(const Json& value, std::string path) {
  if (!value.is_object()) {
    return modelyard::error(Code::kInvalidArgument, "{}: expected an object", path.empty() ? "document" : path);
  }
  return ObjectReader(value, std::move(path));
}

std::string ObjectReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

const Json* ObjectReader::take(std::string_view key) {
  known_.emplace_back(key);
  const auto found = value_->find(key);
  return found == value_->end() || found->is_null() ? nullptr : &*found;
}

const Json* ObjectReader::optional_any(std::string_view key) {
  return take(key);
}

Error ObjectReader::wrong(std::string_view key, std::string_view expected) const {
  return modelyard::error(Code::kInvalidArgument, "{}: expected {}", path_of(key), expected);
}

Result<std::optional<std::string>> ObjectReader::optional_string(std::string_view key) {
  const Json* found = take(key);
  if (!found) return std::optional<std::string>();
  if (!found->is_string()) return wrong(key, "a string");
  return std::optional<std::string>(found->get<std::string>());
}

Result<std::optional<std::int64_t>> ObjectReader::optional_integer(std::string_view key) {
  const Json* found = take(key);
  if (!found) return std::optional<std::int64_t>();
  const bool too_large =
      found->is_number_unsigned() && found->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (!found->is_number_integer() || too_large) return wrong(key, "an integer");
  return std::optional<std::int64_t>(found->get<std::int64_t>());
}

Result<std::optional<double>> ObjectReader::optional_number(std::string_view key) {
  const Json* found = take(key);
  if (!found) return std::optional<double>();
  if (!found->is_number()) return wrong(key, "a number");
  return std::optional<double>(found->get<double>());
}

Result<std::optional<bool>> ObjectReader::optional_boolean(std::string_view key) {
  const Json* found = take(key);
  if (!found) return std::optional<bool>();
  if (!found->is_boolean()) return wrong(key, "true or false");
  return std::optional<bool>(found->get<bool>());
}

Result<const Json*> ObjectReader::optional_array(std::string_view key) {
  const Json* found = take(key);
  if (found && !found->is_array()) return wrong(key, "an array");
  return found;
}

Result<const Json*> ObjectReader::optional_object(std::string_view key) {
  const Json* found = take(key);
  if (found && !found->is_object()) return wrong(key, "an object");
  return found;
}

Result<std::string> ObjectReader::string(std::string_view key) {
  MODELYARD_ASSIGN(auto value, optional_string(key));
  if (!value) return wrong(key, "a string, but it is missing");
  return std::move(*value);
}

Result<std::int64_t> ObjectReader::integer(std::string_view key) {
  MODELYARD_ASSIGN(const auto value, optional_integer(key));
  if (!value) return wrong(key, "an integer, but it is missing");
  return *value;
}

Result<double> ObjectReader::number(std::string_view key) {
  MODELYARD_ASSIGN(const auto value, optional_number(key));
  if (!value) return wrong(key, "a number, but it is missing");
  return *value;
}

Result<bool> ObjectReader::boolean(std::string_view key) {
  MODELYARD_ASSIGN(const auto value, optional_boolean(key));
  if (!value) return wrong(key, "true or false, but it is missing");
  return *value;
}

Result<const Json*> ObjectReader::array(std::string_view key) {
  MODELYARD_ASSIGN(const auto value, optional_array(key));
  if (!value) return wrong(key, "an array, but it is missing");
  return value;
}

Result<const Json*> ObjectReader::object(std::string_view key) {
  MODELYARD_ASSIGN(const auto value, optional_object(key));
  if (!value) return wrong(key, "an object, but it is missing");
  return value;
}

Status ObjectReader::finish() const {
  for (const auto& [key, unused] : value_->items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const auto nearest = nearest_name(key, known_);
    return modelyard::error(Code::kInvalidArgument, "{}: unknown field{}", path_of(key),
                            nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
  }
  return ok();
}

}  // namespace modelyard
