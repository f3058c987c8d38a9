#include "edge/codec/oip/shared_range.h"

namespace modelyard::edge::oip {

Result<std::optional<SharedRange>> SharedParameters::range(std::string_view tensor) const {
  if (!region) {
    if (!offset && !bytes) return std::optional<SharedRange>();
    return error(Code::kInvalidArgument,
                 "'shared_memory_offset' and 'shared_memory_byte_size' of '{}' need 'shared_memory_region'", tensor);
  }
  if (!bytes) {
    return error(Code::kInvalidArgument,
                 "'shared_memory_byte_size' should be specified along with 'shared_memory_region' for '{}'", tensor);
  }
  if (*bytes < 0 || offset.value_or(0) < 0) {
    return error(Code::kInvalidArgument,
                 "'shared_memory_offset' and 'shared_memory_byte_size' of '{}' must not be negative", tensor);
  }
  return std::optional<SharedRange>(
      {*region, static_cast<std::uint64_t>(offset.value_or(0)), static_cast<std::uint64_t>(*bytes)});
}

Status check_fits(const SharedRange& range, std::string_view output, std::size_t bytes) {
  if (bytes <= range.bytes) return ok();
  return error(Code::kInvalidArgument,
               "shared memory size specified with the request for output '{}' ({} bytes) should be at least {} bytes",
               output, range.bytes, bytes);
}

}  // namespace modelyard::edge::oip
