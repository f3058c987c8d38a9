// Base64 with the standard alphabet and padding (RFC 4648 §4).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace modelyard {

std::string base64_encode(std::string_view bytes);
// InvalidArgument for any character, length or padding that the encoder would not have written.
Result<std::string> base64_decode(std::string_view text);

}  // namespace modelyard
