// Online, consistent backups: a folder with catalog.db, blobs/sha256/…, further databases of the data folder, and
// manifest.json, which is written last (docs/formats/backup.md). A folder without a manifest is an interrupted backup
// and is refused.
//
// Each database is as it was at one moment, the catalog first: what others say may be of after it.
// Threads: beside a running server. Errors: FailedPrecondition for a target that is not empty, Internal for damage.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/random.h"

#include "registry/blob_store.h"
#include "registry/catalog.h"

namespace modelyard::registry {

struct BackupReport {
  std::int64_t blobs = 0;
  std::int64_t bytes = 0;
  Revision revision = 0;
  std::vector<std::string> databases;  // beside the catalog, by name
};

// A SQLite database that lies beside the catalog, of which nothing else is known here.
struct FurtherDatabase {
  std::string path;
  std::string name;  // of its file in a backup and in a data folder, "ground-truth.db"
};

// `folder` must not exist, or be empty. Databases that are not there are left out.
Result<BackupReport> make_backup(Catalog& catalog, BlobStore& blobs, std::span<const FurtherDatabase> databases,
                                 const std::string& folder, const Clock& clock);

// Verifies everything first, then makes `data`, which must not exist or be empty.
Result<BackupReport> restore_backup(const std::string& folder, const std::string& data, const Clock& clock,
                                    Random& random);

}  // namespace modelyard::registry
