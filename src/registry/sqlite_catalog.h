// SqliteCatalog keeps the catalog in one SQLite file: WAL, synchronous=FULL, one writer, concurrent readers.
//
// The file is locked for the life of the object: a second server on the same folder is refused.
#pragma once

#include <memory>

#include "base/mutex.h"
#include "base/sqlite/sqlite_connection.h"
#include "base/unique_fd.h"
#include "registry/catalog.h"

namespace modelyard::registry {

struct SqliteCatalogOptions {
  std::string path;
  std::int64_t kept_events = 10'000;
};

class SqliteCatalog final : public Catalog {
 public:
  static Result<std::unique_ptr<SqliteCatalog>> open(SqliteCatalogOptions options, const Clock& clock);
  ~SqliteCatalog() override;

  Status read(const Read& read) override;
  Result<Revision> transact(const AuditNote& note, const Write& write) override;
  Status record_event(std::string_view kind, const VersionRef& ref, std::string_view message) override;
  Status record_key_uses(std::span<const std::pair<std::string, UtcTime>> uses) override;
  Status keep_answer(std::string_view key, const IdempotentAnswer& answer, UtcTime until) override;
  Status keep_rollout_evidence(std::int64_t id, std::string_view evidence) override;
  Status copy_to(const std::string& path) override;
  void on_change(std::function<void(Revision)> changed) override { changed_ = std::move(changed); }

 private:
  SqliteCatalog(SqliteCatalogOptions options, const Clock& clock, UniqueFd lock,
                std::unique_ptr<SqliteConnection> writer);
  Result<std::unique_ptr<SqliteConnection>> take_reader();
  void give_back(std::unique_ptr<SqliteConnection> reader);
  Status append_audit(const AuditNote& note, Revision revision, UtcTime now) MODELYARD_REQUIRES(writing_);
  Result<Revision> transact_locked(const AuditNote& note, const Write& write) MODELYARD_REQUIRES(writing_);
  Status trim_events() MODELYARD_REQUIRES(writing_);

  const SqliteCatalogOptions options_;
  const Clock& clock_;
  const UniqueFd lock_;
  std::function<void(Revision)> changed_;

  Mutex writing_;  // one transaction at a time, fsync included: that is the promise
  const std::unique_ptr<SqliteConnection> writer_;
  Mutex pool_mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> pool_ MODELYARD_GUARDED_BY(pool_mutex_);
};

}  // namespace modelyard::registry
