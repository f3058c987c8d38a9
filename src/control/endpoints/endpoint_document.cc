#include "control/endpoints/endpoint_document.h"

#include <algorithm>

#include "control/predictions/evaluator.h"
#include "control/predictions/record_keeping.h"
#include "control/watching/monitor_check.h"
#include "lifecycle/scheduling.h"

namespace modelyard::control {

Status read_settings(ObjectReader& reader, EndpointDocument& document) {
  for (const auto& [name, setting] : kEndpointSettings) {
    MODELYARD_ASSIGN(const Json* const value, reader.optional_object(name));
    if (value) document.*setting = *value;
  }
  return ok();
}

Result<EndpointDocument> document_of(const registry::EndpointRecord& endpoint) {
  EndpointDocument document{endpoint.model};
  MODELYARD_ASSIGN(document.objectives, parse_json(endpoint.wants.objectives));
  MODELYARD_ASSIGN(document.scheduling, parse_json(endpoint.wants.scheduling));
  MODELYARD_ASSIGN(document.journal, parse_json(endpoint.wants.journal));
  MODELYARD_ASSIGN(document.evaluation, parse_json(endpoint.wants.evaluation));
  MODELYARD_ASSIGN(document.monitors, parse_json(endpoint.wants.monitors));
  return document;
}

registry::EndpointWants wants_of(const EndpointDocument& document) {
  return {document.objectives.dump(), document.scheduling.dump(), document.journal.dump(), document.evaluation.dump(),
          document.monitors.dump()};
}

Json to_json(const EndpointDocument& document) {
  Json value = {{"model", document.model}};
  for (const auto& [name, setting] : kEndpointSettings) value[name] = document.*setting;
  return value;
}

Status check_document(registry::CatalogReader& reader, const std::string& endpoint, const EndpointDocument& document) {
  MODELYARD_TRY(check_objectives(document.objectives));
  MODELYARD_TRY(lifecycle::parse_scheduling(document.scheduling));
  MODELYARD_ASSIGN(const lifecycle::Recording recording, lifecycle::parse_recording(document.journal));
  MODELYARD_ASSIGN(const monitoring::Evaluation evaluation, monitoring::parse_evaluation(document.evaluation));
  MODELYARD_ASSIGN(const auto monitors, monitoring::parse_monitors(document.monitors));
  MODELYARD_TRY(reader.model(document.model));
  MODELYARD_TRY(check_capture(reader, document.model, recording));
  MODELYARD_TRY(check_evaluation(reader, document.model, evaluation));
  return check_monitors(reader, endpoint, document.model, monitors);
}

Status check_objectives(const Json& objectives) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(objectives, "objectives"));
  MODELYARD_ASSIGN(const auto use_case, reader.optional_string("use_case"));
  constexpr std::array<std::string_view, 3> kUseCases{"real-time", "batch", "edge"};
  if (use_case && std::find(kUseCases.begin(), kUseCases.end(), *use_case) == kUseCases.end()) {
    return error(Code::kInvalidArgument, "objectives.use_case: '{}' is not one of real-time, batch, edge", *use_case);
  }
  MODELYARD_ASSIGN(const auto latency, reader.optional_number("latency_p99_ms"));
  if (latency && *latency <= 0) return error(Code::kInvalidArgument, "objectives.latency_p99_ms: must be positive");
  for (const std::string_view share : {"error_rate", "accuracy_floor"}) {
    MODELYARD_ASSIGN(const auto value, reader.optional_number(share));
    if (value && (*value < 0 || *value > 1))
      return error(Code::kInvalidArgument, "objectives.{}: must be in 0..1", share);
  }
  return reader.finish();
}

}  // namespace modelyard::control
