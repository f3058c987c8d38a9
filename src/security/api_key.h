// ApiKey is the text that a caller shows: "mdy_" + 8 hex digits that name the key + "_" + 32 random bytes in base64url.
// The name is public (lists, logs); of the rest only the SHA-256 is kept. 256 random bits need no slow hash.
//
// Errors: InvalidArgument for a text of another form.
#pragma once

#include <string>
#include <string_view>

#include "base/digest.h"

namespace modelyard::security {

inline constexpr std::string_view kApiKeyPrefix = "mdy_";

struct ApiKey {
  std::string id;    // "3f9a12bc"
  std::string text;  // the whole key; shown once
  Digest hash;       // of the whole text
};

// From the kernel's randomness.
ApiKey make_api_key();

// The id within a key's text.
Result<std::string_view> parse_api_key(std::string_view text);

// Whether a text is the key with that hash; takes the same time wherever they differ.
bool is_key(std::string_view text, const Digest& hash);

}  // namespace modelyard::security
