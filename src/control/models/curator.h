// Curator keeps names and notes in order: aliases, pins, tags, descriptions, deletion and restoring.
//
// Errors: NotFound, InvalidArgument for names, Conflict for an expectation that failed, FailedPrecondition naming what
//         still uses the thing to be deleted.
#pragma once

#include "control/actor.h"

namespace modelyard::control {

enum class Deletion { kSoft, kHard };

class Curator {
 public:
  Curator(registry::Catalog& catalog, const Clock& clock) : catalog_(catalog), clock_(clock) {}

  Status set_alias(const std::string& model, const std::string& alias, VersionNumber version, const Actor& actor,
                   const Expected& expected);
  Status unset_alias(const std::string& model, const std::string& alias, const Actor& actor, const Expected& expected);
  // Keeps a version loaded, whatever the plans say: a standby that a rollback finds warm.
  Status pin(const VersionRef& ref, const Actor& actor);
  Status unpin(const VersionRef& ref, const Actor& actor);
  // Version 0: a tag of the model itself. nullopt removes.
  Status set_tag(const VersionRef& ref, const std::string& key, std::optional<std::string> value, const Actor& actor);
  Status describe(const std::string& model, const std::string& description, const Actor& actor,
                  const Expected& expected);
  Status delete_model(const std::string& model, Deletion deletion, const Actor& actor, const Expected& expected);
  Status restore_model(const std::string& model, const Actor& actor);
  Status delete_version(const VersionRef& ref, Deletion deletion, const Actor& actor, const Expected& expected);
  Status restore_version(const VersionRef& ref, const Actor& actor);

 private:
  Status transact(const Actor& actor, const std::string& action, const std::string& object, Json detail,
                  const registry::Catalog::Write& write);

  registry::Catalog& catalog_;
  const Clock& clock_;
};

}  // namespace modelyard::control
