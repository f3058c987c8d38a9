#include "edge/control_api/payload_document.h"

#include "base/base64.h"
#include "edge/codec/json/json_writer.h"

namespace modelyard::edge {
namespace {

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json field_document(const journal::FieldRecord& field) {
  Json document{{"name", field.name},
                {"datatype", inference::data_type_name(field.type)},
                {"shape", field.shape},
                {"treatment", journal::treatment_name(field.treatment)}};
  const bool has_values =
      field.treatment == journal::Treatment::kKept || field.treatment == journal::Treatment::kHashed;
  if (!has_values) return document;
  std::string text;
  const Status written =
      append_json_data(text, {field.name, field.type, field.shape, std::as_bytes(std::span(field.bytes))});
  auto data = written ? parse_json(text) : Result<Json>(written.error());
  if (data) {
    document["data"] = std::move(*data);
  } else {
    document["data_base64"] = base64_encode(field.bytes);
  }
  return document;
}

Json fields_document(const journal::PayloadRecord& payload, journal::Side side) {
  Json fields = Json::array();
  for (const journal::FieldRecord& field : payload.fields) {
    if (field.side == side) fields.push_back(field_document(field));
  }
  return fields;
}

}  // namespace

Json payload_document(const journal::PayloadRecord& payload, const journal::DecisionRecord& decision) {
  return {{"prediction_id", payload.id.text()},
          {"time", format_utc(payload.time)},
          {"endpoint", decision.endpoint},
          {"model", decision.model},
          {"version", decision.version},
          {"route_reason", journal::reason_name(payload.reason)},
          {"request_id", text_or_null(payload.request_id)},
          {"trace_id", text_or_null(payload.trace_id)},
          {"unit", text_or_null(payload.unit)},
          {"engine", payload.engine},
          {"cpu", text_or_null(payload.cpu)},
          {"batch_rows", payload.batch_rows},
          {"row_offset", payload.row_offset},
          {"prepared_ns", payload.prepared.count()},
          {"queued_ns", payload.queued.count()},
          {"computed_ns", payload.computed.count()},
          {"inputs", fields_document(payload, journal::Side::kInput)},
          {"outputs", fields_document(payload, journal::Side::kOutput)}};
}

}  // namespace modelyard::edge
