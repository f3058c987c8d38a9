// How long the records of predictions are kept, as the catalog says.
#pragma once

#include "journal/retention.h"
#include "registry/catalog.h"

namespace modelyard::control {

// Of the endpoints that have bounds of their own, or are on hold.
Result<std::map<std::string, journal::Keeping, std::less<>>> read_keeping(registry::CatalogReader& reader);

// FailedPrecondition while the endpoint's records are on legal hold: the hold would go with the endpoint, unseen.
Status refuse_if_held(const registry::EndpointRecord& endpoint);

}  // namespace modelyard::control
