// What is known of an endpoint beside what its monitors find: which versions answer, since when, and with which
// features.
//
// Errors: those of the catalog. Threads: those of the reader.
#pragma once

#include "monitoring/monitors/likely_cause.h"
#include "registry/catalog.h"

namespace modelyard::control {

// Without `judged`. Of an endpoint without a plan nothing is known.
Result<monitoring::Surroundings> surroundings_of(registry::CatalogReader& reader,
                                                 const registry::EndpointRecord& endpoint);

}  // namespace modelyard::control
