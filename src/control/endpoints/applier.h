// Applier makes the catalog be as a document says (`modelyard apply`): aliases, tags and descriptions of models, and
// what endpoints serve, at once or by a rollout. What the document does not name stays as it is. Applying twice changes
// nothing the second time: a rollout with the same spec is begun once, however it ends, and none when its candidate answers alone.
//
// Form:   {"models": {NAME: {"description"?, "aliases"?: {ALIAS: VERSION}, "tags"?: {KEY: TEXT}}},
//          "endpoints": {NAME: {"model"?, "version"? | "alias"? | "rollout"?, "objectives"?, "scheduling"?, "journal"?,
//                            "evaluation"?, "monitors"?}}}
// Errors: InvalidArgument for an unknown field, NotFound for versions that are not there. One transaction: all or
// nothing.
#pragma once

#include "control/actor.h"
#include "control/rollouts/signal_sources.h"

namespace modelyard::control {

struct PlannedChange {
  std::string action;  // "alias.set", "tag.set", "model.describe", "endpoint.put", "endpoint.deploy", "rollout.begin"
  std::string object;
  Json from;
  Json to;
};

enum class ApplyMode { kDryRun, kApply };

class Applier {
 public:
  Applier(registry::Catalog& catalog, const SignalSources& sources, const Clock& clock)
      : catalog_(catalog), sources_(sources), clock_(clock) {}
  Result<std::vector<PlannedChange>> apply(const Json& document, ApplyMode mode, const Actor& actor);

 private:
  registry::Catalog& catalog_;
  const SignalSources& sources_;
  const Clock& clock_;
};

// What would change. Pure but for the reader.
Result<std::vector<PlannedChange>> plan_changes(registry::CatalogReader& reader, const Json& document,
                                                const SignalSources& sources);

}  // namespace modelyard::control
