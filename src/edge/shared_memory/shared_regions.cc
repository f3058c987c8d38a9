#include "edge/shared_memory/shared_regions.h"

#include <fcntl.h>

#include <cerrno>

#include "base/directory.h"
#include "edge/shared_memory/region_name.h"

namespace modelyard::edge {

Result<std::unique_ptr<SharedRegions>> SharedRegions::open(const RegionLimits& limits, const std::string& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error("open", folder, errno);
  return std::unique_ptr<SharedRegions>(new SharedRegions(std::move(fd), limits));
}

Status SharedRegions::add(const RegionAsk& ask) {
  MODELYARD_TRY(check_region_name(ask.name));
  MODELYARD_ASSIGN(SharedRegion region, SharedRegion::open(folder_.get(), ask.key, ask.offset, ask.bytes));
  auto held = std::make_shared<const SharedRegion>(std::move(region));
  MutexLock lock(mutex_);
  if (regions_.contains(ask.name)) {
    return error(Code::kConflict, "shared memory region '{}' is registered already; unregister it first", ask.name);
  }
  if (regions_.size() >= limits_.regions) {
    return error(Code::kResourceExhausted,
                 "{} shared memory regions are registered, and no more are allowed (max_shared_memory_regions)",
                 limits_.regions);
  }
  regions_.emplace(ask.name, std::move(held));
  return ok();
}

void SharedRegions::remove(std::string_view name) {
  Held last;  // closes its object outside of the lock
  MutexLock lock(mutex_);
  const auto found = regions_.find(name);
  if (found == regions_.end()) return;
  last = std::move(found->second);
  regions_.erase(found);
}

void SharedRegions::remove_all() {
  std::map<std::string, Held, std::less<>> last;
  MutexLock lock(mutex_);
  last.swap(regions_);
}

Result<SharedRegions::Held> SharedRegions::find(std::string_view name) const {
  MutexLock lock(mutex_);
  const auto found = regions_.find(name);
  if (found != regions_.end()) return found->second;
  return error(Code::kNotFound, "Unable to find system shared memory region: '{}'", name);
}

std::map<std::string, SharedRegions::Held, std::less<>> SharedRegions::list() const {
  MutexLock lock(mutex_);
  return regions_;
}

}  // namespace modelyard::edge
