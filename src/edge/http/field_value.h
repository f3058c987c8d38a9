// The parts of a header's value (RFC 9110 §5.6): blanks, lists, and what a client likes best (§12.4.2).
#pragma once

#include <string_view>

namespace modelyard::edge {

// Without blanks and tabs at either end.
std::string_view trim(std::string_view text);

// Takes the item up to `separator` off the front of a list, trimmed: "a, b" → "a".
std::string_view take_item(std::string_view& list, char separator);

// Of what a client names in Accept or Accept-Encoding, "gzip;q=0.5, zstd": its q-value, 1 without one; 0 when it is
// not named. Case is ignored.
double accepted_quality(std::string_view accepted, std::string_view name);

}  // namespace modelyard::edge
