// SharedRegion is a part of a shared memory object that a client registered. It is read and written by pread and
// pwrite, never mapped: an object that its owner shrinks makes a call fail, where touching a mapping would end the
// process.
//
// Units:     bytes; offsets of read() and write() count from the region's beginning.
// Ownership: keeps the object open. Whoever holds the region may use it after it was unregistered, or unlinked.
// Threads:   any. What the client writes meanwhile is read torn; that is between the client and itself.
// Errors:    InvalidArgument when a range goes beyond the region, or the object has become smaller than registered.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "inference/tensor.h"

namespace modelyard::edge {

class SharedRegion {
 public:
  // Opens the object; see SharedRegions::add.
  static Result<SharedRegion> open(int folder, std::string_view key, std::uint64_t offset, std::uint64_t bytes);

  const std::string& key() const { return key_; }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t bytes() const { return bytes_; }

  Status check_range(std::uint64_t offset, std::uint64_t bytes) const;
  // The bytes as they are now, copied.
  Result<inference::Buffer> read(std::uint64_t offset, std::uint64_t bytes) const;
  Status write(std::uint64_t offset, std::span<const std::byte> data) const;

 private:
  SharedRegion(UniqueFd object, std::string_view key, std::uint64_t offset, std::uint64_t bytes)
      : object_(std::move(object)), key_(key), offset_(offset), bytes_(bytes) {}
  Error shrunk() const;

  UniqueFd object_;
  std::string key_;
  std::uint64_t offset_;
  std::uint64_t bytes_;
};

}  // namespace modelyard::edge
