#include "control/record_keeping.h"

#include "lifecycle/recording.h"

namespace modelyard::control {
namespace {

Result<lifecycle::Recording> recording_of(const registry::EndpointRecord& endpoint) {
  MODELYARD_ASSIGN(const Json document, parse_json(endpoint.wants.journal));
  return lifecycle::parse_recording(document);
}

}  // namespace

Result<std::map<std::string, journal::Keeping, std::less<>>> read_keeping(registry::CatalogReader& reader) {
  std::map<std::string, journal::Keeping, std::less<>> keeping;
  MODELYARD_ASSIGN(const auto endpoints, reader.endpoints());
  for (const registry::EndpointRecord& endpoint : endpoints) {
    MODELYARD_ASSIGN(const auto recording, recording_of(endpoint));
    if (recording.most_bytes == 0 && recording.most_age.count() == 0 && !recording.hold) continue;
    keeping[endpoint.name] = {{recording.most_bytes, recording.most_age}, recording.hold};
  }
  return keeping;
}

Status refuse_if_held(const registry::EndpointRecord& endpoint) {
  MODELYARD_ASSIGN(const auto recording, recording_of(endpoint));
  if (!recording.hold) return ok();
  return error(Code::kFailedPrecondition,
               "the records of endpoint '{}' are on legal hold; lift it first: modelyard record {} hold=",
               endpoint.name, endpoint.name);
}

}  // namespace modelyard::control
