// Slices of a layer belong to one rollout each: a unit that is in two would show the one what the other did to it.
//
// Errors:  FailedPrecondition naming the other rollout and what is free.
// Threads: pure, but for what reads the catalog.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "registry/catalog.h"
#include "rollout/machine/spec.h"

namespace modelyard::control {

struct TakenSlice {
  std::int64_t rollout = 0;
  std::string endpoint;
  rollout::Layer layer;
  rollout::RequestKey sticky;
};

// Of rollouts that are under way in the layer; those of `endpoint` are left out, which has one at a time.
Result<std::vector<TakenSlice>> taken_slices(registry::CatalogReader& reader, std::string_view layer,
                                             std::string_view endpoint);
// Pre: all are of the wanted layer.
Status check_slice(std::span<const TakenSlice> taken, const rollout::Layer& wanted, const rollout::RequestKey& sticky);

}  // namespace modelyard::control
