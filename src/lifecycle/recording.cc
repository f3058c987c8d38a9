#include "lifecycle/recording.h"

#include <algorithm>

namespace modelyard::lifecycle {
namespace {

constexpr std::int64_t kLeastBytes = 1 << 20;  // less than a few segments cannot be kept
constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;
constexpr std::int64_t kMostDays = 36'500;

constexpr std::int64_t kMostFieldBytes = 2 << 20;
constexpr std::size_t kMostNames = 1000;

// How much is kept, and for how long.
struct Bounds {
  std::uint64_t most_bytes = 0;
  std::chrono::days most_age{0};
};
Result<Bounds> read_bounds(ObjectReader& fields, std::string_view where) {
  MODELYARD_ASSIGN(const auto bytes, fields.optional_integer("max_bytes"));
  MODELYARD_ASSIGN(const auto days, fields.optional_integer("max_age_days"));
  if (bytes && (*bytes < kLeastBytes || *bytes > kMostBytes)) {
    return error(Code::kInvalidArgument, "{}.max_bytes: {} is not from {} to {}", where, *bytes, kLeastBytes,
                 kMostBytes);
  }
  if (days && (*days < 1 || *days > kMostDays)) {
    return error(Code::kInvalidArgument, "{}.max_age_days: {} is not from 1 to {}", where, *days, kMostDays);
  }
  return Bounds{static_cast<std::uint64_t>(bytes.value_or(0)), std::chrono::days(days.value_or(0))};
}

Result<std::vector<std::string>> read_names(ObjectReader& fields, std::string_view key) {
  std::vector<std::string> names;
  MODELYARD_ASSIGN(const Json* const list, fields.optional_array(key));
  if (list == nullptr) return names;
  if (list->size() > kMostNames) {
    return error(Code::kInvalidArgument, "journal.capture.{}: more than {} names", key, kMostNames);
  }
  for (const Json& name : *list) {
    if (!name.is_string() || name.get_ref<const std::string&>().empty()) {
      return error(Code::kInvalidArgument, "journal.capture.{}: expected names of tensors or features", key);
    }
    names.push_back(name.get<std::string>());
  }
  std::ranges::sort(names);
  if (std::ranges::adjacent_find(names) != names.end()) {
    return error(Code::kInvalidArgument, "journal.capture.{}: a name comes twice", key);
  }
  return names;
}

Result<Capture> parse_capture(const Json& value) {
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, "journal.capture"));
  Capture capture;
  MODELYARD_ASSIGN(const auto share, fields.optional_number("share"));
  MODELYARD_ASSIGN(const auto errors, fields.optional_boolean("errors"));
  MODELYARD_ASSIGN(const auto field_bytes, fields.optional_integer("max_field_bytes"));
  MODELYARD_ASSIGN(capture.fields, read_names(fields, "fields"));
  MODELYARD_ASSIGN(capture.mask, read_names(fields, "mask"));
  MODELYARD_ASSIGN(capture.hash, read_names(fields, "hash"));
  MODELYARD_ASSIGN(const Bounds bounds, read_bounds(fields, "journal.capture"));
  MODELYARD_TRY(fields.finish());
  capture.share = share.value_or(0);
  capture.errors = errors.value_or(false);
  capture.most_field_bytes =
      static_cast<std::uint64_t>(field_bytes.value_or(static_cast<std::int64_t>(capture.most_field_bytes)));
  capture.most_bytes = bounds.most_bytes;
  capture.most_age = bounds.most_age;
  if (!(capture.share >= 0 && capture.share <= 1)) {
    return error(Code::kInvalidArgument, "journal.capture.share: {} is not from 0 to 1", capture.share);
  }
  // Masks and hashes alone say what live profiles are not to look at.
  if (capture.share == 0 && !capture.errors && capture.mask.empty() && capture.hash.empty()) {
    return error(Code::kInvalidArgument, "journal.capture: it captures nothing: set share, or errors");
  }
  if (field_bytes && (*field_bytes < 1 || *field_bytes > kMostFieldBytes)) {
    return error(Code::kInvalidArgument, "journal.capture.max_field_bytes: {} is not from 1 to {}", *field_bytes,
                 kMostFieldBytes);
  }
  for (const std::string& name : capture.mask) {
    if (!std::ranges::binary_search(capture.hash, name)) continue;
    return error(Code::kInvalidArgument, "journal.capture: '{}' cannot be masked and hashed", name);
  }
  return capture;
}

}  // namespace

Result<Recording> parse_recording(const Json& value) {
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, "journal"));
  Recording recording;
  MODELYARD_ASSIGN(const auto required, fields.optional_boolean("required"));
  recording.required = required.value_or(false);
  MODELYARD_ASSIGN(const Bounds bounds, read_bounds(fields, "journal"));
  MODELYARD_ASSIGN(const auto hold, fields.optional_boolean("hold"));
  MODELYARD_ASSIGN(const Json* const capture, fields.optional_object("capture"));
  MODELYARD_TRY(fields.finish());
  recording.hold = hold.value_or(false);
  recording.most_bytes = bounds.most_bytes;
  recording.most_age = bounds.most_age;
  if (capture != nullptr) {
    MODELYARD_ASSIGN(recording.capture, parse_capture(*capture));
  }
  return recording;
}

}  // namespace modelyard::lifecycle
