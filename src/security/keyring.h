// Keyring is an immutable set of live keys, found by their public name.
//
// Threads: constant after construction.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "security/grant.h"

namespace modelyard::security {

struct LiveKey {
  std::string id;
  Digest hash;
  Caller grant;
};

class Keyring {
 public:
  explicit Keyring(std::vector<LiveKey> keys);

  // Null when there is none.
  const LiveKey* find(std::string_view id) const;
  const std::vector<LiveKey>& keys() const { return keys_; }

 private:
  const std::vector<LiveKey> keys_;
  std::unordered_map<std::string_view, const LiveKey*> by_id_;
};

}  // namespace modelyard::security
