#include "base/json.h"

#include <algorithm>

#include "base/nearest_name.h"

namespace modelyard {
namespace {

// Builds the document from the library's events, and refuses duplicate keys. The library's own builder with a callback
// goes through an array once for each object in it.
class Builder final : public Json::json_sax_t {
 public:
  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // JSON has none
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    const auto [place, is_new] = stack_.back()->get_ref<Json::object_t&>().try_emplace(name);
    member_ = &place->second;
    if (!is_new) problem_ = fmt::format("duplicate key '{}'", name);
    return is_new;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& why) override {
    problem_ = why.what();
    if (const auto end = problem_.find("] "); end != problem_.npos) problem_.erase(0, end + 2);  // the library's number
    return false;
  }

  const std::string& problem() const { return problem_; }
  Json take() { return std::move(root_); }

 private:
  Json* place_for(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (stack_.back()->is_array()) return &stack_.back()->emplace_back(std::move(value));
    *member_ = std::move(value);
    return member_;
  }
  bool put(Json value) {
    place_for(std::move(value));
    return true;
  }
  bool open(Json container) {
    stack_.push_back(place_for(std::move(container)));
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> stack_;  // containers that are open; one that grows has none open within it
  Json* member_ = nullptr;    // of the object, whose value comes next
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
  Builder builder;
  if (Json::sax_parse(text, &builder)) return builder.take();
  return error(Code::kInvalidArgument, "invalid JSON: {}", builder.problem());
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
