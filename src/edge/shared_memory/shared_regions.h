// SharedRegions are the regions that clients have registered, by name.
//
// Ownership: one object for the server. A region that was found lives as long as somebody holds it, also when it has
//            been removed meanwhile: the last owner is the table or the request that uses it.
// Threads:   any.
// Limits:    a number of regions; each keeps one descriptor open.
// Errors:    Conflict for a name that is taken, NotFound, ResourceExhausted beyond the limit; what SharedRegion says.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "edge/shared_memory/shared_region.h"

namespace modelyard::edge {

struct RegionLimits {
  std::size_t regions = 256;
  std::size_t request_bytes = 64u << 20;  // that the inputs of one request may take together
};

struct RegionAsk {
  std::string_view name;
  std::string_view key;
  std::uint64_t offset = 0;  // of the region within the object
  std::uint64_t bytes = 0;
};

class SharedRegions {
 public:
  using Held = std::shared_ptr<const SharedRegion>;

  // `folder` is where objects lie; /dev/shm but for tests.
  static Result<std::unique_ptr<SharedRegions>> open(const RegionLimits& limits,
                                                     const std::string& folder = "/dev/shm");

  Status add(const RegionAsk& ask);
  // As Triton has it, a name that is not there is no error.
  void remove(std::string_view name);
  void remove_all();
  Result<Held> find(std::string_view name) const;
  // All of them, in order of names.
  std::map<std::string, Held, std::less<>> list() const;
  const RegionLimits& limits() const { return limits_; }

 private:
  SharedRegions(UniqueFd folder, const RegionLimits& limits) : folder_(std::move(folder)), limits_(limits) {}

  const UniqueFd folder_;
  const RegionLimits limits_;
  mutable Mutex mutex_;
  std::map<std::string, Held, std::less<>> regions_ MODELYARD_GUARDED_BY(mutex_);
};

}  // namespace modelyard::edge
