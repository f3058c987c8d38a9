#include "control/record_keeping.h"

#include <fmt/ranges.h>

#include <set>

#include "inference/signature.h"
#include "lifecycle/recording.h"

namespace modelyard::control {
namespace {

Result<lifecycle::Recording> recording_of(const registry::EndpointRecord& endpoint) {
  MODELYARD_ASSIGN(const Json document, parse_json(endpoint.wants.journal));
  return lifecycle::parse_recording(document);
}

// Of the tensors and features of all versions of a model.
Result<std::set<std::string>> names_of(registry::CatalogReader& reader, const std::string& model) {
  std::set<std::string> names;
  registry::Page page;
  for (;;) {
    MODELYARD_ASSIGN(const auto versions, reader.versions(model, page));
    for (const registry::VersionRecord& version : versions) {
      MODELYARD_ASSIGN(const auto signature, inference::parse_signature(version.document.signature));
      for (const auto* const specs : {&signature.inputs, &signature.outputs}) {
        for (const inference::TensorSpec& spec : *specs) {
          names.insert(spec.name);
          names.insert(spec.features.begin(), spec.features.end());
        }
      }
    }
    if (versions.size() < static_cast<std::size_t>(page.limit)) return names;
    page.after = std::to_string(versions.back().ref.version);
  }
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
  MODELYARD_ASSIGN(const std::set<std::string> known, names_of(reader, model));
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
