// KeyKeeper makes, lists, rotates and revokes API keys.
//
// Two live keys of one name at most: the one in use, and the one that follows it, so that a rotation interrupts nobody.
// The text of a key is in what create() and rotate() answer, and nowhere else.
// Errors: InvalidArgument for names, verbs, patterns, times; NotFound; Conflict for a name that has live keys already.
#pragma once

#include "control/actor.h"
#include "security/keyring.h"

namespace modelyard::control {

struct KeyRequest {
  std::string name;
  std::string verbs;
  std::string models = "*";
  std::optional<std::chrono::seconds> lifetime;
};
Result<KeyRequest> parse_key_request(const Json& value);

struct NewKey {
  registry::ApiKeyRecord record;
  std::string text;
};

class KeyKeeper {
 public:
  KeyKeeper(registry::Catalog& catalog, const Clock& clock) : catalog_(catalog), clock_(clock) {}

  Result<NewKey> create(const KeyRequest& request, const Actor& actor);
  // A new key with the verbs, models and lifetime of the newest; the older one ends after `grace`.
  Result<NewKey> rotate(const std::string& name, std::chrono::seconds grace, const Actor& actor);
  // All live keys of a name, or the one with that id; how many.
  Result<int> revoke(const std::string& name_or_id, const Actor& actor);
  Result<std::vector<registry::ApiKeyRecord>> list();

 private:
  Result<NewKey> add(registry::CatalogWriter& writer, registry::ApiKeyRecord record);

  registry::Catalog& catalog_;
  const Clock& clock_;
};

bool is_live(const registry::ApiKeyRecord& key, UtcTime now);

// What a Guard needs of the keys that may still be used. Internal for a record that this program cannot read.
Result<std::vector<security::LiveKey>> live_keys(registry::Catalog& catalog, UtcTime now);

}  // namespace modelyard::control
