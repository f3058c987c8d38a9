#include "registry/garbage.h"

#include <algorithm>

namespace modelyard::registry {

std::vector<BlobRecord> find_garbage(std::span<const BlobRecord> stored, std::span<const Digest> referenced,
                                     UtcTime older_than) {
  std::vector<BlobRecord> garbage;
  for (const BlobRecord& blob : stored) {
    const bool in_use = std::binary_search(referenced.begin(), referenced.end(), blob.digest);
    if (!in_use && blob.stored < older_than) garbage.push_back(blob);
  }
  return garbage;
}

Result<SweepReport> collect_garbage(Catalog& catalog, BlobStore& blobs, UtcTime older_than, Sweep sweep) {
  // Blobs first, references second: a version published in between protects its blobs.
  MODELYARD_ASSIGN(const auto stored, blobs.list());
  std::vector<Digest> referenced;
  MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(referenced, reader.referenced_blobs());
    return ok();
  }));
  SweepReport report;
  report.garbage = find_garbage(stored, referenced, older_than);
  for (const BlobRecord& blob : report.garbage) {
    report.bytes += blob.size;
    if (sweep == Sweep::kRemove) MODELYARD_TRY(blobs.remove(blob.digest, older_than));
  }
  return report;
}

}  // namespace modelyard::registry
