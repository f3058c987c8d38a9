// Online, consistent backups: a folder with catalog.db, blobs/sha256/…, and manifest.json, which is written last
// (docs/formats/backup.md). A folder without a manifest is an interrupted backup and is refused.
//
// Threads: beside a running server. Errors: FailedPrecondition for a target that is not empty, Internal for damage.
#pragma once

#include <string>

#include "base/random.h"

#include "registry/blob_store.h"
#include "registry/catalog.h"

namespace modelyard::registry {

struct BackupReport {
  std::int64_t blobs = 0;
  std::int64_t bytes = 0;
  Revision revision = 0;
};

// `folder` must not exist, or be empty.
Result<BackupReport> make_backup(Catalog& catalog, BlobStore& blobs, const std::string& folder, const Clock& clock);

// Verifies everything first, then makes `data`, which must not exist or be empty.
Result<BackupReport> restore_backup(const std::string& folder, const std::string& data, const Clock& clock,
                                    Random& random);

}  // namespace modelyard::registry
