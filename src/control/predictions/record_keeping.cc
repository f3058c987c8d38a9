#include "control/predictions/record_keeping.h"

#include <fmt/ranges.h>

#include "control/models/version_names.h"
#include "lifecycle/recording.h"

namespace modelyard::control {
namespace {

Result<lifecycle::Recording> recording_of(const registry::EndpointRecord& endpoint) {
  MODELYARD_ASSIGN(const Json document, parse_json(endpoint.wants.journal));
  return lifecycle::parse_recording(document);
}

}  // namespace

Result<KeepingOfAll> read_keeping(registry::CatalogReader& reader) {
  KeepingOfAll keeping;
  MODELYARD_ASSIGN(const auto endpoints, reader.endpoints());
  for (const registry::EndpointRecord& endpoint : endpoints) {
    MODELYARD_ASSIGN(const auto recording, recording_of(endpoint));
    const auto add = [&](auto& list, std::uint64_t bytes, std::chrono::days age) {
      if (bytes > 0 || age.count() > 0 || recording.hold) list[endpoint.name] = {{bytes, age}, recording.hold};
    };
    add(keeping.records, recording.most_bytes, recording.most_age);
    const lifecycle::Capture capture = recording.capture.value_or(lifecycle::Capture());
    add(keeping.payloads, capture.most_bytes, capture.most_age);
  }
  return keeping;
}

Status check_capture(registry::CatalogReader& reader, const std::string& model, const lifecycle::Recording& recording) {
  if (!recording.capture) return ok();
  MODELYARD_ASSIGN(const std::set<std::string> known, names_of_versions(reader, model, NamesOf::kAll));
  if (known.empty()) return ok();  // nothing is published yet
  for (const auto& [list, names] :
       {std::pair("fields", &recording.capture->fields), std::pair("mask", &recording.capture->mask),
        std::pair("hash", &recording.capture->hash)}) {
    for (const std::string& name : *names) {
      if (known.contains(name)) continue;
      return error(Code::kInvalidArgument,
                   "journal.capture.{}: no version of model '{}' has a tensor or feature '{}'; "
                   "it has {}",
                   list, model, name, fmt::join(known, ", "));
    }
  }
  return ok();
}

Status refuse_if_held(const registry::EndpointRecord& endpoint) {
  MODELYARD_ASSIGN(const auto recording, recording_of(endpoint));
  if (!recording.hold) return ok();
  return error(Code::kFailedPrecondition,
               "the records of endpoint '{}' are on legal hold; lift it first: modelyard record {} hold=",
               endpoint.name, endpoint.name);
}

}  // namespace modelyard::control
