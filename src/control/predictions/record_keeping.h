// How long the records of predictions are kept, as the catalog says.
#pragma once

#include "journal/retention.h"
#include "lifecycle/recording.h"
#include "registry/catalog.h"

namespace modelyard::control {

// Of the endpoints that have bounds of their own, or are on hold.
struct KeepingOfAll {
  std::map<std::string, journal::Keeping, std::less<>> records;
  std::map<std::string, journal::Keeping, std::less<>> payloads;
};
Result<KeepingOfAll> read_keeping(registry::CatalogReader& reader);

// InvalidArgument when a capture names what no version of the model has: a name that is mistyped would keep what was
// to be masked.
Status check_capture(registry::CatalogReader& reader, const std::string& model, const lifecycle::Recording& recording);

// FailedPrecondition while the endpoint's records are on legal hold: the hold would go with the endpoint, unseen.
Status refuse_if_held(const registry::EndpointRecord& endpoint);

}  // namespace modelyard::control
