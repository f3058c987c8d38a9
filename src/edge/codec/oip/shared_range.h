// What a request says of shared memory: the parameters shared_memory_region, shared_memory_offset and
// shared_memory_byte_size of an input or output. Which regions there are is not known here.
//
// Units:     bytes; the offset counts from the region's beginning.
// Ownership: the region's name points into the request, or what the decoder keeps of it.
// Errors:    InvalidArgument.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace modelyard::edge::oip {

struct SharedRange {
  std::string_view region;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// The parameters, as they come.
struct SharedParameters {
  std::optional<std::string_view> region;
  std::optional<std::int64_t> offset;
  std::optional<std::int64_t> bytes;

  // nullopt when none was given. `tensor` is the name in the message.
  Result<std::optional<SharedRange>> range(std::string_view tensor) const;
};

// Whether an output has its place in the range it was given.
Status check_fits(const SharedRange& range, std::string_view output, std::size_t bytes);

}  // namespace modelyard::edge::oip
