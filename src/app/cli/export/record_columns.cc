#include "app/cli/export/record_columns.h"

#include <limits>

#include "base/clock.h"

namespace modelyard::app {
namespace {

struct Spec {
  const char* key;
  ColumnType type;
};

constexpr Spec kOfRecord[] = {
    {"prediction_id", ColumnType::kText}, {"time", ColumnType::kTime},        {"endpoint", ColumnType::kText},
    {"model", ColumnType::kText},         {"version", ColumnType::kInt32},    {"plan_revision", ColumnType::kInt64},
    {"arm", ColumnType::kText},           {"principal", ColumnType::kText},   {"protocol", ColumnType::kText},
    {"status", ColumnType::kText},        {"latency_us", ColumnType::kInt64}, {"rows", ColumnType::kInt64},
};
constexpr Spec kOfPayload[] = {
    {"request_id", ColumnType::kText},  {"trace_id", ColumnType::kText},     {"unit", ColumnType::kText},
    {"engine", ColumnType::kText},      {"cpu", ColumnType::kText},          {"route_reason", ColumnType::kText},
    {"batch_rows", ColumnType::kInt64}, {"row_offset", ColumnType::kInt64},  {"prepared_ns", ColumnType::kInt64},
    {"queued_ns", ColumnType::kInt64},  {"computed_ns", ColumnType::kInt64},
};

Status add_text(Column& column, ColumnType type, const std::string& text) {
  if (type == ColumnType::kText) return column.add_text(text), ok();
  MODELYARD_ASSIGN(const UtcTime time, parse_utc(text));
  column.add_integer(utc_micros(time));
  return ok();
}

Status add_value(Column& column, ColumnType type, const Json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || found->is_null()) return column.add_null(), ok();
  const bool is_number = type == ColumnType::kInt32 || type == ColumnType::kInt64;
  if (!is_number && found->is_string()) return add_text(column, type, found->get_ref<const std::string&>());
  if (is_number && found->is_number_integer()) {
    const auto number = found->get<std::int64_t>();
    const bool fits = type == ColumnType::kInt64 || (number >= std::numeric_limits<std::int32_t>::min() &&
                                                     number <= std::numeric_limits<std::int32_t>::max());
    if (fits) return column.add_integer(number), ok();
  }
  return error(Code::kInternal, "'{}' of a prediction is {}: no value of that column", key, found->dump());
}

}  // namespace

RecordColumns::RecordColumns(ColumnBatch& batch, bool with_payloads) {
  for (const Spec& spec : kOfRecord) of_record_.push_back({spec.key, spec.type, &batch.add(spec.key, spec.type)});
  if (!with_payloads) return;
  captured_ = &batch.add("captured", ColumnType::kBool);
  for (const Spec& spec : kOfPayload) of_payload_.push_back({spec.key, spec.type, &batch.add(spec.key, spec.type)});
}

Status RecordColumns::add(const Json& record) {
  for (const Kept& kept : of_record_) MODELYARD_TRY(add_value(*kept.column, kept.type, record, kept.key));
  if (captured_ == nullptr) return ok();
  const auto payload = record.find("payload");
  const bool is_captured = payload != record.end() && payload->is_object();
  captured_->add_bool(is_captured);
  for (const Kept& kept : of_payload_) {
    MODELYARD_TRY(add_value(*kept.column, kept.type, is_captured ? *payload : Json::object(), kept.key));
  }
  return ok();
}

}  // namespace modelyard::app
