// How much a label may have, in whatever form it is sent. What is more is refused before it is taken apart.
//
// Errors: InvalidArgument that says how much it is and what to do.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace modelyard::edge {

inline constexpr std::size_t kMostBytesOfLabel = 64u << 10;
inline constexpr std::size_t kMostBytesOfRows = 4u << 20;  // of one with the values of all rows
inline constexpr std::size_t kMostNameBytes = 255;         // of a field or a column

Status check_bytes(std::size_t bytes, std::size_t most);
Status check_name(std::string_view name);
// What is no object is told by who reads it.
Status check_label_size(const Json& one);

}  // namespace modelyard::edge
