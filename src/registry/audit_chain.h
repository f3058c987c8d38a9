// The hash chain of audit rows: hash = SHA-256(previous hash's 32 bytes, then the row's canonical JSON).
#pragma once

#include <string_view>

#include "base/digest.h"

namespace modelyard::registry {

Digest chain_hash(const Digest& previous, std::string_view row);

}  // namespace modelyard::registry
