// Json is the tree for configuration and control documents; the request path never uses it.
// parse_json is strict: RFC 8259, UTF-8, no duplicate keys, bounded depth. canonical_json writes
// the one text that is hashed: RFC 8785, but for two things: keys are sorted by their UTF-8 bytes (another
// order only for keys beyond U+FFFF), and integers beyond 2^53 are written as they are.
//
// Objects: ObjectReader takes fields by name and refuses the ones nobody took, so that an unknown
//          or misspelt field is an error that names the nearest known one.
// Errors:  InvalidArgument, with the path of the field ("inputs[2].shape: expected an array").
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace modelyard {

using Json = nlohmann::json;

struct JsonLimits {
  std::size_t max_bytes = 16u << 20;
  int max_depth = 64;
};

Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});
// Pre: the tree holds valid UTF-8 and no NaN or infinity; Error otherwise.
Result<std::string> canonical_json(const Json& value);

// Reads one object. `path` names it in errors. Take every field that is known, then call finish().
class ObjectReader {
 public:
  // The object must outlive the reader.
  static Result<ObjectReader> open(const Json& value, std::string path);

  Result<std::string> string(std::string_view key);
  Result<std::int64_t> integer(std::string_view key);
  Result<double> number(std::string_view key);
  Result<bool> boolean(std::string_view key);
  Result<const Json*> array(std::string_view key);
  Result<const Json*> object(std::string_view key);

  // Absent and null are both nullopt.
  Result<std::optional<std::string>> optional_string(std::string_view key);
  Result<std::optional<std::int64_t>> optional_integer(std::string_view key);
  Result<std::optional<double>> optional_number(std::string_view key);
  Result<std::optional<bool>> optional_boolean(std::string_view key);
  // nullptr when absent.
  Result<const Json*> optional_array(std::string_view key);
  Result<const Json*> optional_object(std::string_view key);
  const Json* optional_any(std::string_view key);

  std::string path_of(std::string_view key) const;
  // Refuses fields that were not asked for.
  Status finish() const;

 private:
  ObjectReader(const Json& value, std::string path) : value_(&value), path_(std::move(path)) {}
  const Json* take(std::string_view key);
  Error wrong(std::string_view key, std::string_view expected) const;

  const Json* value_;
  std::string path_;
  std::vector<std::string> known_;
};

}  // namespace modelyard
