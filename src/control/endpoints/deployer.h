// Deployer changes which version answers an endpoint: each change is a new, immutable plan revision.
//
// rollback goes to the newest earlier plan that differs from the present one; a second rollback therefore returns to
// where the first began, as `kubectl rollout undo` does. Plans of rollouts are none to go back to: they were on the way.
// Errors: NotFound, Conflict (nothing to roll back to), FailedPrecondition (the version is deleted, or did not become
//         ready while the caller waited), DeadlineExceeded.
#pragma once

#include <chrono>

#include "control/actor.h"
#include "control/endpoints/endpoint_document.h"
#include "control/endpoints/traffic.h"
#include "lifecycle/reconciler.h"

namespace modelyard::control {

struct DeployRequest {
  VersionNumber version = 0;  // or:
  std::string alias;
  std::string reason;
  std::optional<std::chrono::milliseconds> wait;  // nullopt: answer at once
};

struct Deployed {
  registry::Revision plan_revision = 0;
  VersionRef version;  // the only one, or one of several; version 0: nothing is deployed
  std::vector<rollout::Share> shares;
};

class Deployer {
 public:
  Deployer(registry::Catalog& catalog, lifecycle::Reconciler& reconciler)
      : catalog_(catalog), reconciler_(reconciler) {}

  // Makes the endpoint when it does not exist and has the name of a model. What is deployed already stays as it is.
  Result<Deployed> deploy(const std::string& endpoint, const DeployRequest& request, const Actor& actor,
                          const Expected& expected);
  // Several versions by hand. Makes the endpoint, too.
  Result<registry::Revision> set_traffic(const std::string& endpoint, TrafficRequest request, const Actor& actor,
                                         const Expected& expected);
  Result<Deployed> roll_back(const std::string& endpoint, const DeployRequest& request, const Actor& actor,
                             const Expected& expected);
  Result<Deployed> undeploy(const std::string& endpoint, const DeployRequest& request, const Actor& actor,
                            const Expected& expected);

  // Makes the endpoint, or replaces what it wants.
  Status put_endpoint(const std::string& endpoint, const EndpointDocument& document, const Actor& actor,
                      const Expected& expected);
  Status remove_endpoint(const std::string& endpoint, const Actor& actor, const Expected& expected);

 private:
  Result<Deployed> already_deployed(const std::string& endpoint, const DeployRequest& request,
                                    const Expected& expected);
  Result<Deployed> change(const std::string& action, const std::string& endpoint, const DeployRequest& request,
                          const Actor& actor, const registry::Catalog::Write& write, const VersionRef& version);

  registry::Catalog& catalog_;
  lifecycle::Reconciler& reconciler_;
};

// The version a number or an alias names; it must be published.
Result<VersionRef> resolve_version(registry::CatalogReader& reader, const std::string& model, VersionNumber version,
                                   const std::string& alias);

}  // namespace modelyard::control
