// Content codings (RFC 9110 §8.4): inflating request bodies and compressing answers.
//
// Limits: inflate() stops at `limit` bytes, whatever the coding promises; memory grows with what came out.
// Errors: InvalidArgument for a damaged, empty or truncated body; ResourceExhausted beyond the limit.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace modelyard::edge {

enum class Coding { kIdentity, kGzip, kDeflate, kZstd };

inline constexpr std::string_view kKnownCodings = "gzip, deflate, zstd";

// nullopt for a coding that is not known.
std::optional<Coding> parse_coding(std::string_view name);
std::string_view coding_name(Coding coding);

// The known coding that the client likes best (q-values); identity when it asks for nothing else.
Coding choose_coding(std::string_view accept_encoding);

// kBodyPadding bytes are added behind the end, outside of the text's size.
Result<std::string> inflate(Coding coding, std::string_view body, std::size_t limit);
Result<std::string> compress(Coding coding, std::string_view body);

}  // namespace modelyard::edge
