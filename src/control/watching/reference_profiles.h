// ReferenceProfiles finds the profile that was published with a version, and keeps those that were read last.
//
// A reference attachment names a blob, the newest one holds: a profile (kProfileType, docs/formats/profile.md), or the
// rows themselves, text/csv with a line of names (monitoring/profile/table_profiler.h).
// Errors:  NotFound when the version has none; FailedPrecondition for one of another type.
// Threads: any.
#pragma once

#include <list>
#include <memory>

#include "base/mutex.h"
#include "inference/signature.h"
#include "monitoring/profile/window_profile.h"
#include "registry/blob_store.h"
#include "registry/catalog.h"

namespace modelyard::control {

inline constexpr std::string_view kProfileType = "application/vnd.modelyard.profile+json";

using ProfilePtr = std::shared_ptr<const monitoring::WindowProfile>;

class ReferenceProfiles {
 public:
  static constexpr std::size_t kMostKept = 64;
  static constexpr std::size_t kMostBytes = 64u << 20;  // of one that is no table

  ReferenceProfiles(registry::Catalog& catalog, registry::BlobStore& blobs) : catalog_(catalog), blobs_(blobs) {}

  Result<ProfilePtr> of(const VersionRef& version);
  // The attachment's, if it is a reference. InvalidArgument for a blob that is none for this signature.
  Status check(const registry::Attachment& attachment, const inference::Signature& signature);

 private:
  Result<ProfilePtr> find(const Json& reference, const inference::Signature& signature);
  Result<monitoring::WindowProfile> read_profile(const Digest& blob);
  Result<monitoring::WindowProfile> read_table(const Digest& blob, const inference::Signature& signature);

  registry::Catalog& catalog_;
  registry::BlobStore& blobs_;
  Mutex mutex_;
  // By the blob and the signature that it was read with; the last used first.
  std::list<std::pair<std::string, ProfilePtr>> kept_ MODELYARD_GUARDED_BY(mutex_);
};

}  // namespace modelyard::control
