// route() finds the version that answers a request: the caller's own choice, or that of the endpoint's traffic plan.
//
// Ownership: a Route borrows from the table.
// Threads:   pure.
// Errors:    NotFound for names and versions that are not known, Unavailable for a version that is not ready.
#pragma once

#include "inference/request.h"
#include "lifecycle/serving_table.h"
#include "rollout/assignment.h"

namespace modelyard::serving {

struct Route {
  lifecycle::Servable* servable = nullptr;
  const lifecycle::EndpointEntry* endpoint = nullptr;  // null: the name is a model's without an endpoint
  std::int64_t plan_revision = 0;                      // 0: the caller chose the version
  bool by_alias = false;                               // the caller chose it by an alias
  rollout::Arm arm = rollout::Arm::kNone;
  bool exposed = false;         // it counts for the rollout
  std::uint64_t unit_hash = 0;  // of an arm: where the unit stands

  const inference::Signature& signature() const { return servable->signature(); }
  const VersionRef& ref() const { return servable->ref(); }
};

// `chance` is uniform over all of 64 bits.
Result<Route> route(const lifecycle::ServingTable& table, std::string_view name, const inference::VersionChoice& choice,
                    const rollout::RequestKeys& keys, std::uint64_t chance);

// A version of a model, that is ready.
Result<lifecycle::Servable*> find_version(const lifecycle::ModelEntry& model, std::string_view name,
                                          VersionNumber version);

}  // namespace modelyard::serving
