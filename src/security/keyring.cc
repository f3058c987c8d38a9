#include "security/keyring.h"

namespace modelyard::security {

Keyring::Keyring(std::vector<LiveKey> keys) : keys_(std::move(keys)) {
  for (const LiveKey& key : keys_) by_id_.emplace(key.id, &key);
}

const LiveKey* Keyring::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

}  // namespace modelyard::security
