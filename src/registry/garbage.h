// Which blobs may go: those that no version refers to and that were uploaded long enough ago.
//
// Beside uploads: a client uploads blobs, then publishes the version that names them. In between nothing refers to
// them; the lease (an age limit) protects them. Uploading the same bytes again renews the lease, and removal checks
// the age again in one step with the upload's placing.
#pragma once

#include <span>
#include <vector>

#include "registry/blob_store.h"
#include "registry/catalog.h"

namespace modelyard::registry {

// Pure. `referenced` is sorted.
std::vector<BlobRecord> find_garbage(std::span<const BlobRecord> stored, std::span<const Digest> referenced,
                                     UtcTime older_than);

enum class Sweep { kDryRun, kRemove };

struct SweepReport {
  std::vector<BlobRecord> garbage;
  std::int64_t bytes = 0;
};

Result<SweepReport> collect_garbage(Catalog& catalog, BlobStore& blobs, UtcTime older_than, Sweep sweep);

}  // namespace modelyard::registry
