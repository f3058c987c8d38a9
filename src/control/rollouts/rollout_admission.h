// How a rollout begins, and what must hold before; a dry run asks the same.
//
// Errors:  those of the spec; NotFound; FailedPrecondition when the endpoint serves no version alone, the candidate
//          already, or another stable version than the spec says, when it has a rollout under way, or when another one has
//          the slice of the layer; Unimplemented for what is not there yet.
// Threads: reads the catalog within the caller's transaction.
#pragma once

#include <string>

#include "control/rollouts/signal_sources.h"
#include "registry/catalog.h"
#include "rollout/machine/spec.h"

namespace modelyard::control {

struct AdmittedRollout {
  rollout::RolloutSpec spec;  // with its stable version
  registry::EndpointRecord endpoint;
  VersionRef candidate;
};

// Its signals are asked of `sources`.
Result<rollout::RolloutSpec> read_rollout_spec(const Json& document, const SignalSources& sources);
// `wants`: of the endpoint by then; null: as they are.
Result<AdmittedRollout> admit_rollout(registry::CatalogReader& reader, const std::string& endpoint,
                                      rollout::RolloutSpec spec, const registry::EndpointWants* wants = nullptr);
// Its number. Whoever moves rollouts finds it in the catalog.
Result<std::int64_t> add_rollout(registry::CatalogWriter& writer, const std::string& endpoint,
                                 rollout::RolloutSpec spec, UtcTime now, std::string_view actor);

}  // namespace modelyard::control
