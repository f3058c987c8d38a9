#include "lifecycle/recording.h"

namespace modelyard::lifecycle {
namespace {

constexpr std::int64_t kLeastBytes = 1 << 20;  // less than a few segments cannot be kept
constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;
constexpr std::int64_t kMostDays = 36'500;

}  // namespace

Result<Recording> parse_recording(const Json& value) {
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, "journal"));
  Recording recording;
  MODELYARD_ASSIGN(const auto required, fields.optional_boolean("required"));
  recording.required = required.value_or(false);
  MODELYARD_ASSIGN(const auto bytes, fields.optional_integer("max_bytes"));
  MODELYARD_ASSIGN(const auto days, fields.optional_integer("max_age_days"));
  MODELYARD_ASSIGN(const auto hold, fields.optional_boolean("hold"));
  recording.hold = hold.value_or(false);
  MODELYARD_TRY(fields.finish());
  if (bytes && (*bytes < kLeastBytes || *bytes > kMostBytes)) {
    return error(Code::kInvalidArgument, "journal.max_bytes: {} is not from {} to {}", *bytes, kLeastBytes, kMostBytes);
  }
  if (days && (*days < 1 || *days > kMostDays)) {
    return error(Code::kInvalidArgument, "journal.max_age_days: {} is not from 1 to {}", *days, kMostDays);
  }
  recording.most_bytes = static_cast<std::uint64_t>(bytes.value_or(0));
  recording.most_age = std::chrono::days(days.value_or(0));
  return recording;
}

}  // namespace modelyard::lifecycle
